"""What a plan commits to is told from how it is worded, and both are bound to its id."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused
from reconciler.guard.compare import compare_plans
from reconciler.plan.codec import dump_plan, load_plan
from reconciler.plan.commitment import (
    is_same_commitment,
    reasons_of,
    with_reasons,
    without_words,
)
from tests.sample_plans import sample_plan, with_hazards

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@pytest.mark.invariant("PL-14")
@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=4))
def test_a_plan_in_other_words_is_the_same_commitment(pairs: list[tuple[str, str]]) -> None:
    reviewed = with_hazards(*(one for one, _ in pairs)).core
    derived = with_hazards(*(other for _, other in pairs)).core
    assert is_same_commitment(reviewed, derived)
    assert compare_plans(reviewed, derived, {}) == ()


@pytest.mark.invariant("PL-14")
def test_a_danger_told_twice_is_one_danger() -> None:
    once = with_hazards("it may hurt").core
    (statement, *rest) = once.change_sets[0].statements
    (hazard,) = statement.hazards
    twice = replace(statement, hazards=(hazard, replace(hazard, reason="it hurts")))
    sets = (replace(once.change_sets[0], statements=(twice, *rest)),)
    assert is_same_commitment(once, replace(once, change_sets=sets))


@pytest.mark.invariant("GD-1")
def test_another_danger_is_another_commitment() -> None:
    assert not is_same_commitment(with_hazards("a").core, with_hazards("a", "b").core)
    assert not is_same_commitment(with_hazards("a").core, sample_plan().core)


@pytest.mark.invariant("PL-11")
def test_a_reason_that_was_edited_refuses() -> None:
    document = json.loads(dump_plan(with_hazards("all rows are lost")))
    for reasons in (["nothing is lost"], [], ["all rows are lost"] * 2, [None]):
        with pytest.raises(Refused) as refused:
            load_plan(json.dumps({**document, "reasons": reasons}).encode(), "plan.json")
        assert refused.value.problems[0].code == "plan-malformed"


@given(st.lists(ANY_TEXT, min_size=1, max_size=4))
def test_reasons_come_back_in_their_order(reasons: list[str]) -> None:
    core = with_hazards(*reasons).core
    assert reasons_of(core) == tuple(reasons)
    silent = with_reasons(core, [""] * len(reasons))
    assert with_reasons(silent, reasons) == core
    assert without_words(silent) == without_words(core)
