"""Rows that are there already: they may make the statement fail, or get a value nobody chose.

None of this shows on an empty scratch copy, so each finding carries the query that tells which rows
of a shard are such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.row_questions import (
    equal_rows_sql,
    false_sql,
    null_sql,
    other_srid_sql,
    without_parent_sql,
)
from reconciler.diff.model import ClauseKind
from reconciler.diff.pairing import name_key
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Check, Column, ForeignKey, Index, IndexKind, IndexPart, Table
from reconciler.plan.hazards.column_type import Family, parse_column_type
from reconciler.plan.hazards.statement_context import (
    StatementContext,
    find_index,
    is_stored,
    needing_permission,
    reference_of,
    unique_columns,
    worth_knowing,
)
from reconciler.plan.model import Algorithm

# Between what may happen and the query; a person looks at some of the rows.
_LOOK = "; look with: "
_SOME = " LIMIT 10"

# What ADD COLUMN ... NOT NULL without a default puts into existing rows, strict mode or not.
_FILLED_WITH = {
    Family.INTEGER: "0",
    Family.DECIMAL: "0",
    Family.FLOAT: "0",
    Family.BIT: "0",
    Family.YEAR: "0000",
    Family.TIME: "00:00:00",
    Family.TIMESTAMP: "0000-00-00 00:00:00",
    Family.TEXT: "''",
    Family.BINARY: "''",
    Family.ENUM: "the first member",
    Family.SET: "''",
    Family.JSON: "the JSON literal null",
}


def requires_values(context: StatementContext) -> Iterator[Hazard]:
    """NULL becomes NOT NULL."""
    for clause, old, new in context.changed_columns():
        if clause.kind is ClauseKind.SET_DEFAULT or new.nullable or not old.nullable:
            continue
        if not new.auto_increment:
            query = f"{_rows(context)} WHERE {null_sql(old.name)}"
            yield _may_fail(new.name, "rows with NULL make it fail", query)


def numbers_rows(context: StatementContext) -> Iterator[Hazard]:
    """A column becomes AUTO_INCREMENT: MySQL 9.7, MariaDB 10.11 and 11.8."""
    for clause, old, new in context.changed_columns():
        if clause.kind is ClauseKind.SET_DEFAULT or old.auto_increment or not new.auto_increment:
            continue
        none = f"{null_sql(old.name)} OR " if old.nullable else ""
        query = f"{_rows(context)} WHERE {none}{quote_identifier(old.name)} = 0"
        reason = "rows with 0 or NULL get the next number, or make it fail where another row has it"
        kept = "; NO_AUTO_VALUE_ON_ZERO keeps 0, and on MariaDB makes 0 of NULL"
        yield worth_knowing(
            HazardKind.FILL_EXISTING_ROWS, new.name, f"{reason}{kept}{_LOOK}{query}{_SOME}"
        )


def fills_rows(context: StatementContext) -> Iterator[Hazard]:
    """A new NOT NULL column without a default."""
    for clause in context.of_kind(ClauseKind.ADD_COLUMN):
        new = context.column_after(clause.object)
        if new is None or new.nullable or _has_value(new):
            continue
        family = parse_column_type(new.sql_type).family
        filled_with = _FILLED_WITH.get(family)
        if filled_with is not None:
            reason = f"NOT NULL without a default: existing rows get {filled_with}"
            yield worth_knowing(HazardKind.FILL_EXISTING_ROWS, new.name, reason)
        else:
            # 1292 for '0000-00-00' in strict mode, 1138 for geometry; only when there are rows.
            reason = f"NOT NULL without a default: no {new.sql_type} exists for existing rows"
            yield _may_fail(new.name, reason, _rows(context))


def fills_computed_default(context: StatementContext) -> Iterator[Hazard]:
    """A new column with an expression default: computed for each existing row."""
    for clause in context.of_kind(ClauseKind.ADD_COLUMN):
        new = context.column_after(clause.object)
        if new is None or new.default_sql is None or not new.default_sql.startswith("("):
            continue
        if new.default_sql in clause.sql:
            reason = f"existing rows get {new.default_sql}, as it is when the statement runs"
            yield worth_knowing(HazardKind.FILL_EXISTING_ROWS, new.name, reason)
        else:
            value = "NULL" if new.nullable else "what NOT NULL without a default gives them"
            reason = f"existing rows get {value}, not {new.default_sql}, which is set afterwards"
            yield needing_permission(HazardKind.FILL_EXISTING_ROWS, new.name, reason)


def computes_for_rows(context: StatementContext) -> Iterator[Hazard]:
    """A value computed for each existing row: out of range, division by zero, wrong JSON (1264,
    1365, 3141) show on rows only. What is not kept is computed, too, while MySQL copies rows."""
    reason = "a row that it cannot be computed for makes it fail"
    copies = context.execution.algorithm in (Algorithm.COPY, None)  # None: an engine's copy
    for clause in context.of_kind(ClauseKind.ADD_COLUMN):
        new = context.column_after(clause.object)
        if new is not None and new.generated is not None and (copies or is_stored(new)):
            yield worth_knowing(HazardKind.MAY_FAIL_ON_ROWS, new.name, reason)
    for _, old, new in context.changed_columns():
        computed = new.generated is not None and (copies or is_stored(new))
        if computed and _is_computed_anew(context, old, new):
            yield worth_knowing(HazardKind.MAY_FAIL_ON_ROWS, new.name, reason)
    for clause in context.of_kind(ClauseKind.ADD_INDEX):
        index = find_index(context.step.after, clause.object)
        if index is not None and any(_is_computed(part, context) for part in index.parts):
            yield worth_knowing(HazardKind.MAY_FAIL_ON_ROWS, index.name, reason)


def requires_unique(context: StatementContext) -> Iterator[Hazard]:
    before = context.step.before
    held = {unique_columns(index) for index in before.indexes} if before else set()
    for clause in context.of_kind(ClauseKind.ADD_INDEX):
        index = find_index(context.step.after, clause.object)
        if index is None or unique_columns(index) is None:
            continue
        if unique_columns(index) in held and not _has_prefix(index):
            continue  # the rows were unique by these columns before
        query = _duplicates(context, index)
        yield _may_fail(index.name, "rows with equal values make it fail", query)


def loses_unique_column(context: StatementContext) -> Iterator[Hazard]:
    """DROP COLUMN takes the column out of every index: UNIQUE (a, b) becomes UNIQUE (b)."""
    if context.both is None:
        return
    gone = {name_key(clause.object) for clause in context.of_kind(ClauseKind.DROP_COLUMN)}
    written_anew = {name_key(clause.object) for clause in context.of_kind(ClauseKind.DROP_INDEX)}
    for old in context.both[0].indexes:
        if name_key(old.name) in written_anew:
            continue
        new = find_index(context.both[1], old.name)
        columns = {name_key(part.column) for part in old.parts if part.column}
        if unique_columns(old) and new is not None and unique_columns(new) and gone & columns:
            reason = "the key keeps fewer columns; rows equal in those make it fail"
            yield _may_fail(old.name, reason, _duplicates(context, new))


def requires_condition(context: StatementContext) -> Iterator[Hazard]:
    """A check that is new, or enforced from now on."""
    for clause in context.of_kind(ClauseKind.ADD_CHECK, ClauseKind.ALTER_CHECK):
        check = _check(context.step.after, clause.object)
        if check is None or not check.enforced:
            continue
        query = f"{_rows(context)} WHERE {false_sql(check.expression)}"
        yield _may_fail(check.name, "rows that violate the check make it fail", query)


def requires_period(context: StatementContext) -> Iterator[Hazard]:
    """MariaDB: every row's period must end behind its beginning (4025)."""
    if context.both is None or not any(context.of_kind(ClauseKind.OTHER)):
        return
    old, new = context.both
    for period in new.periods:
        if period not in old.periods and not period.startswith("PERIOD FOR SYSTEM_TIME"):
            reason = "rows whose period does not end behind its beginning make it fail"
            yield worth_knowing(HazardKind.MAY_FAIL_ON_ROWS, new.name, f"{reason}: {period}")


def requires_parents(context: StatementContext) -> Iterator[Hazard]:
    for clause in context.of_kind(ClauseKind.ADD_FOREIGN_KEY):
        key = _foreign_key(context.step.after, clause.object)
        if key is None:
            continue
        query = _orphans(context, key)
        if context.step.foreign_key_checks:
            again = _was_there(context.step.before, key)
            when = "that lost their parent row meanwhile" if again else "without a parent row"
            yield _may_fail(key.name, f"rows {when} make it fail", query)
        else:
            reason = f"existing rows are not checked; orphans stay{_LOOK}{query}{_SOME}"
            yield needing_permission(HazardKind.UNCHECKED_ROWS, key.name, reason)


def requires_place(context: StatementContext) -> Iterator[Hazard]:
    """A row that belongs into none of the listed partitions (error 1526). REORGANIZE PARTITION does
    not fail for one: of a RANGE it keeps the bounds, of a LIST it leaves the row out, which is a
    loss (`gives_up_values`)."""
    for clause in context.of_kind(ClauseKind.PARTITION_BY):
        after = context.step.after
        partitioning = after.partitioning if after else None
        if partitioning and any(partition.values_sql for partition in partitioning.partitions):
            reason = "rows that no partition takes make it fail"
            yield worth_knowing(HazardKind.MAY_FAIL_ON_ROWS, clause.object, reason)


def merges_texts(context: StatementContext) -> Iterator[Hazard]:
    """Texts that were different become equal under another collation (error 1062)."""
    for _, old, new in context.changed_columns():
        if old.collation == new.collation or None in (old.collation, new.collation):
            continue
        for index in context.step.after.indexes if context.step.after else ():
            if unique_columns(index) and _uses_column(index, new):
                reason = f"texts that are equal under {new.collation} make it fail"
                yield worth_knowing(HazardKind.MAY_FAIL_ON_ROWS, index.name, reason)


def fixes_srid(context: StatementContext) -> Iterator[Hazard]:
    for _, old, new in context.changed_columns():
        if new.srid is not None and old.srid != new.srid:
            query = f"{_rows(context)} WHERE {other_srid_sql(old.name, new.srid)}"
            yield _may_fail(
                new.name, f"geometries of another SRID than {new.srid} make it fail", query
            )


def _has_value(column: Column) -> bool:
    """Whether the definition says what a row has there."""
    said = column.default_sql is not None or column.generated is not None
    return said or column.auto_increment


def _may_fail(name: str, reason: str, query: str) -> Hazard:
    return worth_knowing(HazardKind.MAY_FAIL_ON_ROWS, name, f"{reason}{_LOOK}{query}{_SOME}")


def looks_of(hazards: Iterable[Hazard]) -> tuple[str, ...]:
    """The queries that these say, which show the rows to whoever runs them."""
    found = (hazard.reason.partition(_LOOK)[2] for hazard in hazards)
    return tuple(dict.fromkeys(filter(None, found)))


def _table(context: StatementContext) -> str:
    return quote_identifier(context.step.table)


def _rows(context: StatementContext) -> str:
    """By what they are known; all of them where nothing tells them apart."""
    before = context.step.before
    keys = [index for index in before.indexes if index.kind is IndexKind.PRIMARY] if before else []
    names = [part.column for key in keys for part in key.parts if part.column is not None]
    return f"SELECT {', '.join(map(quote_identifier, names)) or '*'} FROM {_table(context)}"


def _duplicates(context: StatementContext, index: Index) -> str:
    parts = [
        f"({part.expression})" if part.column is None else _part(part.column, part.length)
        for part in index.parts
    ]
    return equal_rows_sql(_table(context), parts, shown=parts)


def _part(column: str, length: int | None) -> str:
    name = quote_identifier(column)
    return name if length is None else f"LEFT({name}, {length})"


def _orphans(context: StatementContext, key: ForeignKey) -> str:
    parent = quote_identifier(key.parent_table)
    if key.parent_database is not None:
        parent = f"{quote_identifier(key.parent_database)}.{parent}"
    ours = [f"child_row.{quote_identifier(column)}" for column in key.columns]
    orphan = without_parent_sql(parent, key.parent_columns, ours)
    return f"{_rows(context)} AS child_row WHERE {orphan}"


def _was_there(table: Table | None, key: ForeignKey) -> bool:
    """Whether the same reference existed before, under whatever name or actions."""
    return table is not None and any(
        reference_of(old) == reference_of(key) for old in table.foreign_keys
    )


def _has_prefix(index: Index) -> bool:
    return any(part.length is not None for part in index.parts)


def _is_computed_anew(context: StatementContext, old: Column, new: Column) -> bool:
    """By itself, or because a column that it computes with changes in the same statement."""
    if (old.generated, old.sql_type) != (new.generated, new.sql_type):
        return True
    expression = new.generated.expression if new.generated else ""
    others = context.of_kind(ClauseKind.ADD_COLUMN, ClauseKind.MODIFY_COLUMN)
    return any(
        quote_identifier(clause.object) in expression
        for clause in others
        if name_key(clause.object) != name_key(new.name)
    )


def _is_computed(part: IndexPart, context: StatementContext) -> bool:
    if part.column is None:
        return True
    column = context.column_after(part.column)
    return column is not None and not is_stored(column)


def _uses_column(index: Index, column: Column) -> bool:
    return any(
        part.column and name_key(part.column) == name_key(column.name) for part in index.parts
    )


def _check(table: Table | None, name: str) -> Check | None:
    checks = table.checks if table else ()
    return next((check for check in checks if name_key(check.name) == name_key(name)), None)


def _foreign_key(table: Table | None, name: str) -> ForeignKey | None:
    keys = table.foreign_keys if table else ()
    return next((key for key in keys if name_key(key.name) == name_key(name)), None)
