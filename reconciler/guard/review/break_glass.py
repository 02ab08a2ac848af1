"""An apply without its approvals: who may let it in, and what is recorded of it (RV-12).

The approvals are left out, and nothing else. It takes a person who did not start the run, and a
reason; both are on record before the first statement is sent. Who started it, and who let it in,
says the forge, and accounts are compared by their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account
from reconciler.guard.review.asking import RunRecord
from reconciler.model.policy import says_nothing

BREAK_GLASS_ENVIRONMENT = "break-glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassRequest:
    environment: str
    commit: str
    reason: str
    actor: str
    run_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassRecord:
    """What the issue about it says."""

    request: BreakGlassRequest
    approved_by: tuple[str, ...]


def reason_refusals(request: BreakGlassRequest) -> tuple[Refusal, ...]:
    """Asked before anybody is: without a reason nothing is to be let in."""
    if not says_nothing(request.reason):
        return ()
    return (
        Refusal(
            code="break-glass-without-reason",
            message="--break-glass was given no reason",
            recovery="say why in a sentence; it goes into the issue",
        ),
    )


def judge_break_glass(
    request: BreakGlassRequest, run: RunRecord, let_in_by: Sequence[Account]
) -> BreakGlassRecord | Refusal:
    """`let_in_by` are the people who let this very run into the environment for it, at whichever of
    its attempts: the forge does not tell them apart."""
    if run.attempt != 1:
        return Refusal(
            code="break-glass-run-again",
            message="this run was run again, and who let it in may have let in an earlier attempt",
            recovery="start a new run, with its own reason, and have it let in",
            observed=f"attempt {run.attempt}",
        )
    if run.actor is None or not run.actor.is_person:
        return Refusal(
            code="break-glass-by-nobody",
            message="the forge names no person who started this run: whoever lets it in could be"
            " the one who did",
            recovery="have a person start it by hand, and another one let it in",
            observed=run.actor.login if run.actor else "an account that is gone",
        )
    started_by = (run.actor, run.asked_by)
    approved_by = tuple(
        person.login for person in let_in_by if person.is_person and person not in started_by
    )
    if approved_by:
        return BreakGlassRecord(request=request, approved_by=approved_by)
    return Refusal(
        code="break-glass-not-approved",
        message="nobody but who started it let this run into the environment"
        f" {BREAK_GLASS_ENVIRONMENT!r}",
        recovery="give that environment required reviewers who are not the one who starts the job,"
        " let the job use it, and have one of them let it in",
    )
