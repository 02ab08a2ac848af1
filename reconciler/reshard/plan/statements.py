"""The literal definitions that a job makes on its shards, in the order in which it makes them.

Rule: they come from the very functions that the job itself uses, so that nothing else can be shown
than what is made. The number of the job is 0 here: no job ever has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.ddl.counter import without_counter
from reconciler.reshard.helper_tables import (
    HelperNames,
    HelperTable,
    acks_table,
    fence_table,
    guard_table,
    made_table,
    queue_table,
)
from reconciler.reshard.plan.model import SplitSide, SplitStatement, StatementUse
from reconciler.reshard.rows import MovedTable
from reconciler.reshard.triggers import (
    SplitTrigger,
    fence_triggers,
    guard_triggers,
    tracker_triggers,
)

PLANNED_JOB = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableDdl:
    """How a table of the sources is made on a target: without its foreign keys, then what no CREATE
    TABLE can say, then, when all rows are there, the foreign keys. No counter is in it."""

    create: str
    afterwards: tuple[str, ...] = ()
    foreign_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableToPlan:
    """A table whose rows move, as the sources have it."""

    shape: MovedTable
    ddl: TableDdl


def table_to_plan(
    shape: MovedTable, *, create: str, afterwards: Iterable[str], foreign_keys: Iterable[str]
) -> TableToPlan:
    """The application's triggers are no part of it: a login that reads does not see them."""
    ddl = TableDdl(
        create=without_counter(create),
        afterwards=tuple(afterwards),
        foreign_keys=tuple(foreign_keys),
    )
    return TableToPlan(shape=shape, ddl=ddl)


def planned_statements(tables: Sequence[TableToPlan]) -> tuple[SplitStatement, ...]:
    """`tables` in the order of their numbers."""
    return (*_on_sources(tables), *_on_targets(tables))


def _on_sources(tables: Sequence[TableToPlan]) -> Iterator[SplitStatement]:
    names = HelperNames(PLANNED_JOB)
    yield _source(StatementUse.FENCE_TABLE, fence_table(names))
    for table in tables:
        yield _source(StatementUse.QUEUE, queue_table(names, table.shape))
    for use, triggers_of in (
        (StatementUse.TRACK, tracker_triggers),
        (StatementUse.FENCE, fence_triggers),
    ):
        for table in tables:
            for trigger in triggers_of(names, table.shape):
                yield _source(use, trigger)


def _on_targets(tables: Sequence[TableToPlan]) -> Iterator[SplitStatement]:
    names = HelperNames(PLANNED_JOB)
    for own in (made_table(names), acks_table(names), guard_table(names)):
        yield _target(StatementUse.OWN_TABLE, own.sql)
    for table in tables:
        for sql in (table.ddl.create, *table.ddl.afterwards):
            yield _target(StatementUse.TABLE, sql)
    for table in tables:
        for trigger in guard_triggers(names, table.shape):
            yield _target(StatementUse.GUARD, trigger.sql)
    for table in tables:
        for sql in table.ddl.foreign_keys:
            yield _target(StatementUse.FOREIGN_KEY, sql)


def _source(use: StatementUse, made: HelperTable | SplitTrigger) -> SplitStatement:
    return SplitStatement(side=SplitSide.SOURCE, use=use, sql=made.sql)


def _target(use: StatementUse, sql: str) -> SplitStatement:
    return SplitStatement(side=SplitSide.TARGET, use=use, sql=sql)
