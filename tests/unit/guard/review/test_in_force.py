"""The review rule in force, from what specs said over time and which changes were approved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.guard.review.code_owners import parse_code_owners
from reconciler.guard.review.in_force import (
    OwnersFile,
    Ruled,
    RulesInForce,
    lowers,
    owners_in_force,
)
from reconciler.spec.model import ReviewRule

SHOP = Ruled("specs/shop.yaml", "production")
TWIN = Ruled("specs/twin.yaml", "production")
STAGING = Ruled("specs/shop.yaml", "staging")
ONE, TWO = ReviewRule(approvals=1), ReviewRule(approvals=2)
OWNED = ReviewRule(approvals=2, code_owners=True)


class Asked:
    """Which changes were approved, and what was asked about."""

    def __init__(self, *approved: int) -> None:
        self.approved = approved
        self.bars: list[tuple[int, Ruled, ReviewRule]] = []

    def __call__(self, change: int, ruled: Ruled, bar: ReviewRule) -> bool:
        self.bars.append((change, ruled, bar))
        return change in self.approved


def in_force(asked: Asked, *said: dict[Ruled, ReviewRule]) -> dict[Ruled, ReviewRule]:
    return dict(RulesInForce(said, asked).after(len(said) - 1))


@pytest.mark.invariant("GT-6")
def test_nobody_is_asked_about_a_rule_that_only_rises() -> None:
    asked = Asked()
    assert in_force(asked, {SHOP: ONE}, {SHOP: TWO}, {SHOP: OWNED}) == {SHOP: OWNED}
    assert asked.bars == []


@pytest.mark.invariant("GT-6")
def test_a_lower_rule_counts_from_the_change_that_met_the_one_before() -> None:
    said = ({SHOP: OWNED}, {SHOP: ONE})
    assert in_force(Asked(), *said) == {SHOP: OWNED}
    asked = Asked(1)
    assert in_force(asked, *said) == {SHOP: ONE}
    assert asked.bars == [(1, SHOP, OWNED)]


@pytest.mark.invariant("GT-6")
def test_a_rule_is_not_lowered_in_small_steps_either() -> None:
    three = ReviewRule(approvals=3)
    assert in_force(Asked(), {SHOP: three}, {SHOP: TWO}, {SHOP: ONE}) == {SHOP: three}
    assert in_force(Asked(2), {SHOP: three}, {SHOP: TWO}, {SHOP: ONE}) == {SHOP: ONE}


@pytest.mark.invariant("GT-6")
def test_one_demand_is_not_given_for_another() -> None:
    swapped = ReviewRule(approvals=1, code_owners=True)
    assert in_force(Asked(), {SHOP: TWO}, {SHOP: swapped}) == {SHOP: OWNED}


@pytest.mark.invariant("GT-6")
def test_what_is_removed_or_broken_and_comes_back_is_what_it_was() -> None:
    assert in_force(Asked(), {SHOP: TWO}, {}, {}, {SHOP: ONE}) == {SHOP: TWO}


@pytest.mark.invariant("GT-6")
@pytest.mark.parametrize("new", [TWIN, STAGING])
def test_what_is_new_by_its_name_begins_at_the_strictest_rule_there_ever_was(new: Ruled) -> None:
    said: tuple[dict[Ruled, ReviewRule], ...] = ({SHOP: OWNED}, {}, {new: ONE})
    assert in_force(Asked(), *said)[new] == OWNED
    assert in_force(Asked(2), *said)[new] == ONE


@pytest.mark.invariant("GT-6")
def test_the_first_specs_of_all_ask_for_what_they_say() -> None:
    said: dict[Ruled, ReviewRule] = {SHOP: OWNED, STAGING: ONE, TWIN: TWO}
    asked = Asked()
    assert in_force(asked, said) == said
    assert asked.bars == []


@pytest.mark.invariant("GT-6")
def test_an_approved_change_of_another_spec_lowers_nothing_here() -> None:
    """Its approvers saw the lower rule in the tree, and not in the change."""
    assert in_force(Asked(2), {SHOP: TWO, TWIN: ONE}, {SHOP: ONE}, {TWIN: TWO})[SHOP] == TWO


_RULES = st.builds(ReviewRule, approvals=st.integers(1, 3), code_owners=st.booleans())
_SAID = st.dictionaries(st.sampled_from([SHOP, TWIN, STAGING]), _RULES, max_size=3)


@pytest.mark.invariant("GT-6")
@given(st.lists(_SAID, min_size=1, max_size=6))
def test_without_an_approved_change_nothing_asked_for_is_ever_lost(
    said: list[dict[Ruled, ReviewRule]],
) -> None:
    rules = RulesInForce(said, lambda change, ruled, bar: False)
    for change in range(len(said)):
        after = rules.after(change)
        for ruled, rule in rules.before(change).items():
            assert not lowers(rule, after[ruled])
        for ruled, rule in said[change].items():
            assert not lowers(rule, after[ruled])


def owners(text: str) -> OwnersFile:
    return parse_code_owners(text)


SCHEMAS = ("schemas/shop/users.sql",)
ADA, EVE = owners("/schemas/ @ada"), owners("/schemas/ @eve")


def versions(*approved: int, later: list[OwnersFile | None]) -> set[OwnersFile | None]:
    found = owners_in_force(
        ADA, list(enumerate(later, start=1)), SCHEMAS, lambda change, *_: change in approved
    )
    return set(found.versions)


@pytest.mark.invariant("GT-6")
def test_new_owners_count_beside_the_old_ones_until_these_let_them() -> None:
    assert versions(later=[EVE]) == {ADA, EVE}
    assert versions(1, later=[EVE]) == {EVE}
    assert versions(later=[EVE, None]) == {ADA, None}
    assert versions(later=[None, EVE]) == {ADA, EVE}


@pytest.mark.invariant("GT-6")
def test_a_change_of_owners_that_is_taken_back_leaves_nothing_behind() -> None:
    assert versions(later=[EVE, ADA]) == {ADA}


@pytest.mark.invariant("GT-6")
def test_a_change_for_other_paths_needs_nobody_here() -> None:
    elsewhere = owners("/docs/ @eve\n/schemas/ @ada")
    assert versions(later=[elsewhere]) == {elsewhere}


@pytest.mark.invariant("GT-6")
def test_owners_are_asked_for_the_paths_that_are_taken_from_them() -> None:
    asked: list[tuple[int, OwnersFile | None, tuple[str, ...]]] = []

    def met(change: int, approved: OwnersFile | None, taken: tuple[str, ...]) -> bool:
        asked.append((change, approved, taken))
        return False

    both = owners("/schemas/ @ada\n/specs/ @eve")
    paths = (*SCHEMAS, "specs/shop.yaml")
    owners_in_force(ADA, [(1, both), (2, EVE)], paths, met)
    assert asked == [(1, ADA, ()), (2, ADA, SCHEMAS)]
