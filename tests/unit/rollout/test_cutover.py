"""What becomes of complete copies, asked for one moment at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.ledger.copies import CopiesNotReady, CutoverClosed, CutoverOverdue, CutoverShut
from reconciler.ledger.model import ReleasedCopy
from reconciler.ledger.reasons import InWords
from reconciler.ledger.states import OperationState as S
from reconciler.rollout.actions import Pause, PauseFor, Start, Wait
from reconciler.rollout.cutover import (
    AwaitCutover,
    CopyOrder,
    CutOver,
    ReadyCopy,
    StopCopies,
    cutover_step,
)
from reconciler.rollout.decide import copies_order, next_action
from reconciler.rollout.snapshot import Asked, RolloutLimits, RolloutSnapshot
from reconciler.spec.model import CutoverSpec, OnFailure, Together

WINDOW = ("02:00-05:00 UTC",)
AT_ONE, AT_THREE = 3_600.0, 3 * 3_600.0
READY = {"b": ReadyCopy(0, 10.0), "c": ReadyCopy(1, 20.0)}
BOTH = (ReleasedCopy("b", 0), ReleasedCopy("c", 1))
WAVE, LIMIT_S = 2, 60
GATE = CutoverSpec(gate=True, limit_s=LIMIT_S)
TOGETHER = CutoverSpec(together=Together.WAVE, limit_s=LIMIT_S)
AT_NIGHT = CutoverSpec(windows=WINDOW, limit_s=LIMIT_S)


@pytest.mark.invariant("EN-5")
@pytest.mark.parametrize(
    ("cutover", "more", "expected"),
    [
        (GATE, {}, AwaitCutover(CutoverClosed(WAVE, 2))),
        (GATE, {"others_left": 1}, AwaitCutover(CopiesNotReady(WAVE))),
        (GATE, {"released": BOTH[:1]}, AwaitCutover(CutoverClosed(WAVE, 2))),
        (GATE, {"released": (ReleasedCopy("b", 1), BOTH[1])}, AwaitCutover(CutoverClosed(WAVE, 2))),
        (GATE, {"released": BOTH}, CutOver(BOTH)),
        (GATE, {"released": BOTH, "others_left": 1}, AwaitCutover(CopiesNotReady(WAVE))),
        (TOGETHER, {}, CutOver(BOTH)),
        (TOGETHER, {"others_left": 1}, AwaitCutover(CopiesNotReady(WAVE))),
        (AT_NIGHT, {}, AwaitCutover(CutoverShut(WAVE, 2, WINDOW))),
        (AT_NIGHT, {"others_left": 1, "wall_s": AT_THREE}, CutOver(BOTH)),
        (
            replace(AT_NIGHT, gate=True),
            {"wall_s": AT_THREE},
            AwaitCutover(CutoverClosed(2, 2, WINDOW)),
        ),
        (replace(AT_NIGHT, gate=True), {"released": BOTH}, AwaitCutover(CutoverShut(2, 2, WINDOW))),
        (GATE, {"ready": {}}, None),
        (GATE, {"ready": {"b": ReadyCopy(0, 60.0)}}, StopCopies(CutoverOverdue(2, 1, 1, LIMIT_S))),
        (
            AT_NIGHT,
            {"ready": {"b": ReadyCopy(0, 60.0)}, "others_left": 2},
            StopCopies(CutoverOverdue(2, 1, 3, LIMIT_S)),
        ),
    ],
)
def test_copies_wait_for_all_that_the_spec_asks_for(
    cutover: CutoverSpec, more: dict[str, Any], expected: object
) -> None:
    given = {"ready": READY, "others_left": 0, "released": (), "wall_s": AT_ONE, **more}
    assert cutover_step(cutover, cutover.windows, wave=WAVE, **given) == expected


def snapshot(states: dict[str, S], **more: Any) -> RolloutSnapshot:
    flying = frozenset(name for name, state in states.items() if state is S.RUNNING)
    return RolloutSnapshot(
        waves=(tuple(states),), states=states, settled_s={}, now_s=0.0, in_flight=flying, **more
    )


@pytest.mark.invariant("EN-5")
def test_what_waits_takes_no_place_of_those_that_work() -> None:
    hosts = dict.fromkeys("abcd", "one")
    limits = RolloutLimits(
        on_failure=OnFailure.HALT, parallel=2, parallel_per_host=1, hosts=hosts, cutover=TOGETHER
    )
    running = {"a": S.RUNNING, "b": S.RUNNING, "c": S.PENDING, "d": S.PENDING}
    assert next_action(snapshot(running), limits) == Wait()
    ready = {"a": ReadyCopy(0, 1.0), "b": ReadyCopy(0, 1.0)}
    assert next_action(snapshot(running, ready=ready), limits) == Start(("c",))


@pytest.mark.invariant("EN-5")
@pytest.mark.parametrize(
    ("policy", "other", "more", "expected"),
    [
        (OnFailure.HALT, S.COMPLETED, {}, CopyOrder.GO_ON),
        (OnFailure.HALT, S.FAILED, {}, CopyOrder.GIVE_UP_HELD),
        (OnFailure.PAUSE, S.FAILED, {}, CopyOrder.STOP_HELD),
        (OnFailure.PAUSE, S.FAILED, {"failures_released": True}, CopyOrder.GO_ON),
        (OnFailure.CONTINUE, S.FAILED, {}, CopyOrder.GO_ON),
        (OnFailure.HALT, S.UNKNOWN, {"looked_at": frozenset("b")}, CopyOrder.STOP_HELD),
        (OnFailure.HALT, S.PENDING, {"guard_hold": InWords("full")}, CopyOrder.STOP_HELD),
        (OnFailure.HALT, S.FAILED, {"asked": Asked.STOP}, CopyOrder.STOP),
        (OnFailure.HALT, S.PENDING, {"asked": Asked.CANCEL}, CopyOrder.GIVE_UP),
    ],
)
def test_what_becomes_of_copies_when_a_rollout_ends(
    policy: OnFailure, other: S, more: dict[str, Any], expected: CopyOrder
) -> None:
    limits = RolloutLimits(on_failure=policy, parallel=2, cutover=GATE)
    found = snapshot({"a": S.RUNNING, "b": other}, **more)
    assert copies_order(found, limits) is expected


@pytest.mark.invariant("EN-5")
@pytest.mark.parametrize(
    ("cutover", "ready", "why"),
    [
        (GATE, 2, PauseFor.CUTOVER),
        (GATE, 1, PauseFor.CUTOVER_OVERDUE),
        (AT_NIGHT, 2, PauseFor.CUTOVER_OVERDUE),
    ],
)
def test_only_copies_that_were_complete_wait_for_a_person(
    cutover: CutoverSpec, ready: int, why: PauseFor
) -> None:
    limits = RolloutLimits(on_failure=OnFailure.HALT, parallel=2, cutover=cutover)
    hold = CutoverOverdue(1, ready, 2, LIMIT_S)
    found = snapshot({"a": S.STOPPED, "b": S.STOPPED}, cutover_hold=hold)
    assert next_action(found, limits) == Pause(why, hold)
