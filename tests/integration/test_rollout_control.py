"""A rollout as people live with it: watched, stopped, killed and taken up from other processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pymysql
import pytest

from tests.fleet import Fleet

ADD_COLUMN = (
    "  name varchar(50) NOT NULL,",
    "  name varchar(50) NOT NULL,\n  age int DEFAULT NULL,",
)
PATIENCE_S = 60


def planned(fleet: Fleet, **rollout: object) -> None:
    """A reviewed plan that adds a column on every shard, with room for several runs."""
    fleet.environment["rollout"] = {
        "canary": ["-40"],
        "parallel": 2,
        "lock_wait": "1s",
        "lock_retries": 20,
        **rollout,
    }
    fleet.write_spec()
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.plan_and_commit()


def ages(fleet: Fleet) -> list[str]:
    """The shards that have the new column."""
    return [s for s, found in fleet.all_definitions().items() if "`age`" in found["users"]]


def status(fleet: Fleet) -> dict[str, Any]:
    ended = fleet.run("status", "--output", "json")
    assert ended.code == 0, ended.said
    (apply,) = json.loads(ended.out)["applies"]
    found: dict[str, Any] = apply
    return found


def until(look: Callable[[], bool], what: str) -> None:
    give_up_s = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < give_up_s, f"waited in vain for {what}"
        time.sleep(0.1)


@contextmanager
def applying(fleet: Fleet) -> Iterator[subprocess.Popen[str]]:
    """`apply` in a process of its own, ended with the block if it has not ended by itself."""
    command = [sys.executable, "-m", "reconciler", "apply", "-C", str(fleet.root)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ)
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def reading(fleet: Fleet, shard: str) -> Iterator[pymysql.cursors.Cursor]:
    """A transaction that has read the table and so keeps every ALTER of it waiting."""
    with fleet.connected(shard) as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT COUNT(*) FROM users")
        yield cursor


def waits(fleet: Fleet, shard: str) -> bool:
    with fleet.connected(shard) as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist"
            " WHERE state LIKE 'Waiting for table metadata lock' AND info LIKE 'ALTER TABLE%%'"
        )
        return bool((cursor.fetchone() or (0,))[0])


def test_a_gate_is_released_by_a_person_and_history_remembers(fleet: Fleet) -> None:
    planned(fleet, gate=True)
    paused = fleet.run("apply")
    assert paused.code == 4, paused.said
    assert ages(fleet) == ["-40"]
    assert status(fleet)["outcome"] == "paused"
    assert fleet.run("apply").code == 4, "running again releases nothing"
    assert ages(fleet) == ["-40"]
    assert fleet.run("release").code == 0
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
        assert time.monotonic() - second_s < 5
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
        until(lambda: "waits_for" in json.dumps(status_if_any(fleet)), "the wait")
        shards = {shard["shard"]: shard for shard in status(fleet)["shards"]}
        assert "-40" in shards
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 4
    assert fleet.run("cancel").code == 0
    assert status(fleet)["outcome"] == "cancelled"
    assert fleet.run("apply").code == 0, "what is left is applied anew"
    assert len(ages(fleet)) == 4


def status_if_any(fleet: Fleet) -> list[dict[str, Any]]:
    applies: list[dict[str, Any]] = json.loads(fleet.run("status", "-o", "json").out)["applies"]
    return [
        o
        for apply in applies
        for s in apply["shards"]
        for o in s["operations"]
        if o.get("waits_for")
    ]


@pytest.mark.invariant("ST-10")
def test_an_alter_that_outlived_its_process_is_waited_for_and_not_sent_again(
    fleet: Fleet,
) -> None:
    """A server does not notice that a client is gone before it wants to answer."""
    planned(fleet, lock_wait="30s")
    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        process.kill()
        process.wait()
        assert waits(fleet, "-40"), "it is still there"
        with applying(fleet) as resumed:
            time.sleep(2)
            assert resumed.poll() is None, "it waits"
            before = ages(fleet)
            reader.execute("COMMIT")
            said, _ = resumed.communicate(timeout=PATIENCE_S)
            assert resumed.returncode == 0, said
    assert before == []
    assert len(ages(fleet)) == 4
