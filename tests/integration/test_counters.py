"""Policy `auto_increment: raise` on a fleet: a file's counter is a floor that a plan reaches."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.plan.codec import load_plan
from reconciler.plan.model import PlanCore
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.rollouts import LOCK_WAIT, applying, reading, waits
from tests.waiting import PATIENCE_S, until

USERS = """CREATE TABLE users (
  id int NOT NULL AUTO_INCREMENT,
  name varchar(50) NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
FILE = "schemas/shop/users.sql"
WANTED = ("ENGINE=InnoDB", "ENGINE=InnoDB AUTO_INCREMENT=1000")
RAISE = "ALTER TABLE `users` ALGORITHM=INPLACE, LOCK=NONE, AUTO_INCREMENT=1000"


@pytest.fixture
def counting(
    tmp_path: Path,
    mysql_server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    """Three shards: one has never counted, one has counted to 41, one is far beyond the file."""
    fleet = Fleet(tmp_path / "shop", [mysql_server], fresh_database, monkeypatch)
    fleet.found(3, {"users": USERS})
    _, second, third = fleet.databases
    fleet.sql(second, "INSERT INTO users (id, name) VALUES (40, 'a')")
    fleet.sql(third, "INSERT INTO users (id, name) VALUES (70000, 'a')")
    fleet.spec["policy"]["auto_increment"] = "raise"
    fleet.write_spec()
    fleet.edit(FILE, *WANTED)
    return fleet


def counters(fleet: Fleet) -> list[int]:
    printed = (re.search(r"AUTO_INCREMENT=(\d+)", d["users"]) for d in _definitions(fleet))
    return [int(found[1]) if found else 0 for found in printed]


def _definitions(fleet: Fleet) -> list[dict[str, str]]:
    return list(fleet.all_definitions().values())


def core_of(fleet: Fleet) -> PlanCore:
    path = "plans/production/shop.plan.json"
    return load_plan(fleet.read(path).encode(), path).core


def test_a_counter_alone_is_planned_applied_and_then_as_git_says(counting: Fleet) -> None:
    first, second, third = counting.databases
    drifted = counting.run("drift")
    assert drifted.code == 2
    assert "table option AUTO_INCREMENT differs" in drifted.out
    counting.plan_and_commit()
    core = core_of(counting)
    (change_set,) = core.change_sets
    assert change_set.shards == (first, second), "counters that differ need the same statement"
    assert core.matching == (third,)
    assert [s.sql for s in change_set.statements] == [RAISE]
    assert counting.run("verify").code == 0
    applied = counting.run("apply")
    assert applied.code == 0, applied.said
    assert counters(counting) == [1000, 1000, 70001]
    assert counting.run("plan", "--detailed-exitcode").code == 0
    counting.sql(third, "INSERT INTO users (id, name) VALUES (2000000000, 'z')")
    alike = counting.run("drift")
    assert alike.code == 0
    assert f"users.id has used 93 % of int on shard {third}, the fullest" in " ".join(
        alike.out.split()
    )
    assert "nothing to do" in counting.run("apply").out


@pytest.mark.invariant("PL-13")
def test_a_counter_can_be_raised_again_after_an_apply_and_not_before(counting: Fleet) -> None:
    """To the eyes of the second file a counter of 1000 has not come far enough, as before."""
    counting.plan_and_commit()
    counting.edit(FILE, "AUTO_INCREMENT=1000", "AUTO_INCREMENT=2000")
    waiting = counting.run("plan", "--write")
    assert waiting.code == 3
    assert "pending-apply" in waiting.said
    counting.git("checkout", "--quiet", "--", "schemas")
    assert counting.run("apply").code == 0
    counting.edit(FILE, "AUTO_INCREMENT=1000", "AUTO_INCREMENT=2000")
    counting.plan_and_commit()
    applied = counting.run("apply")
    assert applied.code == 0, applied.said
    assert counters(counting) == [2000, 2000, 70001]


def test_rows_may_raise_a_counter_before_the_plan_does(counting: Fleet) -> None:
    counting.edit(FILE, "varchar(50)", "varchar(60)")
    counting.plan_and_commit()
    _, second, _ = counting.databases
    assert [len(s.statements) for s in core_of(counting).change_sets] == [2, 1]
    counting.sql(second, "INSERT INTO users (id, name) VALUES (5000, 'b')")
    assert counting.run("verify").code == 0
    applied = counting.run("apply", "--output", "json")
    assert applied.code == 0, applied.said
    assert counters(counting) == [1000, 5001, 70001]
    assert all("varchar(60)" in d["users"] for d in _definitions(counting))
    assert counting.run("plan", "--detailed-exitcode").code == 0


def test_a_counter_that_all_rows_have_passed_leaves_nothing_to_apply(counting: Fleet) -> None:
    counting.plan_and_commit()
    for shard in counting.databases:
        counting.sql(shard, "INSERT INTO users (id, name) VALUES (99999, 'c')")
    applied = counting.run("apply")
    assert (applied.code, "nothing to do" in applied.out) == (0, True), applied.said


@pytest.mark.invariant("ST-9")
@pytest.mark.parametrize("ledger", ["kept", "lost"])
def test_whether_a_killed_apply_had_raised_the_counter_is_seen_on_the_shard(
    counting: Fleet, ledger: str
) -> None:
    counting.environment["rollout"] = {"parallel": 1, "lock_wait": LOCK_WAIT}
    counting.write_spec()
    counting.plan_and_commit()
    first = next(iter(counting.databases))
    with reading(counting, first) as reader, applying(counting) as process:
        until(lambda: waits(counting, first), "the ALTER to wait")
        process.kill()
        process.wait()
        reader.execute("COMMIT")
    until(lambda: counters(counting)[0] == 1000, "the ALTER that outlived its process")
    if ledger == "lost":
        shutil.rmtree(counting.root / ".reconciler")
    with applying(counting) as resumed:
        said, _ = resumed.communicate(timeout=PATIENCE_S)
        assert resumed.returncode == 0, said
    assert counters(counting) == [1000, 1000, 70001]
    (apply,) = json.loads(counting.run("status", "--output", "json").out)["applies"]
    assert {shard["state"] for shard in apply["shards"]} == {"completed"}


def test_a_table_that_also_gets_a_new_name_is_raised_under_the_old_one(counting: Fleet) -> None:
    text = "-- reconciler: rename table users to people\n" + counting.read(FILE)
    counting.write(FILE, text.replace("CREATE TABLE users", "CREATE TABLE people"))
    counting.spec["policy"]["allow"] = [
        {"table": "users", "hazard": "rename", "reason": "no code uses it yet"}
    ]
    counting.write_spec()
    counting.plan_and_commit()
    applied = counting.run("apply")
    assert applied.code == 0, applied.said
    assert ["AUTO_INCREMENT=1000" in d["people"] for d in _definitions(counting)] == [
        True,
        True,
        False,
    ]
    assert counting.run("plan", "--detailed-exitcode").code == 0


def test_pull_does_not_make_a_wish_of_how_far_rows_have_counted(counting: Fleet) -> None:
    for shard in counting.databases:
        counting.sql(shard, "ALTER TABLE users ADD COLUMN age int")
    assert counting.run("pull", "--environment", "production").code == 0
    assert "age" in counting.read(FILE)
    assert "AUTO_INCREMENT=" not in counting.read(FILE)
