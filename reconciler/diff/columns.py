"""Clauses that turn one list of columns into another.

The servers drop first, then work through the clauses from left to right: a clause may name after
AFTER whatever stands by then. So columns are changed and added in the order they end in, each
placed after the one that ends before it. A move rebuilds, so as few columns as possible move.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reconciler.ddl.default_less import is_default_less
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.render import column_sql
from reconciler.diff.dependants import columns_used
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
_NO_LITERAL_DEFAULT = re.compile(
    r"(?:tiny|medium|long)?(?:text|blob)\b|json|vector|geometry|point|linestring|polygon|multi|geomc"
)
_TEMPORAL = frozenset({"date", "datetime", "time", "timestamp", "year"})
_LISTED = frozenset({"enum", "set"})
ORDER_GROUP = "column-order"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnClauses:
    """`changes` are in the order they must keep; `afterwards` need a statement of their own.

    Folded names: `rebuilt` columns are dropped and added again; expressions over `retyped` ones
    must be read anew, because MySQL has turned their literals into values of the old type (1292);
    indexes over `unlisted` ones must be made anew: once they are no ENUM or SET any more, MySQL
    takes the one or two bytes that were indexed for a prefix of as many characters.
    """

    drops: tuple[Clause, ...]
    changes: tuple[Clause, ...]
    afterwards: tuple[Clause, ...]
    rebuilt: frozenset[str]
    retyped: frozenset[str]
    unlisted: frozenset[str]


def column_clauses(
    before: Table, after: Table, old_names: OldNames, version: ServerVersion
) -> ColumnClauses:
    """`before` has its new names already; `old_names` are what its columns are still called."""
    old, new = by_name(before.columns), by_name(after.columns)
    rebuilt, retyped = _rebuilt_columns(old, new), _changed_types(old, new, _TEMPORAL)
    kept = [key for key in old if key in new and key not in rebuilt]
    moved = moved_names(kept, [key for key in new if key in old and key not in rebuilt])
    writer = _Writer(before=before, after=after, old_names=old_names, version=version)
    changes = []
    for key, column in new.items():
        if key not in old or key in rebuilt:
            changes.append(writer.add(column))
        elif (
            old[key] != column
            or key in moved
            or column.name in old_names
            or _uses(column, rebuilt | retyped)
        ):
            changes.append(writer.change(old[key], column, position=key in moved))
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
        rebuilt=rebuilt,
        retyped=retyped,
        unlisted=_changed_types(old, new, _LISTED),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Writer:
    """Writes the clauses of one table's columns."""

    before: Table
    after: Table
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

    def change(self, old: Column, new: Column, *, position: bool) -> Clause:
        place = self._position(new) if position else ""
        old_name = self.old_names.get(new.name)
        if old_name is not None and name_key(old_name) != name_key(new.name):
            return self._rename(old_name, old, new, place)
        # A change of case alone is a MODIFY: MySQL refuses CHANGE and RENAME COLUMN here wherever
        # a check uses the column, and MODIFY takes generated columns along.
        if not place and old_name is None and old != new:
            if old == replace(new, default_sql=old.default_sql):
                if is_default_less(new, self.version):
                    return drop_default(new)
                if _default_can_be_set(new):
                    return _set_default(new)
            if self.version.flavor is Flavor.MYSQL and old == replace(new, visible=old.visible):
                return _set_visibility(new)
        sql = f"MODIFY COLUMN {self._definition(new)}{place}"
        return Clause(kind=ClauseKind.MODIFY_COLUMN, object=new.name, sql=sql)

    def _rename(self, old_name: str, old: Column, new: Column, place: str) -> Clause:
        if old == new and not place:
            names = f"{quote_identifier(old_name)} TO {quote_identifier(new.name)}"
            sql = f"RENAME COLUMN {names}"
        else:
            sql = f"CHANGE COLUMN {quote_identifier(old_name)} {self._definition(new)}{place}"
        return Clause(
            kind=ClauseKind.RENAME_COLUMN, object=new.name, sql=sql, renamed_from=old_name
        )

    def _definition(self, column: Column) -> str:
        """Charset and collation are left out only where nobody can read them otherwise."""
        default = default_charset(self.after)
        if default == default_charset(self.before) == (column.charset, column.collation):
            column = replace(column, charset=None, collation=None)
        return column_sql(column, self.version)

    def _position(self, column: Column) -> str:
        names = [each.name for each in self.after.columns]
        index = names.index(column.name)
        old = by_name(self.before.columns)
        if all(name_key(name) not in old for name in names[index:]):
            return ""  # among the new ones at the end
        return f" AFTER {quote_identifier(names[index - 1])}" if index else " FIRST"


def _rebuilt_columns(old: dict[str, Column], new: dict[str, Column]) -> frozenset[str]:
    """Columns that only DROP and ADD can change: to, from or between virtual ones.

    MySQL answers 3106 to a MODIFY; between a plain and a stored column it works.
    """
    kinds = {
        key: {
            column.generated.kind if column.generated else None for column in (old[key], new[key])
        }
        for key in old.keys() & new.keys()
    }
    return frozenset(
        key for key, both in kinds.items() if len(both) == 2 and GeneratedKind.VIRTUAL in both
    )


def _changed_types(
    old: dict[str, Column], new: dict[str, Column], types_of_interest: frozenset[str]
) -> frozenset[str]:
    """Columns whose type becomes another one, and either is of interest."""
    types = {key: (_base_type(old[key]), _base_type(new[key])) for key in old.keys() & new.keys()}
    return frozenset(
        key for key, (a, b) in types.items() if a != b and not types_of_interest.isdisjoint((a, b))
    )


def _base_type(column: Column) -> str:
    return column.sql_type.partition("(")[0]


def _restates(clause: Clause) -> bool:
    """Whether the clause holds a whole definition, which sets a default that none was named."""
    if clause.kind is ClauseKind.RENAME_COLUMN:
        return clause.sql.startswith("CHANGE ")
    return clause.kind in (ClauseKind.ADD_COLUMN, ClauseKind.MODIFY_COLUMN)


def _uses(column: Column, others: frozenset[str]) -> bool:
    """Whether the column computes with one of `others`; it must be restated where they go."""
    expression = (column.generated.expression if column.generated else "") + (
        column.default_sql or ""
    )
    return bool(others) and not others.isdisjoint(columns_used(expression))


def _default_can_be_set(column: Column) -> bool:
    """SET DEFAULT takes literals; on text and JSON (error 1101) and for CURRENT_TIMESTAMP (1064),
    the whole column must be restated."""
    if column.default_sql is None:
        return not column.nullable
    if _NO_LITERAL_DEFAULT.match(column.sql_type):
        return False
    return _LITERAL.fullmatch(column.default_sql) is not None


def _set_default(column: Column) -> Clause:
    if column.default_sql is None:
        return drop_default(column)
    sql = f"ALTER COLUMN {quote_identifier(column.name)} SET DEFAULT {column.default_sql}"
    return Clause(kind=ClauseKind.SET_DEFAULT, object=column.name, sql=sql)


def drop_default(column: Column) -> Clause:
    sql = f"ALTER COLUMN {quote_identifier(column.name)} DROP DEFAULT"
    return Clause(kind=ClauseKind.SET_DEFAULT, object=column.name, sql=sql)


def _set_visibility(column: Column) -> Clause:
    to = "VISIBLE" if column.visible else "INVISIBLE"
    sql = f"ALTER COLUMN {quote_identifier(column.name)} SET {to}"
    return Clause(kind=ClauseKind.SET_DEFAULT, object=column.name, sql=sql)
