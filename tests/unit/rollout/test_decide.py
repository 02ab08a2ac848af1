"""What happens next, asked for one situation at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.reasons import InWords
from reconciler.ledger.states import SETTLED
from reconciler.ledger.states import OperationState as S
from reconciler.rollout.decide import (
    Action,
    Asked,
    EndCancelled,
    EndStopped,
    EndUnknown,
    Finish,
    Halt,
    Pace,
    Pause,
    PauseFor,
    Settle,
    Situation,
    Soak,
    Start,
    Wait,
    next_action,
)
from reconciler.spec.model import OnFailure

WAVES = (("a",), (), ("b", "c", "d"))
PACE = Pace(on_failure=OnFailure.HALT, parallel=2)
HOSTS = {"b": "one", "c": "one", "d": "two"}


def situation(found: str, **more: Any) -> Situation:
    """`found` gives the four shards' states by their first letters; `-` for completed."""
    letters = {"p": S.PENDING, "r": S.RUNNING, "f": S.FAILED, "u": S.UNKNOWN, "-": S.COMPLETED}
    states = {name: letters[letter] for name, letter in zip("abcd", found, strict=True)}
    flying = frozenset(name for name, state in states.items() if state is S.RUNNING)
    settled = {name: 100.0 for name, state in states.items() if state in SETTLED}
    made = Situation(waves=WAVES, states=states, settled_s=settled, now_s=100.0, in_flight=flying)
    return replace(made, **more)


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
    assert next_action(situation(found), PACE) == expected


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
    assert next_action(situation(found, **more), PACE) == expected


@pytest.mark.parametrize(
    ("found", "more", "expected"),
    [
        ("-fpp", {}, PauseFor.FAILURE),
        ("-fpp", {"failures_released": True}, Start(("c", "d"))),
        ("-frp", {"failures_released": True}, Start(("d",))),
    ],
)
def test_pause_until_released(found: str, more: dict[str, object], expected: object) -> None:
    pace = replace(PACE, on_failure=OnFailure.PAUSE)
    action = next_action(situation(found, **more), pace)
    assert (action.why if isinstance(action, Pause) else action) == expected


def test_continue_goes_past_failures_and_stays_in_a_wave_with_unknowns() -> None:
    pace = replace(PACE, on_failure=OnFailure.CONTINUE)
    assert next_action(situation("fppp"), pace) == Start(("b", "c"))
    lost = situation("uppp", looked_at=frozenset("a"))
    assert next_action(lost, pace) == EndUnknown(("a",))


def test_soak_then_gate_then_the_wave() -> None:
    pace = replace(PACE, soak_s=60, gate=True)
    assert next_action(situation("-ppp"), pace) == Soak(3, 160.0)
    after = situation("-ppp", now_s=160.0)
    action = next_action(after, pace)
    assert isinstance(action, Pause)
    assert action.why is PauseFor.GATE
    assert next_action(replace(after, gates_open=1), pace) == Start(("b", "c"))
    assert next_action(situation("-rpp", now_s=160.0), pace) == Start(("c",)), "it has begun"


def test_a_run_for_the_canaries_ends_before_the_rest() -> None:
    action = next_action(situation("-ppp"), replace(PACE, last_wave=1))
    assert isinstance(action, Pause)
    assert action.why is PauseFor.LATER_WAVE


def test_shards_on_one_host_are_not_two_hosts() -> None:
    pace = replace(PACE, parallel=3, parallel_per_host=1, hosts=HOSTS)
    assert next_action(situation("-ppp"), pace) == Start(("b", "d"))
    assert next_action(situation("-rpp"), pace) == Start(("d",))


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
    now = situation(found, asked=asked, failures_released=released)
    pace = Pace(on_failure=on_failure, parallel=parallel)
    action = next_action(now, pace)
    assert action == next_action(now, pace)
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
