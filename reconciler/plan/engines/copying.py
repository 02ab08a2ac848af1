"""What no engine can take that copies a table's rows into another one and swaps the two."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.diff.session import DEFAULT_SESSION
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.schema import Column, Index, IndexKind, Table
from reconciler.model.server import Flavor
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.engines.unique_keys import meeting_keys
from reconciler.plan.hazards.column_type import Family, parse_column_type
from reconciler.plan.hazards.statement_context import (
    StatementContext,
    find_column,
    unique_columns,
)


def copying_obstacles(question: EngineQuestion) -> Iterator[str]:
    """In words that go on "gh-ost cannot take it: "."""
    context = question.context
    step = context.step
    both = context.both
    if both is None:
        yield "the table is not there at both ends"
        return
    if step.algorithm is not None:
        yield (
            f"the statement means what it should with ALGORITHM={step.algorithm} alone, and a copy"
            " has no algorithm"
        )
    if step.session != DEFAULT_SESSION:
        yield "it needs settings of its session that the engine's sessions do not have"
    yield from _of_clauses(question)
    yield from _of_table(both[0])


def behind_vitess_obstacles(question: EngineQuestion) -> Iterator[str]:
    """Of every engine but Vitess' own: it would write past vtgate, and a cut-over that Vitess does
    not know of sends queries to a table that is not there."""
    if question.is_behind_vitess:
        yield "behind Vitess no engine but its own may copy a table"


def length_obstacles(table: str, *, longest_affix: str) -> Iterator[str]:
    """`longest_affix` is the longest text that the engine puts around the table's name for a table
    of its own."""
    if len(longest_affix) + len(table) > IDENTIFIER_CHARS_MAX:
        yield f"the name of its copy would be longer than {IDENTIFIER_CHARS_MAX} characters"


def _of_clauses(question: EngineQuestion) -> Iterator[str]:
    context = question.context
    if any(context.of_kind(ClauseKind.DROP_PARTITION)):
        yield "a copy keeps the rows of a partition that is dropped, in the partition next to it"
    if any(context.of_kind(ClauseKind.OTHER)):
        yield "periods and system versioning would lose the rows' histories in a copy"
    for clause in context.of_kind(ClauseKind.ADD_COLUMN):
        column = context.column_after(clause.object)
        if column is not None and column.auto_increment:
            yield f"rows would get other numbers for {column.name} each time they are copied"


def _of_table(before: Table) -> Iterator[str]:
    if before.system_versioned:
        yield "the histories of a system-versioned table's rows would stay behind"
    for name in ("DATA DIRECTORY", "INDEX DIRECTORY"):
        if before.option(name) is not None:
            yield f"a copy would not lie in the table's {name}"


def foreign_key_obstacles(question: EngineQuestion) -> Iterator[str]:
    """InnoDB: the name of a foreign key is its own in the whole database."""
    keys = (key for side in question.context.both or () for key in side.foreign_keys)
    if key := next(keys, None):
        yield f"the table has foreign key {key.name}, and its copy would have it by another name"


def parent_obstacles(question: EngineQuestion) -> Iterator[str]:
    """Foreign keys follow the table that they refer to when it is renamed."""
    for reference in question.children[:1]:
        yield f"{reference} refers to the table, and would go on referring to the old one"


def check_obstacles(question: EngineQuestion) -> Iterator[str]:
    """MySQL: the name of a CHECK is its own in the whole database. MariaDB: in its table."""
    checks = (check for side in question.context.both or () for check in side.checks)
    check = next(checks, None)
    if check is not None and question.version.flavor is Flavor.MYSQL:
        yield renamed_constraint(check.name)


def renamed_constraint(name: str) -> str:
    return f"the table has constraint {name}, and its copy would have it by another name"


def trigger_obstacles(question: EngineQuestion) -> Iterator[str]:
    for trigger in question.triggers[:1]:
        yield f"the table has trigger {trigger}, which would stay with the old one"


def primary_key_obstacles(question: EngineQuestion) -> Iterator[str]:
    both = question.context.both
    if both is not None and _primary_columns(both[0]) != _primary_columns(both[1]):
        yield "it changes the primary key, by which rows are followed"
    elif both is not None and not _primary_columns(both[0]):
        yield "the table has no primary key, by which rows could be followed"


def key_obstacles(question: EngineQuestion) -> Iterator[str]:
    """Of the keys that no NULL is in, one must be there on both sides."""
    both = question.context.both
    if both is not None and not _row_keys(both[0]) & _row_keys(both[1]):
        yield (
            "the table has no primary or unique key without NULLs that is there before and after,"
            " by which rows could be followed"
        )


def _primary_columns(table: Table) -> tuple[str, ...]:
    return next((_columns(index) for index in table.indexes if index.kind is IndexKind.PRIMARY), ())


def _row_keys(table: Table) -> set[tuple[str, ...]]:
    unique = (index for index in table.indexes if unique_columns(index) is not None)
    return {_columns(index) for index in unique if _never_null(table, index)}


def _columns(index: Index) -> tuple[str, ...]:
    return tuple(name_key(part.column or f"({part.expression})") for part in index.parts)


def _never_null(table: Table, index: Index) -> bool:
    columns = [find_column(table, part.column or "") for part in index.parts]
    return all(column is not None and not column.nullable for column in columns)


def json_obstacles(question: EngineQuestion) -> Iterator[str]:
    """The readers of the binary log that the engines are made with take JSON's binary form for
    text, on any server and with any setting: of gh-ost 1.1.10 a DECIMAL comes out as a string and
    1.0 as the integer 1, of Spirit 0.15.1 a DECIMAL as a DOUBLE; exit code 0. Which kinds of values
    rows hold no definition tells."""
    for column in _stay(question.context, Family.JSON):
        if column.generated is None:
            yield (
                "in rows that are written while it copies, a DECIMAL, a date or a time in JSON"
                f" would become another type (column {column.name})"
            )


def vector_obstacles(question: EngineQuestion) -> Iterator[str]:
    """gh-ost 1.1.10: it never comes to its end. Spirit 0.15.1: error 6136, for some values."""
    for column in _stay(question.context, Family.VECTOR):
        yield f"it cannot follow rows with a vector (column {column.name})"


def family_of(column: Column) -> Family:
    return parse_column_type(column.sql_type).family


def _stay(context: StatementContext, family: Family) -> Iterator[Column]:
    """Columns of a family that the statement neither adds nor drops, nor makes of another family:
    rows in the log may have values of it, and they are written to the copy."""
    before, after = context.both or (None, None)
    dropped = {name_key(clause.object) for clause in context.of_kind(ClauseKind.DROP_COLUMN)}
    made = {name_key(clause.object) for clause in context.of_kind(ClauseKind.ADD_COLUMN)} | {
        name_key(new.name) for _, old, new in context.changed_columns() if family_of(old) != family
    }
    found = {
        name_key(column.name): column
        for table, gone in ((before, dropped), (after, made))
        for column in (table.columns if table is not None else ())
        if family_of(column) is family and name_key(column.name) not in gone
    }
    yield from found.values()


def meeting_obstacles(question: EngineQuestion) -> Iterator[str]:
    """Of an engine that writes with REPLACE what is changed while it copies: a row of the copy that
    has the same key as another one goes, without a word, also after rows were compared."""
    both = question.context.both
    if both is not None:
        for name in meeting_keys(*both):
            yield f"rows that differ may meet in unique key {name} of its copy, and would be lost"
