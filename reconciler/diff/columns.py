"""Clauses that turn one list of columns into another.

The servers drop first, then work through the clauses from left to right: a clause may name after
AFTER whatever stands by then. So columns are changed and added in the order they end in, each
placed after the one that ends before it. A move rebuilds, so as few columns as possible move.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from reconciler.ddl.default_less import is_default_less
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.render import column_sql
from reconciler.diff.column_types import converts, takes_literal_default, type_kind
from reconciler.diff.dependants import columns_used, computing_with, expression_of
from reconciler.diff.mariadb_time import bounds_history
from reconciler.diff.model import Clause, ClauseKind
from reconciler.diff.moves import moved_names
from reconciler.diff.options import default_charset
from reconciler.diff.pairing import by_name, name_key
from reconciler.diff.renames import OldNames
from reconciler.model.schema import Column, GeneratedKind, Table
from reconciler.model.server import Flavor, ServerVersion

# Literals as the servers print them; other defaults are expressions, CURRENT_TIMESTAMP among them.
_LITERAL = re.compile(
    r"NULL|(?:[bx]|_binary )?'(?:[^'\\]|\\.|'')*'|-?[0-9.]+(?:e[-+]?[0-9]+)?|0x[0-9A-F]*"
)
ORDER_GROUP = "column-order"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnClauses:
    """`changes` are in the order they must keep; `afterwards` need a statement of their own;
    `restated` belong beside a new default character set.

    Folded names: clauses for `leaning` columns leave the character set to the table's new default.
    `rebuilt` columns are dropped and added again. Expressions over `unsettled` ones must be written
    again, and checks over `retyped` ones. So must indexes over `unlisted` ones: when they are no
    ENUM or SET any more, MySQL takes the byte or two that it had indexed for a prefix of as many
    characters.
    """

    drops: tuple[Clause, ...]
    changes: tuple[Clause, ...]
    afterwards: tuple[Clause, ...]
    restated: tuple[Clause, ...]
    leaning: frozenset[str]
    rebuilt: frozenset[str]
    retyped: frozenset[str]
    unsettled: frozenset[str]
    unlisted: frozenset[str]


def column_clauses(
    before: Table,
    after: Table,
    written: Table,
    old_names: OldNames,
    restate: frozenset[str],
    version: ServerVersion,
) -> ColumnClauses:
    """`before` has its new names already; `old_names` are what its columns are still called.
    `written` is `after` as printed, for its spelling; columns of `restate` are to end in it."""
    old, new = by_name(before.columns), by_name(after.columns)
    rebuilt = _rebuilt_columns(old, new, version)
    retyped = _retyped_columns(old, new)
    computing, unsettled = _disturbed(old, new, old_names, rebuilt)
    kept = [key for key in old if key in new and key not in rebuilt]
    wanted = [key for key in new if key in old and key not in rebuilt]
    moved = moved_names(kept, wanted, fixed={key for key in kept if bounds_history(old[key])})
    writer = _Writer(
        before=before, after=after, written=written, old_names=old_names, version=version
    )
    changes, restated = [], []
    for key, column in new.items():
        if key not in old or key in rebuilt:
            changes.append(writer.add(column))
        elif (
            old[key] != column
            or key in moved
            or column.name in old_names
            or key in computing
            or not retyped.isdisjoint(columns_used(expression_of(column)))
        ):
            changes.append(
                writer.change(old[key], column, position=key in moved, whole=key in restate)
            )
        elif key in restate:
            restated.append(writer.restate(column))
    if moved:
        changes = [replace(clause, bound_to=ORDER_GROUP) for clause in changes]
    return ColumnClauses(
        drops=tuple(
            writer.drop(column) for key, column in old.items() if key not in new or key in rebuilt
        ),
        changes=tuple(changes),
        afterwards=tuple(
            drop_default(column)
            for clause in changes
            if _restates(clause)
            and is_default_less(column := new[name_key(clause.object)], version)
        ),
        restated=tuple(restated),
        leaning=frozenset(
            name_key(clause.object)
            for clause in changes
            if _restates(clause) and writer.leans(new[name_key(clause.object)])
        ),
        rebuilt=rebuilt,
        retyped=retyped,
        unsettled=unsettled | retyped,
        unlisted=_unlisted_columns(old, new),
    )


def restated_columns(
    before: Table, after: Table, written: Table, version: ServerVersion
) -> tuple[Clause, ...]:
    """Those that differ, by all of their definition."""
    writer = _Writer(before=before, after=after, written=written, old_names={}, version=version)
    pairs = zip(before.columns, after.columns, strict=True)
    return tuple(
        replace(writer.restate(new), kind=ClauseKind.MODIFY_COLUMN)
        for old, new in pairs
        if old != new
    )


def written_again(
    before: Table, after: Table, written: Table, columns: Iterable[Column], version: ServerVersion
) -> tuple[Clause, ...]:
    """By all of their definition, versioned like their table."""
    writer = _Writer(before=before, after=after, written=written, old_names={}, version=version)
    return tuple(
        replace(
            writer.restate(replace(column, system_versioned=True)), kind=ClauseKind.MODIFY_COLUMN
        )
        for column in columns
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes the clauses of one table's columns."""

    before: Table
    after: Table
    written: Table
    old_names: OldNames
    version: ServerVersion

    def drop(self, column: Column) -> Clause:
        name = self.old_names.get(column.name, column.name)
        return Clause(
            kind=ClauseKind.DROP_COLUMN, object=name, sql=f"DROP COLUMN {quote_identifier(name)}"
        )

    def add(self, column: Column) -> Clause:
        return Clause(
            kind=ClauseKind.ADD_COLUMN,
            object=column.name,
            sql=f"ADD COLUMN {self._definition(column)}{self._position(column)}",
        )

    def restate(self, column: Column) -> Clause:
        sql = f"MODIFY COLUMN {self._definition(column)}"
        return Clause(kind=ClauseKind.RESTATE_COLUMN, object=column.name, sql=sql)

    def change(self, old: Column, new: Column, *, position: bool, whole: bool) -> Clause:
        """`whole`: by all of its definition, though less would do for what changes."""
        place = self._position(new) if position else ""
        old_name = self.old_names.get(new.name)
        if old_name is not None and name_key(old_name) != name_key(new.name):
            return self._rename(old_name, old, new, place, whole=whole)
        # A change of case alone is a MODIFY: MySQL refuses CHANGE and RENAME COLUMN here wherever
        # a check uses the column, and MODIFY takes generated columns along.
        if not place and not whole and old_name is None and old != new:
            if old == replace(new, default_sql=old.default_sql):
                clause = self._default(old, new)
                if clause is not None:
                    return clause
            if self.version.flavor is Flavor.MYSQL and old == replace(new, visible=old.visible):
                return _set_visibility(new)
        sql = f"MODIFY COLUMN {self._definition(new)}{place}"
        return Clause(kind=ClauseKind.MODIFY_COLUMN, object=new.name, sql=sql)

    def _default(self, old: Column, new: Column) -> Clause | None:
        """The clause that changes the default alone, where there is one that does.

        MariaDB takes SET DEFAULT and DROP DEFAULT of a column with CURRENT_TIMESTAMP and leaves it
        as it is (10.5.23, 11.4.5; no more in 10.11.18, 11.8.6).
        """
        if self.version.flavor is Flavor.MARIADB and _is_now(old):
            return None
        if is_default_less(new, self.version):
            return drop_default(new)
        if self._keeps_on_update(new) and _default_can_be_set(old, new):
            return _set_default(new)
        return None

    def _keeps_on_update(self, column: Column) -> bool:
        """MariaDB's SET DEFAULT takes ON UPDATE away (11.8)."""
        return self.version.flavor is Flavor.MYSQL or column.on_update_sql is None

    def _rename(
        self, old_name: str, old: Column, new: Column, place: str, *, whole: bool
    ) -> Clause:
        clause = rename_column(old_name, new.name)
        if old == new and not place and not whole:
            return clause
        sql = f"CHANGE COLUMN {quote_identifier(old_name)} {self._definition(new)}{place}"
        return replace(clause, sql=sql)

    def _definition(self, column: Column) -> str:
        """In the spelling of the file: the character set is left to the table's where it is there,
        and written where it is, or where the table's would be another."""
        if self._leaves_charset_to_table(column):
            column = replace(column, charset=None, collation=None)
        return column_sql(column, self.version)

    def leans(self, column: Column) -> bool:
        """Whether a clause with its definition means something else under the old default."""
        changes = default_charset(self.before) != default_charset(self.after)
        return changes and self._leaves_charset_to_table(column)

    def _leaves_charset_to_table(self, column: Column) -> bool:
        written = by_name(self.written.columns)[name_key(column.name)]
        is_the_tables = (column.charset, column.collation) == default_charset(self.after)
        return is_the_tables and written.charset is None

    def _position(self, column: Column) -> str:
        names = [each.name for each in self.after.columns]
        index = names.index(column.name)
        old = by_name(self.before.columns)
        if all(name_key(name) not in old for name in names[index:]):
            return ""  # among the new ones at the end
        return f" AFTER {quote_identifier(names[index - 1])}" if index else " FIRST"


def _rebuilt_columns(
    old: dict[str, Column], new: dict[str, Column], version: ServerVersion
) -> frozenset[str]:
    """Columns that only DROP and ADD can change: to, from or between virtual ones.

    MySQL answers 3106 to a MODIFY, MariaDB 1907; between a plain and a stored column it works.
    MariaDB has types, too, that it does not turn into each other.
    """
    return frozenset(
        key
        for key in old.keys() & new.keys()
        if _becomes_virtual_or_no_more(old[key], new[key])
        or not converts(old[key], new[key], version)
    )


def _becomes_virtual_or_no_more(old: Column, new: Column) -> bool:
    kinds = {column.generated.kind if column.generated else None for column in (old, new)}
    return len(kinds) == 2 and GeneratedKind.VIRTUAL in kinds


def _retyped_columns(old: dict[str, Column], new: dict[str, Column]) -> frozenset[str]:
    """Columns that change to another kind of type: MySQL has made values of the old kind of the
    literals they are compared with, and does not take those back (1292)."""
    return frozenset(
        key for key in old.keys() & new.keys() if type_kind(old[key]) != type_kind(new[key])
    )


def _unlisted_columns(old: dict[str, Column], new: dict[str, Column]) -> frozenset[str]:
    lists = ("enum", "set")
    return frozenset(
        key
        for key in old.keys() & new.keys()
        if type_kind(old[key]) in lists and type_kind(old[key]) != type_kind(new[key])
    )


def _disturbed(
    old: dict[str, Column], new: dict[str, Column], old_names: OldNames, rebuilt: frozenset[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Columns to restate because one that they compute with goes, if only for its old name; and
    all columns that this disturbs, under the names they have in expressions until then.

    MySQL looks through generated columns at what they are made of (3108, 3766, 3837).
    """
    live = {name_key(old_names.get(column.name, column.name)): key for key, column in old.items()}
    changed = frozenset(
        name for name, key in live.items() if key not in new or key in rebuilt or key != name
    )
    expressions = {name: expression_of(old[key]) for name, key in live.items()}
    computing = computing_with(expressions, changed)
    return frozenset(live[name] for name in computing), changed | computing


def _restates(clause: Clause) -> bool:
    """Whether the clause holds a whole definition, which sets a default that none was named."""
    if clause.kind is ClauseKind.RENAME_COLUMN:
        return clause.sql.startswith("CHANGE ")
    return clause.kind in (ClauseKind.ADD_COLUMN, ClauseKind.MODIFY_COLUMN)


def _default_can_be_set(old: Column, new: Column) -> bool:
    """SET DEFAULT takes literals; on text and JSON (error 1101) and for CURRENT_TIMESTAMP (1064),
    the whole column must be restated. So must it where CURRENT_TIMESTAMP goes: DROP DEFAULT leaves
    INFORMATION_SCHEMA saying DEFAULT_GENERATED (MySQL 9.7)."""
    if new.default_sql is None:
        return not new.nullable and not _is_now(old)
    if not takes_literal_default(new):
        return False
    return _LITERAL.fullmatch(new.default_sql) is not None


def _is_now(column: Column) -> bool:
    """MySQL prints CURRENT_TIMESTAMP, MariaDB current_timestamp()."""
    return (column.default_sql or "").upper().startswith("CURRENT_TIMESTAMP")


def _set_default(column: Column) -> Clause:
    if column.default_sql is None:
        return drop_default(column)
    sql = f"ALTER COLUMN {quote_identifier(column.name)} SET DEFAULT {column.default_sql}"
    return Clause(kind=ClauseKind.SET_DEFAULT, object=column.name, sql=sql)


def rename_column(old: str, new: str) -> Clause:
    sql = f"RENAME COLUMN {quote_identifier(old)} TO {quote_identifier(new)}"
    return Clause(kind=ClauseKind.RENAME_COLUMN, object=new, sql=sql, renamed_from=old)


def drop_default(column: Column) -> Clause:
    sql = f"ALTER COLUMN {quote_identifier(column.name)} DROP DEFAULT"
    return Clause(kind=ClauseKind.SET_DEFAULT, object=column.name, sql=sql)


def _set_visibility(column: Column) -> Clause:
    to = "VISIBLE" if column.visible else "INVISIBLE"
    sql = f"ALTER COLUMN {quote_identifier(column.name)} SET {to}"
    return Clause(kind=ClauseKind.SET_DEFAULT, object=column.name, sql=sql)
