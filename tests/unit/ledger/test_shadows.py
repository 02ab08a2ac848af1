"""Whose a shadow table is: what the record says, and nothing that only its name says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations

import pytest

from reconciler.ledger.model import StatementOfApply
from reconciler.ledger.shadows import copies_left, known_shadows
from reconciler.ledger.states import StatementState
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.shadow_tables import KnownShadow, MadeWhen
from tests.contract.ledgers import CREATED_S, HANDLE, by_engine

S = StatementState
HELPERS = ("_users_gho", "_users_ghc")


def of_apply(
    apply_id: int, state: StatementState, *left: str, is_finished: bool = True
) -> StatementOfApply:
    row = by_engine(state, left=left, helpers=HELPERS).row
    return StatementOfApply(apply_id=apply_id, is_finished=is_finished, row=row)


def dropped(apply_id: int, name: str, state: StatementState = S.APPLIED) -> StatementOfApply:
    row = replace(by_engine(state).row, handle=HANDLE, object_id=table_id(name))
    return StatementOfApply(apply_id=apply_id, is_finished=True, row=row)


def told(found: Iterable[StatementOfApply]) -> list[tuple[str, int, bool]]:
    return [(one.name, one.apply_id, one.is_in_progress) for one in known_shadows(found)]


@pytest.mark.invariant("EN-30")
@pytest.mark.parametrize("state", [S.INTENDED, S.UNKNOWN, S.NEVER_RAN, S.FAILED])
def test_what_an_unfinished_apply_may_have_made_is_in_progress(state: StatementState) -> None:
    """A copy that was stopped to be taken up, or failed for now, is as much in hand."""
    found = told([of_apply(7, state, is_finished=False)])
    assert found == [("_users_ghc", 7, True), ("_users_gho", 7, True)]


@pytest.mark.invariant("EN-32")
@pytest.mark.parametrize(
    ("found", "is_left"),
    [
        ([of_apply(7, S.NEVER_RAN)], True),
        ([of_apply(7, S.INTENDED)], True),
        ([of_apply(7, S.UNKNOWN)], True),
        ([of_apply(7, S.FAILED, "_users_gho")], True),
        ([of_apply(7, S.FAILED)], False),  # it was cleared away
        ([of_apply(7, S.APPLIED, "_users_del")], False),  # it is kept on purpose
        ([of_apply(7, S.NEVER_RAN, is_finished=False)], False),  # of this very apply
        ([of_apply(7, S.NEVER_RAN), of_apply(8, S.APPLIED)], False),
        ([of_apply(7, S.APPLIED), of_apply(8, S.NEVER_RAN)], True),
    ],
)
def test_a_copy_that_may_still_be_there_is_the_next_apply_s(
    found: list[StatementOfApply], *, is_left: bool
) -> None:
    left = copies_left(found)
    assert bool(left) is is_left
    assert all(handle == found[-1].row.handle for handle in left.values())


@pytest.mark.invariant("EN-30")
@pytest.mark.parametrize("is_finished", [True, False])
def test_what_stayed_after_a_statement_is_a_leftover_at_once(is_finished: bool) -> None:
    found = of_apply(7, S.APPLIED, "_users_del", is_finished=is_finished)
    assert known_shadows([found]) == (
        KnownShadow(
            shard="-40",
            name="_users_del",
            engine=EngineName.GH_OST,
            table="users",
            apply_id=7,
            is_in_progress=False,
            made=MadeWhen(since_s=CREATED_S, table_created_s=CREATED_S, until_s=4.5),
            ended_s=4.5,
        ),
    )


@pytest.mark.invariant("EN-30")
def test_nothing_is_known_of_what_a_statement_did_not_leave() -> None:
    assert told([of_apply(7, S.APPLIED), of_apply(8, S.FAILED)]) == []


@pytest.mark.invariant("EN-30")
@pytest.mark.parametrize("state", [S.INTENDED, S.UNKNOWN, S.NEVER_RAN])
def test_what_nobody_saw_to_its_end_is_left_by_an_apply_that_has_ended(
    state: StatementState,
) -> None:
    assert told([of_apply(7, state)]) == [("_users_ghc", 7, False), ("_users_gho", 7, False)]


@pytest.mark.invariant("EN-30")
def test_a_later_drop_ends_it_and_an_earlier_one_does_not() -> None:
    left = of_apply(7, S.APPLIED, "_users_del")
    assert told([left, dropped(8, "_users_del")]) == []
    assert told([left, dropped(6, "_users_del")]) == [("_users_del", 7, False)]
    assert told([left, dropped(8, "_users_ghc")]) == [("_users_del", 7, False)]
    in_doubt = dropped(8, "_users_del", S.UNKNOWN)
    assert told([left, in_doubt]) == [("_users_del", 7, False)]
    elsewhere = replace(dropped(8, "_users_del").row, shard="80-")
    other = StatementOfApply(apply_id=8, is_finished=True, row=elsewhere)
    assert told([left, other]) == [("_users_del", 7, False)]


@pytest.mark.invariant("EN-30")
def test_what_is_in_hand_goes_before_what_has_ended_in_any_order() -> None:
    rows = (
        of_apply(7, S.NEVER_RAN),
        of_apply(8, S.APPLIED, "_users_gho"),
        of_apply(9, S.INTENDED, is_finished=False),
    )
    for ordered in permutations(rows):
        assert told(ordered) == [("_users_ghc", 9, True), ("_users_gho", 9, True)]
    assert told(rows[:2]) == [("_users_ghc", 7, False), ("_users_gho", 8, False)]
