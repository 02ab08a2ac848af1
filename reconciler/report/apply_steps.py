"""What is done about an apply that stands still, in one sentence."""

from __future__ import annotations

from typing import assert_never

from reconciler.ledger.copies import CutoverOverdue
from reconciler.ledger.finalizers import VSchemaFailedForNow
from reconciler.ledger.promotions import PromotionReason
from reconciler.ledger.reasons import NothingToRelease, Undriven
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.outcomes.apply import ApplyOutcome, ApplyStatus, ApplyVerdict
from reconciler.report.limits import STATEMENT_LONG_S
from reconciler.report.next_steps import command
from reconciler.report.summary import short_id


def next_step(outcome: ApplyOutcome) -> str:
    """With the commands of a terminal; `for_a_job` says it for a job."""
    if outcome.verdict is ApplyVerdict.PAUSED and outcome.refusals:
        return _step_after_guard(outcome.keyspace, outcome.environment)
    if isinstance(outcome.reason, PromotionReason):
        return _step_after_check(outcome.keyspace, outcome.environment)
    if isinstance(outcome.reason, CutoverOverdue):
        return _step_after_overdue(outcome.reason, outcome.keyspace, outcome.environment)
    if step := _step_after_vschema(outcome):
        return step
    return _step_after(outcome.verdict, outcome.keyspace, outcome.environment)


RUNBOOK = "docs/runbooks/apply.md"

_RUNBOOKS = {
    ApplyVerdict.FAILED: "failed",
    ApplyVerdict.UNKNOWN: "outcome-unknown",
    ApplyVerdict.PAUSED: "paused",
    ApplyVerdict.STOPPED: "nobody-drives-it",
    ApplyVerdict.DRIFTED: "drifted",
    ApplyVerdict.UNCONFIRMED: "drifted",
}


def runbook(apply: ApplyOutcome | ApplyStatus, now_s: float | None = None) -> str:
    """Which part of it is about how this apply stands; empty where nobody needs one (RP-13).
    `now_s` is when somebody looks; None: it is over."""
    if isinstance(apply, ApplyOutcome):
        part = _RUNBOOKS.get(apply.verdict)
    elif is_retrying(apply):
        part = "tried-again"
    elif now_s is not None and gets_no_further(apply, now_s):
        part = "gets-no-further"
    else:
        verdict = _stands_as(apply)
        is_whole = bool(apply.shards or apply.finalizers)
        part = _RUNBOOKS.get(verdict) if verdict is not None and is_whole else None
    return f"{RUNBOOK}#{part} says what to look at, and every way out" if part else ""


def is_retrying(apply: ApplyStatus) -> bool:
    """Somebody drives it, and something is tried again by itself."""
    states = {one.state for row in apply.shards for one in row.operations}
    return apply.holder is not None and OperationState.FAILED_RETRYABLE in states


def gets_no_further(apply: ApplyStatus, now_s: float) -> bool:
    """Somebody drives it, and a statement waits for something, or runs for so long that whoever
    looks will ask."""
    running = (
        one
        for row in apply.shards
        for one in row.operations
        if one.state is OperationState.RUNNING and one.runs
    )
    return apply.holder is not None and any(
        one.progress.waits_for
        or (one.started_s is not None and now_s - one.started_s >= STATEMENT_LONG_S)
        for one in running
    )


def way_back(apply: ApplyOutcome | ApplyStatus) -> str:
    """Offered beside the way on, where an apply has failed with something done."""
    if isinstance(apply, ApplyOutcome):
        failed = apply.verdict is ApplyVerdict.FAILED and apply.something_is_done
        plan_id = apply.plan.plan_id if apply.plan is not None else ""
    else:
        done = any(one.statements_done for row in apply.shards for one in row.operations)
        failed, plan_id = apply.state is ApplyState.FAILED and done, apply.plan_id
    if not failed or not plan_id:
        return ""
    back = ("--revert", short_id(plan_id), "--write")
    make = command("plan", apply.keyspace, apply.environment, *back)
    return f"to take back what has run: `{make}` makes the plan of the way back, to be reviewed"


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
    if is_retrying(apply):
        stop = command("stop", apply.keyspace, apply.environment)
        return f"it is tried again by itself; `{stop}` ends the tries"
    verdict = _stands_as(apply)
    if verdict is None or not (apply.shards or apply.finalizers):
        return ""
    if isinstance(apply.reason, CutoverOverdue):
        return _step_after_overdue(apply.reason, apply.keyspace, apply.environment)
    if isinstance(apply.reason, PromotionReason):
        return _step_after_check(apply.keyspace, apply.environment)
    if step := _step_after_vschema(apply):
        return step
    if verdict is ApplyVerdict.PAUSED and isinstance(apply.reason, NothingToRelease):
        verdict = ApplyVerdict.STOPPED  # somebody has released it, and a resume is all it wants
    return _step_after(verdict, apply.keyspace, apply.environment)


def _stands_as(apply: ApplyStatus) -> ApplyVerdict | None:
    """None: it goes on by itself, or is over."""
    verdict = _STANDS_STILL.get(apply.state)
    if verdict is None and is_undriven(apply):
        return _after_its_driver(apply)
    return verdict


def is_undriven(apply: ApplyStatus) -> bool:
    """Whoever drove it is gone, and it waits for nothing else."""
    return apply.holder is None and isinstance(apply.reason, Undriven)


def _after_its_driver(apply: ApplyStatus) -> ApplyVerdict:
    states = {one.state for row in apply.shards for one in row.operations}
    under_way = {OperationState.RUNNING, OperationState.UNKNOWN, OperationState.WAITING_FOR_CUTOVER}
    return ApplyVerdict.UNKNOWN if states & under_way else ApplyVerdict.STOPPED


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
