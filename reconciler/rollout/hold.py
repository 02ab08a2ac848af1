"""What a person's release does: it accepts failures so far, or opens one gate, and it stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from reconciler.ledger.model import StoredApply, StoredOperation
from reconciler.ledger.states import Hold, OperationState


def release(stored: StoredApply, operations: Iterable[StoredOperation]) -> StoredApply | None:
    """The apply with what holds it released; while nothing holds it, with its next gate open.
    None: there is nothing to release, or it has been released already."""
    match stored.hold:
        case Hold.FAILURE:
            return None if stored.failures_released else replace(stored, failures_released=True)
        case Hold.GATE | Hold.NONE:
            begun = {row.wave for row in operations if row.state is not OperationState.PENDING}
            if stored.gates_open >= len(begun):
                return None
            return replace(stored, gates_open=stored.gates_open + 1)
        case Hold.GUARD:
            return None
        case _:
            assert_never(stored.hold)


def nothing_to_release(stored: StoredApply) -> str:
    """Why a release did nothing, in words."""
    match stored.hold:
        case Hold.GUARD:
            return f"no person holds it: {stored.reason}; `reconciler resume` asks again"
        case Hold.FAILURE:
            return "its failures have been released already; `reconciler resume` goes on"
        case Hold.GATE:
            return "the next wave has been released already; `reconciler resume` goes on"
        case Hold.NONE:
            return "nothing holds it"
        case _:
            assert_never(stored.hold)
