"""What is said of the steps that change a keyspace's VSchema: how each stands, and why."""

from __future__ import annotations

from typing import assert_never

from reconciler.ledger import finalizers
from reconciler.ledger.finalizers import StepHappened, StepReason, StepWait
from reconciler.plan import words
from reconciler.plan.words import step_name
from reconciler.report.times import moment as shown_time


def step_reason_words(reason: StepReason) -> str:
    match reason:
        case finalizers.VSchemaGateClosed():
            return "the VSchema comes next, and waits for a person to release it"
        case finalizers.VSchemaNotAsked():
            return "the VSchema comes last, and was not asked for in this run"
        case finalizers.VSchemaRefused(moment, message, more):
            rest = f" (and {more} more)" if more else ""
            return f"{step_name(moment)} does not begin: {message}{rest}"
        case finalizers.VSchemaSoaks(until_s):
            return f"{soak_of_step_words()}, at {shown_time(until_s)}"
        case finalizers.VSchemaFailedForNow(moment):
            return f"{step_name(moment)} failed for now"
        case finalizers.VSchemaHalted():
            return "the VSchema's first step failed; no shard was changed behind it"
        case finalizers.VSchemaUnseen(moment):
            return f"nobody knows yet what became of {step_name(moment)}"
        case _:
            assert_never(reason)


def soak_of_step_words() -> str:
    return "the VSchema is changed after the soak"


def step_wait_words(wait: StepWait) -> str:
    """After "waits for"."""
    match wait:
        case finalizers.ItsShards(left):
            return words.count(left, "shard")
        case finalizers.FirstStep():
            return "the VSchema's first step"
        case _:
            assert_never(wait)


def step_happened_words(happened: StepHappened) -> str:
    match happened:
        case finalizers.VSchemaApplied(moment, is_found):
            how = "was found in effect" if is_found else "is applied"
            return f"{step_name(moment)} {how}"
        case finalizers.VSchemaFailed(_, message, is_for_now):
            return f"failed{' for now' if is_for_now else ''}: {message}"
        case finalizers.VSchemaLost(_, message):
            return f"outcome unknown: {message}"
        case finalizers.VSchemaNeverRan(moment):
            return f"a look found that {step_name(moment)} never took effect"
        case _:
            assert_never(happened)
