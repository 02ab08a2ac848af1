"""What the record of applies tells of the time that a plan's statements take.

It is an aside, for the plan's reader: a ledger that cannot be asked says nothing, and one is opened
only where the spec names it and a table is large enough for anybody to wonder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.errors import ReconcilerError
from reconciler.flows.limits import LEARNED_BYTES_MIN, PAST_STATEMENTS_MAX, TABLES_LEARNED_MAX
from reconciler.flows.reconcile_pass import Pass
from reconciler.ledger.model import StatementOfApply
from reconciler.plan.learned import (
    PastStatement,
    TableSizes,
    learn,
    learned_words,
    tables_worked_on,
)
from reconciler.plan.model import CarriedOut, PlanCore
from reconciler.ports.ledger import Ledger


def learned_notes(
    begun: Pass, core: PlanCore | None, open_ledger: Callable[[], Ledger]
) -> tuple[str, ...]:
    environment = begun.environment
    if core is None or not environment.ledger or core.carried_out is not CarriedOut.BY_STATEMENT:
        return ()
    sizes = {
        seen.shard: {table: facts.size_bytes for table, facts in seen.observation.facts}
        for seen in begun.look.seen
    }
    tables = _large(core, sizes)
    if not tables:
        return ()
    try:
        found = open_ledger().past_statements(
            environment.name, begun.files.spec.keyspace, tables=tables, limit=PAST_STATEMENTS_MAX
        )
    except ReconcilerError:
        return ()
    past = [one for row in found if (one := past_of(row)) is not None]
    learned = learn(core, sizes, past)
    return (learned_words(learned),) if learned else ()


def _large(core: PlanCore, sizes: Mapping[str, TableSizes]) -> tuple[str, ...]:
    """The largest ones first, by their largest shard."""
    largest = {
        table: max((of.get(table) or 0 for of in sizes.values()), default=0)
        for table in tables_worked_on(core)
    }
    ordered = sorted(largest, key=lambda table: (-largest[table], table))
    return tuple(one for one in ordered if largest[one] >= LEARNED_BYTES_MIN)[:TABLES_LEARNED_MAX]


def past_of(found: StatementOfApply) -> PastStatement | None:
    """None where nobody knows how large the table was, or when it ended."""
    row = found.row
    if row.settled_s is None or row.progress.bytes_total is None:
        return None
    return PastStatement(
        apply_id=found.apply_id,
        shard=row.shard,
        table=row.object_id.name,
        sql=row.sql,
        engine=row.handle.engine,
        took_s=row.settled_s - row.intended_s,
        at_s=row.settled_s,
        size_bytes=row.progress.bytes_total,
    )
