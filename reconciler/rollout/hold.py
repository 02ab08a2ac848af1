"""What a person's release does: it accepts failures so far, or opens the gate that the apply waits
at, and it stays. Nothing is opened in advance: who releases has seen the waves before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from reconciler.ledger.model import StoredApply, StoredOperation
from reconciler.ledger.reasons import InWords, NothingToRelease, WaveRefused
from reconciler.ledger.states import SETTLED, Hold


def release(stored: StoredApply, operations: Iterable[StoredOperation]) -> StoredApply | None:
    """The apply with what holds it released. None: no person holds it, or what does has been
    released already."""
    match stored.hold:
        case Hold.FAILURE:
            return None if stored.failures_released else replace(stored, failures_released=True)
        case Hold.GATE:
            gate = _waves_settled(operations)
            return None if stored.gates_open >= gate else replace(stored, gates_open=gate)
        case Hold.NONE | Hold.GUARD:
            return None
        case _:
            assert_never(stored.hold)


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
    a_guards = reason if isinstance(reason, InWords | WaveRefused) else None
    return NothingToRelease(stored.hold, a_guards, is_driven)


def was_released(stored: StoredApply) -> bool:
    """Of an apply with nothing to release: somebody did so before."""
    return stored.hold in (Hold.GATE, Hold.FAILURE)
