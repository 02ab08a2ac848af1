"""An apply's state is a function of all its operations' states and of nothing else but a hold."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.states import FINISHED, SETTLED, ApplyState, Hold
from reconciler.ledger.states import OperationState as S
from reconciler.rollout.projection import apply_state, shard_state

states = st.lists(st.sampled_from(S), min_size=1, max_size=8)
holds = st.sampled_from(Hold)


@pytest.mark.invariant("ST-1")
@given(states, holds)
def test_it_ends_when_all_operations_are_settled_and_not_before(found: list[S], hold: Hold) -> None:
    assert (apply_state(found, hold) in FINISHED) == all(state in SETTLED for state in found)


@pytest.mark.invariant("ST-3")
@given(states, holds)
def test_order_does_not_matter(found: list[S], hold: Hold) -> None:
    shuffled = random.sample(found, len(found))
    assert apply_state(shuffled, hold) is apply_state(found, hold)


@pytest.mark.invariant("ST-3")
@pytest.mark.parametrize("state", [s for s in ApplyState if s.value in {o.value for o in S}])
def test_one_operations_state_is_the_applys(state: ApplyState) -> None:
    assert apply_state([S(state.value)]) is state


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([S.COMPLETED, S.PENDING], ApplyState.RUNNING),
        ([S.COMPLETED, S.WAITING_FOR_CUTOVER], ApplyState.RUNNING),
        ([S.FAILED, S.PENDING], ApplyState.RUNNING_DEGRADED),
        ([S.FAILED, S.RUNNING], ApplyState.RUNNING_DEGRADED),
        ([S.UNKNOWN, S.COMPLETED], ApplyState.RUNNING_DEGRADED),
        ([S.STOPPED, S.RUNNING], ApplyState.RUNNING),
        ([S.STOPPED, S.COMPLETED, S.FAILED], ApplyState.STOPPED),
        ([S.FAILED, S.COMPLETED, S.CANCELLED], ApplyState.FAILED),
        ([S.CANCELLED, S.COMPLETED], ApplyState.CANCELLED),
    ],
)
def test_mixtures(found: list[S], expected: ApplyState) -> None:
    assert apply_state(found) is expected


def test_a_hold_shows_only_while_something_is_left() -> None:
    assert apply_state([S.PENDING, S.COMPLETED], Hold.GATE) is ApplyState.PAUSED
    assert apply_state([S.RUNNING, S.PENDING], Hold.GATE) is ApplyState.RUNNING
    assert apply_state([S.COMPLETED], Hold.GATE) is ApplyState.COMPLETED


@pytest.mark.invariant("ST-14")
def test_no_operations_is_not_an_answer() -> None:
    with pytest.raises(ValueError, match="without operations"):
        apply_state([])


@pytest.mark.parametrize("state", list(S))
def test_a_shard_with_one_operation_is_where_that_is(state: S) -> None:
    assert shard_state([state]) is state


def test_a_shard_is_shown_as_what_most_needs_attention() -> None:
    assert shard_state([S.COMPLETED, S.FAILED, S.CANCELLED]) is S.FAILED
    assert shard_state([S.RUNNING, S.UNKNOWN]) is S.UNKNOWN
    assert shard_state([S.COMPLETED, S.PENDING]) is S.PENDING
