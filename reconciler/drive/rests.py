"""What a rollout does between two waves: it rests, says until when or for what, and has the checks
of `promote_if` asked meanwhile.
"""

from __future__ import annotations

from reconciler.drive.announce import Announcer
from reconciler.drive.limits import ROLLOUT_POLL_S
from reconciler.drive.promotion import WavePromotion
from reconciler.drive.record import ApplyRecord
from reconciler.ledger.finalizers import VSchemaSoaks
from reconciler.ledger.model import Lease, Soaking
from reconciler.ledger.reasons import Reason, Soaks
from reconciler.ledger.states import Hold
from reconciler.plan.model import Moment
from reconciler.rollout.actions import AwaitChecks, Soak


class Rests:
    def __init__(
        self, record: ApplyRecord, lease: Lease, promotion: WavePromotion, tell: Announcer
    ) -> None:
        self._record = record
        self._lease = lease
        self._promotion = promotion
        self._tell = tell
        self._told_of: Reason | None = None

    def rest(self, action: Soak | AwaitChecks, now_s: float) -> None:
        """It is shown for as long as it lasts. Raises what the ledger raises."""
        if isinstance(action.wave, int):
            done = self._record.completed_before(action.wave)
            self._promotion.look(action.wave, done, until_s=action.until_s, now_s=now_s)
        reason: Reason
        if isinstance(action, AwaitChecks):
            reason, soaking, until_s = action.reason, None, None
        else:
            reason, soaking = _soaking(action, len(self._record.stored.waves))
            until_s = action.until_s
        if reason == self._told_of:
            return
        self._told_of = reason
        self._record.hold(self._lease, Hold.NONE, reason, soaking)
        self._tell.waits(reason, until_s)


def pause_s(action: Soak | AwaitChecks, now_s: float) -> float:
    """Until it is time to look again."""
    if isinstance(action, AwaitChecks):
        return ROLLOUT_POLL_S
    return min(ROLLOUT_POLL_S, max(0.0, action.until_s - now_s))


def _soaking(soak: Soak, waves: int) -> tuple[Reason, Soaking]:
    """The last step of the keyspace comes behind the last wave, as if it were one."""
    if isinstance(soak.wave, Moment):
        return VSchemaSoaks(soak.until_s), Soaking(waves + 1, soak.until_s)
    return Soaks(soak.wave, soak.until_s), Soaking(soak.wave, soak.until_s)
