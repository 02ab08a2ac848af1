"""At 1,000 shards no report has over 120 lines on a terminal: nothing has a line for each shard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from reconciler.cli.audit import audit
from reconciler.errors import Problem
from reconciler.ledger.reasons import GateClosed, Halted, Stopped, Undriven
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.limits import STATUS_APPLIES_MAX
from reconciler.model.fleet import even_shards
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyStatus,
    ApplyVerdict,
    ShardRow,
    StatusOutcome,
    WaveRow,
)
from reconciler.outcomes.audit import AuditOutcome, AuditRow, StatementsOn
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.outcomes.split import SplitStatus
from reconciler.report.compose.apply import apply_document, status_document
from reconciler.report.compose.audit import audit_document
from reconciler.report.compose.doctor import doctor_document
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.plan import plan_document, show_document, verify_document
from reconciler.report.compose.pull import pull_document
from reconciler.report.document import Document
from reconciler.report.style import Style
from reconciler.report.write.text import write_text
from reconciler.reshard.phases import Phase
from tests.golden import samples
from tests.golden.samples import ADD_EMAIL, ADD_INDEX, SHORTEN_NOTE, change_set, plan
from tests.golden.scenarios import DRIFTED, PAST, START_S, operation, row
from tests.sample_splits import at

S = OperationState
SHARDS = even_shards(1_000)
WAVES = tuple(SHARDS[start : start + 10] for start in range(0, 1_000, 10))
PLAN = plan(
    change_set(SHARDS[:600], ADD_EMAIL, ADD_INDEX, SHORTEN_NOTE),
    change_set(SHARDS[600:], ADD_EMAIL, SHORTEN_NOTE),
    shards=SHARDS,
    waves=WAVES,
)
LINES_MAX = 120


def rows(*states: OperationState) -> tuple[ShardRow, ...]:
    """As many shards as there are, in the states in turn, two tables each."""
    return tuple(
        row(
            shard,
            1 + number // 10,
            operation("orders", S.COMPLETED if number % 7 == 0 else state, 1),
            operation(
                "users",
                state,
                1 if state is S.COMPLETED else number % 2,
                problem=_problem(number) if state in (S.FAILED, S.FAILED_RETRYABLE) else None,
            ),
        )
        for number, shard in enumerate(SHARDS)
        for state in [states[number % len(states)]]
    )


def _problem(number: int) -> Problem:
    """As unlike as such errors are: each names a session of its own."""
    return replace(samples.LOCK_WAIT, message=f"table users: connection {number} is in the way")


def waves_of(shards: tuple[ShardRow, ...]) -> tuple[WaveRow, ...]:
    return tuple(
        WaveRow(number=number, shards=wave, completed=0, failed=0, running=0)
        for number, wave in enumerate(WAVES, start=1)
    )


def ended(verdict: ApplyVerdict, *states: OperationState, **more: object) -> Document:
    shards = rows(*states)
    outcome = ApplyOutcome(
        environment="production",
        keyspace="commerce",
        verdict=verdict,
        plan=PLAN,
        apply_id=17,
        waves=waves_of(shards),
        shards=shards,
        statements_run=4,
        **more,  # type: ignore[arg-type]
    )
    return apply_document([outcome])


def seen(state: ApplyState, *states: OperationState, **more: object) -> Document:
    shards = rows(*states)
    status = ApplyStatus(
        apply_id=17,
        environment="production",
        keyspace="commerce",
        plan_id=PLAN.plan_id,
        commit="4f1c2ab",
        state=state,
        started_s=START_S,
        completed_s=None,
        holder=None,
        heartbeat_s=START_S,
        waits_since_s=None,
        problem=None,
        waves=waves_of(shards),
        shards=shards,
        plan=PLAN,
        **{"reason": None, **more},  # type: ignore[arg-type]
    )
    return status_document(
        StatusOutcome(environment="production", applies=(status,), now_s=START_S + 64)
    )


LOST = tuple(replace(samples.LOST, shard=shard) for shard in SHARDS)
DRIFTED_REFUSALS = tuple(replace(samples.TABLE_DRIFTED, shard=shard) for shard in SHARDS)
OF: Any = {"environment": "production", "keyspace": "commerce"}

AUDITED_BY_DEFAULT = cast(int, next(p for p in audit.params if p.name == "limit").default)
AUDITED = AuditRow(
    **OF,
    apply_id=1_017,
    region=None,
    started_s=START_S,
    ended_s=START_S + 9_000,
    plan_id=PLAN.plan_id,
    commit="4f1c2ab0" * 5,
    pull_request=1_007,
    author="ada (account 1)",
    approved_by=("ben (account 2)", "cai (account 3)"),
    started_by="ada by https://github.com/acme/shop/actions/runs/7",
    shards_planned=1_000,
    ran=StatementsOn(2_990, SHARDS[:997]),
    failed=StatementsOn(1, SHARDS[997:998]),
    unknown=StatementsOn(2, SHARDS[998:]),
    outcome=ApplyState.FAILED,
    problem="lock-wait",
)

# As many as the ledger tells of one keyspace.
ENDED = tuple(
    replace(
        PAST[1],
        apply_id=1_050 - number,
        commit="4f1c2ab0" * 5,
        started_s=START_S - number,
        problem=replace(samples.LOCK_WAIT, message="a transaction is in the way " * 9),
    )
    for number in range(STATUS_APPLIES_MAX)
)
SPLITS = tuple(
    SplitStatus(job=replace(at(Phase.DONE), job_id=50 - number, targets=SHARDS[:2]))
    for number in range(STATUS_APPLIES_MAX)
)

# Each is made by its own test: to make all of them takes a second.
REPORTS: dict[str, Callable[[], Document]] = {
    "plan": lambda: plan_document([PlanOutcome(**OF, plan=PLAN)]),
    "plan, no shard seen": lambda: plan_document([PlanOutcome(**OF, plan=None, refusals=LOST)]),
    "plan, all refused": lambda: plan_document(
        [PlanOutcome(**OF, plan=PLAN, refusals=DRIFTED_REFUSALS)]
    ),
    "show": lambda: show_document(PLAN),
    "verify": lambda: verify_document([VerifyOutcome(**OF, state=VerifyState.VERIFIED, plan=PLAN)]),
    "apply, completed": lambda: ended(ApplyVerdict.COMPLETED, S.COMPLETED),
    "apply, halted": lambda: ended(
        ApplyVerdict.FAILED,
        S.COMPLETED,
        S.FAILED,
        S.CANCELLED,
        S.CANCELLED,
        reason=Halted(SHARDS[1]),
    ),
    "apply, every shard failed": lambda: ended(ApplyVerdict.FAILED, S.FAILED),
    "apply, stopped": lambda: ended(ApplyVerdict.STOPPED, S.COMPLETED, S.STOPPED, reason=Stopped()),
    "apply, cancelled": lambda: ended(ApplyVerdict.CANCELLED, S.COMPLETED, S.CANCELLED),
    "apply, paused": lambda: ended(
        ApplyVerdict.PAUSED, S.COMPLETED, S.PENDING, reason=GateClosed(2)
    ),
    "apply, drifted": lambda: ended(ApplyVerdict.DRIFTED, S.COMPLETED, refusals=LOST),
    "status, running": lambda: seen(
        ApplyState.RUNNING_DEGRADED, S.COMPLETED, S.RUNNING, S.FAILED_RETRYABLE, S.PENDING
    ),
    "status, undriven": lambda: seen(
        ApplyState.RUNNING_DEGRADED, S.COMPLETED, S.UNKNOWN, S.PENDING, reason=Undriven()
    ),
    "status, failed": lambda: seen(ApplyState.FAILED, S.COMPLETED, S.FAILED, S.CANCELLED),
    "drift": lambda: drift_document(
        [
            DriftOutcome(
                **OF,
                groups=(
                    DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS[:300]),
                    replace(DRIFTED, shards=SHARDS[300:]),
                ),
            )
        ]
    ),
    "doctor": lambda: doctor_document(
        [
            DoctorOutcome(
                **OF,
                findings=tuple(
                    DoctorFinding(
                        subject=f"shard {shard}",
                        shard=shard,
                        mark=CheckMark.OK,
                        message="reachable",
                    )
                    for shard in SHARDS
                ),
            )
        ]
    ),
    "audit": lambda: audit_document(
        AuditOutcome(environment="production", rows=(AUDITED,) * AUDITED_BY_DEFAULT, more_before=3)
    ),
    "history": lambda: status_document(
        StatusOutcome(
            environment="production",
            applies=ENDED,
            now_s=START_S + 9_000,
            splits=SPLITS,
            is_history=True,
        )
    ),
    "verify, all refused": lambda: verify_document(
        [VerifyOutcome(**OF, state=VerifyState.REFUSED, plan=PLAN, refusals=DRIFTED_REFUSALS)]
    ),
    "drift, no shard seen": lambda: drift_document(
        [DriftOutcome(**OF, groups=(DriftGroup(mark=ShardMark.DRIFTED, shards=SHARDS),))]
    ),
    "pull": lambda: pull_document(
        [
            PullOutcome(
                **OF,
                source=SHARDS[0],
                alike=SHARDS[1:500],
                others=SHARDS[500:],
                written=("schemas/commerce/users.sql",),
                unchanged=(),
                removed=(),
            )
        ]
    ),
}


@pytest.mark.invariant("RP-11")
@pytest.mark.parametrize("name", REPORTS)
def test_no_report_is_longer_than_a_reader_scrolls(name: str) -> None:
    report = REPORTS[name]()
    for width_chars in (80, 140):
        lines = write_text(report, Style(width_chars=width_chars)).split("\n")
        assert len(lines) <= LINES_MAX, f"{len(lines)} lines of {width_chars} characters"
