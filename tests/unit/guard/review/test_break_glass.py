"""Who may break the glass: a person who did not start the run, for a reason that says something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.asking import RunRecord
from reconciler.guard.review.break_glass import (
    BreakGlassRecord,
    BreakGlassRequest,
    judge_break_glass,
    reason_refusals,
)

pytestmark = [pytest.mark.invariant("RV-12"), pytest.mark.threat("TM-WRITER-38")]


def asked(reason: str = "checkout is down") -> BreakGlassRequest:
    return BreakGlassRequest(
        environment="production",
        commit="1" * 40,
        reason=reason,
        actor="Ada",
        run_url="https://forge.example/run/7",
    )


def person(login: str, account_id: int) -> Account:
    return Account(id=account_id, login=login, kind=AccountKind.PERSON)


ADA, BEN, CY = person("Ada", 1), person("Ben", 2), person("Cy", 3)
RUN = RunRecord(
    event="workflow_dispatch",
    branch="main",
    actor=ADA,
    asked_by=ADA,
    url="https://forge.example/run/7",
)


@pytest.mark.parametrize("reason", ["", "   ", "...", "todo", "x"])
def test_a_reason_that_says_nothing_is_refused_before_anybody_is_asked(reason: str) -> None:
    (refusal,) = reason_refusals(asked(reason))
    assert refusal.code == "break-glass-without-reason"


def test_a_reason_is_enough_to_ask() -> None:
    assert reason_refusals(asked()) == ()


NOBODY_ELSE: dict[str, list[Account]] = {
    "nobody": [],
    "who started it": [ADA],
    "who started it, under another name since": [replace(ADA, login="lovelace")],
    "a program": [replace(BEN, kind=AccountKind.BOT)],
}


@pytest.mark.parametrize("let_in_by", NOBODY_ELSE.values(), ids=NOBODY_ELSE)
def test_who_started_the_run_lets_nobody_in(let_in_by: list[Account]) -> None:
    judged = judge_break_glass(asked(), RUN, let_in_by)
    assert isinstance(judged, Refusal)
    assert judged.code == "break-glass-not-approved"


def test_another_account_under_the_name_of_who_started_it_is_somebody_else() -> None:
    judged = judge_break_glass(asked(), RUN, [person("ada", 9)])
    assert isinstance(judged, BreakGlassRecord)


@pytest.mark.parametrize("starter", [None, replace(ADA, login="ada[bot]", kind=AccountKind.BOT)])
def test_a_run_that_no_person_started_is_let_in_by_nobody(starter: Account | None) -> None:
    """Who stands behind a program may be the very one who lets its run in."""
    judged = judge_break_glass(asked(), replace(RUN, actor=starter, asked_by=starter), [BEN])
    assert isinstance(judged, Refusal)
    assert judged.code == "break-glass-by-nobody"


def test_who_let_in_an_earlier_attempt_has_not_let_this_one_in() -> None:
    """Ben let in what Ada started; Cy runs it again, a month later."""
    judged = judge_break_glass(asked(), replace(RUN, attempt=2, asked_by=CY), [BEN])
    assert isinstance(judged, Refusal)
    assert judged.code == "break-glass-run-again"


def test_the_record_names_who_else_let_it_in_and_what_was_asked() -> None:
    judged = judge_break_glass(asked(), RUN, [ADA, BEN])
    assert judged == BreakGlassRecord(request=asked(), approved_by=("Ben",))
