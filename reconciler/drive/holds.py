"""What a run that ends is recorded and shown as."""

from __future__ import annotations

from reconciler.drive.open import RolloutOrder
from reconciler.ledger.states import ApplyState, Hold
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.rollout.actions import PauseFor

_HOLDS = {
    PauseFor.GATE: Hold.GATE,
    PauseFor.CHECK: Hold.GATE,
    PauseFor.LATER_WAVE: Hold.GATE,
    PauseFor.FAILURE: Hold.FAILURE,
    PauseFor.GUARD: Hold.GUARD,
    PauseFor.FINALIZER: Hold.GUARD,
    PauseFor.CUTOVER: Hold.CUTOVER,
    PauseFor.CUTOVER_OVERDUE: Hold.GUARD,
}
VERDICTS = {
    ApplyState.COMPLETED: ApplyVerdict.COMPLETED,
    ApplyState.FAILED: ApplyVerdict.FAILED,
    ApplyState.CANCELLED: ApplyVerdict.CANCELLED,
    ApplyState.PAUSED: ApplyVerdict.PAUSED,
}


def hold_of(why: PauseFor, order: RolloutOrder) -> Hold:
    """Whose a gate is stands in the spec that was reviewed, which drives: who asks to release it
    may have another one at hand (RG-38)."""
    hold = _HOLDS[why]
    return Hold.KEPT_GATE if hold is Hold.GATE and order.environment.rollout.gate_by else hold
