"""Which answers that were kept are used again, and which are kept no more."""

from __future__ import annotations

import pytest

from reconciler.flows.row_memory import RowMemory
from reconciler.preflight.model import Holds, NotSettled, Violated
from reconciler.spec.preflight import AskedOn, PreflightSpec
from tests.offline_row_answers import KeptAnswers, row_memory, seen
from tests.sample_probes import AT_ONCE

NOW_S = 1_000.0
HELD = Holds(at_s=900.0)


def memory(kept: KeptAnswers, spec: PreflightSpec | None = None) -> RowMemory:
    return row_memory(kept, spec or PreflightSpec(reuse_s=3_600), now_s=NOW_S)


@pytest.mark.invariant("PF-12")
@pytest.mark.parametrize(
    ("failed", "is_used"),
    [
        ({}, True),
        ({("-80", "t"): 950.0}, False),
        ({("-80", "T"): 950.0}, False),  # the server may call it so
        ({("-80", "t"): 850.0}, True),  # it was asked again behind that
        ({("80-", "t"): 950.0, ("-80", "u"): 950.0}, True),
    ],
)
def test_an_answer_of_before_a_statement_that_failed_is_not_used(
    failed: dict[tuple[str, str], float], is_used: bool
) -> None:
    kept = KeptAnswers()
    memory(kept).keep([(seen(), [AT_ONCE], (HELD,))])
    kept.failures = failed
    assert memory(kept).known(seen(), [AT_ONCE]) == ({AT_ONCE: HELD} if is_used else {})


@pytest.mark.invariant("PF-9")
@pytest.mark.parametrize(
    ("behind_s", "lag_max_s", "is_used"), [(20, 20, True), (20, 19, False), (None, 20, False)]
)
def test_a_replica_that_was_further_behind_than_the_spec_allows_by_now_has_not_answered(
    behind_s: int | None, lag_max_s: int, is_used: bool
) -> None:
    kept, held = KeptAnswers(), Holds(at_s=900.0, behind_s=behind_s)
    spec = PreflightSpec(on=AskedOn.REPLICA, lag_max_s=30, reuse_s=3_600)
    memory(kept, spec).keep([(seen(), [AT_ONCE], (held,))])
    spec = PreflightSpec(on=AskedOn.REPLICA, lag_max_s=lag_max_s, reuse_s=3_600)
    assert memory(kept, spec).known(seen(), [AT_ONCE]) == ({AT_ONCE: held} if is_used else {})


@pytest.mark.invariant("PF-12")
def test_rows_that_are_found_in_the_way_take_back_what_was_kept() -> None:
    kept = KeptAnswers()
    memory(kept).keep([(seen(), [AT_ONCE], (HELD,)), (seen("80-"), [AT_ONCE], (HELD,))])
    memory(kept).keep([(seen(), [AT_ONCE], (NotSettled(at_s=950.0, because="the time was over"),))])
    assert memory(kept).known(seen(), [AT_ONCE]) == {AT_ONCE: HELD}
    memory(kept).keep([(seen(), [AT_ONCE], (Violated(at_s=950.0, rows_min=1),))])
    assert memory(kept).known(seen(), [AT_ONCE]) == {}
    assert memory(kept).known(seen("80-"), [AT_ONCE]) == {AT_ONCE: HELD}
