"""Where a walk was given up is used again as a kept answer is, and told only where it is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.flows.row_memory import RowMemory
from reconciler.preflight.model import Holds, NotSettled, Place, RowCondition, Violated
from reconciler.spec.preflight import PreflightSpec
from tests.offline_row_answers import KeptAnswers, KeptPlaces, row_memory, seen
from tests.sample_probes import NULLS, WALKED

NOW_S, REUSE_S = 10_000.0, 3_600
PLACE = Place(
    begun_s=NOW_S - 60, seen_s=NOW_S, rows_seen=37, rows_of=100, index="PRIMARY", values=("37",)
)
OPEN = NotSettled(at_s=NOW_S, because="the time was over", place=PLACE)


def memory(kept: KeptAnswers | None, *, now_s: float = NOW_S, reuse_s: int = REUSE_S) -> RowMemory:
    return row_memory(kept, PreflightSpec(reuse_s=reuse_s), now_s=now_s)


@pytest.mark.invariant("PF-30")
def test_a_place_is_of_the_very_question_and_as_old_as_its_first_stretch() -> None:
    kept = KeptAnswers()
    [[told]] = memory(kept).keep([(seen(), [WALKED], (OPEN,))])
    assert told == OPEN
    assert memory(kept).places(seen(), [WALKED]) == {WALKED: PLACE}
    assert memory(kept, now_s=NOW_S + REUSE_S).places(seen(), [WALKED]) == {}
    assert memory(kept, now_s=NOW_S - 90).places(seen(), [WALKED]) == {}, "of the future"
    for other in (seen(server="two"), seen(fingerprint="g")):
        assert memory(kept).places(other, [WALKED]) == {}
    asks_otherwise = replace(WALKED, raised=replace(NULLS, question=RowCondition("`a` < 1")))
    assert memory(kept).places(seen(), [asks_otherwise]) == {}


@pytest.mark.invariant("PF-30")
@pytest.mark.parametrize("answer", [Holds(at_s=NOW_S), Violated(at_s=NOW_S, rows_min=1)])
def test_an_answer_ends_its_walk(answer: Holds | Violated) -> None:
    kept = KeptAnswers()
    memory(kept).keep([(seen(), [WALKED], (OPEN,))])
    memory(kept).keep([(seen(), [WALKED], (answer,))])
    assert memory(kept).places(seen(), [WALKED]) == {}


@pytest.mark.invariant("PF-30")
def test_nobody_is_told_of_a_place_that_is_not_kept() -> None:
    [[told]] = memory(KeptAnswers(KeptPlaces(is_lost=True))).keep([(seen(), [WALKED], (OPEN,))])
    assert told == replace(OPEN, place=None)
    for without in (memory(None), memory(KeptAnswers(), reuse_s=0)):
        assert without.places(seen(), [WALKED]) is None


@pytest.mark.invariant("PF-12")
@pytest.mark.parametrize(("failed_s", "is_used"), [(PLACE.begun_s + 1, False), (1.0, True)])
def test_no_walk_goes_on_that_was_begun_before_a_statement_failed(
    failed_s: float, is_used: bool
) -> None:
    kept = KeptAnswers(failures={("-80", "t"): failed_s})
    memory(kept).keep([(seen(), [WALKED], (OPEN,))])
    assert memory(kept).places(seen(), [WALKED]) == ({WALKED: PLACE} if is_used else {})
