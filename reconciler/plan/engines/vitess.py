"""What Vitess' Online DDL cannot take, with the strategy `vitess`: seen with Vitess 24.0.0 on MySQL
9.7.

It makes a table beside the one it changes, reads that one's rows and then its binary log, and swaps
the two. It takes a new name for every constraint, and knows a renamed column only by CHANGE COLUMN.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.model.schema import Index, Table
from reconciler.plan.engines.copying import (
    check_obstacles,
    copying_obstacles,
    key_obstacles,
    trigger_obstacles,
)
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.hazards.column_type import parse_column_type
from reconciler.plan.hazards.statement_context import find_column, unique_columns

_NO_KEYS = "foreign key constraints are not supported in online DDL"


def vitess_obstacles(question: EngineQuestion) -> Iterator[str]:
    if not question.is_behind_vitess:
        yield "it is a part of Vitess, and the keyspace is not of `kind: vitess`"
        return
    yield from copying_obstacles(question)
    yield from _foreign_key_obstacles(question)
    yield from trigger_obstacles(question)
    yield from check_obstacles(question)
    yield from key_obstacles(question)
    yield from _float_key_obstacles(question)
    yield from _name_obstacles(question)
    if any(question.context.of_kind(ClauseKind.RENAME_COLUMN)):
        yield "it takes a column by another name for a new one, and its values would be lost"


def _foreign_key_obstacles(question: EngineQuestion) -> Iterator[str]:
    """In Vitess' words, which it says of both sides."""
    keys = (key for side in question.context.both or () for key in side.foreign_keys)
    if key := next(keys, None):
        yield f"{_NO_KEYS} ({key.name})"
    for reference in question.children[:1]:
        yield f"{_NO_KEYS} ({reference} refers to the table)"


def _float_key_obstacles(question: EngineQuestion) -> Iterator[str]:
    """It reads a table in the order of a unique key, and of none in which numbers are rounded."""
    both = question.context.both
    for side in both or ():
        keys = [index for index in side.indexes if unique_columns(index) is not None]
        if keys and all(_has_float(side, index) for index in keys):
            yield "found no possible unique key, for each has a column of FLOAT or DOUBLE"


def _name_obstacles(question: EngineQuestion) -> Iterator[str]:
    """Its copy never comes to be up to date, and no message says why."""
    for side in question.context.both or ():
        if any("`" in column.name for column in side.columns):
            yield "it does not quote a backquote in a column's name"
    # vttablet looks at every table of the shard before it copies one, and gives that up at this.
    if named := next((table for table in question.tables if "`" in table), None):
        yield f"it copies no table beside one that has a backquote in its name ({named})"


def _has_float(table: Table, index: Index) -> bool:
    columns = [find_column(table, part.column or "") for part in index.parts]
    return any(
        column is not None and parse_column_type(column.sql_type).name in ("float", "double")
        for column in columns
    )
