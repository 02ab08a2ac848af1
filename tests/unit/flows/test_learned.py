"""Whom a plan asks for the time that the like took, and what it says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from reconciler.errors import Problem, Unavailable
from reconciler.flows.learned import learned_notes
from reconciler.flows.reconcile_pass import Pass, begin_pass
from reconciler.ledger.model import StatementOfApply, StoredStatement
from reconciler.ledger.states import StatementState
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.model.object_id import table_id
from reconciler.plan.model import Algorithm, PlanCore
from reconciler.ports.ledger import Ledger
from tests.offline_fleet import SHARDS, SPEC, STATES, fleet, planned, repository, world

GB = 10**9
WITH_LEDGER = SPEC.replace("    after: staging\n", "    after: staging\n    ledger: sqlite:///l\n")
SQL = "ALTER TABLE `users` ALGORITHM=COPY, ADD COLUMN `age` int DEFAULT NULL"


@dataclass
class Record:
    """What the ledger has of the past."""

    found: tuple[StatementOfApply, ...]
    asked: int = 0

    def past_statements(self, *of: str, **more: Any) -> tuple[StatementOfApply, ...]:
        self.asked += 1
        return self.found


def past(**changes: Any) -> StatementOfApply:
    row = StoredStatement(
        shard=SHARDS[0],
        index=0,
        object_id=table_id("users"),
        sql=SQL,
        state=StatementState.APPLIED,
        attempts=1,
        intended_s=1_000.0,
        settled_s=1_600.0,
        handle=Handle(engine=EngineName.DIRECT, version=1, content="{}"),
        progress=Progress(bytes_total=GB),
    )
    return StatementOfApply(apply_id=7, is_finished=True, row=replace(row, **changes))


def made(*, spec: str = WITH_LEDGER, size_bytes: int = 2 * GB) -> tuple[Pass, PlanCore]:
    """Of a plan that copies a table."""
    shards, files = fleet(STATES[0]), repository(STATES[1], spec=spec)
    shards.size_bytes = size_bytes
    environment = files.keyspace().spec.environment("production")
    assert environment is not None
    begun = begin_pass(world(shards), files.keyspace(), environment)
    plan = planned(files, shards).plan
    assert plan is not None
    (change_set,) = plan.core.change_sets
    (one,) = change_set.statements
    copied = replace(one, sql=SQL, execution=replace(one.execution, algorithm=Algorithm.COPY))
    return begun, replace(plan.core, change_sets=(replace(change_set, statements=(copied,)),))


def notes(record: Record | Callable[[], Ledger], made: tuple[Pass, PlanCore]) -> tuple[str, ...]:
    asked = record if callable(record) else lambda: cast(Ledger, record)
    return learned_notes(*made, asked)


@pytest.mark.invariant("RP-31")
def test_a_plan_says_how_long_the_like_took_by_the_ledger() -> None:
    (note,) = notes(Record((past(),)), made())
    assert note.startswith(
        "users takes about 20 min on shard -80 (2.0 GB), as the like took 10 min"
    )
    assert notes(Record((past(progress=Progress()),)), made()) == (), "nobody measured it"
    assert notes(Record(()), made()) == ()


@pytest.mark.invariant("RP-31")
def test_no_ledger_is_asked_for_what_is_small_or_where_the_spec_names_none() -> None:
    record = Record((past(),))
    assert notes(record, made(size_bytes=10**7)) == ()
    assert notes(record, made(spec=SPEC)) == ()
    begun, core = made()
    still = replace(core.change_sets[0].statements[0])
    instant = replace(still, execution=replace(still.execution, algorithm=Algorithm.INSTANT))
    changed = replace(core, change_sets=(replace(core.change_sets[0], statements=(instant,)),))
    assert notes(record, (begun, changed)) == ()
    assert record.asked == 0


@pytest.mark.invariant("RP-31")
def test_a_ledger_that_does_not_answer_keeps_nobody_from_a_plan() -> None:
    def down() -> Ledger:
        raise Unavailable(Problem(code="ledger-unavailable", message="none", recovery="wait"))

    assert notes(down, made()) == ()
