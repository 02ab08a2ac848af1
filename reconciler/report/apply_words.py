"""What an apply comes to, in every format: verdict, counts, the first failure, what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import assert_never

from reconciler.errors import Problem
from reconciler.ledger.copies import (
    CutoverOverdue,
)
from reconciler.ledger.finalizers import VSchemaFailedForNow
from reconciler.ledger.promotions import PromotionReason
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyStatus,
    ApplyVerdict,
    FinalizerRow,
    OperationRow,
    ShardRow,
    WaveRow,
)
from reconciler.plan import words
from reconciler.report.engine_words import progress_words
from reconciler.report.next_steps import command
from reconciler.report.reason_words import wait_words
from reconciler.report.refusals import reason_count
from reconciler.report.step_words import steps_progress
from reconciler.report.times import clock, duration, since

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

_NEEDS_A_PERSON = (
    OperationState.FAILED,
    OperationState.UNKNOWN,
    OperationState.FAILED_RETRYABLE,
    OperationState.STOPPED,
    OperationState.CANCELLED,
    OperationState.WAITING_FOR_CUTOVER,
    OperationState.RUNNING,
    OperationState.COMPLETED,
    OperationState.PENDING,
)


def state_words(state: OperationState | ApplyState) -> str:
    match state:
        case OperationState.FAILED_RETRYABLE:
            return "failed for now"
        case ApplyState.RUNNING_DEGRADED:
            return "running, with trouble"
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
    """'1 of 3 shards completed', '3 shards completed, VSchema failed'."""
    of_steps = steps_progress(steps)
    if not shards and of_steps:
        return of_steps
    done = sum(row.state is OperationState.COMPLETED for row in shards)
    total = words.count(len(shards), "shard")
    of_shards = f"{total} completed" if done == len(shards) else f"{done:,} of {total} completed"
    return f"{of_shards}, {of_steps}" if of_steps else of_shards


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


def wave_words(wave: WaveRow) -> str:
    """'2 completed, 1 failed', 'waiting, starts after the soak, at 14:05:09 UTC'."""
    total = len(wave.shards)
    counts = {
        "completed": wave.completed,
        "running": wave.running,
        "failed": wave.failed,
        "unknown": wave.unknown,
        "stopped": wave.stopped,
        "cancelled": wave.cancelled,
    }
    counts["waiting"] = total - sum(counts.values())
    parts = [
        state if number == total else f"{number:,} {state}"
        for state, number in counts.items()
        if number > 0
    ]
    if wave.soak_until_s is not None:
        parts.append(f"starts after the soak, at {clock(wave.soak_until_s)} UTC")
    return ", ".join(parts)


def operation_words(row: OperationRow, now_s: float | None = None) -> str:
    """'failed, 0 of 2 statements, 1.20 s', or since when it runs and what it waits for. `now_s` is
    when somebody looks; None: it is over."""
    parts = [state_words(row.state)]
    if row.state is not OperationState.PENDING:
        of = words.count(row.statements, "statement")
        done = row.statements_done
        parts.append(of if done == row.statements else f"{done} of {of}")
    if row.started_s is not None and row.settled_s is not None:
        parts.append(duration(row.settled_s - row.started_s))
    elif row.state in _ON_ITS_WAY and row.started_s is not None:
        parts.append(since(row.started_s, now_s))
    if told := progress_words(row.progress):
        parts.append(told)
    if row.waits_for is not None:
        parts.append(f"waits for {wait_words(row.waits_for)}")
        if row.waits_since_s is not None:
            parts.append(since(row.waits_since_s, now_s))
    return ", ".join(parts)


def shown_shards(shards: Sequence[ShardRow]) -> tuple[ShardRow, ...]:
    """All of a few; of many only those that a reader may have to do something about."""
    if len(shards) <= SHARDS_NAMED_MAX:
        return tuple(shards)
    quiet = {OperationState.COMPLETED, OperationState.PENDING}
    return tuple(row for row in shards if row.state not in quiet)


def counted_states(shards: Sequence[ShardRow]) -> str:
    """'1 failed, 20 completed, 11 pending': what needs a person first."""
    counts = Counter(row.state for row in shards)
    return ", ".join(
        f"{counts[state]:,} {state_words(state)}" for state in _NEEDS_A_PERSON if counts[state]
    )


def next_step(outcome: ApplyOutcome) -> str:
    if outcome.verdict is ApplyVerdict.PAUSED and outcome.refusals:
        return _step_after_guard(outcome.keyspace, outcome.environment)
    if isinstance(outcome.reason, PromotionReason):
        return _step_after_check(outcome.keyspace, outcome.environment)
    if isinstance(outcome.reason, CutoverOverdue):
        return _step_after_overdue(outcome.reason, outcome.keyspace, outcome.environment)
    if step := _step_after_vschema(outcome):
        return step
    return _step_after(outcome.verdict, outcome.keyspace, outcome.environment)


def _step_after_guard(keyspace: str, environment: str) -> str:
    """No release opens what a gate or a limit holds."""
    resume, cancel = (f"`{command(verb, keyspace, environment)}`" for verb in ("resume", "cancel"))
    return f"once that is settled, {resume} asks every gate again and goes on; {cancel} ends it"


def _step_after_check(keyspace: str, environment: str) -> str:
    """No release leaves it out."""
    resume, cancel = (f"`{command(verb, keyspace, environment)}`" for verb in ("resume", "cancel"))
    return f"{resume} has the check asked again and goes on where it holds; {cancel} ends it"


def _step_after_overdue(reason: CutoverOverdue, keyspace: str, environment: str) -> str:
    """A resume alone releases no copy."""
    release, resume, cancel = (
        f"`{command(verb, keyspace, environment)}`" for verb in ("release", "resume", "cancel")
    )
    if reason.ready < reason.of:
        return f"{resume} takes the copies up, or makes them again, and they wait; {cancel} ends it"
    return (
        f"{release} and then {resume} takes the copies up, or makes them again, and swaps them in;"
        f" with {resume} alone they wait again; {cancel} ends it"
    )


def _step_after_vschema(apply: ApplyOutcome | ApplyStatus) -> str:
    """Where the keyspace's own step is what an apply waits for, or nobody knows what became of
    it; empty elsewhere."""
    resume, cancel = (
        f"`{command(verb, apply.keyspace, apply.environment)}`" for verb in ("resume", "cancel")
    )
    states = [row.state for row in apply.finalizers]
    if OperationState.UNKNOWN in states:
        return f"{resume} looks at the VSchema before it does anything; do not apply it by hand"
    if OperationState.FAILED_RETRYABLE in states and isinstance(apply.reason, VSchemaFailedForNow):
        return (
            f"{resume} looks at the VSchema and tries again, once the cause is gone; {cancel} ends"
            " the apply with everything as it is now"
        )
    return ""


def status_step(apply: ApplyStatus) -> str:
    """For the latest apply: a past one without its shards needs no step any more."""
    verdict = _STANDS_STILL.get(apply.state)
    if verdict is None or not (apply.shards or apply.finalizers):
        return ""
    if isinstance(apply.reason, CutoverOverdue):
        return _step_after_overdue(apply.reason, apply.keyspace, apply.environment)
    if isinstance(apply.reason, PromotionReason):
        return _step_after_check(apply.keyspace, apply.environment)
    if step := _step_after_vschema(apply):
        return step
    return _step_after(verdict, apply.keyspace, apply.environment)


_STANDS_STILL = {
    ApplyState.PAUSED: ApplyVerdict.PAUSED,
    ApplyState.STOPPED: ApplyVerdict.STOPPED,
    ApplyState.FAILED: ApplyVerdict.FAILED,
    ApplyState.CANCELLED: ApplyVerdict.CANCELLED,
}


def _step_after(verdict: ApplyVerdict, keyspace: str, environment: str) -> str:
    def run(verb: str, *options: str) -> str:
        return f"`{command(verb, keyspace, environment, *options)}`"

    match verdict:
        case ApplyVerdict.COMPLETED | ApplyVerdict.NOTHING_TO_DO | ApplyVerdict.REFUSED:
            return ""
        case ApplyVerdict.DRIFTED:
            return f"{run('drift')} shows what differs; nothing of the plan is left to run"
        case ApplyVerdict.UNCONFIRMED:
            return f"{run('drift')} once the shards answer; nothing of the plan is left to run"
        case ApplyVerdict.SUPERSEDED:
            return "nothing; the run of the newer merge applies what is left"
        case ApplyVerdict.FAILED:
            return (
                f"once the cause is fixed, {run('apply')} runs what is left of this plan and"
                f" nothing twice; if the plan itself must change, {run('plan', '--write')} makes"
                " one of what is left"
            )
        case ApplyVerdict.PAUSED:
            return f"{run('resume')} releases it and goes on; {run('cancel')} ends it"
        case ApplyVerdict.STOPPED:
            return f"{run('resume')} runs the rest and nothing twice; {run('cancel')} ends it"
        case ApplyVerdict.CANCELLED:
            return (
                f"revert the merge of the plan, or the next {run('apply')} begins it again with"
                " what is left"
            )
        case ApplyVerdict.UNKNOWN:
            return (
                f"{run('resume')} looks at the shard before it does anything; do not run the"
                " statement by hand"
            )
        case _:
            assert_never(verdict)
