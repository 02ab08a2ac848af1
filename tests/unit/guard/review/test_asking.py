"""Who may ask something of a rollout, by the forge's record of the run and the ids of accounts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.asker import Asker, LedgerLogin, NamedInSpec, Reviewer
from reconciler.guard.review.asking import AskFacts, RunRecord, judge_asker, run_refusals
from reconciler.guard.review.protection import ProtectedPlace, wave_gate_refusals
from reconciler.limits import ASKER_CHARS_MAX
from reconciler.spec.model import Environment, NamedPerson, RolloutSpec

ADA, BEN, EVE = (
    Account(id=number, login=login, kind=AccountKind.PERSON)
    for number, login in enumerate(("ada", "ben", "eve"), start=1)
)
BOT = Account(id=7, login="helper[bot]", kind=AccountKind.BOT)
RUN = RunRecord(
    event="workflow_dispatch", branch="main", actor=ADA, asked_by=ADA, url="https://forge/7"
)
NAME = "production/control"
FACTS = AskFacts(
    run=RUN,
    place_name=NAME,
    place=ProtectedPlace(name=NAME, people=(ADA,), teams=("acme/dba",)),
    may_write=True,
)
PLAIN = Environment(name="production")
KEPT = replace(PLAIN, rollout=RolloutSpec(gate=True, gate_by=(NamedPerson("ben", 2),)))


def by(account: Account, **facts: object) -> AskFacts:
    return replace(FACTS, run=replace(RUN, asked_by=account), **facts)  # type: ignore[arg-type]


def refused(
    facts: AskFacts, environment: Environment = PLAIN, *, releases: bool = False
) -> str | None:
    judged = judge_asker(facts, environment, releases=releases)
    return judged.code if isinstance(judged, Refusal) else None


@pytest.mark.invariant("RG-37")
def test_a_reviewer_of_the_place_may_ask_and_the_right_is_said() -> None:
    judged = judge_asker(FACTS, PLAIN, releases=False)
    assert isinstance(judged, Asker)
    assert judged.right == Reviewer(NAME)
    assert judged.line == f"ada (account 1) by https://forge/7, as a reviewer of {NAME}"
    assert refused(by(EVE, teams=("acme/dba",))) is None


@pytest.mark.invariant("RG-37")
@pytest.mark.threat("TM-REGION-11")
@pytest.mark.parametrize(
    "facts",
    [
        by(EVE),  # another actor, or one who runs again what Ada had started
        by(replace(EVE, login="ada")),  # has taken the name that Ada gave up
        by(ADA, may_write=False),  # has left since
        by(EVE, teams=(), may_write=True),
    ],
    ids=["another", "another of that name", "may not write", "of no team"],
)
def test_nobody_else_may(facts: AskFacts) -> None:
    assert refused(facts) == "ask-not-allowed"


@pytest.mark.invariant("RG-37")
def test_a_reviewer_who_was_renamed_is_the_same_person() -> None:
    assert refused(by(replace(ADA, login="lovelace"))) is None


@pytest.mark.invariant("RG-37")
@pytest.mark.threat("TM-REGION-11")
@pytest.mark.parametrize(
    ("run", "code"),
    [
        (replace(RUN, asked_by=BOT), "ask-by-nobody"),
        (replace(RUN, asked_by=None), "ask-by-nobody"),
        (replace(RUN, event="push"), "ask-not-by-hand"),
        (replace(RUN, event="schedule"), "ask-not-by-hand"),
        (replace(RUN, branch="feature"), "ask-not-by-hand"),
        (replace(RUN, branch=None), "ask-not-by-hand"),
    ],
    ids=["bot", "gone", "push", "schedule", "branch", "no branch"],
)
def test_a_run_that_no_person_started_by_hand_asks_nothing(run: RunRecord, code: str) -> None:
    assert [found.code for found in run_refusals(run, "main")] == [code]
    assert run_refusals(RUN, "main") == ()


@pytest.mark.invariant("RG-37")
@pytest.mark.parametrize("place", [None, ProtectedPlace(name=NAME)], ids=["none", "no reviewers"])
def test_a_place_without_reviewers_lets_nobody_ask(place: ProtectedPlace | None) -> None:
    assert refused(replace(FACTS, place=place)) == "ask-nobody-may"


@pytest.mark.invariant("RG-38")
def test_who_is_named_for_a_gate_may_release_and_nothing_else_by_that() -> None:
    judged = judge_asker(by(BEN), KEPT, releases=True)
    assert isinstance(judged, Asker)
    assert (judged.right, judged.account_id) == (NamedInSpec("production"), 2)
    assert refused(by(BEN), KEPT, releases=False) == "ask-not-allowed"
    assert refused(by(replace(EVE, login="ben")), KEPT, releases=True) == "ask-not-allowed"


@pytest.mark.invariant("RG-38")
@pytest.mark.threat("TM-REGION-12")
def test_a_wave_whose_gate_is_kept_is_let_in_by_those_named_alone() -> None:
    def codes(*people: Account) -> list[str]:
        return [r.code for r in wave_gate_refusals("production/wave/2", people, 2, KEPT.rollout)]

    assert codes(BEN) == []
    assert codes(ADA, replace(BEN, login="renamed")) == []
    assert codes(ADA) == ["wave-gate-kept"]
    assert codes(replace(EVE, login="ben")) == ["wave-gate-kept"]
    assert codes() == ["wave-gate-closed"]


@pytest.mark.invariant("RG-36")
@given(st.text(max_size=600))
def test_no_name_takes_the_right_away_or_puts_another_in_its_place(who: str) -> None:
    for right, end in (
        (LedgerLogin(), ", by the login of the ledger"),
        (Reviewer(NAME), f", as a reviewer of {NAME}"),
    ):
        line = Asker(who=who, right=right).line
        assert line.endswith(end)
        assert len(line) <= ASKER_CHARS_MAX
