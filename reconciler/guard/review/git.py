"""Whether a plan was reviewed, from facts about where it lies in git.

`git`: the plan is in the tree of the protected branch, so whatever that branch demands of a merge
was met. `github`: so it is, and the forge's record shows who approved it (`approvals`). `none` is
for sandboxes and is said out loud wherever a result is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.guard.model import Refusal, RefusalKind


class Review(StrEnum):
    GIT = "git"
    GITHUB = "github"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFacts:
    """`tip_plan_id` is the plan id of this keyspace in the protected branch's tree, None if there
    is no plan there; `tip` None if there is no protected branch. `moved_on` are files that the plan
    was made from and that are others in that tree."""

    commit: str
    tip: str | None
    commit_is_merged: bool
    tip_plan_id: str | None
    moved_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecReviewFacts:
    """As `ReviewFacts`, where there is no plan: `is_at_tip` tells whether the protected branch
    holds the same spec now."""

    commit: str
    tip: str | None
    commit_is_merged: bool
    is_at_tip: bool


def review_refusals(plan_id: str, facts: ReviewFacts) -> tuple[Refusal, ...]:
    """Empty only if the protected branch holds this very plan, and the commit is part of it."""
    if facts.tip is None or not facts.commit_is_merged:
        return (_not_merged(facts.commit, facts.tip),)
    if facts.tip_plan_id != plan_id:
        return (
            Refusal(
                code="superseded",
                kind=RefusalKind.SUPERSEDED,
                message=f"plan {plan_id} was superseded: the protected branch has moved on to"
                f" {facts.tip_plan_id or 'a tree without a plan for this keyspace'}",
                recovery="nothing needs to be done here; the newer merge has its own apply",
                expected=plan_id,
                observed=facts.tip_plan_id or "no plan",
            ),
        )
    if facts.moved_on:
        # A revert that forgot the plan files, for one: they say what git no longer wants.
        return (
            Refusal(
                code="superseded",
                kind=RefusalKind.SUPERSEDED,
                message=f"plan {plan_id} was superseded: the protected branch has moved on, and"
                f" {facts.moved_on[0]} is no longer what the plan was made from",
                recovery="plan again on the protected branch, and have the new plan reviewed",
                expected=f"as at {facts.commit[:12]}",
                observed=f"as at {facts.tip[:12]}",
            ),
        )
    return ()


def spec_review_refusals(path: str, facts: SpecReviewFacts) -> tuple[Refusal, ...]:
    """Empty only if the protected branch holds this very spec, and the commit is part of it."""
    if facts.tip is None or not facts.commit_is_merged:
        return (_not_merged(facts.commit, facts.tip),)
    if not facts.is_at_tip:
        return (
            Refusal(
                code="superseded",
                kind=RefusalKind.SUPERSEDED,
                message=f"{path} was superseded: the protected branch has moved on to another one",
                recovery="use the spec of the protected branch; a newer merge has its own apply",
                expected=f"as at {facts.commit[:12]}",
                observed=f"as at {facts.tip[:12]}",
            ),
        )
    return ()


def _not_merged(commit: str, tip: str | None) -> Refusal:
    if tip is None:
        return Refusal(
            code="no-protected-branch",
            message="there is no protected branch to find the reviewed plan on",
            recovery="name it with --protected-branch, or in a sandbox use --review none",
        )
    return Refusal(
        code="commit-not-merged",
        message=f"commit {commit[:12]} is not part of the protected branch",
        recovery="merge it first, then apply the merged commit",
        expected=f"an ancestor of {tip[:12]}",
        observed=commit[:12],
    )
