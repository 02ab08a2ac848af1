"""What Spirit 0.15.1 cannot take: seen on MySQL 9.7.

It reads statements with a parser of its own, follows ENUM and SET by numbers and letters, and
writes rows that are changed while it copies as it has understood the binary log: some values come
out as others, and where that is after it has compared sums, without a word.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.schema import Column, IndexKind, Table
from reconciler.model.server import Flavor, ServerVersion
from reconciler.plan.engines.copying import (
    behind_vitess_obstacles,
    check_obstacles,
    copying_obstacles,
    foreign_key_obstacles,
    json_obstacles,
    length_obstacles,
    meeting_obstacles,
    parent_obstacles,
    primary_key_obstacles,
    trigger_obstacles,
    vector_obstacles,
)
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.engines.spirit_names import can_be_kept, cuts_lock_of
from reconciler.plan.hazards.charset import bytes_per_character_min
from reconciler.plan.hazards.column_type import ColumnType, Family, parse_column_type
from reconciler.plan.hazards.statement_context import find_column

_LONGEST_AFFIX = "__chkpnt"
_TAKE_WORDS = frozenset({Family.ENUM, Family.SET, Family.TEXT, Family.BINARY})
_WORDS = frozenset({Family.ENUM, Family.SET, Family.TEXT})
_LOSES_EMPTY = frozenset({"varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
_DEFINES_COLUMN = (
    ClauseKind.ADD_COLUMN,
    ClauseKind.MODIFY_COLUMN,
    ClauseKind.RESTATE_COLUMN,
    ClauseKind.RENAME_COLUMN,
)
_ALONE = (
    ClauseKind.ADD_PARTITION,
    ClauseKind.REORGANIZE_PARTITION,
    ClauseKind.COALESCE_PARTITION,
)


def spirit_obstacles(question: EngineQuestion) -> Iterator[str]:
    yield from version_obstacles(question.version)
    yield from behind_vitess_obstacles(question)
    yield from copying_obstacles(question)
    yield from foreign_key_obstacles(question)
    yield from parent_obstacles(question)
    yield from trigger_obstacles(question)
    yield from check_obstacles(question)
    yield from primary_key_obstacles(question)
    yield from json_obstacles(question)
    yield from vector_obstacles(question)
    yield from meeting_obstacles(question)
    yield from _of_keys(question)
    yield from name_obstacles(question.context.step.table, keeps_old=question.keeps_old)
    yield from _of_clauses(question)
    yield from _of_columns(question)
    yield from _of_values(question)


def _of_keys(question: EngineQuestion) -> Iterator[str]:
    """By such a value in a key it finds other rows, or none."""
    both = question.context.both
    primary = [i for i in both[0].indexes if i.kind is IndexKind.PRIMARY] if both else []
    for part in primary[0].parts if primary else ():
        column = find_column(both[0], part.column or "") if both else None
        if column is not None and _type(column).family is Family.BIT:
            yield f"it cannot follow rows by {column.name}, a BIT in the primary key"


def version_obstacles(version: ServerVersion) -> Iterator[str]:
    if version.flavor is not Flavor.MYSQL:
        yield "it works with MySQL only"


def name_obstacles(table: str, *, keeps_old: bool) -> Iterator[str]:
    yield from length_obstacles(table, longest_affix=_LONGEST_AFFIX)
    if "`" in table:
        yield "it does not quote a backquote in the table's name"
    fits = len(_LONGEST_AFFIX) + len(table) <= IDENTIFIER_CHARS_MAX
    if fits and len(_LONGEST_AFFIX) + len(table.encode()) > IDENTIFIER_CHARS_MAX:
        yield f"it counts bytes, and cuts the name of its copy after {IDENTIFIER_CHARS_MAX}"
    if cuts_lock_of(table):
        yield "it cuts the table's name inside a character for the lock that it takes"
    if keeps_old and not can_be_kept(table):
        yield "it would cut the name of the old table, which the spec wants kept (`keep_old`)"


def _of_clauses(question: EngineQuestion) -> Iterator[str]:
    context = question.context
    if any(context.of_kind(ClauseKind.ALTER_INDEX)):
        yield "it does not take the visibility of an index together with a copy"
    if any(True for _ in context.remade_columns()):
        yield "it does not take a column that is dropped and added again"
    if any(context.of_kind(*_ALONE)):
        yield "a change of single partitions stands alone in its statement, and it adds FORCE"
    added = {name_key(clause.object) for clause in context.of_kind(ClauseKind.ADD_COLUMN)}
    for clause in context.of_kind(ClauseKind.RENAME_COLUMN):
        if name_key(clause.renamed_from or "") in added:
            yield f"it could take the new column {clause.renamed_from} for the renamed one"


def _of_columns(question: EngineQuestion) -> Iterator[str]:
    """Its parser."""
    context = question.context
    if any("VISIBLE" in one.sql.upper() for one in context.of_kind(ClauseKind.SET_DEFAULT)):
        yield "it cannot read that a column becomes visible or invisible"
    for clause in context.of_kind(*_DEFINES_COLUMN):
        column = context.column_after(clause.object)
        if column is not None and not column.visible:
            yield f"it cannot read that column {column.name} is invisible"
        if column is not None and (column.default_sql or "").startswith("("):
            yield f"it cannot read every expression, such as the default of column {column.name}"


def _of_values(question: EngineQuestion) -> Iterator[str]:
    context = question.context
    for _, old, new in context.changed_columns():
        before, after = _type(old), _type(new)
        if before.name == "float" and old.sql_type != new.sql_type:
            yield f"it would round column {new.name} in rows that are written while it copies"
        if reason := _of_members(before, after):
            yield f"it {reason} of column {new.name}"
    for table in context.both or ():
        for column in table.columns:
            if reason := _changed_on_the_way(table, column):
                yield f"in rows that are written while it copies, {reason} (column {column.name})"


def _changed_on_the_way(table: Table, column: Column) -> str | None:
    """Each of these was seen: other values, in some of them with equal sums and no error."""
    kind = _type(column)
    if kind.name in _LOSES_EMPTY:
        return "an empty value would become a zero byte"
    if kind.family is Family.YEAR:
        return "the year 0000 would become another one"
    if kind.family in _WORDS and bytes_per_character_min(_charset(table, column)) > 1:
        return "text in a character set of wide characters would be converted twice"
    return None


def _charset(table: Table, column: Column) -> str | None:
    own = column.charset or (column.collation or "").partition("_")[0]
    return own or table.option("DEFAULT CHARSET")


def _of_members(before: ColumnType, after: ColumnType) -> str | None:
    match before.family, after.family:
        case Family.ENUM, Family.ENUM if not _keeps_order(before.members, after.members):
            return "does not take another order, or new members between the old ones,"
        case Family.SET, Family.SET if after.members[: len(before.members)] != before.members:
            return "does not take another order, or fewer members,"
        case Family.SET, Family.ENUM:
            return "cannot make an ENUM of the SET"
        case ((Family.ENUM | Family.SET), other) if other not in _TAKE_WORDS:
            return "cannot make numbers of the members"
        case _:
            return None


def _keeps_order(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """The members that stay come first and in their order, then the new ones."""
    stay = [member for member in before if member in after]
    return list(after[: len(stay)]) == stay


def _type(column: Column) -> ColumnType:
    return parse_column_type(column.sql_type, column.charset)
