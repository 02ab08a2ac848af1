"""For how long a swap is said to have been felt."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.drive.shard.swaps import swapped
from reconciler.ledger.codec import happened_of, told_text
from reconciler.ledger.model import StoredStatement
from reconciler.ledger.swaps import RoutineRemade, Swapped, TriggerSwapped
from reconciler.model.server import ServerError
from reconciler.ports.engine import Applied, Failed
from reconciler.report.reason_words import happened_words

MADE = "CREATE PROCEDURE `p`()\n    SQL SECURITY INVOKER\nSELECT 1"
FAILED = Failed(error=ServerError(number=1, message=""), transient=False)


def said(*statements: str, outcome: Applied | Failed, dropped_s: float | None) -> Swapped | None:
    """Of the last of the statements, seen at 12.5 s."""
    row = SimpleNamespace(intended_s=dropped_s) if dropped_s is not None else None
    work: Any = [SimpleNamespace(sql=sql) for sql in statements]
    return swapped(work, len(work) - 1, outcome, cast("StoredStatement | None", row), 12.5)


@pytest.mark.invariant("PG-18")
def test_the_time_of_a_swap_is_told_where_it_is_known() -> None:
    drop = "DROP PROCEDURE `p`"
    made = said(drop, MADE, outcome=Applied(), dropped_s=12.25)
    assert made == RoutineRemade(absent_ms=250)
    assert said(drop, MADE, outcome=FAILED, dropped_s=12.25) == made, "it has come through"
    assert said(drop, MADE, outcome=Applied(), dropped_s=None) is None, "by another process"
    assert said(MADE, outcome=Applied(), dropped_s=1) is None
    assert said("DROP PROCEDURE `q`", MADE, outcome=Applied(), dropped_s=1) is None
    locked = "ALTER TABLE `t` ADD COLUMN `a` int"  # what it was is the engine's to say
    assert said(locked, outcome=Applied(7), dropped_s=None) == TriggerSwapped(held_ms=7)


@pytest.mark.invariant("PG-18")
@pytest.mark.parametrize("told", [RoutineRemade(250), TriggerSwapped(7)])
def test_it_is_kept_in_the_ledger_and_told(told: Swapped) -> None:
    assert happened_of(told_text(told)) == told
    assert " ms" in happened_words(told)
