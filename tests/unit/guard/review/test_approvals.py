"""Who may approve what, rule by rule: each case changes one thing of a pull request in order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.approvals import (
    ApprovalFacts,
    LineCommit,
    Ownership,
    PullRequest,
    PullRequestFacts,
    PullRequestReview,
    ReviewState,
    approval_refusals,
)
from reconciler.guard.review.code_owners import parse_code_owners
from reconciler.guard.review.pushes import Hands
from reconciler.spec.model import ReviewRule

PLAN, OTHER_PLAN = "sha256:" + "a" * 64, "sha256:" + "b" * 64
MERGED, HEAD, FORMER = "1" * 40, "2" * 40, "3" * 40


def person(number: int, login: str, kind: AccountKind = AccountKind.PERSON) -> Account:
    return Account(id=number, login=login, kind=kind)


ADA, BEN, CAI, DEE = person(1, "ada"), person(2, "ben"), person(3, "cai"), person(4, "dee")
ROBOT = person(9, "github-actions[bot]", AccountKind.BOT)


def review(
    account: Account | None,
    state: ReviewState = ReviewState.APPROVED,
    commit: str | None = HEAD,
) -> PullRequestReview:
    return PullRequestReview(account=account, state=state, commit=commit)


PULL_REQUEST = PullRequest(
    number=7,
    author=ADA,
    base_branch="main",
    base_commit="0" * 40,
    head_commit=HEAD,
    head_branch="feature",
    head_repository="acme/shop",
    commits=1,
    opened_s=1.0,
    merged_s=2.0,
    merge_commit=MERGED,
)

IN_ORDER = PullRequestFacts(
    pull_request=PULL_REQUEST,
    rule=ReviewRule(),
    line=(LineCommit(id=MERGED, parents=2),),
    hands=Hands(people=(ADA,)),
    reviews=(review(BEN),),
    plan_ids={HEAD: PLAN},
    writers=frozenset({ADA, BEN, CAI}),
)


def codes(*pull_requests: PullRequestFacts, by: str = MERGED) -> list[str]:
    facts = ApprovalFacts(branch="main", brought_by=by, pull_requests=pull_requests)
    return [refusal.code for refusal in approval_refusals(PLAN, facts)]


def test_one_approval_of_this_plan_by_somebody_else_is_enough() -> None:
    assert codes(IN_ORDER) == []


@pytest.mark.invariant("RV-2")
@pytest.mark.parametrize(
    ("reviewed", "plan_ids", "expected"),
    [
        pytest.param(HEAD, {HEAD: PLAN}, [], id="of the head"),
        pytest.param(FORMER, {FORMER: PLAN, HEAD: PLAN}, [], id="rebased, the plan left alone"),
        pytest.param(
            FORMER, {FORMER: OTHER_PLAN, HEAD: PLAN}, ["approvals-missing"], id="edited since"
        ),
        pytest.param(FORMER, {HEAD: PLAN}, ["approvals-missing"], id="no sound plan in it"),
        pytest.param(None, {HEAD: PLAN}, ["approvals-missing"], id="the commit is not told"),
    ],
)
def test_an_approval_counts_for_the_plan_in_the_commit_it_was_given_for(
    reviewed: str | None, plan_ids: dict[str, str], expected: list[str]
) -> None:
    facts = replace(IN_ORDER, reviews=(review(BEN, commit=reviewed),), plan_ids=plan_ids)
    assert codes(facts) == expected


@pytest.mark.invariant("RV-3")
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"reviews": (review(ADA),)}, ["approvals-missing"], id="author"),
        pytest.param({"hands": Hands(people=(BEN,))}, ["approvals-missing"], id="last pusher"),
        pytest.param(
            {"hands": Hands(people=(ADA, BEN))}, ["approvals-missing"], id="who pushed a part of it"
        ),
        pytest.param({"writers": frozenset({ADA})}, ["approvals-missing"], id="may not write"),
        pytest.param(
            {"reviews": (review(BEN, ReviewState.DISMISSED),)},
            ["approvals-missing"],
            id="dismissed",
        ),
        pytest.param(
            {"reviews": (review(BEN), review(BEN, ReviewState.DISMISSED))},
            ["approvals-missing"],
            id="dismissed, an earlier one does not come back",
        ),
        pytest.param(
            {"reviews": (review(BEN), review(BEN, ReviewState.CHANGES_REQUESTED))},
            ["changes-requested", "approvals-missing"],
            id="superseded by a request for changes",
        ),
        pytest.param(
            {"reviews": (review(BEN, ReviewState.CHANGES_REQUESTED), review(BEN))},
            [],
            id="approved after a request for changes",
        ),
        pytest.param(
            {"reviews": (review(BEN), review(BEN, ReviewState.COMMENTED))},
            [],
            id="a comment supersedes nothing",
        ),
        pytest.param(
            {"reviews": (review(BEN, ReviewState.PENDING),)}, ["approvals-missing"], id="pending"
        ),
        pytest.param(
            {"reviews": (review(BEN), review(BEN, commit=FORMER))},
            ["approvals-missing"],
            id="the last approval is what counts",
        ),
        pytest.param(
            {"reviews": (review(ROBOT),), "writers": frozenset({ROBOT})},
            ["approvals-missing"],
            id="a bot",
        ),
        pytest.param({"reviews": (review(None),)}, ["approvals-missing"], id="deleted account"),
        pytest.param({"reviews": ()}, ["approvals-missing"], id="nobody"),
        pytest.param(
            {"hands": Hands(unknown="no record")}, ["pusher-unknown"], id="nobody knows who pushed"
        ),
        pytest.param(
            {"pull_request": replace(PULL_REQUEST, author=None)},
            ["pusher-unknown"],
            id="nobody knows who wrote",
        ),
        pytest.param(
            {"reviews": (review(BEN), review(CAI, ReviewState.CHANGES_REQUESTED))},
            ["changes-requested"],
            id="somebody else requested changes",
        ),
        pytest.param(
            {"reviews": (review(BEN), review(DEE, ReviewState.CHANGES_REQUESTED))},
            [],
            id="a reader requested changes",
        ),
    ],
)
def test_whose_approvals_count(changed: dict[str, Any], expected: list[str]) -> None:
    facts = replace(IN_ORDER, **changed)
    assert codes(facts) == expected


@pytest.mark.invariant("RV-3")
def test_a_login_taken_over_from_the_author_is_still_not_the_author() -> None:
    renamed = person(ADA.id, "ada-again")
    facts = replace(IN_ORDER, reviews=(review(renamed),), writers=frozenset({ADA}))
    assert codes(facts) == ["approvals-missing"]


@pytest.mark.invariant("RV-3")
def test_as_many_people_as_the_rule_asks_each_once() -> None:
    two = replace(IN_ORDER, rule=ReviewRule(approvals=2))
    assert codes(replace(two, reviews=(review(BEN), review(BEN)))) == ["approvals-missing"]
    assert codes(replace(two, reviews=(review(BEN), review(CAI)))) == []


def test_the_stricter_of_two_rules_holds() -> None:
    assert ReviewRule(approvals=2).stricter(ReviewRule(code_owners=True)) == ReviewRule(
        approvals=2, code_owners=True
    )


def line(*parents: int) -> tuple[LineCommit, ...]:
    return tuple(LineCommit(id=f"{n + 1}" * 40, parents=p) for n, p in enumerate(parents))


@pytest.mark.invariant("RV-4")
@pytest.mark.parametrize(
    ("commits", "made", "by", "expected"),
    [
        pytest.param(3, line(2, 1, 1), "1" * 40, [], id="merge commit"),
        pytest.param(3, line(1, 1, 1), "1" * 40, [], id="squash"),
        pytest.param(1, line(1), "1" * 40, [], id="rebase of one"),
        pytest.param(3, line(1, 1, 1), "3" * 40, [], id="rebase of three, the first of them"),
        pytest.param(
            2, line(1, 1, 1), "3" * 40, ["not-by-pull-request"], id="below what was rebased"
        ),
        pytest.param(
            3, line(2, 1, 1), "2" * 40, ["not-by-pull-request"], id="below a merge commit"
        ),
        pytest.param(
            3, line(1, 2, 1), "3" * 40, ["not-by-pull-request"], id="below another's merge"
        ),
        pytest.param(1, line(1), "8" * 40, ["not-by-pull-request"], id="elsewhere"),
        pytest.param(1, (), "1" * 40, ["not-by-pull-request"], id="not on the branch"),
    ],
)
def test_the_commit_came_by_the_pull_request(
    commits: int, made: tuple[LineCommit, ...], by: str, expected: list[str]
) -> None:
    pull_request = replace(PULL_REQUEST, commits=commits)
    assert codes(replace(IN_ORDER, pull_request=pull_request, line=made), by=by) == expected


@pytest.mark.invariant("RV-4")
@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"merged_s": None}, id="open"),
        pytest.param({"base_branch": "release"}, id="merged elsewhere"),
        pytest.param({"merge_commit": None}, id="no merge commit"),
    ],
)
def test_a_pull_request_that_did_not_bring_it_proves_nothing(changed: dict[str, Any]) -> None:
    pull_request = replace(PULL_REQUEST, **changed)
    assert codes(replace(IN_ORDER, pull_request=pull_request)) == ["not-by-pull-request"]


@pytest.mark.invariant("RV-4")
def test_in_a_batch_only_the_pull_request_that_brought_the_plan_is_asked() -> None:
    stranger = replace(
        IN_ORDER,
        pull_request=replace(PULL_REQUEST, number=8, merge_commit="5" * 40),
        line=(LineCommit(id="5" * 40, parents=1),),
        reviews=(),
    )
    assert codes(stranger, IN_ORDER) == []
    assert codes(stranger) == ["not-by-pull-request"]


def test_a_push_past_review_is_named() -> None:
    facts = ApprovalFacts(branch="main", brought_by=MERGED, pull_requests=())
    (refusal,) = approval_refusals(PLAN, facts)
    assert (refusal.code, refusal.observed) == ("not-by-pull-request", "none")
    assert MERGED[:12] in refusal.message


def test_a_refusal_says_whose_approvals_did_not_count_and_why() -> None:
    facts = replace(
        IN_ORDER, reviews=(review(ADA), review(BEN, commit=FORMER), review(DEE), review(ROBOT))
    )
    found = ApprovalFacts(branch="main", brought_by=MERGED, pull_requests=(facts,))
    (refusal,) = approval_refusals(PLAN, found)
    assert refusal.message.endswith(
        "not counted: ada: is the author; ben: approved a commit in which this plan is not found;"
        " dee: may not write to the repository; github-actions[bot]: is not a person"
    )


OWNERS = parse_code_owners("* @ada\n/schemas/ @acme/dba\n/plans/ @ben ops@acme.example\n")


@pytest.mark.parametrize(
    ("ownership", "expected"),
    [
        pytest.param(Ownership(), ["code-owners-missing"], id="no file"),
        pytest.param(
            Ownership(code_owners=(), changed_paths=("schemas/a.sql",)),
            ["code-owners-missing"],
            id="nobody owns it",
        ),
        pytest.param(
            Ownership(code_owners=OWNERS, changed_paths=("plans/p.plan.json",)), [], id="by name"
        ),
        pytest.param(
            Ownership(code_owners=OWNERS, changed_paths=("schemas/a.sql",)),
            ["code-owner-approval-missing"],
            id="a team nobody is known to be in",
        ),
        pytest.param(
            Ownership(
                code_owners=OWNERS,
                changed_paths=("schemas/a.sql", "plans/p.plan.json"),
                members={"acme/dba": frozenset({BEN})},
            ),
            [],
            id="a team",
        ),
        pytest.param(
            Ownership(code_owners=OWNERS, changed_paths=("specs/a.yaml", "plans/p.plan.json")),
            ["code-owner-approval-missing"],
            id="one of two owners",
        ),
    ],
)
@pytest.mark.invariant("RV-3")
def test_code_owners_approve_what_they_own(ownership: Ownership, expected: list[str]) -> None:
    facts = replace(IN_ORDER, ownerships=(ownership,))
    assert codes(replace(facts, rule=ReviewRule(code_owners=True))) == expected
    assert codes(facts) == []
