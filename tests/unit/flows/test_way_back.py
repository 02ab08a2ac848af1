"""What comes back of a table that was copied: said per shard, and no more than is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.revert import revert_files
from reconciler.flows.way_back import ways_back
from reconciler.model.engine import EngineName
from reconciler.plan.model import Plan
from reconciler.ports.ledger import Ledger
from tests.offline_fleet import (
    SHARDS,
    SPEC,
    STATES,
    Shards,
    environment,
    fleet,
    no_ledger,
    planned,
    repository,
    world,
)
from tests.sim.run import close_ledgers, file_ledger
from tests.unit.flows.test_shadows import KEPT, left_by, with_shadows

OLD = ("_users_del", "_users_ghk")
LOST = "the definition comes back, rows do not"


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield file_ledger()
    close_ledgers()


def plan_by(engine: EngineName) -> Plan:
    found = planned(repository(), fleet()).plan
    assert found is not None
    (change_set,) = found.core.change_sets
    statements = tuple(replace(one, engine=engine) for one in change_set.statements)
    sets = (replace(change_set, statements=statements),)
    return replace(found, core=replace(found.core, change_sets=sets))


COPIED = plan_by(EngineName.GH_OST)


def ways(
    shards: Shards,
    open_it: Callable[[], Ledger],
    *,
    plan: Plan = COPIED,
    spec: str = SPEC,
) -> tuple[str, ...]:
    files, looked = repository(spec=spec).keyspace(), world(shards)
    begun = begin_pass(looked, files, environment(files))
    return ways_back(begun, plan, open_it, looked.keyspaces, now_s=looked.clock.now_s())


@pytest.mark.invariant("EN-34")
def test_of_a_plan_that_copied_nothing_nobody_is_asked() -> None:
    assert ways(with_shadows(*OLD), no_ledger, plan=plan_by(EngineName.DIRECT)) == ()


@pytest.mark.invariant("EN-34")
def test_rows_do_not_come_back_where_the_old_table_is_gone(ledger: SqlLedger) -> None:
    left_by(ledger, *OLD, plan_id=COPIED.plan_id)
    (said,) = ways(fleet(STATES[1]), lambda: ledger)
    assert said.startswith(f"table users, all 2 shards: {LOST}")


@pytest.mark.invariant("EN-34")
def test_where_it_is_kept_it_says_until_when_and_what_would_be_lost(ledger: SqlLedger) -> None:
    now_s = world(fleet()).clock.now_s()
    left_by(ledger, *OLD, plan_id=COPIED.plan_id, settled_s=now_s)
    kept, gone = ways(with_shadows(*OLD), lambda: ledger, spec=KEPT)
    assert kept.startswith("table users, shard -80: the definition comes back, and the rows stay")
    assert "lie in _users_del (kept until " in kept
    assert "the rows stay that" in kept
    assert "what was written since is not in it" in kept
    assert "--revert" not in kept, "gh-ost's own may lose rows that are written meanwhile"
    assert gone.startswith(f"table users, shard {SHARDS[1]}: {LOST}")


@pytest.mark.invariant("EN-34")
def test_an_old_table_whose_time_is_over_is_there_until_somebody_cleans_up(
    ledger: SqlLedger,
) -> None:
    left_by(ledger, *OLD, plan_id=COPIED.plan_id)
    kept, _ = ways(with_shadows(*OLD), lambda: ledger)
    assert "lie in _users_del, from where" in kept


@pytest.mark.invariant("EN-34")
def test_the_checkpoint_alone_has_no_rows(ledger: SqlLedger) -> None:
    left_by(ledger, *OLD, plan_id=COPIED.plan_id)
    (said,) = ways(with_shadows(OLD[1]), lambda: ledger)
    assert LOST in said


@pytest.mark.invariant("EN-34")
def test_what_another_plan_left_is_not_this_ones_way_back(ledger: SqlLedger) -> None:
    left_by(ledger, *OLD, plan_id="sha256:2")
    (said,) = ways(with_shadows(*OLD), lambda: ledger)
    assert LOST in said


@pytest.mark.invariant("EN-34")
def test_a_ledger_or_a_shard_that_does_not_answer_makes_it_unknown(ledger: SqlLedger) -> None:
    (said,) = ways(with_shadows(*OLD), no_ledger)
    assert said.endswith("is still on any shard is not known: no answer")
    left_by(ledger, *OLD, plan_id=COPIED.plan_id)
    shards = with_shadows(*OLD)
    shards.shown[f"db-{SHARDS[1]}"] = None
    (said,) = ways(shards, lambda: ledger)
    assert said.endswith("is not known: not every shard was seen")


@pytest.mark.invariant("EN-34")
def test_taking_the_files_back_says_it(ledger: SqlLedger) -> None:
    left_by(ledger, *OLD, plan_id=COPIED.plan_id)
    files = repository()
    keyspace, shards = files.keyspace(), with_shadows(*OLD)
    reverted = revert_files(
        world(shards), COPIED, keyspace, environment(keyspace), files, open_ledger=lambda: ledger
    )
    assert reverted.ways == ways(shards, lambda: ledger)
    assert len(reverted.ways) == 2
