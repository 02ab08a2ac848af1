"""What a person's release does: it accepts failures so far, opens the gate that the apply waits
at, or lets complete copies be swapped in, and it stays. Nothing is opened in advance: who releases
has seen the waves before, and the copies. Where a check of `promote_if` failed, it opens nothing:
the check is asked anew, and what fails again holds again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.guard.review.asker import Asker
from reconciler.ledger.model import ReleasedCopy, StoredApply, StoredOperation
from reconciler.ledger.promotions import PromotionFailed
from reconciler.ledger.reasons import NothingToRelease, OfGuard
from reconciler.ledger.states import AT_A_GATE, SETTLED, Hold
from reconciler.spec.model import RolloutSpec


def release(stored: StoredApply, operations: Iterable[StoredOperation]) -> StoredApply | None:
    """The apply with what holds it released. None: no person holds it, or what does has been
    released already."""
    match stored.hold:
        case Hold.FAILURE:
            return None if stored.failures_released else replace(stored, failures_released=True)
        case Hold.GATE | Hold.KEPT_GATE if isinstance(stored.reason, PromotionFailed):
            return replace(stored, hold=Hold.NONE, reason=None, waits_since_s=None, soaking=None)
        case Hold.GATE | Hold.KEPT_GATE:
            gate = _waves_settled(operations)
            return None if stored.gates_open >= gate else replace(stored, gates_open=gate)
        case Hold.CUTOVER:
            copies = _copies_held(operations)
            is_new = not copies <= {*stored.copies_released}
            return with_released(stored, copies) if is_new else None
        case Hold.NONE | Hold.GUARD:
            return None
        case _:
            assert_never(stored.hold)


def kept_for(rollout: RolloutSpec, asker: Asker | None) -> tuple[str, ...]:
    """For whom the spec keeps the gates between waves, where who asks is none of them: by the id of
    an account that a forge vouches for, which a command line has not (RG-38)."""
    named = {each.account_id for each in rollout.gate_by}
    if asker is not None and asker.account_id in named:
        return ()
    return tuple(f"{each.login} (account {each.account_id})" for each in rollout.gate_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRight:
    """Which gates who asks may open: none, where the spec at hand keeps them `for_others`. One that
    was recorded as kept only as one of those who may, by the very spec that `signs_plan` was made
    from: a spec at hand may be anybody's."""

    for_others: tuple[str, ...] = ()
    signs_plan: str | None = None

    def opens(self, stored: StoredApply) -> bool:
        is_signed = stored.hold is not Hold.KEPT_GATE or self.signs_plan == stored.plan_id
        return stored.hold not in AT_A_GATE or (is_signed and not self.for_others)


OPEN_GATES = GateRight()
"""To open what the spec keeps for nobody."""


def with_released(stored: StoredApply, copies: Iterable[ReleasedCopy]) -> StoredApply:
    return replace(stored, copies_released=tuple(sorted({*stored.copies_released, *copies})))


def _copies_held(operations: Iterable[StoredOperation]) -> set[ReleasedCopy]:
    """Of the wave that is under way: what each of its shards would do next."""
    rows = tuple(operations)
    wave = min((row.wave for row in rows if row.state not in SETTLED), default=0)
    done: Counter[str] = Counter()
    for row in rows:
        done[row.shard] += row.statements_done
    held = {row.shard for row in rows if row.wave == wave and row.state not in SETTLED}
    return {ReleasedCopy(shard, done[shard]) for shard in held}


def _waves_settled(operations: Iterable[StoredOperation]) -> int:
    """How many waves are behind the gate at which an apply waits; what was stopped before its turn
    has not begun."""
    rows = tuple(operations)
    unsettled = [row.wave for row in rows if row.state not in SETTLED]
    first = min(unsettled, default=max((row.wave for row in rows), default=0) + 1)
    return len({row.wave for row in rows if row.wave < first})


def nothing_to_release(stored: StoredApply, *, is_driven: bool = False) -> NothingToRelease:
    """Why a release did nothing."""
    reason = stored.reason if stored.hold is Hold.GUARD else None
    a_guards = reason if isinstance(reason, OfGuard) else None
    return NothingToRelease(stored.hold, a_guards, is_driven)


def was_released(stored: StoredApply) -> bool:
    """Of an apply with nothing to release: somebody did so before."""
    return stored.hold in (*AT_A_GATE, Hold.FAILURE, Hold.CUTOVER)
