"""What the record of applies tells of the time that a plan's statements take, and those that run.

It is an aside, for who reads the plan or looks at the apply: a ledger that cannot be asked says
nothing, and a plan opens one only where the spec names it and a table is large enough for anybody
to wonder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.errors import ReconcilerError
from reconciler.flows.limits import LEARNED_BYTES_MIN, PAST_STATEMENTS_MAX, TABLES_LEARNED_MAX
from reconciler.flows.reconcile_pass import Pass
from reconciler.ledger.model import StatementOfApply, StoredStatement
from reconciler.ledger.states import OperationState, StatementState
from reconciler.model.engine import Progress
from reconciler.outcomes.apply import ApplyStatus
from reconciler.plan.learned import (
    PastStatement,
    SentStatement,
    TableSizes,
    learn,
    learned_words,
    tables_worked_on,
    time_left,
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
        past = _past(open_ledger(), environment.name, begun.files.spec.keyspace, tables)
    except ReconcilerError:
        return ()
    learned = learn(core, sizes, past)
    return (learned_words(learned),) if learned else ()


def _large(core: PlanCore, sizes: Mapping[str, TableSizes]) -> tuple[str, ...]:
    tables = set(tables_worked_on(core))
    return _largest(
        (table, size_bytes or 0)
        for of in sizes.values()
        for table, size_bytes in of.items()
        if table in tables
    )


def _largest(found: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """The largest ones first, by their largest shard."""
    largest: dict[str, int] = {}
    for table, size_bytes in found:
        largest[table] = max(size_bytes, largest.get(table, 0))
    ordered = sorted(largest, key=lambda table: (-largest[table], table))
    return tuple(one for one in ordered if largest[one] >= LEARNED_BYTES_MIN)[:TABLES_LEARNED_MAX]


def with_time_left(apply: ApplyStatus, ledger: Ledger, *, now_s: float) -> ApplyStatus:
    """As it is where nobody drives it, where what runs is small or is told by its engine, and where
    nothing is known of the like."""
    running = {
        (shard.shard, row.object_id)
        for shard in apply.shards
        for row in shard.operations
        if row.state is OperationState.RUNNING and not _is_told(row.progress)
    }
    if apply.holder is None or not running:
        return apply
    try:
        rows = ledger.statements(apply.apply_id, state=StatementState.INTENDED)
        sent = [_sent(row) for row in rows if (row.shard, row.object_id) in running]
        tables = _largest((one.table, one.size_bytes) for one in sent)
        past = _past(ledger, apply.environment, apply.keyspace, tables)
    except ReconcilerError:
        return apply
    return replace(apply, time_left=time_left(sent, past, now_s=now_s))


def _is_told(progress: Progress) -> bool:
    is_large = (progress.bytes_total or 0) >= LEARNED_BYTES_MIN
    return progress.left_s is not None or not is_large


def _sent(row: StoredStatement) -> SentStatement:
    return SentStatement(
        shard=row.shard,
        table=row.object_id.name,
        sql=row.sql,
        engine=row.handle.engine,
        sent_s=row.intended_s,
        size_bytes=row.progress.bytes_total or 0,
    )


def _past(
    ledger: Ledger, environment: str, keyspace: str, tables: Sequence[str]
) -> list[PastStatement]:
    """Raises Unavailable."""
    found = ledger.past_statements(environment, keyspace, tables=tables, limit=PAST_STATEMENTS_MAX)
    return [one for row in found if (one := past_of(row)) is not None]


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
