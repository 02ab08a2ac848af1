"""Several people and machines around one apply: at its terminal, watching it, on another runner."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.rollouts import (
    LOCK_WAIT,
    ages,
    applying,
    heard,
    planned,
    reading,
    status,
    waits,
)
from tests.preloaded import Started
from tests.waiting import PATIENCE_S, until


@pytest.mark.invariant("ST-8")
def test_one_interrupt_finishes_what_runs_and_a_resume_does_the_rest(fleet: Fleet) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        process.send_signal(signal.SIGINT)
        assert heard(process, "what runs is finished")
        assert process.poll() is None, "it finishes what runs"
        reader.execute("COMMIT")
        assert process.wait(PATIENCE_S) == 4
    assert (ages(fleet), status(fleet)["outcome"]) == (["-40"], "stopped")
    assert fleet.run("resume").code == 0
    assert len(ages(fleet)) == 4


@pytest.mark.invariant("ST-10")
def test_a_second_interrupt_leaves_at_once_and_the_next_run_looks_first(fleet: Fleet) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        process.send_signal(signal.SIGINT)
        assert heard(process, "press Ctrl-C again")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 4
        (lost,) = [shard for shard in status(fleet)["shards"] if shard["shard"] == "-40"]
        assert lost["state"] == "unknown"
        assert waits(fleet, "-40"), "the server goes on with it"
        reader.execute("COMMIT")
    assert fleet.run("resume").code == 0
    assert len(ages(fleet)) == 4
    assert status(fleet)["outcome"] == "completed"


@pytest.mark.invariant("ST-4")
def test_two_machines_share_a_ledger_on_mysql(
    fleet: Fleet, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    server = fleet.servers[0]
    account, database = server.admin.user, fresh_database(server)
    fleet.environment["ledger"] = (
        f"mysql+pymysql://{account}:${{FLEET_PASSWORD}}@127.0.0.1:{server.port}/{database}"
    )
    planned(fleet)
    elsewhere = str(tmp_path / "another checkout")
    fleet.git("clone", "--quiet", str(fleet.root), elsewhere)
    with reading(fleet, "-40"), applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        (seen,) = json.loads(fleet.run("status", "-C", elsewhere, "-o", "json").out)["applies"]
        assert seen["holder"].endswith(f"(process {process.pid})")
        second = fleet.run("apply", "-C", elsewhere)
        assert second.code == 3, second.said
        assert f"(process {process.pid})" in second.said
        assert fleet.run("stop", "-C", elsewhere).code == 0
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 4, said
    assert fleet.run("resume", "-C", elsewhere).code == 0
    assert len(ages(fleet)) == 4
    assert status(fleet)["outcome"] == "completed", "as the first machine sees it"
    assert not (fleet.root / ".reconciler").exists(), "nothing is kept on a runner"


def test_who_watches_sees_it_run_and_is_let_go_when_it_has_ended(
    fleet: Fleet, tmp_path: Path
) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    command = ["-m", "reconciler", "status", "-C", str(fleet.root), "--watch"]
    seen = tmp_path / "seen"

    def looks() -> list[str]:
        return seen.read_text().split("shop in production: ")[1:]

    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        with seen.open("w") as out:
            watching = Started(command, out=out)
        until(lambda: len(looks()) >= 2, "a second look")
        assert watching.poll() is None, "it watches as long as somebody drives the apply"
        reader.execute("COMMIT")
        process.communicate(timeout=PATIENCE_S)
        assert watching.wait(PATIENCE_S) == 0, seen.read_text()
    first, *_, last = looks()
    assert first.startswith("running, 0 of 4 shards completed")
    assert re.search(r"▸ -40 \(wave 1\) users: running, 0 of 1 statement, since ", first)
    assert "ADD COLUMN `age` int" in first, "what runs"
    assert "· 40-80 (wave 2) users: pending, waits for wave 1" in first
    assert last.startswith("completed, 4 shards completed")


def test_a_soak_is_seen_from_another_process_and_a_stop_is_heard_in_it(fleet: Fleet) -> None:
    planned(fleet, soak="10m")
    with applying(fleet) as process:
        until(lambda: "soak" in fleet.run("status").out, "the soak")
        soaking = status(fleet)
        assert fleet.run("stop").code == 0
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 4, said
    first, second, *_ = soaking["waves"]
    assert first["soak_until_s"] is None
    assert 590 < second["soak_until_s"] - soaking["waits_since_s"] < 601
    assert soaking["reason"].startswith("wave 2 starts after the soak, at ")
    assert ages(fleet) == ["-40"]
