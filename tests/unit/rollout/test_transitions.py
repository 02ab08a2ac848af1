"""Every legal move is a row; anything else raises and changes nothing."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from reconciler.ledger.states import SETTLED, OperationState
from reconciler.rollout.transitions import (
    TRANSITIONS,
    IllegalMove,
    Move,
    moved,
    render_diagram,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "rollout.md"


@pytest.mark.invariant("ST-4")
def test_no_move_leads_out_of_a_settled_state() -> None:
    assert {state for state in OperationState if not moves_from(state)} == SETTLED


@pytest.mark.parametrize(("state", "move"), list(itertools.product(OperationState, Move)))
def test_what_is_not_a_row_raises(state: OperationState, move: Move) -> None:
    if (state, move) in TRANSITIONS:
        assert moved(state, move) is TRANSITIONS[state, move]
    else:
        with pytest.raises(IllegalMove, match=f"{state} cannot {move}"):
            moved(state, move)


def test_every_state_can_be_reached_and_every_move_is_used() -> None:
    assert {OperationState.PENDING, *TRANSITIONS.values()} == set(OperationState)
    assert {move for _, move in TRANSITIONS} == set(Move)


@pytest.mark.invariant("ST-10")
def test_an_unknown_outcome_is_never_run_again_without_a_look() -> None:
    assert (OperationState.UNKNOWN, Move.START) not in TRANSITIONS
    assert moves_from(OperationState.UNKNOWN) == {
        Move.FIND_DONE,
        Move.FIND_UNDONE,
        Move.FIND_RUNNING,
        Move.FAIL,
        Move.CANCEL,
    }


def test_the_diagram_in_the_docs_is_drawn_from_the_table() -> None:
    assert render_diagram() in DOCUMENT.read_text(), "run `tools/draw-states`"


def moves_from(state: OperationState) -> set[Move]:
    return {move for found, move in TRANSITIONS if found is state}
