"""A rollout as people live with it: watched, stopped, killed and taken up from other processes."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from tests.fleet import Fleet
from tests.integration.rollouts import (
    LOCK_WAIT,
    ages,
    applying,
    blocked,
    planned,
    reading,
    status,
    waits,
)
from tests.waiting import PATIENCE_S, seen, until


def test_a_gate_is_released_by_a_person_and_history_remembers(fleet: Fleet) -> None:
    planned(fleet, gate=True)
    paused = fleet.run("apply")
    assert paused.code == 4, paused.said
    assert ages(fleet) == ["-40"]
    assert status(fleet)["outcome"] == "paused"
    assert fleet.run("apply").code == 4, "running again releases nothing"
    assert ages(fleet) == ["-40"]
    assert fleet.run("release").code == 0
    released = fleet.run("status").out
    assert "released already; `reconciler resume` goes on" in released
    assert "to release" not in released.partition("History")[0]
    assert "release asked by" in released.partition("History")[2]
    assert "next: `reconciler resume shop --environment production`" in released
    assert fleet.run("apply").code == 0
    assert len(ages(fleet)) == 4
    found = status(fleet)
    assert found["outcome"] == "completed"
    assert {shard["state"] for shard in found["shards"]} == {"completed"}
    history = fleet.run("status", "--history").out
    assert "completed" in history
    assert fleet.run("stop").code == 3, "nothing is left to stop"


@pytest.mark.invariant("ST-16")
def test_stop_from_another_process_then_resume(fleet: Fleet) -> None:
    planned(fleet)
    with reading(fleet, "-40"), applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        second_s = time.monotonic()
        second = fleet.run("apply")
        assert second.code == 3, second.said
        assert "process" in second.said, "the holder is named"
        assert time.monotonic() - second_s < PATIENCE_S, "it does not wait for the other"
        stopped = fleet.run("stop")
        assert (stopped.code, "applied" in stopped.out) == (0, True), stopped.said
        said, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 4, said
    assert status(fleet)["outcome"] == "stopped"
    assert ages(fleet) == []
    assert fleet.run("resume").code == 0
    assert len(ages(fleet)) == 4


def test_what_a_shard_waits_for_is_shown_with_who_is_in_the_way(fleet: Fleet) -> None:
    planned(fleet)
    with reading(fleet, "-40"), applying(fleet) as process:
        blocked = seen(lambda: behind(fleet, "SELECT COUNT"), "the wait")
        assert blocked["waits_for"].startswith("connection "), "who"
        assert " of this apply's account for " in blocked["waits_for"], "whose, and since when"
        assert blocked["waits_since_s"] is not None
        who = blocked["waits_for"].partition(" for ")[0]  # for how long goes on meanwhile
        until(lambda: f"waits for {who} for " in said(fleet), "it to be shown")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 4
    assert fleet.run("cancel").code == 0
    assert status(fleet)["outcome"] == "cancelled"
    assert fleet.run("apply").code == 0, "what is left is applied again"
    assert len(ages(fleet)) == 4


def behind(fleet: Fleet, sql: str) -> dict[str, Any] | None:
    """The operation that waits for somebody who runs that. It tries again between two looks."""
    applies = json.loads(fleet.run("status", "-o", "json").out)["applies"]
    waiting = [
        operation
        for apply in applies
        for shard in apply["shards"]
        for operation in shard["operations"]
        if operation["state"] == "failed_retryable" and sql in json.dumps(operation)
    ]
    return waiting[0] if waiting else None


@pytest.mark.invariant("ST-10")
def test_an_alter_that_outlived_its_process_is_waited_for_and_not_sent_again(
    fleet: Fleet,
) -> None:
    """A server does not notice that a client is gone before it wants to answer."""
    planned(fleet, lock_wait=LOCK_WAIT)
    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        process.kill()
        process.wait()
        assert waits(fleet, "-40"), "it is still there"
        with applying(fleet) as resumed:
            until(lambda: len(blocked(fleet, "-40")) > 1, "it to look at the table")
            assert resumed.poll() is None, "it waits"
            before = ages(fleet)
            reader.execute("COMMIT")
            said, _ = resumed.communicate(timeout=PATIENCE_S)
            assert resumed.returncode == 0, said
    assert before == []
    assert len(ages(fleet)) == 4


@pytest.mark.invariant("EN-2")
def test_an_alter_of_a_dead_run_is_taken_up_and_shown(fleet: Fleet) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    with fleet.connected("-40") as backup, applying(fleet) as process:
        backup.execute("LOCK INSTANCE FOR BACKUP")  # DDL waits, and whoever looks does not
        until(lambda: followed(fleet) == ["backup lock"], "the ALTER to wait")
        process.kill()
        process.wait()
        with applying(fleet) as resumed:
            until(lambda: "running there; taken up" in said(fleet), "it to be taken up")
            assert followed(fleet) == ["backup lock"]
            assert "waits for backup lock" in said(fleet)
            backup.execute("UNLOCK INSTANCE")
            told, _ = resumed.communicate(timeout=PATIENCE_S)
            assert resumed.returncode == 0, told
        assert "statement applied" in said(fleet), "it was not sent again"
    assert len(ages(fleet)) == 4


def said(fleet: Fleet) -> str:
    """By `status`, whose long lines are wrapped."""
    return " ".join(fleet.run("status").out.split())


def followed(fleet: Fleet) -> list[str]:
    """What running statements wait for, by what their engine tells."""
    shown = json.loads(fleet.run("status", "--output", "json").out)["applies"]
    return [
        operation["progress"]["waits_for"]
        for apply in shown
        for shard in apply["shards"]
        for operation in shard["operations"]
        if operation["state"] == "running" and operation["progress"]
    ]
