"""Whom a plan asks for the time that the like took, and what it says of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from reconciler.errors import Problem, Unavailable
from reconciler.flows.learned import learned_notes, with_time_left
from reconciler.flows.reconcile_pass import Pass, begin_pass
from reconciler.ledger.model import StatementOfApply, StoredStatement
from reconciler.ledger.states import OperationState, StatementState
from reconciler.model.engine import EngineName, Handle, Progress
from reconciler.model.object_id import table_id
from reconciler.outcomes.apply import ApplyStatus, StatusOutcome
from reconciler.plan.learned import time_left_words
from reconciler.plan.model import Algorithm, PlanCore
from reconciler.ports.ledger import Ledger
from reconciler.report.render import Format, Presentation, status_report
from tests.golden.scenarios import STATUS, operation
from tests.golden.scenarios import row as scenario_row
from tests.offline_fleet import SHARDS, SPEC, STATES, fleet, planned, repository, world

GB = 10**9
WITH_LEDGER = SPEC.replace("    after: staging\n", "    after: staging\n    ledger: sqlite:///l\n")
SQL = "ALTER TABLE `users` ALGORITHM=COPY, ADD COLUMN `age` int DEFAULT NULL"


@dataclass
class Record:
    """What the ledger has of the past."""

    found: tuple[StatementOfApply, ...]
    asked: int = 0
    running: tuple[StoredStatement, ...] = ()

    def statements(self, *of: int, **more: Any) -> tuple[StoredStatement, ...]:
        return self.running

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


NOW_S = 10_300.0
SENT = replace(past().row, state=StatementState.INTENDED, intended_s=NOW_S - 300, settled_s=None)


def looked(
    row: StoredStatement = SENT,
    state: OperationState = OperationState.RUNNING,
    holder: str | None = "run 8",
    ledger: Record | None = None,
) -> ApplyStatus:
    """As `status` shows an apply whose only statement is on its way."""
    here = operation(
        "users", state, 0, runs=row.sql if row.settled_s is None else "", progress=row.progress
    )
    apply = replace(STATUS, holder=holder, shards=(scenario_row(row.shard, 1, here),))
    record = ledger or Record((past(),), running=(row,))
    return with_time_left(apply, cast(Ledger, record), now_s=NOW_S)


@pytest.mark.invariant("RP-31")
def test_who_looks_at_what_runs_is_told_the_time_left_by_the_like() -> None:
    found = looked(replace(SENT, progress=Progress(bytes_total=2 * GB)))
    assert found.time_left is not None
    assert found.time_left.left_s == pytest.approx(900)
    seen = StatusOutcome(environment="production", applies=(found,), now_s=NOW_S)
    said = " ".join(status_report(seen, Presentation(format=Format.TEXT)).split())
    about = f"users on shard {SHARDS[0]} (2.0 GB)"
    like = "the like took 10 min for 1.0 GB there in apply 7 of 1970-01-01, waits included"
    assert f"time left about 15 min for {about}, as {like}" in said
    told = json.loads(status_report(seen, Presentation(format=Format.JSON)))["applies"][0]
    assert (told["time_left"]["takes_s"], told["time_left"]["ran_s"]) == (1_200.0, 300.0)
    assert told["time_left"]["as"]["took_s"] == 600.0


@pytest.mark.invariant("RP-31")
def test_what_takes_longer_than_the_like_is_told_as_that() -> None:
    late = looked(replace(SENT, intended_s=NOW_S - 1_200)).time_left
    assert late is not None
    said = time_left_words(late)
    assert said.startswith(
        f"users on shard {SHARDS[0]} (1.0 GB) runs for 20 min now; the like took"
    )


@pytest.mark.invariant("RP-31")
def test_no_time_left_is_told_without_ground() -> None:
    record = Record((past(),), running=(SENT,))
    assert looked(holder=None, ledger=record).time_left is None, "nobody drives it"
    waits = OperationState.WAITING_FOR_CUTOVER
    assert looked(state=waits, ledger=record).time_left is None, "it waits, and does not work"
    small = replace(SENT, progress=Progress(bytes_total=10**7))
    assert looked(small, ledger=record).time_left is None
    told = replace(SENT, progress=Progress(bytes_total=GB, left_s=60))
    assert looked(told, ledger=record).time_left is None, "its engine knows better"
    assert record.asked == 0
    assert looked(ledger=Record((), running=(SENT,))).time_left is None
    other = replace(SENT, sql="ALTER TABLE `users` ADD KEY (`age`)")
    assert looked(other).time_left is None


@pytest.mark.invariant("RP-31")
def test_a_ledger_that_does_not_answer_keeps_nobody_from_a_look() -> None:
    class Down(Record):
        def past_statements(self, *of: str, **more: Any) -> tuple[StatementOfApply, ...]:
            raise Unavailable(Problem(code="ledger-unavailable", message="no", recovery="wait"))

    assert looked(ledger=Down((), running=(SENT,))).time_left is None
