"""What happens next, asked for one snapshot at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.reasons import InWords
from reconciler.ledger.states import SETTLED
from reconciler.ledger.states import OperationState as S
from reconciler.rollout.actions import (
    Action,
    EndCancelled,
    EndStopped,
    EndUnknown,
    Finish,
    Halt,
    Pause,
    PauseFor,
    Settle,
    Soak,
    Start,
    Wait,
)
from reconciler.rollout.decide import next_action
from reconciler.rollout.snapshot import Asked, RolloutLimits, RolloutSnapshot
from reconciler.spec.model import OnFailure

WAVES = (("a",), (), ("b", "c", "d"))
LIMITS = RolloutLimits(on_failure=OnFailure.HALT, parallel=2)
HOSTS = {"b": "one", "c": "one", "d": "two"}


def snapshot(found: str, **more: Any) -> RolloutSnapshot:
    """`found` gives the four shards' states by their first letters; `-` for completed."""
    letters = {"p": S.PENDING, "r": S.RUNNING, "f": S.FAILED, "u": S.UNKNOWN, "-": S.COMPLETED}
    states = {name: letters[letter] for name, letter in zip("abcd", found, strict=True)}
    flying = frozenset(name for name, state in states.items() if state is S.RUNNING)
    settled = {name: 100.0 for name, state in states.items() if state in SETTLED}
    made = RolloutSnapshot(
        waves=WAVES, states=states, settled_s=settled, now_s=100.0, in_flight=flying
    )
    return replace(made, **more)


def test_what_an_engine_has_in_hand_is_followed_before_anything_else() -> None:
    """Whatever failed elsewhere, and whichever wave it is of; who asked to end waits for none."""
    found = snapshot("frpp", in_flight=frozenset())
    assert next_action(found, LIMITS) == Start(("b",))
    assert next_action(replace(found, asked=Asked.STOP), LIMITS) == EndStopped()
    assert next_action(replace(found, in_flight=frozenset("cd")), LIMITS) == Wait()
    waiting = replace(found, states={**found.states, "b": S.WAITING_FOR_CUTOVER})
    assert next_action(waiting, LIMITS) == Start(("b",))


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("pppp", Start(("a",))),
        ("rppp", Wait()),
        ("-ppp", Start(("b", "c"))),
        ("-rpp", Start(("c",))),
        ("-rrp", Wait()),
        ("----", Finish()),
        ("-fpp", Halt("b")),
        ("-frp", Wait()),
        ("-f--", Finish()),
        ("-upp", Settle(("b",))),
        ("-urr", Wait()),
    ],
)
def test_waves_one_after_the_other(found: str, expected: Action) -> None:
    assert next_action(snapshot(found), LIMITS) == expected


@pytest.mark.parametrize(
    ("found", "more", "expected"),
    [
        ("pppp", {"asked": Asked.STOP}, EndStopped()),
        ("-rpp", {"asked": Asked.STOP}, Wait()),
        ("-rpp", {"asked": Asked.CANCEL}, Wait()),
        ("-fpp", {"asked": Asked.CANCEL}, EndCancelled()),
        ("----", {"asked": Asked.CANCEL}, Finish()),
        ("-upp", {"asked": Asked.STOP}, Settle(("b",))),
        ("-upp", {"looked_at": frozenset("b")}, EndUnknown(("b",))),
        ("-ppp", {"guard_hold": InWords("too busy")}, Pause(PauseFor.GUARD, InWords("too busy"))),
        ("-rpp", {"guard_hold": InWords("too busy")}, Wait()),
    ],
)
def test_requests_and_guards(found: str, more: dict[str, object], expected: Action) -> None:
    assert next_action(snapshot(found, **more), LIMITS) == expected


@pytest.mark.parametrize(
    ("found", "more", "expected"),
    [
        ("-fpp", {}, PauseFor.FAILURE),
        ("-fpp", {"failures_released": True}, Start(("c", "d"))),
        ("-frp", {"failures_released": True}, Start(("d",))),
    ],
)
def test_pause_until_released(found: str, more: dict[str, object], expected: object) -> None:
    limits = replace(LIMITS, on_failure=OnFailure.PAUSE)
    action = next_action(snapshot(found, **more), limits)
    assert (action.why if isinstance(action, Pause) else action) == expected


def test_continue_goes_past_failures_and_stays_in_a_wave_with_unknowns() -> None:
    limits = replace(LIMITS, on_failure=OnFailure.CONTINUE)
    assert next_action(snapshot("fppp"), limits) == Start(("b", "c"))
    lost = snapshot("uppp", looked_at=frozenset("a"))
    assert next_action(lost, limits) == EndUnknown(("a",))


def test_soak_then_gate_then_the_wave() -> None:
    limits = replace(LIMITS, soak_s=60, gate=True)
    assert next_action(snapshot("-ppp"), limits) == Soak(3, 160.0)
    after = snapshot("-ppp", now_s=160.0)
    action = next_action(after, limits)
    assert isinstance(action, Pause)
    assert action.why is PauseFor.GATE
    assert next_action(replace(after, gates_open=1), limits) == Start(("b", "c"))
    assert next_action(snapshot("-rpp", now_s=160.0), limits) == Start(("c",)), "it has begun"


def test_a_run_for_the_canaries_ends_before_the_rest() -> None:
    action = next_action(snapshot("-ppp"), replace(LIMITS, last_wave=1))
    assert isinstance(action, Pause)
    assert action.why is PauseFor.LATER_WAVE


def test_shards_on_one_host_are_not_two_hosts() -> None:
    limits = replace(LIMITS, parallel=3, parallel_per_host=1, hosts=HOSTS)
    assert next_action(snapshot("-ppp"), limits) == Start(("b", "d"))
    assert next_action(snapshot("-rpp"), limits) == Start(("d",))


@given(
    st.text("prfu-", min_size=4, max_size=4),
    st.sampled_from(OnFailure),
    st.sampled_from(Asked),
    st.integers(1, 4),
    st.booleans(),
)
def test_it_never_starts_what_it_must_not(
    found: str, on_failure: OnFailure, asked: Asked, parallel: int, released: bool
) -> None:
    now = snapshot(found, asked=asked, failures_released=released)
    limits = RolloutLimits(on_failure=on_failure, parallel=parallel)
    action = next_action(now, limits)
    assert action == next_action(now, limits)
    if isinstance(action, Start):
        assert asked is Asked.NOTHING
        assert len(action.shards) + len(now.in_flight) <= parallel
        assert all(now.states[shard] is S.PENDING for shard in action.shards)
        assert "u" not in found
        if "f" in found:
            assert on_failure is OnFailure.CONTINUE or (on_failure is OnFailure.PAUSE and released)
        if set(action.shards) & set("bcd"):
            assert now.states["a"] in SETTLED
    if isinstance(action, Finish):
        assert all(state in SETTLED for state in now.states.values())
    if isinstance(action, Wait):
        assert now.in_flight
