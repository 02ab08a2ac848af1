"""What keeps statements from starting, and what is in their way, on real servers."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pymysql
import pytest

from reconciler.edges.mysql.locks import lock_name
from tests.fleet import Fleet
from tests.integration.mysql_edges import end_session
from tests.integration.rollouts import (
    LOCK_WAIT,
    ages,
    applying,
    planned,
    reading,
    status,
    waits,
)
from tests.waiting import PATIENCE_S, until


def test_who_is_in_the_way_is_ended_where_the_spec_says_so(fleet: Fleet) -> None:
    planned(fleet, kill_blockers={"after": "1s"})
    with reading(fleet, "-40") as reader:
        applied = fleet.run("apply")
        assert applied.code == 0, applied.said
        with pytest.raises(pymysql.err.MySQLError):
            reader.execute("SELECT 1")
    assert len(ages(fleet)) == 4
    told = [event["what"] for event in status(fleet)["events"]]
    history = fleet.run("status").out
    assert any("ended what was in the way: connection " in what for what in told), history


def test_by_default_nobody_is_ended_and_the_failure_says_who_it_was(fleet: Fleet) -> None:
    planned(fleet, lock_retries=1)
    with reading(fleet, "-40") as reader:
        failed = fleet.run("apply")
        assert failed.code == 1, failed.said
        reader.execute("SELECT 1")
    said = " ".join(failed.out.split())
    assert "in the way: connection " in said
    assert "(tried 2 times)" in said
    assert ages(fleet) == []


def told(fleet: Fleet) -> str:
    """What `status` says, without the ends of its lines."""
    return " ".join(fleet.run("status").out.split())


def closed_window() -> str:
    hour = time.gmtime().tm_hour
    return f"{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00 UTC"


@pytest.mark.invariant("GD-10")
@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ({"windows": [closed_window()]}, "outside-window"),
        ({"replica_lag_max": "10s"}, "replica-lag-unmeasured"),
        ({"disk_free_min": "99%"}, "disk-free"),
    ],
)
def test_beyond_a_limit_nothing_is_sent_and_the_reason_is_there_for_who_asks(
    fleet: Fleet, limit: dict[str, object], code: str
) -> None:
    change = ("  name varchar(50)", "  name varchar(500)")  # a rebuild: it needs room on the disk
    planned(fleet, change=change, **limit)
    held = fleet.run("apply")
    assert held.code == 4, held.said
    assert f"[{code}]" in held.out
    assert "no statement" in held.out or "0 of 4 shards completed" in held.out
    assert not any("varchar(500)" in found["users"] for found in fleet.all_definitions().values())
    seen = status(fleet)
    assert seen["outcome"] == "paused"
    assert seen["reason"]
    assert seen["waits_since_s"] is not None


def test_load_that_passes_is_waited_for(fleet: Fleet) -> None:
    planned(fleet, threads_running_max=4)
    with ExitStack() as opened, ThreadPoolExecutor(5) as pool:
        cursors = [opened.enter_context(fleet.connected("-40")) for _ in range(5)]
        numbers = []
        for cursor in cursors:
            cursor.execute("SELECT CONNECTION_ID()")
            numbers += [int(row[0]) for row in cursor.fetchall()]
            pool.submit(cursor.execute, "SELECT SLEEP(600)")
        with applying(fleet) as process:
            try:
                until(lambda: "threads are running, limit is 4" in told(fleet), "the wait")
                assert ages(fleet) == []
            finally:
                for number in numbers:
                    fleet.sql("-40", f"KILL QUERY {number}")
            said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert len(ages(fleet)) == 4


def test_two_addresses_of_one_server_are_one_server(fleet: Fleet) -> None:
    """-40 and 80-c0 are on it; the second is reached by another name."""
    third = fleet.environment["shards"][2]
    third["connection"]["host"] = "localhost"
    planned(fleet, canary=[], waves=["100%"], parallel=4, parallel_per_host=1, lock_wait=LOCK_WAIT)
    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        until(lambda: len(ages(fleet)) == 2, "the shards of the other server")
        time.sleep(1)
        assert ages(fleet) == ["40-80", "c0-"]
        reader.execute("COMMIT")
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, said
    assert len(ages(fleet)) == 4


@pytest.mark.invariant("GD-9")
def test_the_canary_and_the_rest_are_two_jobs_of_one_plan(fleet: Fleet) -> None:
    planned(fleet)
    too_early = fleet.run("apply", "--wave", "rest")
    assert too_early.code == 3, too_early.said
    assert "canary-not-done" in too_early.said
    assert fleet.run("apply", "--wave", "canary").code == 0
    first = status(fleet)
    assert (ages(fleet), first["outcome"]) == (["-40"], "paused")
    assert fleet.run("apply", "--wave", "rest").code == 0
    second = status(fleet)
    assert (second["apply_id"], second["plan_id"]) == (first["apply_id"], first["plan_id"])
    assert (len(ages(fleet)), second["outcome"]) == (4, "completed")


def unique_names(fleet: Fleet, on_failure: str) -> None:
    """A plan that fails on shard 40-80, whose rows do not fit it."""
    fleet.sql("40-80", "INSERT INTO users VALUES (1, 'twin'), (2, 'twin')")
    key = ("  PRIMARY KEY (id)", "  PRIMARY KEY (id),\n  UNIQUE KEY one_name (name)")
    planned(fleet, change=key, on_failure=on_failure, canary=["40-80"], parallel=1)


def with_key(fleet: Fleet) -> list[str]:
    return [s for s, found in fleet.all_definitions().items() if "one_name" in found["users"]]


@pytest.mark.invariant("ST-6")
@pytest.mark.invariant("ST-7")
@pytest.mark.parametrize(
    ("on_failure", "code", "outcome", "applied"),
    [("halt", 1, "failed", 0), ("continue", 4, "failed", 3), ("pause", 4, "paused", 0)],
)
def test_what_comes_after_a_failure_is_what_the_spec_says(
    fleet: Fleet, on_failure: str, code: int, outcome: str, applied: int
) -> None:
    unique_names(fleet, on_failure)
    ended = fleet.run("apply")
    assert ended.code == code, ended.said
    assert "Duplicate entry" in ended.out
    assert (status(fleet)["outcome"], len(with_key(fleet))) == (outcome, applied)
    if outcome == "paused":
        assert fleet.run("release").code == 0
        assert fleet.run("apply").code == 4
        assert len(with_key(fleet)) == 3
        assert status(fleet)["outcome"] == "failed"
    fleet.sql("40-80", "UPDATE users SET name = 'other' WHERE id = 2")
    fixed = fleet.run("apply")
    assert fixed.code == 0, fixed.said
    assert len(with_key(fleet)) == 4


@pytest.mark.invariant("ST-16")
def test_a_lost_lock_ends_the_run_before_the_next_statement(fleet: Fleet) -> None:
    planned(fleet, lock_wait=LOCK_WAIT)
    with reading(fleet, "-40") as reader, applying(fleet) as process:
        until(lambda: waits(fleet, "-40"), "the ALTER to wait")
        for shard, (_, database) in fleet.databases.items():
            with fleet.connected(shard) as cursor:
                cursor.execute("SELECT IS_USED_LOCK(%s)", [lock_name(database)])
                (number,) = cursor.fetchone() or (None,)
                if number is not None:  # both shards of a server are locked over one connection
                    end_session(cursor, int(number))
        reader.execute("COMMIT")
        said, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 4, said
    assert "lock-lost" in said
    assert ages(fleet) == ["-40"], "what ran was finished"
    assert fleet.run("resume").code == 0
    assert len(ages(fleet)) == 4
