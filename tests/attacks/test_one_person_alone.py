"""Whatever happens to a branch and its record: nobody is both the hands and the only reviewer.

A history is made of moves that people make, by themselves, through a bot or through an account that
was made for it. Who it really was is known here and to no forge. The verdict sees the record alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.approvals import (
    ApprovalFacts,
    LineCommit,
    PullRequest,
    PullRequestFacts,
    PullRequestReview,
    ReviewState,
    approval_refusals,
)
from reconciler.guard.review.pushes import (
    Hands,
    Push,
    PushEffect,
    PushKind,
    hands_of,
    pushes_to,
)
from reconciler.spec.model import ReviewRule
from tests.series import share

PEOPLE = ("ada", "ben", "cai", "dee")
WRITERS = {
    name: Account(id=n, login=name, kind=AccountKind.PERSON) for n, name in enumerate(PEOPLE)
}
STRANGER = Account(id=10, login="eve", kind=AccountKind.PERSON)  # may not write
JOB = Account(id=11, login="github-actions[bot]", kind=AccountKind.BOT)
APP = Account(id=12, login="schema-plans[bot]", kind=AccountKind.BOT)
NOTHING, PLAN = "0", "sha256:" + "a" * 64
SOURCES = ("users.sql", "orders.sql")
FILES = (*SOURCES, "the plan", "README.md")

Content = Mapping[str, str]
Account_ = Account | None


@dataclass
class Branch:
    """`contents` by commit; what a file holds names the person who really put it there."""

    contents: dict[str, Content] = field(default_factory=lambda: {NOTHING: {}})
    rows: list[Push] = field(default_factory=list)
    head: str = NOTHING

    def moved(self, actor: Account_, to: str, kind: PushKind) -> None:
        at_s = float(len(self.rows) + 1)
        self.rows.append(Push(before=self.head, after=to, kind=kind, actor=actor, at_s=at_s))
        self.head = to

    def commit(self, person: str, files: frozenset[str], onto: str) -> str:
        number = str(len(self.contents))
        changed = dict.fromkeys(files, f"{person} {number}")
        self.contents[number] = {**self.contents[onto], **changed}
        return number


@dataclass(frozen=True)
class Move:
    """`person` is who really does it, `account` what is put on record."""

    what: str
    person: str
    account: Account_
    files: frozenset[str]


def accounts_of(person: str) -> st.SearchStrategy[Account_]:
    """Everybody who may write can make a bot push, and have a second account."""
    return st.sampled_from([WRITERS[person]] * 4 + [JOB, JOB, APP, STRANGER, None])


def moves() -> st.SearchStrategy[Move]:
    return st.sampled_from(PEOPLE).flatmap(
        lambda person: st.builds(
            Move,
            what=st.sampled_from(
                ["push", "push", "push", "force", "there and back", "blind", "restore", "again"]
            ),
            person=st.just(person),
            account=accounts_of(person),
            files=st.frozensets(st.sampled_from(FILES), max_size=3),
        )
    )


def make(branch: Branch, move: Move) -> None:
    match move.what:
        case "push":
            to = branch.commit(move.person, move.files, branch.head)
            branch.moved(move.account, to, PushKind.PUSH)
        case "force":
            to = branch.commit(move.person, move.files, NOTHING)
            branch.moved(move.account, to, PushKind.FORCE_PUSH)
        case "there and back":
            was, there = branch.head, branch.commit(move.person, move.files, branch.head)
            branch.moved(move.account, there, PushKind.PUSH)
            branch.moved(move.account, was, PushKind.FORCE_PUSH)
        case "blind":  # a button, an update: nothing of importance
            to = branch.commit(move.person, frozenset({"README.md"}), branch.head)
            branch.moved(move.account, to, PushKind.PUSH)
        case "restore" | "again":
            was = branch.head
            branch.moved(move.account, NOTHING, PushKind.DELETION)
            # Who pushes a branch that is not there puts there all that is on it.
            all_of_it = move.files | branch.contents[was].keys()
            to = was if move.what == "restore" else branch.commit(move.person, all_of_it, was)
            branch.moved(move.account, to, PushKind.CREATION)


@dataclass(frozen=True)
class History:
    """`lost` rows are missing from the record; `later` ones came after the merge."""

    moves: tuple[Move, ...]
    later: tuple[Move, ...]
    author: Account_
    approvers: frozenset[str]
    approvals: int
    lost: frozenset[int]
    opened_after: int


HISTORIES = st.builds(
    History,
    moves=st.lists(moves(), min_size=1, max_size=5).map(tuple),
    later=st.lists(moves(), max_size=3).map(tuple),
    author=st.sampled_from([*WRITERS.values(), STRANGER, JOB, APP, None]),
    approvers=st.sampled_from([frozenset({name}) for name in PEOPLE])
    | st.frozensets(st.sampled_from(PEOPLE)),
    approvals=st.sampled_from([1, 1, 1, 2]),
    lost=st.one_of([st.just(frozenset())] * 3 + [st.frozensets(st.integers(0, 9), max_size=2)]),
    opened_after=st.sampled_from([9, 9, 9, *range(9)]),
)


@dataclass(frozen=True)
class Seen:
    refusals: tuple[Refusal, ...]
    really: frozenset[str]  # who really put there what the plan is made from


def judged(history: History) -> Seen:
    branch = Branch()
    first, *rest = history.moves
    to = branch.commit(first.person, first.files, NOTHING)
    branch.moved(first.account, to, PushKind.CREATION)
    for move in rest:
        make(branch, move)
    head, merged_s = branch.head, len(branch.rows) + 0.5
    content = branch.contents[head]
    for move in history.later:
        make(branch, move)
    sources = frozenset(name for name in SOURCES if name in content)
    record = [row for n, row in enumerate(branch.rows) if n not in history.lost]
    opened_s = float(min(history.opened_after, len(history.moves)))
    hands = hands_of(
        pushes_to(head, reversed(record), opened_s=opened_s, merged_s=merged_s),
        sources,
        lambda push: effect(branch, push, sources),
        lambda account: account == APP,
    )
    really = frozenset(content[name].split()[0] for name in sources)
    return Seen(approval_refusals(PLAN, facts_of(history, head, hands)), really)


def effect(branch: Branch, push: Push, sources: frozenset[str]) -> PushEffect:
    old, new = branch.contents[push.before], branch.contents[push.after]
    changed = {name for name in FILES if old.get(name) != new.get(name)}
    return PushEffect(plans_only=changed <= {"the plan"}, sources=sources & changed)


def facts_of(history: History, head: str, hands: Hands) -> ApprovalFacts:
    pull_request = PullRequest(
        number=1,
        author=history.author,
        base_branch="main",
        base_commit=NOTHING,
        head_commit=head,
        head_branch="feature",
        head_repository="acme/shop",
        commits=1,
        opened_s=0.0,
        merged_s=1.0,
        merge_commit="merge",
    )
    facts = PullRequestFacts(
        pull_request=pull_request,
        rule=ReviewRule(approvals=history.approvals),
        line=(LineCommit(id="merge", parents=2),),
        hands=hands,
        reviews=tuple(
            PullRequestReview(account=WRITERS[name], state=ReviewState.APPROVED, commit=head)
            for name in sorted(history.approvers)
        ),
        plan_ids={head: PLAN},
        writers=frozenset(WRITERS.values()),
    )
    return ApprovalFacts(branch="main", brought_by="merge", pull_requests=(facts,))


@pytest.mark.threat("TM-FORGER-11")
@pytest.mark.invariant("RV-3")
@pytest.mark.invariant("RV-9")
@settings(max_examples=share(300))
@given(HISTORIES)
def test_no_history_lets_through_what_one_person_pushed_and_approved(history: History) -> None:
    seen = judged(history)
    if seen.refusals:
        return
    if len(seen.really) == 1:
        assert len(history.approvers - seen.really) >= history.approvals
    if seen.really:
        assert len(history.approvers | seen.really) > history.approvals


@pytest.mark.threat("TM-FORGER-11")
@pytest.mark.invariant("RV-3")
@given(HISTORIES)
def test_an_honest_history_needs_no_more_than_the_rule_asks(history: History) -> None:
    """People who may write push under their own names; others approve."""
    honest = tuple(replace(move, account=WRITERS[move.person]) for move in history.moves)
    pushed = {move.person for move in honest}
    approvers = frozenset(PEOPLE) - pushed
    if len(approvers) < history.approvals:
        return
    opened = WRITERS[honest[0].person]
    seen = judged(
        replace(
            history,
            moves=honest,
            lost=frozenset(),
            author=opened,
            approvers=approvers,
            opened_after=len(honest),
        )
    )
    assert seen.refusals == ()


@pytest.mark.threat("TM-FORGER-11")
@pytest.mark.invariant("RV-9")
@given(HISTORIES)
def test_one_approval_more_than_the_rule_asks_is_always_a_way_out(history: History) -> None:
    """Of people who had no part in it: no history is a dead end."""
    pushed = {move.person for move in (*history.moves, *history.later)}
    approvers = frozenset(PEOPLE) - pushed
    if len(approvers) <= history.approvals or history.author in map(WRITERS.get, approvers):
        return
    assert judged(replace(history, approvers=approvers)).refusals == ()


def test_the_histories_that_are_made_are_let_through_as_well_as_refused() -> None:
    """A property of refusals alone would hold for a guard that refuses everything."""
    ada, ben = WRITERS["ada"], WRITERS["ben"]
    plain = Move("push", "ada", ada, frozenset({"users.sql", "the plan"}))
    history = History((plain,), (), ada, frozenset({"ben"}), 1, frozenset(), 9)
    assert judged(history).refusals == ()
    codes = [each.code for each in judged(replace(history, author=ben)).refusals]
    assert codes == ["approvals-missing"]
