"""An apply without its approvals: who may let it in, and what is recorded of it (RV-12).

The approvals are left out, and nothing else. It takes a person who did not start the run, and a
reason; both are on record before the first statement is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account
from reconciler.model.policy import says_nothing

BREAK_GLASS_ENVIRONMENT = "break-glass"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassRequest:
    """`started_by` are the logins, in lower case, of who started the run and of who ran it
    again."""

    environment: str
    commit: str
    reason: str
    actor: str
    started_by: frozenset[str]
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
    request: BreakGlassRequest, let_in_by: Sequence[Account]
) -> BreakGlassRecord | Refusal:
    """`let_in_by` are the people who let this very run into the environment for it."""
    approved_by = tuple(
        person.login for person in let_in_by if person.login.lower() not in request.started_by
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
