"""What a region tells of a part that it carried out: how it ended, and no sentence.

What it tells leaves the region, and is kept where people without any right there can read it.
Sentences may quote a server or a row; whoever may read them asks the region (TM-2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.errors import ReconcilerError, passes_by_itself
from reconciler.guard.model import Obstacle, Refusal, RefusalKind
from reconciler.ledger.reasons import OfGuard, ShardFailed
from reconciler.ledger.states import SETTLED, OperationState
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.ends import apply_end
from reconciler.outcomes.exit_code import ExitCode
from reconciler.rollout.course import PartEnd, PartReport
from reconciler.rollout.waves import WaveChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAgain:
    """What keeps the part from going on passes by itself: somebody else is at work, something could
    not be reached, a window is closed."""

    code: str


def report_of(
    outcome: ApplyOutcome, wave: int, *, failures_released: bool = False
) -> PartReport | TryAgain:
    """`failures_released`: somebody has seen the failures of an apply that ended with them. Where
    nothing is left in the region it ends by itself, and other regions may come behind it."""
    match outcome.verdict:
        case ApplyVerdict.NOTHING_TO_DO | ApplyVerdict.COMPLETED:
            return _told(outcome, wave, PartEnd.COMPLETED)
        case ApplyVerdict.PAUSED if _is_done(outcome, wave):
            return _told(outcome, wave, PartEnd.COMPLETED)
        case ApplyVerdict.PAUSED if isinstance(outcome.reason, OfGuard):
            return TryAgain(code="held-by-a-guard")
        case ApplyVerdict.UNKNOWN:
            return TryAgain(code="outcome-unknown")
        case ApplyVerdict.REFUSED | ApplyVerdict.UNCONFIRMED if _all_pass(outcome.refusals):
            return TryAgain(code=outcome.refusals[0].code)
        case ApplyVerdict.PAUSED if _has_failed(outcome, wave):
            told = _told(outcome, wave, PartEnd.FAILED)
            return replace(told, goes_past=not isinstance(outcome.reason, ShardFailed))
        case ApplyVerdict.PAUSED | ApplyVerdict.FAILED if _is_past_failures(outcome, wave):
            return _told(outcome, wave, PartEnd.COMPLETED)
        case ApplyVerdict.STOPPED if outcome.is_cut_off and outcome.problem is not None:
            return TryAgain(code=outcome.problem.code)
        case ApplyVerdict.STOPPED:
            return _told(outcome, wave, PartEnd.STOPPED)
        case ApplyVerdict.FAILED:
            told = _told(outcome, wave, PartEnd.FAILED)
            return replace(told, goes_past=failures_released and _all_tried(outcome, wave))
        case (
            ApplyVerdict.PAUSED
            | ApplyVerdict.REFUSED
            | ApplyVerdict.SUPERSEDED
            | ApplyVerdict.CANCELLED
            | ApplyVerdict.DRIFTED
            | ApplyVerdict.UNCONFIRMED
        ):
            return _told(outcome, wave, PartEnd.HELD)
        case _:
            assert_never(outcome.verdict)


def report_of_error(error: ReconcilerError) -> PartReport | TryAgain:
    """Of a part that came to no outcome."""
    code = error.problems[0].code
    if passes_by_itself(error):
        return TryAgain(code=code)
    return PartReport(end=PartEnd.HELD, code=code, problems=len(error.problems))


def _is_done(outcome: ApplyOutcome, wave: int) -> bool:
    return apply_end(outcome, WaveChoice.ALL, wave).code is ExitCode.FINE


def _has_failed(outcome: ApplyOutcome, wave: int) -> bool:
    """It is over, and a shard of it failed: the next wave is what it waits for."""
    states = {row.state for row in outcome.shards if row.wave == wave}
    return OperationState.FAILED in states and states <= SETTLED


def _all_tried(outcome: ApplyOutcome, wave: int) -> bool:
    """And what failed are shards: a failed step of the VSchema is of them all (FZ-5)."""
    states = {row.state for row in outcome.shards if row.wave == wave}
    steps = {row.state for row in outcome.finalizers}
    is_of_shards = OperationState.FAILED not in steps
    return is_of_shards and states <= {OperationState.COMPLETED, OperationState.FAILED}


def _is_past_failures(outcome: ApplyOutcome, wave: int) -> bool:
    """It is done, and what failed was of a wave before."""
    earlier = {row.state for row in outcome.shards if row.wave < wave}
    states = {row.state for row in outcome.shards if row.wave == wave}
    steps = {row.state for row in outcome.finalizers}
    failed, done = OperationState.FAILED, {OperationState.COMPLETED}
    return states == done and failed in earlier and earlier <= SETTLED and failed not in steps


def _all_pass(obstacles: tuple[Obstacle, ...]) -> bool:
    """There are some, and waiting is enough: what did not answer is asked again."""
    return bool(obstacles) and all(
        not isinstance(one, Refusal) or one.kind is RefusalKind.PASSES for one in obstacles
    )


def _told(outcome: ApplyOutcome, wave: int, end: PartEnd) -> PartReport:
    """What failed in a wave before was told of that one, unless nothing failed since."""
    told = PartReport(end=end, statements_run=outcome.statements_run)
    if end is PartEnd.COMPLETED:
        return told
    every = [row for row in outcome.shards if row.problem]
    own = [row for row in every if row.wave == wave] or every
    failed = next(iter(own), None)
    code, shard, table = outcome.verdict.value.replace(" ", "-"), "", ""
    if outcome.refusals:
        first = outcome.refusals[0]
        code, shard = first.code, first.shard or ""
        if isinstance(first, Refusal) and first.object_id is not None:
            table = str(first.object_id)
    elif failed is not None and failed.problem is not None:
        code, shard = failed.problem.code, failed.shard
    elif outcome.problem is not None:
        code = outcome.problem.code
    return PartReport(
        end=end,
        code=code,
        shard=shard,
        table=table,
        problems=max(len(outcome.refusals), len(own)),
        statements_run=outcome.statements_run,
    )
