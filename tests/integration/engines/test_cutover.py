"""Copies of real engines that wait to be swapped in: shown, stopped, taken up, released."""

from __future__ import annotations

import json

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.fleet import Fleet
from tests.integration.engines.test_job import FleetOf, check_applied, choose, fleet_of, planned
from tests.integration.rollouts import applying
from tests.waiting import PATIENCE_S, until

__all__ = ["fleet_of"]  # a fixture

GATED = {"cutover": {"gate": True, "together": "wave"}, "parallel": 1}


def gated(fleet: Fleet, engine: EngineName) -> None:
    choose(fleet, {"rebuild": {"use": engine.value}})
    fleet.spec["environments"]["production"]["rollout"] = GATED
    fleet.write_spec()
    planned(fleet)


def all_wait(fleet: Fleet) -> bool:
    shown = json.loads(fleet.run("status", "--output", "json").out)["applies"]
    states = {shard["state"] for apply in shown for shard in apply["shards"]}
    is_told = any("reconciler release" in (apply["reason"] or "") for apply in shown)
    return is_told and states == {"waiting_for_cutover"}


@pytest.mark.invariant("EN-5")
@pytest.mark.parametrize(
    "engine",
    [
        pytest.param(name, marks=pytest.mark.engine(name))
        for name in (EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC)
    ],
)
def test_copies_wait_for_a_person_through_a_stop_and_are_swapped_in(
    engine: EngineName, mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    before = fleet.all_definitions()
    gated(fleet, engine)
    with applying(fleet) as process:
        until(lambda: all_wait(fleet), "all copies to be complete")
        shown = fleet.run("status").out
        assert "`reconciler release` has them swapped in" in " ".join(shown.split())
        stopped = fleet.run("stop")
        assert stopped.code == 0, stopped.said
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 4, said
    for shard, definitions in fleet.all_definitions().items():
        assert definitions["items"] == before[shard]["items"]
    with applying(fleet) as process:
        until(lambda: all_wait(fleet), "all copies to be complete again")
        for shard in fleet.databases:
            fleet.sql(shard, "UPDATE items SET a = a WHERE id < 10")
        released = fleet.run("release")
        assert "2 copies of wave 1 are swapped in now" in " ".join(released.out.split())
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, said
    check_applied_again(fleet)


def check_applied_again(fleet: Fleet) -> None:
    assert "nothing to do" in fleet.run("apply").out
    check_applied(fleet)
