"""Which answers of rows keep an apply from beginning, and what permits them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.model import RefusalKind
from reconciler.guard.preflight import preflight_refusals
from reconciler.model.object_id import table_id
from reconciler.model.policy import Allow, HazardKind, Policy
from reconciler.preflight.answered import Preflight, preflight_of
from reconciler.preflight.model import (
    Answer,
    Effect,
    Holds,
    NotSettled,
    Probe,
    QuestionKind,
    Raised,
    RowCondition,
    Violated,
)
from reconciler.spec.preflight import RefuseOn

HOLDS = Holds(at_s=1.0)
VIOLATED = Violated(at_s=1.0, rows_min=3)
OPEN = NotSettled(at_s=1.0, because="the time was over")


def answered(effect: Effect, *answers: Answer) -> Preflight:
    raised = Raised(
        kind=QuestionKind.NUMBERS,
        object="a",
        effect=effect,
        what="numbers that are rounded",
        question=RowCondition("TRUE"),
    )
    probe = Probe(table="t", statement=0, raised=raised)
    asked = [(f"s{number}", [probe]) for number in range(len(answers))]
    return preflight_of(asked, [[answer] for answer in answers])


def codes(preflight: Preflight, refuse: RefuseOn, *permitted: HazardKind) -> list[str]:
    allow = tuple(
        Allow(object_id=table_id("t"), hazard=kind, reason="SHOP-4711", object="a")
        for kind in permitted
    )
    return [one.code for one in preflight_refusals(preflight, refuse, Policy(allow=allow))]


@pytest.mark.invariant("PF-4")
def test_rows_that_make_a_statement_fail_refuse_whatever_is_permitted() -> None:
    found = answered(Effect.FAILS, HOLDS, VIOLATED, VIOLATED)
    every = (HazardKind.LOSES_VALUES, HazardKind.UNSETTLED_ROWS)
    assert codes(found, RefuseOn.VIOLATED, *every) == ["rows-violate"]
    [refusal] = preflight_refusals(found, RefuseOn.VIOLATED, Policy())
    assert "s1, s2" in refusal.message
    assert "at least 6 rows" in refusal.message
    assert codes(found, RefuseOn.NOTHING) == []


@pytest.mark.invariant("PF-4")
def test_values_that_would_be_lost_refuse_unless_that_very_column_is_permitted() -> None:
    found = answered(Effect.LOSES, VIOLATED)
    assert codes(found, RefuseOn.VIOLATED) == ["rows-lose-values"]
    assert codes(found, RefuseOn.VIOLATED, HazardKind.LOSES_VALUES) == []
    assert codes(found, RefuseOn.VIOLATED, HazardKind.NARROW_TYPE) == ["rows-lose-values"]


@pytest.mark.invariant("PF-4")
def test_what_is_open_refuses_where_the_spec_says_so_and_nobody_permits_it() -> None:
    found = answered(Effect.FAILS, HOLDS, OPEN)
    assert codes(found, RefuseOn.VIOLATED) == []
    assert codes(found, RefuseOn.NOT_SETTLED) == ["rows-not-settled"]
    assert codes(found, RefuseOn.NOT_SETTLED, HazardKind.UNSETTLED_ROWS) == []


@pytest.mark.invariant("TM-17")
def test_what_is_open_for_now_alone_keeps_nobody_waiting_for_a_person() -> None:
    lost = NotSettled(at_s=1.0, because="the connection was lost", passes=True)
    for answers, kind, because in (
        ((HOLDS, lost), RefusalKind.PASSES, lost.because),
        ((lost, OPEN), RefusalKind.STANDS, OPEN.because),
        ((OPEN,), RefusalKind.STANDS, OPEN.because),
    ):
        found = answered(Effect.FAILS, *answers)
        [refusal] = preflight_refusals(found, RefuseOn.NOT_SETTLED, Policy())
        assert refusal.kind is kind
        assert because in refusal.message


def test_rows_that_stay_as_they_are_are_told_alone() -> None:
    assert codes(answered(Effect.STAYS, VIOLATED), RefuseOn.NOT_SETTLED) == []


def test_questions_come_in_the_order_of_their_statements() -> None:
    first = answered(Effect.FAILS, HOLDS).answered[0].probe
    later = replace(first, statement=1)
    found = preflight_of([("-80", [later, first]), ("80-", [first])], [[HOLDS, OPEN], [HOLDS]])
    assert [one.probe for one in found.answered] == [first, later]
    assert found.answered[0].answers == (("-80", OPEN), ("80-", HOLDS))
