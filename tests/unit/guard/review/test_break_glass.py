"""Who may break the glass: a person who did not start the run, for a reason that says something."""

from __future__ import annotations

import pytest

from reconciler.guard.model import Refusal
from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.break_glass import (
    BreakGlassRecord,
    BreakGlassRequest,
    judge_break_glass,
    reason_refusals,
)

pytestmark = pytest.mark.invariant("RV-12")


def asked(reason: str = "checkout is down") -> BreakGlassRequest:
    return BreakGlassRequest(
        environment="production",
        commit="1" * 40,
        reason=reason,
        actor="Ada",
        started_by=frozenset({"ada", "cy"}),
        run_url="https://forge.example/run/7",
    )


def person(login: str) -> Account:
    return Account(id=len(login), login=login, kind=AccountKind.PERSON)


@pytest.mark.parametrize("reason", ["", "   ", "...", "todo", "x"])
def test_a_reason_that_says_nothing_is_refused_before_anybody_is_asked(reason: str) -> None:
    (refusal,) = reason_refusals(asked(reason))
    assert refusal.code == "break-glass-without-reason"


def test_a_reason_is_enough_to_ask() -> None:
    assert reason_refusals(asked()) == ()


@pytest.mark.parametrize("let_in_by", [[], ["Ada"], ["CY"], ["ada", "Cy"]])
def test_who_started_the_run_or_ran_it_again_lets_nobody_in(let_in_by: list[str]) -> None:
    judged = judge_break_glass(asked(), [person(login) for login in let_in_by])
    assert isinstance(judged, Refusal)
    assert judged.code == "break-glass-not-approved"


def test_the_record_names_who_else_let_it_in_and_what_was_asked() -> None:
    judged = judge_break_glass(asked(), [person("Ada"), person("Ben")])
    assert judged == BreakGlassRecord(request=asked(), approved_by=("Ben",))
