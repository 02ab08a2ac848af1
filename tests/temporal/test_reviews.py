"""Rollouts whose regions ask GitHub who approved them."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from tests.github_double.hub import BEN, Hub
from tests.github_double.server import TOKEN, serving
from tests.github_jobs import Jobs, change
from tests.integration.controllers import ddl_counts
from tests.integration.rollouts import ages
from tests.temporal.stand import DECIDES, REGIONS, Stand
from tests.untold import found_in

pytestmark = pytest.mark.temporal


@pytest.mark.invariant("TM-12")
@pytest.mark.invariant("TM-13")
def test_approvals_are_asked_for_before_each_part_and_gates_are_the_rollouts(
    regions: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(tmp_path)
    with closing(hub.bare), closing(hub.clone), serving(hub) as double:
        jobs = Jobs(regions.fleet, hub, double, tmp_path, monkeypatch)
        regions.found(gate=True)
        regions.fleet.commit("regions")
        jobs.publish()
        number = change(jobs)
        jobs.merged(number)
        regions.fleet.git("fetch", "--quiet", "origin")
        regions.origin = str(hub.bare.git_dir)
        regions.forge = {
            "GITHUB_REPOSITORY": hub.name,
            "GITHUB_API_URL": double.url,
            "GITHUB_TOKEN": TOKEN,
        }
        double.calls.clear()
        for who in (DECIDES, *REGIONS):
            regions.worker(who)
        regions.begin()
        # Nobody has approved it: nothing is connected to, not even the ledger.
        regions.wait_for("held")
        assert "held [approvals-missing]" in regions.rollout("status").out
        assert (ages(regions.fleet), [*regions.folder.glob("*.ledger")]) == ([], [])
        hub.reviewed(BEN, number)
        assert regions.rollout("resume").code == 0
        regions.wait_for("paused")
        assert ages(regions.fleet) == ["-40"]
        # An approval that was taken back at the gate is missing to the regions behind it.
        hub.dismissed(number)
        assert regions.rollout("release").code == 0
        regions.wait_for("held")
        assert ages(regions.fleet) == ["-40"]
        hub.reviewed(BEN, number)
        assert regions.rollout("resume").code == 0
        regions.wait_for("paused")
        assert regions.rollout("release").code == 0
        regions.wait_for("completed")
        assert ages(regions.fleet) == ["-40", "40-80", "80-c0", "c0-"]
        assert set(ddl_counts(regions.fleet, "ALTER TABLE").values()) == {(1, 0)}
        assert {call.split()[0] for call in double.calls} == {"GET"}
        passwords = [login.password for login in regions.logins.values()]
        told = [regions.history(), regions.rollout("status", "-o", "json").said]
        told += [one.said for one in regions.started]
        assert found_in(told, [TOKEN, *passwords, double.url]) == []
        databases = [database for _, database in regions.fleet.databases.values()]
        users = [login.user for login in regions.logins.values()]
        assert found_in(told[:2], ["ALTER", *databases, *users]) == []
