"""When the steps of a whole keyspace come next: never before the shards they wait for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.finalizers import VSchemaFailedForNow, VSchemaGateClosed, VSchemaNotAsked
from reconciler.ledger.model import StoredFinalizer
from reconciler.ledger.reasons import InWords
from reconciler.ledger.states import FINISHED, SETTLED, ApplyState, Hold
from reconciler.ledger.states import OperationState as S
from reconciler.plan.model import Moment
from reconciler.rollout.actions import (
    Action,
    EndCancelled,
    EndStopped,
    EndUnseen,
    Finish,
    Halt,
    HaltAtFinalizer,
    Pause,
    PauseFor,
    SettleFinalizer,
    Soak,
    Start,
    StartFinalizer,
    Wait,
)
from reconciler.rollout.catch_up import (
    Agrees,
    BringForward,
    CatchUp,
    LookAgain,
    TakenBack,
    catch_up_finalizer,
)
from reconciler.rollout.decide import next_action
from reconciler.rollout.projection import apply_state
from reconciler.rollout.snapshot import Asked, FinalizerSnapshot, RolloutLimits, RolloutSnapshot
from reconciler.rollout.transitions import Move
from reconciler.spec.model import OnFailure
from tests.series import examples

FIRST, LAST = Moment.FIRST, Moment.LAST
WAVES = (("a",), ("b", "c"))
LIMITS = RolloutLimits(on_failure=OnFailure.HALT, parallel=2)
LETTERS = {
    "p": S.PENDING,
    "r": S.RUNNING,
    "w": S.FAILED_RETRYABLE,
    "f": S.FAILED,
    "u": S.UNKNOWN,
    "s": S.STOPPED,
    "x": S.CANCELLED,
    "-": S.COMPLETED,
}


def snapshot(shards: str, steps: str, **more: object) -> RolloutSnapshot:
    """States by their letters: of three shards, and of the first step and the last one; a blank is
    a step that the plan does not have."""
    states = {name: LETTERS[letter] for name, letter in zip("abc", shards, strict=bool(shards))}
    told = zip(Moment, steps, strict=True)
    of_steps = {moment: LETTERS[letter] for moment, letter in told if letter != " "}
    running = next((m for m, state in of_steps.items() if state is S.RUNNING), None)
    made = RolloutSnapshot(
        waves=WAVES if shards else ((), ()),
        states=states,
        settled_s={name: 100.0 for name, state in states.items() if state in SETTLED},
        now_s=100.0,
        in_flight=frozenset(name for name, state in states.items() if state is S.RUNNING),
        finalizers=FinalizerSnapshot(states=of_steps, in_flight=running),
    )
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.mark.invariant("FZ-1")
@pytest.mark.parametrize(
    ("shards", "steps", "expected"),
    [
        ("ppp", "pp", StartFinalizer(FIRST)),
        ("ppp", "rp", Wait()),
        ("ppp", "-p", Start(("a",))),
        ("ppp", " p", Start(("a",))),
        ("-r-", "-p", Wait()),
        ("---", "-p", StartFinalizer(LAST)),
        ("---", "-r", Wait()),
        ("---", "--", Finish()),
        ("", "pp", StartFinalizer(FIRST)),
        ("", " p", StartFinalizer(LAST)),
        ("", "--", Finish()),
        ("ppp", "up", SettleFinalizer(FIRST)),
        ("---", "-u", SettleFinalizer(LAST)),
        ("ppp", "fp", HaltAtFinalizer(FIRST)),
        ("-f-", "-p", Halt("b")),
        ("-f-", "-x", Finish()),
        ("---", "-f", Finish()),
        ("---", "-w", StartFinalizer(LAST)),
        ("---", "-s", StartFinalizer(LAST)),
    ],
)
def test_one_before_the_shards_and_one_behind_them(
    shards: str, steps: str, expected: Action
) -> None:
    assert next_action(snapshot(shards, steps), LIMITS) == expected


@pytest.mark.parametrize("on_failure", OnFailure)
def test_behind_a_failed_shard_the_last_step_is_given_up_whatever_the_policy(
    on_failure: OnFailure,
) -> None:
    limits = replace(LIMITS, on_failure=on_failure)
    assert next_action(snapshot("-f-", "-p"), limits) == Halt("b")


@pytest.mark.parametrize(
    ("asked", "end"), [(Asked.STOP, EndStopped()), (Asked.CANCEL, EndCancelled())]
)
def test_who_asks_to_end_waits_only_for_what_was_sent(asked: Asked, end: Action) -> None:
    assert next_action(snapshot("---", "-p", asked=asked), LIMITS) == end
    assert next_action(snapshot("---", "-r", asked=asked), LIMITS) == Wait()


def test_the_last_step_is_one_more_wave_to_a_soak_a_gate_and_a_choice_of_waves() -> None:
    limits = replace(LIMITS, soak_s=60, gate=True)
    assert next_action(snapshot("---", " p"), limits) == Soak(LAST, 160.0)
    after = snapshot("---", " p", now_s=160.0, gates_open=1)
    assert next_action(after, limits) == Pause(PauseFor.GATE, VSchemaGateClosed())
    assert next_action(replace(after, gates_open=2), limits) == StartFinalizer(LAST)
    of_canary = replace(LIMITS, last_wave=1)
    assert next_action(snapshot("", " p"), of_canary) == Pause(
        PauseFor.LATER_WAVE, VSchemaNotAsked()
    )
    alone = replace(LIMITS, soak_s=60, gate=True)
    assert next_action(snapshot("", " p"), alone) == StartFinalizer(LAST), "nothing to watch"


def test_what_was_tried_often_enough_ends_the_run_and_stays_open() -> None:
    found = snapshot("---", "-w")
    steps = replace(found.finalizers, in_vain=frozenset({LAST}))
    assert next_action(replace(found, finalizers=steps), LIMITS) == Pause(
        PauseFor.FINALIZER, VSchemaFailedForNow(LAST)
    )
    found = snapshot("---", "-u")
    steps = replace(found.finalizers, in_vain=frozenset({LAST}))
    assert next_action(replace(found, finalizers=steps), LIMITS) == EndUnseen(LAST)


def test_a_guard_holds_a_step_as_it_holds_a_shard() -> None:
    held = InWords("outside of the window")
    found = snapshot("---", " p", guard_hold=held)
    assert next_action(found, LIMITS) == Pause(PauseFor.GUARD, held)


@pytest.mark.invariant("FZ-1")
@pytest.mark.invariant("ST-10")
@examples(times=10)
@given(
    st.text("prwfusx-", min_size=3, max_size=3) | st.just(""),
    st.text("prwfusx- ", min_size=2, max_size=2),
    st.sampled_from(OnFailure),
    st.sampled_from(Asked),
    st.booleans(),
    st.booleans(),
)
def test_no_step_ever_comes_at_the_wrong_time(
    shards: str, steps: str, on_failure: OnFailure, asked: Asked, released: bool, gate: bool
) -> None:
    now = snapshot(shards, steps, asked=asked, failures_released=released)
    limits = RolloutLimits(on_failure=on_failure, parallel=2, gate=gate)
    action = next_action(now, limits)
    assert action == next_action(now, limits)
    states = now.finalizers.states
    match action:
        case StartFinalizer(moment=moment):
            assert asked is Asked.NOTHING
            assert states[moment] in {S.PENDING, S.FAILED_RETRYABLE, S.STOPPED}
            assert now.finalizers.in_flight is None, "never twice"
            assert not now.in_flight
            if moment is LAST:
                assert set(now.states.values()) <= {S.COMPLETED}
                assert states.get(FIRST, S.COMPLETED) is S.COMPLETED
            else:
                assert S.UNKNOWN not in now.states.values()
        case Start(shards=started) if any(now.states[one] is S.PENDING for one in started):
            assert states.get(FIRST, S.COMPLETED) is S.COMPLETED
        case SettleFinalizer(moment=moment):
            assert states[moment] is S.UNKNOWN
        case Finish():
            assert all(state in SETTLED for state in (*now.states.values(), *states.values()))
        case _:
            pass


def finalizer(state: S) -> StoredFinalizer:
    return StoredFinalizer(moment=LAST, before="b", after="a", state=state, version=1)


@pytest.mark.invariant("ST-13")
@pytest.mark.parametrize(
    ("state", "is_done", "expected"),
    [
        (S.PENDING, False, Agrees()),
        (S.PENDING, True, BringForward(Move.FIND_DONE, 1)),
        (S.FAILED_RETRYABLE, False, Agrees()),
        (S.STOPPED, False, BringForward(Move.RESUME, 0)),
        (S.RUNNING, False, LookAgain(Move.LOSE)),
        (S.RUNNING, True, LookAgain(Move.LOSE)),
        (S.UNKNOWN, True, LookAgain(None)),
        (S.COMPLETED, False, TakenBack()),
        (S.COMPLETED, True, Agrees()),
    ],
)
def test_a_record_that_lags_behind_is_brought_forward(
    state: S, is_done: bool, expected: CatchUp
) -> None:
    assert catch_up_finalizer(finalizer(state), is_done=is_done) == expected


@pytest.mark.invariant("FZ-3")
@pytest.mark.invariant("FZ-5")
@pytest.mark.parametrize(
    ("states", "hold", "expected"),
    [
        ([S.COMPLETED, S.COMPLETED, S.PENDING], Hold.NONE, ApplyState.RUNNING),
        ([S.COMPLETED, S.COMPLETED, S.FAILED], Hold.NONE, ApplyState.FAILED),
        ([S.COMPLETED, S.FAILED_RETRYABLE], Hold.NONE, ApplyState.RUNNING_DEGRADED),
        ([S.COMPLETED, S.FAILED_RETRYABLE], Hold.GUARD, ApplyState.PAUSED),
        ([S.COMPLETED, S.UNKNOWN], Hold.GUARD, ApplyState.RUNNING_DEGRADED),
        ([S.COMPLETED, S.COMPLETED, S.COMPLETED], Hold.NONE, ApplyState.COMPLETED),
        ([S.PENDING], Hold.NONE, ApplyState.PENDING),
        ([S.FAILED], Hold.NONE, ApplyState.FAILED),
    ],
)
def test_an_apply_is_not_over_before_its_last_step_is(
    states: list[S], hold: Hold, expected: ApplyState
) -> None:
    assert apply_state(states, hold) is expected
    assert (expected in FINISHED) == all(state in SETTLED for state in states)
