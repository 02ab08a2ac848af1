"""Every legal move of a split job is a row; nothing undoes a cutover, and no retry guesses."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from reconciler.reshard.phases import (
    BEFORE_CUTOVER,
    ENDED,
    RETRY_PHASES,
    TRANSITIONS,
    IllegalMove,
    Move,
    Phase,
    move_of,
    render_diagram,
)
from reconciler.reshard.transitions import moved
from tests.sample_splits import at

DOCUMENT = Path(__file__).parents[3] / "docs" / "split.md"
BEHIND = (Phase.CLEANUP, Phase.DONE)


@pytest.mark.invariant("SP-10")
@pytest.mark.parametrize(("before", "after"), list(itertools.product(Phase, Phase)))
def test_what_is_not_a_row_raises(before: Phase, after: Phase) -> None:
    if (before, after) in TRANSITIONS:
        assert move_of(before, after) is TRANSITIONS[before, after]
    else:
        with pytest.raises(IllegalMove, match=f"in {before} cannot go to {after}"):
            move_of(before, after)


def test_every_phase_can_be_reached_and_every_move_is_used() -> None:
    reached = {after for (before, after) in TRANSITIONS if before is not after}
    assert reached == set(Phase)
    assert {*TRANSITIONS.values()} == set(Move)


@pytest.mark.invariant("SP-10")
def test_nothing_leads_out_of_the_end() -> None:
    leaving = {before for before, _ in TRANSITIONS}
    assert {phase for phase in Phase if phase not in leaving} == ENDED


def reachable_from(start: Phase, *, without: frozenset[Move] = frozenset()) -> set[Phase]:
    found, left = set[Phase](), [start]
    while left:
        phase = left.pop()
        nexts = {
            after
            for (before, after), move in TRANSITIONS.items()
            if before is phase and move not in without
        }
        left += nexts - found
        found |= nexts
    return found


@pytest.mark.invariant("SP-13")
def test_only_the_cutover_leads_behind_it() -> None:
    assert not reachable_from(Phase.PLANNED, without=frozenset({Move.CUT_OVER, Move.RETRY})) & {
        *BEHIND
    }
    assert [pair for pair, move in TRANSITIONS.items() if move is Move.CUT_OVER] == [
        (Phase.CUTOVER, Phase.CLEANUP)
    ]


@pytest.mark.invariant("SP-13")
@pytest.mark.parametrize("phase", [Phase.CUTOVER, *BEHIND])
def test_what_may_have_been_cut_over_is_never_abandoned(phase: Phase) -> None:
    """Of Vitess' jobs alone the clean-up leads there: `test_work`."""
    with pytest.raises(IllegalMove):
        moved(at(phase), Phase.ABANDONING, now_s=50.0)


@pytest.mark.invariant("SP-12")
def test_who_began_to_abandon_can_only_go_on_with_it() -> None:
    assert {after for before, after in TRANSITIONS if before is Phase.ABANDONING} == {
        Phase.ABANDONING,
        Phase.ABANDONED,
    }


@pytest.mark.invariant("SP-11")
def test_what_failed_behind_the_cutover_is_cleaned_up_and_nothing_else() -> None:
    assert RETRY_PHASES[Phase.CLEANUP] == (Phase.CLEANUP,)
    assert all(Phase.CLEANUP not in RETRY_PHASES[phase] for phase in BEFORE_CUTOVER)


@pytest.mark.invariant("SP-11")
def test_no_retry_leads_behind_a_fence_that_may_be_open() -> None:
    fenced = {Phase.FENCE, Phase.DELTA_COPY, Phase.CUTOVER}
    assert not fenced & {phase for phases in RETRY_PHASES.values() for phase in phases}


def test_the_diagram_in_the_docs_is_drawn_from_the_table() -> None:
    assert render_diagram() in DOCUMENT.read_text(), "run `tools/draw-states`"
