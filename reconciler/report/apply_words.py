"""What an apply comes to, in every format: verdict, counts, the first failure."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Problem
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyVerdict,
    FinalizerRow,
    OperationRow,
    ShardRow,
)
from reconciler.plan import words
from reconciler.report.engine_words import progress_words
from reconciler.report.reason_words import apply_state_words, wait_words
from reconciler.report.refusals import reason_count
from reconciler.report.step_words import steps_progress
from reconciler.report.times import duration, since

MARKS = {
    OperationState.PENDING: "·",
    OperationState.RUNNING: "▸",
    OperationState.WAITING_FOR_CUTOVER: "▸",
    OperationState.COMPLETED: "✓",
    OperationState.FAILED_RETRYABLE: "↻",
    OperationState.FAILED: "✗",
    OperationState.UNKNOWN: "?",
    OperationState.STOPPED: "■",
    OperationState.CANCELLED: "–",
}

_ON_ITS_WAY = frozenset(
    {
        OperationState.RUNNING,
        OperationState.WAITING_FOR_CUTOVER,
        OperationState.FAILED_RETRYABLE,
        OperationState.UNKNOWN,
    }
)

# Where a shard stands still with something left to do.
HALF_WAY = frozenset(
    {
        OperationState.PENDING,
        OperationState.FAILED,
        OperationState.STOPPED,
        OperationState.CANCELLED,
    }
)


def state_words(state: OperationState | ApplyState) -> str:
    if isinstance(state, ApplyState):
        return apply_state_words(state)
    match state:
        case OperationState.FAILED_RETRYABLE:
            return "failed for now"
        case OperationState.CANCELLED:
            return "not begun"  # of an apply the same word means that somebody cancelled it
        case _:
            return state.value.replace("_", " ")


def verdict(outcome: ApplyOutcome) -> str:
    """'failed, 1 of 3 shards completed': the word first, then how far it came."""
    match outcome.verdict:
        case ApplyVerdict.NOTHING_TO_DO:
            end = "where the plan ends" if outcome.plan else "what git says"
            steps = outcome.plan is not None and outcome.plan.core.vschema
            what = "every shard and the VSchema are" if steps else "every shard is"
            return f"nothing to do, {what} {end}"
        case ApplyVerdict.REFUSED:
            total = reason_count(outcome.refusals)
            return f"refused for {words.count(total, 'reason')}, {sent(outcome)}"
        case ApplyVerdict.SUPERSEDED:
            return f"superseded by a newer merge, {sent(outcome)}"
        case ApplyVerdict.COMPLETED:
            return _completed(outcome)
        case ApplyVerdict.DRIFTED:
            what = "not every shard is" if _is_of_shards(outcome) else "the VSchema is not"
            return f"{_completed(outcome)}, and {what} where the plan ends"
        case ApplyVerdict.UNCONFIRMED:
            what = "not every shard" if _is_of_shards(outcome) else "nothing"
            return f"{_completed(outcome)}, and {what} could be looked at since"
        case _:
            return f"{outcome.verdict}, {progress(outcome.shards, outcome.finalizers)}"


def _is_of_shards(outcome: ApplyOutcome) -> bool:
    """Whether what the look at the end found, or could not see, is a shard's."""
    return any(found.shard for found in outcome.refusals)


def _completed(outcome: ApplyOutcome) -> str:
    shards = words.count(len(outcome.shards), "shard")
    if not outcome.finalizers:
        return f"completed on {shards}"
    return f"completed on {shards} and in the VSchema" if outcome.shards else "VSchema applied"


def sent(outcome: ApplyOutcome) -> str:
    if not outcome.statements_run:
        return "no statement was sent"
    return f"after {words.count(outcome.statements_run, 'statement')} had run"


def progress(shards: Sequence[ShardRow], steps: Sequence[FinalizerRow] = ()) -> str:
    """'1 of 3 shards completed, 1 half done', '3 shards completed, VSchema failed'."""
    of_steps = steps_progress(steps)
    if not shards and of_steps:
        return of_steps
    done = sum(row.state is OperationState.COMPLETED for row in shards)
    total = words.count(len(shards), "shard")
    half = sum(map(is_half_done, shards))
    of_shards = f"{total} completed" if done == len(shards) else f"{done:,} of {total} completed"
    of_shards += f", {half:,} half done" if half else ""
    return f"{of_shards}, {of_steps}" if of_steps else of_shards


def is_half_done(row: ShardRow) -> bool:
    """Nothing runs there any more, or not now, and some of it is done (RP-9)."""
    return row.state in HALF_WAY and any(one.statements_done for one in row.operations)


def first_problem(
    problem: Problem | None, shards: Sequence[ShardRow], steps: Sequence[FinalizerRow] = ()
) -> tuple[str, Problem] | None:
    """The problem to put on top, and the shard it belongs to ('' where it is nobody's own). Where
    the apply has none of its own it is that of the keyspace's own step (FZ-5), else the first
    failed shard's, in rollout order (RP-3)."""
    problem = problem or next((row.problem for row in steps if row.problem), None)
    ordered = sorted(enumerate(shards), key=lambda pair: (pair[1].wave, pair[0]))
    found = [(row.shard, row.problem) for _, row in ordered if row.problem is not None]
    if problem is None:
        return next(((shard, own) for shard, own in found if own), None)
    owner = next((shard for shard, own in found if own == problem), "")
    return owner, problem


def operation_words(row: OperationRow, now_s: float | None = None) -> str:
    """'failed, 0 of 2 statements, within 1.20 s', or since when it runs and what it waits for.
    `now_s` is when somebody looks; None: it is over."""
    of, done = words.count(row.statements, "statement"), row.statements_done
    is_left = row.state is OperationState.CANCELLED
    parts = ["half done" if is_left and done else state_words(row.state)]
    if row.state is not OperationState.PENDING and (done or not is_left):
        parts.append(of if done == row.statements else f"{done} of {of}")
    if row.started_s is not None and row.settled_s is not None:
        parts.append(f"within {duration(row.settled_s - row.started_s)}")
    elif row.state in _ON_ITS_WAY and row.started_s is not None:
        parts.append(since(row.started_s, now_s))
    if told := progress_words(row.progress):
        parts.append(told)
    if row.waits_for is not None:
        parts.append(f"waits for {wait_words(row.waits_for)}")
        if row.waits_since_s is not None:
            parts.append(since(row.waits_since_s, now_s))
    return ", ".join(parts)
