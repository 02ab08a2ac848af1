"""What leaves a region: how a part ended, in names, counts and codes."""

from __future__ import annotations

from dataclasses import fields

import pytest

from reconciler.errors import (
    Busy,
    InvalidInput,
    Problem,
    ReconcilerError,
    Refused,
    Unanswered,
    Unavailable,
)
from reconciler.guard.model import Refusal, RefusalKind, refusals_from
from reconciler.ledger.reasons import InWords, ShardFailed, WaveNotAsked
from reconciler.ledger.states import OperationState
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import Unreachable
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, ShardRow
from reconciler.outcomes.part_report import TryAgain, report_of, report_of_error
from reconciler.rollout.course import PartEnd, PartReport

SECRET = "Access denied for 'writer'@'db-7.internal'"
DRIFT = Refusal(
    code="drift",
    message=SECRET,
    recovery=SECRET,
    shard="-40",
    object_id=ObjectId(ObjectKind.TABLE, "users"),
    expected=SECRET,
    observed=SECRET,
)
AWAY = Unreachable(shard="-40", code="shard-unreachable", reason=SECRET, recovery=SECRET)
PASSES = Refusal(code="replica-lag", message=SECRET, recovery="", kind=RefusalKind.PASSES)
PROBLEM = Problem(code="statement-failed", message=SECRET, recovery=SECRET)

LOST = Unavailable(Problem(code="connection-lost", message=SECRET, recovery=SECRET))


def outcome(verdict: ApplyVerdict, **more: object) -> ApplyOutcome:
    return ApplyOutcome(environment="e", keyspace="k", verdict=verdict, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("verdict", ApplyVerdict)
def test_every_end_of_an_apply_is_one_of_a_part(verdict: ApplyVerdict) -> None:
    told = report_of(outcome(verdict), 1)
    is_done = verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO, ApplyVerdict.PAUSED)
    is_completed = isinstance(told, PartReport) and told.end is PartEnd.COMPLETED
    assert is_completed is is_done, "an apply without shards is paused behind all it was asked for"


@pytest.mark.invariant("TM-11")
@pytest.mark.parametrize(
    ("found", "told"),
    [
        (outcome(ApplyVerdict.REFUSED, refusals=(DRIFT, AWAY)), PartEnd.HELD),
        (outcome(ApplyVerdict.REFUSED, refusals=(AWAY, PASSES)), "shard-unreachable"),
        (outcome(ApplyVerdict.REFUSED, refusals=(PASSES,)), "replica-lag"),
        # A connection is cut while locks are taken, and the look behind it reaches every shard.
        (outcome(ApplyVerdict.REFUSED, refusals=refusals_from(LOST)), "connection-lost"),
        (outcome(ApplyVerdict.REFUSED, refusals=refusals_from(Refused(PROBLEM))), PartEnd.HELD),
        (outcome(ApplyVerdict.UNCONFIRMED, refusals=(AWAY,)), "shard-unreachable"),
        (outcome(ApplyVerdict.UNCONFIRMED, refusals=(AWAY, DRIFT)), PartEnd.HELD),
        (outcome(ApplyVerdict.UNKNOWN, problem=PROBLEM), "outcome-unknown"),
        (outcome(ApplyVerdict.FAILED, problem=PROBLEM), PartEnd.FAILED),
        (outcome(ApplyVerdict.SUPERSEDED, refusals=(DRIFT,)), PartEnd.HELD),
        (outcome(ApplyVerdict.STOPPED), PartEnd.STOPPED),
    ],
)
def test_what_passes_by_itself_is_tried_again(found: ApplyOutcome, told: PartEnd | str) -> None:
    report = report_of(found, 1)
    assert (report.code if isinstance(report, TryAgain) else report.end) == told


@pytest.mark.invariant("RG-94")
@pytest.mark.parametrize(
    ("verdict", "reason", "states", "told"),
    [
        (ApplyVerdict.PAUSED, ShardFailed("-40"), "failed completed", (PartEnd.FAILED, False)),
        (ApplyVerdict.PAUSED, ShardFailed("-40"), "failed pending", (PartEnd.HELD, False)),
        (ApplyVerdict.PAUSED, WaveNotAsked(2), "failed completed", (PartEnd.FAILED, True)),
        (ApplyVerdict.FAILED, None, "failed completed", (PartEnd.FAILED, True)),
        (ApplyVerdict.FAILED, None, "failed cancelled", (PartEnd.FAILED, False)),
    ],
)
def test_a_failure_is_gone_past_where_nobody_is_waited_for(
    verdict: ApplyVerdict, reason: object, states: str, told: tuple[PartEnd, bool]
) -> None:
    rows = tuple(
        ShardRow(shard=str(number), wave=1, state=OperationState(state), operations=())
        for number, state in enumerate(states.split())
    )
    found = outcome(verdict, reason=reason, shards=rows)
    report = report_of(found, 1, failures_released=True)
    assert isinstance(report, PartReport)
    assert (report.end, report.goes_past) == told
    unseen = report_of(found, 1)
    assert isinstance(unseen, PartReport)
    assert unseen.goes_past is (told[1] and verdict is ApplyVerdict.PAUSED)


@pytest.mark.parametrize(
    ("error", "is_tried_again"),
    [
        (Busy, True),
        (Unavailable, True),
        (Unanswered, True),
        (Refused, False),
        (InvalidInput, False),
    ],
)
def test_so_is_a_part_that_came_to_nothing(
    error: type[ReconcilerError], is_tried_again: bool
) -> None:
    assert isinstance(report_of_error(error(PROBLEM)), TryAgain) is is_tried_again


@pytest.mark.invariant("TM-2")
def test_no_sentence_leaves_the_region() -> None:
    for verdict in ApplyVerdict:
        for reason in (InWords(SECRET), ShardFailed("-40")):
            found = outcome(verdict, refusals=(DRIFT,), problem=PROBLEM, reason=reason)
            told = report_of(found, 1)
            assert SECRET not in [getattr(told, field.name) for field in fields(told)]
    report = report_of(outcome(ApplyVerdict.REFUSED, refusals=(DRIFT, AWAY)), 1)
    assert report == PartReport(
        end=PartEnd.HELD, code="drift", shard="-40", table="users", problems=2
    )
