"""`reconciler run --review github`: the forge's record is the proof, and it is told as CI tells."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import git
import pytest

from tests.conftest import FreshDatabase
from tests.github_double.hub import BEN, MergeKind
from tests.github_double.server import TOKEN
from tests.github_jobs import Jobs, change, is_applied
from tests.untold import found_in
from tests.waiting import until


@contextmanager
def running(jobs: Jobs) -> Iterator[Path]:
    """A controller in a clone of the hub's repository; its log."""
    clone, log = jobs.folder / "controller", jobs.folder / "log"
    git.Repo.clone_from(str(jobs.hub.bare.git_dir), clone)
    environ = {
        **os.environ,
        "GITHUB_REPOSITORY": jobs.hub.name,
        "GITHUB_API_URL": jobs.double.url,
        "GITHUB_TOKEN": TOKEN,
    }
    command = [sys.executable, "-m", "reconciler", "run", "-C", str(clone), "--review", "github"]
    with log.open("wb") as said:
        process = subprocess.Popen(
            [*command, "--serve", "127.0.0.1:0"], stdout=said, stderr=said, env=environ
        )
    try:
        yield log
        assert process.poll() is None, log.read_text()
    finally:
        process.kill()
        process.wait()


def on_a_server(jobs: Jobs, fresh_database: FreshDatabase) -> None:
    """So that nothing is reached, the ledger neither, before the review is proven."""
    server = jobs.fleet.servers[0]
    jobs.fleet.environment["ledger"] = (
        f"mysql://{server.admin.user}:${{FLEET_PASSWORD}}@127.0.0.1:{server.port}"
        f"/{fresh_database(server)}"
    )
    jobs.branch("ledger")
    jobs.fleet.write_spec()
    jobs.fleet.commit("name a ledger")
    number = jobs.propose("ledger")
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number, MergeKind.MERGE)


@pytest.mark.invariant("RG-40")
def test_what_was_approved_is_applied_and_told_once_in_the_places_of_ci(
    jobs: Jobs, fresh_database: FreshDatabase
) -> None:
    on_a_server(jobs, fresh_database)
    number = change(jobs)
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number, MergeKind.MERGE)
    with running(jobs) as log:
        until(lambda: "apply: completed" in log.read_text(), "the apply")
        assert is_applied(jobs)
        until(lambda: "drift: " in log.read_text(), "the look for drift")
    (deployment,) = jobs.hub.deployments
    assert (deployment["environment"], deployment["states"]) == (
        "production",
        ["in_progress", "success"],
    )
    assert any("completed" in body for body in jobs.comments(number))
    (status,) = [s for s in jobs.hub.statuses if s["sha"] == jobs.hub.tip]
    assert (status["context"], status["state"]) == (
        "reconciler/production/apply/shop",
        "success",
    )
    told = [log.read_text(), *jobs.comments(number), *map(str, jobs.hub.statuses)]
    told += map(str, jobs.hub.deployments)
    assert found_in(told, [TOKEN, jobs.fleet.servers[0].admin.password, jobs.double.url]) == []


@pytest.mark.invariant("RG-40")
@pytest.mark.threat("TM-CONTROLLER-6")
def test_what_nobody_approved_is_not_begun_and_its_servers_are_not_reached(
    jobs: Jobs, fresh_database: FreshDatabase
) -> None:
    on_a_server(jobs, fresh_database)
    number = change(jobs)
    jobs.merged(number, MergeKind.MERGE)
    with running(jobs) as log:
        until(lambda: "the ledger of production" in log.read_text(), "its refusal")
        said = log.read_text()
    assert "begins" not in said
    assert not is_applied(jobs)
    assert jobs.hub.deployments == []
