"""For how long a swap was felt, once its last statement has taken effect (PG-18).

A routine that another process dropped was missing for longer than this one can tell: nothing is
told of it here, and the ledger has when each of the two statements was recorded.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ddl.statement.reach import reach_of
from reconciler.ddl.usage import is_made_again
from reconciler.ledger.model import StoredStatement
from reconciler.ledger.swaps import RoutineRemade, Swapped, TriggerSwapped
from reconciler.plan.model import PlannedStatement
from reconciler.ports.engine import Applied, Failed


def swapped(
    statements: Sequence[PlannedStatement],
    index: int,
    outcome: Applied | Failed,
    dropped: StoredStatement | None,
    now_s: float,
) -> Swapped | None:
    """`dropped` is what this process recorded of the statement before."""
    if isinstance(outcome, Applied) and outcome.held_ms is not None:
        return TriggerSwapped(outcome.held_ms)
    if dropped is None or not index:
        return None
    before = reach_of(statements[index - 1].sql)
    if not is_made_again(before, [statements[index].sql]):
        return None
    return RoutineRemade(max(0, round((now_s - dropped.intended_s) * 1000)))
