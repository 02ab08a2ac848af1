"""Rollouts over two regions, whose workers know their own region and nothing else."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.integration.controllers import ddl_counts
from tests.integration.rollouts import ADD_COLUMN, ages
from tests.temporal.stand import DECIDES, REGIONS, Stand
from tests.untold import found_in
from tests.waiting import until

pytestmark = pytest.mark.temporal

EVERY = ["-40", "40-80", "80-c0", "c0-"]


def add_column(fleet: Fleet) -> None:
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)


def unique_name(fleet: Fleet) -> None:
    key = ("  PRIMARY KEY (id)", "  PRIMARY KEY (id),\n  UNIQUE KEY one_name (name)")
    fleet.edit("schemas/shop/users.sql", *key)


def with_key(fleet: Fleet) -> list[str]:
    return [s for s, found in fleet.all_definitions().items() if "one_name" in found["users"]]


def each_ran_once(stand: Stand) -> None:
    assert ages(stand.fleet) == EVERY
    assert set(ddl_counts(stand.fleet, "ALTER TABLE").values()) == {(1, 0)}


@pytest.mark.invariant("TM-1")
@pytest.mark.invariant("TM-2")
@pytest.mark.invariant("TM-4")
def test_a_rollout_goes_over_two_regions_and_nothing_of_them_is_in_its_history(
    regions: Stand,
) -> None:
    regions.found().merge(add_column)
    regions.begin()
    again = regions.rollout("start")
    assert (again.code, "a rollout of shop in production is open" in again.said) == (3, True)
    for who in (DECIDES, *REGIONS):
        regions.worker(who)
    regions.wait_for("completed")
    each_ran_once(regions)
    history = regions.history()
    assert regions.look()["shown"]["plan_id"] in history, "payloads are read"
    server, login = regions.fleet.servers[0], regions.logins.values()
    databases = [database for _, database in regions.fleet.databases.values()]
    logins = [text for one in login for text in (one.user, one.password)]
    machine = ["127.0.0.1", "localhost", socket.gethostname(), str(server.port)]
    secrets = (*databases, *logins, *machine, "ALTER", "users", "FLEET_", "ledger")
    assert found_in([history], secrets) == []
    passwords = [one.password for one in login]
    assert found_in([one.said for one in regions.started], passwords) == []
    # The library's threads outlive the interpreter, and may not have the last word.
    assert [regions.status_code() for _ in range(8)] == [0] * 8
    unknown = regions.rollout("status", "--namespace", "of-nobody")
    assert (unknown.code, "does not know the namespace" in unknown.said) == (1, True)
    # Everything is done, and is found so.
    regions.begin()
    regions.wait_for("completed")
    each_ran_once(regions)
    assert "completed, 0 statements run" in regions.rollout("status").out


@pytest.mark.invariant("TM-3")
@pytest.mark.invariant("TM-5")
@pytest.mark.invariant("TM-8")
def test_gates_soaks_stops_and_a_region_without_a_worker(regions: Stand) -> None:
    regions.found(gate=True).merge(add_column)
    regions.begin()
    deciding, eu = regions.worker(), regions.worker("eu")
    regions.wait_for("paused")
    assert ages(regions.fleet) == ["-40"]
    assert "waits at the gate before wave 2" in regions.rollout("status").out
    refused = regions.rollout("resume")
    assert (refused.code, "it is not stopped" in refused.said) == (3, True)
    assert regions.rollout("release").code == 0
    until(lambda: ages(regions.fleet) == ["-40", "80-c0"], "eu's part of the second wave")
    # The other region's waits, and that is no failure.
    until(lambda: "us: no worker since" in regions.rollout("status").out, "who is missed")
    assert regions.state() == "running"
    refused = regions.rollout("release")
    assert (refused.code, "nothing holds it" in refused.said) == (3, True)
    # What nobody has is withdrawn.
    assert "nothing runs any more" in regions.rollout("stop").out
    assert regions.state() == "stopped"
    (withdrawn,) = (part for part in parts(regions) if (part["wave"], part["region"]) == (2, "us"))
    assert (withdrawn["state"], withdrawn["report"]["code"]) == ("stopped", "withdrawn")
    # Those who decide and their memory may go at any time.
    deciding.kill()
    until(lambda: "nobody is there" in regions.rollout("status").out, "nobody decides")
    regions.worker()
    us = regions.worker("us")
    until(lambda: regions.rollout("resume").code == 0, "somebody who decides")
    regions.wait_for("paused")
    assert ages(regions.fleet) == ["-40", "40-80", "80-c0"]
    us.leave()
    eu.leave()
    assert "left" in us.said
    assert regions.rollout("cancel").code == 0
    # A region is told of the end when it is there again; one that cannot let go is asked again.
    until(lambda: untold(regions) == {"eu": "", "us": ""}, "eu and us")
    without_ledger = regions.worker("eu", without="LEDGER_FILE")
    until(lambda: untold(regions)["eu"] not in ("", None), "eu, which has no ledger")
    without_ledger.leave()
    regions.worker("eu")
    until(lambda: untold(regions) == {"us": ""}, "us alone")
    refused = regions.rollout("cancel", "--without", "eu")
    assert (refused.code, "was not asked to end without it" in refused.said) == (3, True)
    assert regions.rollout("cancel", "--without", "us").code == 0
    until(lambda: regions.look()["ended_s"], "its end")
    assert regions.state() == "cancelled"
    assert ages(regions.fleet) == ["-40", "40-80", "80-c0"]
    regions.keep_history()
    # What was left behind there is let go of by hand.
    assert "cancel applied" in regions.in_region("us", "cancel").out
    regions.worker("us")
    # Begun again it is somebody's word, also where it was cancelled; a stop in a region holds the
    # part that comes next there.
    regions.begin()
    regions.wait_for("paused")
    assert regions.rollout("release").code == 0
    until(lambda: regions.look()["outcome"] == "paused" and wave(regions) == 3, "the next gate")
    assert "stop applied" in regions.in_region("us", "stop").out
    assert regions.rollout("release").code == 0
    regions.wait_for("held")
    assert "held [apply-stopped]" in regions.rollout("status").out
    assert regions.rollout("resume").code == 0
    regions.wait_for("completed")
    each_ran_once(regions)


@pytest.mark.invariant("RG-94")
def test_a_failure_that_was_released_is_gone_past(regions: Stand) -> None:
    regions.found(on_failure="pause").merge(unique_name)
    regions.fleet.sql("-40", "INSERT INTO users VALUES (1, 'twin'), (2, 'twin')")
    regions.begin()
    for who in (DECIDES, *REGIONS):
        regions.worker(who)
    regions.wait_for("held")
    assert with_key(regions.fleet) == []
    assert regions.rollout("release").code == 0
    regions.wait_for("failed")
    assert with_key(regions.fleet) == EVERY[1:]


@pytest.mark.invariant("TM-3")
def test_what_a_region_refuses_holds_the_rollout_until_somebody_asks_again(
    regions: Stand,
) -> None:
    regions.found().merge(add_column)
    regions.fleet.sql("40-80", "ALTER TABLE users ADD COLUMN by_hand int")
    regions.begin()
    for who in (DECIDES, *REGIONS):
        regions.worker(who)
    regions.wait_for("held")
    said = regions.rollout("status").out
    assert "held [drift], shard 40-80" in said
    assert ages(regions.fleet) == ["-40", "80-c0"]
    regions.fleet.sql("40-80", "ALTER TABLE users DROP COLUMN by_hand")
    assert regions.rollout("resume").code == 0
    regions.wait_for("completed")
    assert ages(regions.fleet) == EVERY


@pytest.mark.invariant("TM-7")
def test_regions_that_do_not_trust_each_other_have_a_namespace_each(regions: Stand) -> None:
    """A worker of a region asks in its own, and who decides hands on what is to be done there."""
    regions.found(gate=True).merge(add_column)
    regions.apart = {region: regions.temporal.new_namespace() for region in REGIONS}
    for who in (DECIDES, *REGIONS):
        regions.worker(who)
    regions.begin()
    regions.wait_for("paused")
    assert regions.rollout("release").code == 0
    until(lambda: wave(regions) == 3, "the second wave's end")
    regions.workers("us").kill()
    assert regions.rollout("release").code == 0
    until(lambda: "us: waits for a worker" in regions.rollout("status").out, "who is missed")
    # A stop reaches through to where nobody is.
    assert regions.rollout("stop").code == 0
    regions.wait_for("stopped")
    regions.worker("us")
    assert regions.rollout("resume").code == 0
    regions.wait_for("completed")
    each_ran_once(regions)
    for namespace in regions.apart.values():
        told = regions.temporal.ask("workflow", "list", "--namespace", namespace)
        assert "production/shop" in str(told)


@pytest.mark.invariant("TM-6")
def test_other_versions_refuse_each_other_by_name(regions: Stand) -> None:
    """What travels is of a protocol; whoever knows another one guesses nothing."""
    commit = regions.found().merge(add_column)
    regions.worker()
    regions.worker("eu")
    order = {"protocol": 2, "region": "eu", "commit": commit, "from": "another version"}
    started = regions.ask(
        *("workflow", "start", "-w", "production/shop", "--type", "reconciler-rollout"),
        *("--task-queue", "reconciler", "--input", json.dumps(order)),
    )
    assert started is not None
    until(lambda: regions.look()["refused"], "a refusal")
    assert "knows protocol 1, and the order is of 2" in regions.rollout("status").out
    assert ages(regions.fleet) == []


def untold(stand: Stand) -> dict[str, str]:
    return {one["region"]: one["code"] for one in stand.look()["shown"]["untold"]}


def wave(stand: Stand) -> int:
    return int(stand.look()["shown"]["wave"])


def parts(stand: Stand) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = stand.look()["shown"]["parts"]
    return found
