"""Proof of review at apply: from the plan in a commit's tree, or from the spec where no plan was
made from it, to the people who approved it.

It starts from the plan, not from the push that started the job: whatever was pushed since, and
however often the job is run, the commit that brought this plan to the protected branch is the one
that must have come by an approved pull request. What the forge did not clearly say refuses.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import assert_never

from reconciler.errors import InvalidInput, Refused, Unanswered, Unavailable
from reconciler.flows.forge.hands import hands_behind
from reconciler.flows.forge.history import OwnedPaths, ReviewHistory
from reconciler.flows.forge.subject import ABSENT, FileSubject, PlanSubject, Subject, file_id
from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account
from reconciler.guard.review.approvals import (
    ApprovalFacts,
    LineCommit,
    Ownership,
    PullRequest,
    PullRequestFacts,
    ReviewState,
    approval_refusals,
    last_words,
)
from reconciler.guard.review.code_owners import owners_of
from reconciler.guard.review.git import (
    ReviewFacts,
    SpecReviewFacts,
    review_refusals,
    spec_review_refusals,
)
from reconciler.guard.review.in_force import OwnersFile, Ruled
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.plan.files import PlanPaths, plan_paths
from reconciler.plan.model import Plan
from reconciler.ports.files import MainLine
from reconciler.ports.forge import Forge
from reconciler.reshard.plan.files import split_plan_paths
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.model import ReviewRule
from reconciler.spec.text import text_of
from reconciler.spec.tree import from_the_top


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewQuestion:
    """Was `plan`, which lies in `commit`, reviewed? `rule` is the one of the spec in that commit,
    at `spec_path`, whose definitions are in `schema_dir`. `below` is where the project lies in the
    repository, '' at its top."""

    plan: Plan | SplitPlan
    commit: str
    branch: str
    spec_path: str
    schema_dir: str
    rule: ReviewRule
    below: str = ""

    @property
    def environment(self) -> str:
        return self.plan.core.environment

    @property
    def subject(self) -> PlanSubject:
        core = self.plan.core
        paths_of = split_plan_paths if isinstance(self.plan, SplitPlan) else plan_paths
        paths = paths_of(core.environment, core.keyspace)
        return PlanSubject(
            plan=self.plan,
            files=PlanPaths(json=self.within(paths.json), sql=self.within(paths.sql)),
            inputs=tuple(self.within(digest.path) for digest in core.inputs),
            spec=self.within(self.spec_path),
            definitions=_folder(self.within(self.schema_dir)),
        )

    def within(self, path: str) -> str:
        return from_the_top(path, self.below)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecQuestion:
    """Was the spec at `spec_path`, or a list that it names, as it lies in `commit` at `path`,
    reviewed? `digest` is of its text; everything else is as in `ReviewQuestion`."""

    environment: str
    path: str
    digest: str
    commit: str
    branch: str
    spec_path: str
    rule: ReviewRule
    below: str = ""

    @property
    def subject(self) -> FileSubject:
        return FileSubject(path=self.within(self.path), id=f"sha256:{self.digest}")

    def within(self, path: str) -> str:
        return from_the_top(path, self.below)


Question = ReviewQuestion | SpecQuestion


def _folder(path: str) -> str:
    """'' for the root of the repository."""
    folder = posixpath.normpath(path)
    return "" if folder == "." else folder


def review_proof(forge: Forge, line: MainLine, asked: Question) -> tuple[Refusal, ...]:
    """Empty only if what is asked about is what the protected branch holds now, and was approved.
    Raises Refused for whatever the forge did not clearly say (RV-6)."""
    try:
        return _current_refusals(forge, asked) or _approval_refusals(forge, line, asked)
    except Unavailable as unanswered:
        raise Unanswered(*unanswered.problems) from None
    except InvalidInput as unclear:
        raise Refused(*unclear.problems) from None


def current_refusals(forge: Forge, asked: Question) -> tuple[Refusal, ...]:
    """RV-5: the protected branch may have gone on since this job was started. Raises Refused for
    whatever the forge did not clearly say."""
    try:
        return _current_refusals(forge, asked)
    except Unavailable as unanswered:
        raise Unanswered(*unanswered.problems) from None
    except InvalidInput as unclear:
        raise Refused(*unclear.problems) from None


def _current_refusals(forge: Forge, asked: Question) -> tuple[Refusal, ...]:
    tip = forge.branch_tip(asked.branch)
    is_merged = forge.is_ancestor(asked.commit, tip)
    try:
        found = asked.subject.id_at(forge, tip) if is_merged else None
    except Refused:
        return (_not_a_file(asked),)
    match asked:
        case ReviewQuestion():
            facts = ReviewFacts(
                commit=asked.commit,
                tip=tip,
                commit_is_merged=is_merged,
                tip_plan_id=found,
                # At the tip itself the check of the inputs says more.
                moved_on=_moved_on(forge, tip, asked) if is_merged and tip != asked.commit else (),
            )
            return review_refusals(asked.plan.plan_id, facts)
        case SpecQuestion():
            spec_facts = SpecReviewFacts(
                commit=asked.commit,
                tip=tip,
                commit_is_merged=is_merged,
                is_at_tip=found == asked.subject.id,
            )
            return spec_review_refusals(asked.path, spec_facts)
        case _:
            assert_never(asked)


def _moved_on(forge: Forge, tip: str, asked: ReviewQuestion) -> tuple[str, ...]:
    """The first file of the plan that is another one at the tip; line endings do not count."""
    for planned in asked.plan.core.inputs:
        path = asked.within(planned.path)
        then, now = (
            forge.file(commit, path, bytes_max=SPEC_BYTES_MAX) for commit in (asked.commit, tip)
        )
        if _meant(then, path) != _meant(now, path):
            return (planned.path,)
    return ()


def _meant(content: bytes | None, path: str) -> str | bytes | None:
    try:
        return None if content is None else text_of(content, path)
    except InvalidInput:
        return content


def _approval_refusals(forge: Forge, line: MainLine, asked: Question) -> tuple[Refusal, ...]:
    brought_by = line.last_change(asked.commit, asked.subject.path)
    if brought_by is None:
        return (_not_a_file(asked),)
    was_approved = partial(_was_approved, forge, line, asked.branch, asked.below)
    history = ReviewHistory(line, asked.commit, below=asked.below, approved=was_approved)
    ruled = Ruled(asked.within(asked.spec_path), asked.environment)
    rule = asked.rule.stricter(history.rule(ruled))

    def owned(before: str, paths: tuple[str, ...]) -> tuple[OwnedPaths, ...]:
        return tuple((lines, paths) for lines in history.owners(before, paths).versions)

    brought = _Brought(
        branch=asked.branch, below=asked.below, commit=brought_by, rule=rule, owned=owned
    )
    return _refusals_of(forge, line, asked.subject, brought)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Brought:
    """A commit on the line of `branch`, and what its pull request must have. `owned` gives, for the
    commit before the pull request and the paths that it changed, whose owners must approve."""

    branch: str
    below: str
    commit: str
    rule: ReviewRule
    owned: Callable[[str, tuple[str, ...]], tuple[OwnedPaths, ...]]


def _refusals_of(
    forge: Forge, line: MainLine, subject: Subject, brought: _Brought
) -> tuple[Refusal, ...]:
    numbers = forge.pull_requests_of(brought.commit)
    facts = ApprovalFacts(
        subject=subject.named,
        branch=brought.branch,
        brought_by=brought.commit,
        pull_requests=tuple(
            _pull_request_facts(forge, line, subject, brought, forge.pull_request(number))
            for number in numbers
        ),
    )
    return approval_refusals(subject.id, facts)


def _was_approved(
    forge: Forge,
    line: MainLine,
    branch: str,
    below: str,
    commit: str,
    path: str,
    rule: ReviewRule,
    owned: tuple[OwnedPaths, ...],
) -> bool:
    """Of one file as a commit left it; for the history of the review rule."""
    content = line.content(commit, path, bytes_max=SPEC_BYTES_MAX)
    subject = FileSubject(path=path, id=ABSENT if content is None else file_id(content, path))
    brought = _Brought(
        branch=branch, below=below, commit=commit, rule=rule, owned=lambda before, paths: owned
    )
    return not _refusals_of(forge, line, subject, brought)


def _pull_request_facts(
    forge: Forge,
    line: MainLine,
    subject: Subject,
    brought: _Brought,
    pull_request: PullRequest,
) -> PullRequestFacts:
    reviews = forge.reviews(pull_request.number)
    reviewers = [account for account, _ in last_words(reviews)]
    approved = [review for _, review in last_words(reviews) if review.state is ReviewState.APPROVED]
    commits = {review.commit for review in approved if review.commit}
    found = {commit: _approved_id(forge, subject, commit) for commit in sorted(commits)}
    merge_commit, count = pull_request.merge_commit, max(1, pull_request.commits)
    behind = line.back_from(merge_commit, count + 1) if merge_commit else ()
    before = _commit_before(forge, behind, pull_request)
    ownerships: tuple[Ownership, ...] = ()
    if brought.rule.code_owners:
        changed = forge.changed_paths(pull_request.number)
        watched = tuple(path for path in changed if subject.is_watched(path))
        owned = brought.owned(before, watched)
        ownerships = tuple(_ownership(forge, *each, reviewers) for each in owned)
    hands = hands_behind(
        forge,
        pull_request,
        sources=_changed_sources(line, subject, before, behind),
        below=brought.below,
    )
    return PullRequestFacts(
        pull_request=pull_request,
        rule=brought.rule,
        line=behind[:count],
        hands=hands,
        reviews=reviews,
        plan_ids={commit: plan_id for commit, plan_id in found.items() if plan_id},
        writers=frozenset(filter(forge.may_write, dict.fromkeys([*reviewers, *hands.people]))),
        ownerships=ownerships,
    )


def _approved_id(forge: Forge, subject: Subject, commit: str) -> str | None:
    """An approval of a link is one of nothing; others, of other commits, may count."""
    try:
        return subject.id_at(forge, commit)
    except Refused:
        return None


def _changed_sources(
    line: MainLine, subject: Subject, before: str, merged: Sequence[LineCommit]
) -> frozenset[str]:
    """What the subject is made from and the merge changed, also where it is there no more."""
    folders = sorted(subject.folders) if merged else ()
    changed = (line.changed_in(folder, before, merged[0].id) for folder in folders)
    return frozenset(path for paths in changed for path in paths if subject.is_made_from(path))


def _commit_before(forge: Forge, line: Sequence[LineCommit], pull_request: PullRequest) -> str:
    """The protected branch right before the merge. What a pull request calls its base may be long
    ago, and the rules laxer then. Of several rebased commits it is what lies below them all."""
    for commit in line[1:]:
        is_merge = line[0].parents > 1
        if is_merge or pull_request.number not in forge.pull_requests_of(commit.id):
            return commit.id
    return pull_request.base_commit


def _ownership(
    forge: Forge,
    lines: OwnersFile | None,
    paths: tuple[str, ...],
    reviewers: Iterable[Account],
) -> Ownership:
    if lines is None:
        return Ownership()
    owners = {owner for path in paths for owner in owners_of(path, lines)}
    teams = sorted({o.removeprefix("@").lower() for o in owners if o.startswith("@") and "/" in o})
    people = tuple(reviewers)
    members = {
        team: frozenset(person for person in people if forge.is_member(team, person))
        for team in teams
    }
    return Ownership(code_owners=lines, changed_paths=paths, members=members)


def _not_a_file(asked: Question) -> Refusal:
    message = (
        f"{asked.subject.path} is not a regular file on {asked.branch}'s own line of commits: what"
        " a link leads to can change without it"
    )
    match asked:
        case ReviewQuestion():
            recovery = "commit the plan as a file: `reconciler plan --write`"
            return Refusal(code="plan-is-a-link", message=message, recovery=recovery)
        case SpecQuestion():
            recovery = "commit the spec as a file"
            return Refusal(code="spec-is-a-link", message=message, recovery=recovery)
        case _:
            assert_never(asked)
