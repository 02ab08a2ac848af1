"""What the reader does next, in one sentence, and the verdicts it follows from."""

from __future__ import annotations

from typing import assert_never

from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.plan import words
from reconciler.report.refusals import reason_count
from reconciler.report.summary import changes_line, short_id, summarise


def command(verb: str, keyspace: str, environment: str, *options: str) -> str:
    """A command that can be pasted as it is; `keyspace` '': of all."""
    of = [keyspace] if keyspace else []
    return " ".join(["reconciler", verb, *of, "--environment", environment, *options])


def after_plan(outcome: PlanOutcome) -> str:
    """Empty where nothing is left to do, or where every refusal has said it already."""
    if outcome.refusals or outcome.plan is None:
        return ""
    if outcome.written:
        return (
            "commit these files with your change and open a pull request;"
            " after its merge, apply runs exactly these statements or none"
        )
    if outcome.plan.core.is_empty:
        return ""
    return "put this plan into files for review"


def command_after_plan(outcome: PlanOutcome) -> str:
    """The one command to copy."""
    if outcome.written:
        return f"git add {' '.join(sorted(outcome.written))}"
    cleans = outcome.plan is not None and outcome.plan.core.cleans
    verb = "clean" if cleans else "plan"
    return command(verb, outcome.keyspace, outcome.environment, "--write")


def is_verified(state: VerifyState) -> bool:
    return state in (VerifyState.NO_CHANGE, VerifyState.VERIFIED, VerifyState.APPLIED)


def verify_verdict(outcome: VerifyOutcome) -> str:
    match outcome.state:
        case VerifyState.NO_CHANGE:
            return "no schema change"
        case VerifyState.VERIFIED:
            assert outcome.plan is not None, "verified against a plan"
            name = short_id(outcome.plan.plan_id)
            changes = changes_line(summarise(outcome.plan.core))
            needed_by = "the shards and the VSchema" if _has_steps(outcome) else "the shards"
            return f"verified, plan {name} is what {needed_by} need: {changes}"
        case VerifyState.APPLIED:
            name = f"plan {short_id(outcome.plan.plan_id)}" if outcome.plan else "the plan"
            where = "every shard and the VSchema are" if _has_steps(outcome) else "every shard is"
            return f"applied, {where} where {name} ends"
        case VerifyState.UNPLANNED:
            return "there are schema changes and no committed plan"
        case VerifyState.REFUSED:
            total = reason_count(outcome.refusals)
            return f"refused for {words.count(total, 'reason')}"
        case _:
            assert_never(outcome.state)


def _has_steps(outcome: VerifyOutcome) -> bool:
    """Of the VSchema."""
    return outcome.plan is not None and bool(outcome.plan.core.vschema)
