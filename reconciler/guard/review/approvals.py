"""Whether a plan was approved by the right people, from facts that a forge gave.

The plan came to the protected branch by a commit; that commit by a pull request; that pull request
has reviews. An approval counts for the plan that lay in the commit it was given for (RV-2), and
only if it is the last word of a person who may write, and who neither wrote nor pushed the change
(RV-3). What the forge did not say is not in the facts, and so does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account
from reconciler.guard.review.code_owners import OwnedBy, owners_of
from reconciler.guard.review.pushes import Hands
from reconciler.spec.model import ReviewRule


class ReviewState(StrEnum):
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    COMMENTED = "COMMENTED"
    DISMISSED = "DISMISSED"
    PENDING = "PENDING"  # not submitted yet


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestReview:
    """`account` None: it was deleted since. `commit` None: the forge no longer tells it."""

    account: Account | None
    state: ReviewState
    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """`merge_commit` is the commit that its merge left at the tip of `base_branch`: the merge
    commit, the squashed commit, or the last of the rebased ones. `base_commit` is what that branch
    was at some time before. `merged_s` None: it is not merged."""

    number: int
    author: Account | None
    base_branch: str
    base_commit: str
    head_commit: str
    head_branch: str
    head_repository: str | None  # None: the fork was deleted
    commits: int
    opened_s: float
    merged_s: float | None
    merge_commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCommit:
    """A commit on the protected branch's own line (first parents only)."""

    id: str
    parents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """`code_owners` None: there is no such file. `members` of each team that was asked about."""

    code_owners: tuple[OwnedBy, ...] | None = None
    changed_paths: tuple[str, ...] = ()
    members: Mapping[str, frozenset[Account]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequestFacts:
    """A pull request that the forge names for the commit that brought the plan. Owners by each of
    `ownerships` must have approved, where the rule asks for owners.

    `rule` is what holds for it. `line` is the branch's own line from the merge commit back, as long
    as the pull request had commits. `plan_ids` maps each reviewed commit to the id of the sound
    plan in it. `writers` are the reviewers, and those who pushed, who may write now.
    """

    pull_request: PullRequest
    rule: ReviewRule
    line: tuple[LineCommit, ...]
    hands: Hands
    reviews: tuple[PullRequestReview, ...]
    plan_ids: Mapping[str, str]
    writers: frozenset[Account]
    ownerships: tuple[Ownership, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFacts:
    """`brought_by` is the commit on the protected branch's own line that last changed what is asked
    about; `subject` says in words what that is."""

    branch: str
    brought_by: str
    pull_requests: tuple[PullRequestFacts, ...]
    subject: str = "this plan"


def approval_refusals(plan_id: str, facts: ApprovalFacts) -> tuple[Refusal, ...]:
    """Empty only if a pull request brought the plan, and was approved as the rule asks."""
    found = [each for each in facts.pull_requests if _brought(each, facts)]
    if not found:
        return (_no_pull_request(facts),)
    refusals = [_refusals_of(plan_id, each, facts.subject) for each in found]
    return min(refusals, key=len)


def _brought(facts: PullRequestFacts, sought: ApprovalFacts) -> bool:
    """The forge named the pull request for the commit; its place on the branch must agree (RV-4):
    it is the commit that the merge left, or one of the rebased commits right below it."""
    pull_request = facts.pull_request
    if pull_request.merged_s is None or pull_request.base_branch != sought.branch:
        return False
    if not facts.line or facts.line[0].id != pull_request.merge_commit:
        return False
    for commit in facts.line[: max(1, pull_request.commits)]:
        if commit.id == sought.brought_by:
            return True
        if commit.parents != 1:  # a merge: what is below it was there before
            return False
    return False


def _refusals_of(plan_id: str, facts: PullRequestFacts, subject: str) -> tuple[Refusal, ...]:
    number, rule = facts.pull_request.number, facts.rule
    words = last_words(facts.reviews)
    objecting = [a for a, r in words if r.state is ReviewState.CHANGES_REQUESTED]
    refusals = [_objection(number, a) for a in objecting if a in facts.writers]
    judged = [(a, _why_not_counted(plan_id, a, r, facts)) for a, r in words if _approves(r)]
    counted = [account for account, reason in judged if not reason]
    unknown = _unknown_hands(facts)
    needed = rule.approvals + bool(unknown)
    if len(counted) < rule.approvals:
        reasons = [f"{account.login}: {reason}" for account, reason in judged if reason]
        reasons += [f"{a.login}: the approval was dismissed" for a, r in words if _dismissed(r)]
        refusals.append(_too_few(subject, number, needed, counted, reasons))
    elif len(counted) < needed:
        refusals.append(_one_too_few(number, unknown, needed, counted))
    for ownership in facts.ownerships or (Ownership(),) if rule.code_owners else ():
        refusals += _owner_refusals(number, ownership, counted)
    return tuple(refusals)


def _unknown_hands(facts: PullRequestFacts) -> str:
    """Why one more approval is needed; '' where it is not. Whoever approves may be the very one who
    stands behind what nobody can be named for, or behind an account that was made for it: with one
    approval more, as many others have approved as the rule asks for."""
    if facts.pull_request.author is None:
        return "the account that opened it is gone"
    if facts.hands.unknown:
        return facts.hands.unknown
    strangers = [each.login for each in facts.hands.people if each not in facts.writers]
    return f"{', '.join(strangers)} pushed to it and may not write" if strangers else ""


def last_words(reviews: Sequence[PullRequestReview]) -> list[tuple[Account, PullRequestReview]]:
    """Each reviewer's last review that decides something, `reviews` being in the order they were
    given: comments decide nothing, and a dismissed review does not bring an earlier one back."""
    words: dict[Account, PullRequestReview] = {}
    for review in reviews:
        decides = review.state not in (ReviewState.COMMENTED, ReviewState.PENDING)
        if review.account is not None and decides:
            words[review.account] = review
    return sorted(words.items(), key=lambda word: word[0].login)


def _approves(review: PullRequestReview) -> bool:
    return review.state is ReviewState.APPROVED


def _dismissed(review: PullRequestReview) -> bool:
    return review.state is ReviewState.DISMISSED


def _why_not_counted(
    plan_id: str, account: Account, review: PullRequestReview, facts: PullRequestFacts
) -> str:
    """Empty if the approval counts."""
    if not account.is_person:
        return "is not a person"
    if account == facts.pull_request.author:
        return "is the author"
    if account in facts.hands.people[:1]:
        return "pushed last"
    if account in facts.hands.people:
        return "pushed a part of what the plan is made from"
    if account not in facts.writers:
        return "may not write to the repository"
    approved = facts.plan_ids.get(review.commit or "")
    if approved is None:
        return "approved a commit in which this plan is not found"
    if approved != plan_id:
        return f"approved another plan, {approved}"
    return ""


def _owner_refusals(
    number: int, ownership: Ownership, counted: Sequence[Account]
) -> Iterable[Refusal]:
    if ownership.code_owners is None:
        yield Refusal(
            code="code-owners-missing",
            message="the spec asks for code owners' approval, and there is no CODEOWNERS file on"
            " the protected branch",
            recovery="add .github/CODEOWNERS with the owners of specs/, schemas/ and plans/, or"
            " take `code_owners` out of the spec",
        )
        return
    owned = {path: owners_of(path, ownership.code_owners) for path in ownership.changed_paths}
    if not any(owned.values()):
        yield Refusal(
            code="code-owners-missing",
            message="the spec asks for code owners' approval, and CODEOWNERS names nobody for what"
            f" pull request #{number} changed: {', '.join(sorted(owned)) or 'no file'}",
            recovery="name owners of specs/, schemas/ and plans/ in CODEOWNERS",
        )
    for owners in sorted({owners for owners in owned.values() if owners}):
        if not any(_is_owner(account, owners, ownership) for account in counted):
            paths = sorted(path for path, names in owned.items() if names == owners)
            yield Refusal(
                code="code-owner-approval-missing",
                message=f"pull request #{number}: no counted approval is by an owner of"
                f" {', '.join(paths)}",
                recovery=f"have one of {', '.join(owners)} approve; for a team, the token must be"
                " able to see its members",
                expected=f"an approval by one of {', '.join(owners)}",
                observed=", ".join(account.login for account in counted) or "no counted approval",
            )


def _is_owner(account: Account, owners: Sequence[str], ownership: Ownership) -> bool:
    names = {owner.removeprefix("@").lower() for owner in owners if owner.startswith("@")}
    teams = [name for name in names if "/" in name]
    return account.login.lower() in names or any(
        account in ownership.members.get(team, ()) for team in teams
    )


def _no_pull_request(facts: ApprovalFacts) -> Refusal:
    seen = ", ".join(f"#{each.pull_request.number}" for each in facts.pull_requests)
    return Refusal(
        code="not-by-pull-request",
        message=f"commit {facts.brought_by[:12]} put {facts.subject} on {facts.branch}, and no pull"
        " request that was merged there brought it: it was pushed past review",
        recovery="revert it, open a pull request with the same change, have it approved and merge"
        " it",
        expected=f"a pull request merged into {facts.branch}",
        observed=f"only {seen}" if seen else "none",
    )


def _one_too_few(number: int, unknown: str, needed: int, counted: Sequence[Account]) -> Refusal:
    return Refusal(
        code="pusher-unknown",
        message=f"pull request #{number}: {unknown}; so it takes one approval more, {needed}, until"
        " nobody can have approved their own change",
        recovery="have one more person with write access approve it (that works after its merge as"
        " well), then run this job again; or open a new pull request from a branch that only"
        " people who may write have pushed to",
        expected=f"{needed} approvals of this plan",
        observed=", ".join(account.login for account in counted),
    )


def _objection(number: int, account: Account) -> Refusal:
    return Refusal(
        code="changes-requested",
        message=f"pull request #{number} was merged although {account.login} requested changes",
        recovery=f"have {account.login} approve it, or dismiss that review if it is settled; then"
        " run this job again",
    )


def _too_few(
    subject: str,
    number: int,
    needed: int,
    counted: Sequence[Account],
    reasons: Sequence[str],
) -> Refusal:
    not_counted = f"; not counted: {'; '.join(reasons)}" if reasons else ""
    return Refusal(
        code="approvals-missing",
        message=f"pull request #{number} has {len(counted)} of {needed} approvals of"
        f" {subject}{not_counted}",
        recovery="have somebody else with write access approve the pull request (that works after"
        " its merge as well), then run this job again",
        expected=f"{needed} by people with write access who neither opened it nor pushed it, given"
        " for the same",
        observed=", ".join(account.login for account in counted) or "none",
    )
