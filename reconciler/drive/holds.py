"""What a run that ends is recorded and shown as."""

from __future__ import annotations

from reconciler.ledger.states import ApplyState, Hold
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.rollout.actions import PauseFor

HOLDS = {
    PauseFor.GATE: Hold.GATE,
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
