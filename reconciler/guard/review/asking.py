"""Who may ask something of a rollout by a job of the forge, from the forge's own record of the run.

A job that somebody started says who that was; whoever edits a workflow could have it say anything.
So the forge is asked who started this very attempt, and whether that person is one of those who may
(RG-37). Accounts are compared by their ids: a name can be given up, and taken by somebody else.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account
from reconciler.guard.review.asker import Asker, NamedInSpec, Reviewer
from reconciler.guard.review.protection import ProtectedPlace
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """This very run, at its newest `attempt`, which counts from 1. `actor` started it first,
    `asked_by` this attempt of it; None: the account is gone. `branch` None: it is of none."""

    event: str
    branch: str | None
    actor: Account | None
    asked_by: Account | None
    url: str
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AskFacts:
    """`place` is the environment of the forge whose reviewers may ask, None if there is none of
    that name; `teams` are those of its teams that the asking person is a member of."""

    run: RunRecord
    place_name: str
    place: ProtectedPlace | None
    teams: tuple[str, ...] = ()
    may_write: bool = False


def run_refusals(run: RunRecord, default_branch: str) -> tuple[Refusal, ...]:
    """Whether a person started this attempt by hand, by the workflow as it is on the branch that
    reviews protect."""
    if run.event != "workflow_dispatch" or run.branch != default_branch:
        return (
            Refusal(
                code="ask-not-by-hand",
                message="the forge has this run on record as one that nobody started by hand on"
                f" {default_branch}",
                recovery=f"start the workflow by hand (Run workflow), on {default_branch}",
                expected=f"workflow_dispatch on {default_branch}",
                observed=f"{run.event} on {run.branch}",
            ),
        )
    if run.asked_by is None or not run.asked_by.is_person:
        return (
            Refusal(
                code="ask-by-nobody",
                message="the forge names no person who started this attempt of the run",
                recovery="have somebody who may ask start the workflow by hand",
                observed=run.asked_by.login if run.asked_by else "an account that is gone",
            ),
        )
    return ()


def judge_asker(facts: AskFacts, environment: Environment, *, releases: bool) -> Asker | Refusal:
    """`releases`: a gate may be opened by it, for which the spec can name people itself. Asked of a
    run that `run_refusals` lets pass."""
    person = facts.run.asked_by
    assert person is not None, "a run that nobody asked for is refused before"
    who = f"{person.login} (account {person.id}) by {facts.run.url}"
    named = {each.account_id for each in environment.rollout.gate_by}
    if releases and person.id in named:
        return Asker(who=who, right=NamedInSpec(environment.name), account_id=person.id)
    place = facts.place
    if place is None or not place.has_reviewers:
        return Refusal(
            code="ask-nobody-may",
            message=f"the environment {facts.place_name!r} of the forge has no required reviewers:"
            " nobody may ask anything of a rollout by a job",
            recovery=f"make the environment {facts.place_name!r}, with those who may ask as its"
            " required reviewers; no job needs to use it",
            observed="no reviewers" if place else "no such environment",
        )
    if (person in place.people or facts.teams) and facts.may_write:
        return Asker(who=who, right=Reviewer(facts.place_name), account_id=person.id)
    people = [f"{each.login} (account {each.id})" for each in place.people]
    return Refusal(
        code="ask-not-allowed",
        message=f"{person.login} (account {person.id}) started this run, and is no reviewer of"
        f" {facts.place_name!r} who may write to the repository",
        recovery="have one of its reviewers start the workflow by hand",
        expected=f"one of {', '.join((*people, *place.teams))}",
        observed=f"{person.login} (account {person.id})",
    )
