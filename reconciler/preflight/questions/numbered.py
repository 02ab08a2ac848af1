"""Numbers that AUTO_INCREMENT gives to rows: to those that have none yet, and to all of a table."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import ClauseKind
from reconciler.model.engine import EngineName
from reconciler.model.schema import Column, Index, IndexKind
from reconciler.model.server import Flavor
from reconciler.plan.hazards.column_type import NUMBERS, Family, integer_range
from reconciler.plan.hazards.narrowing import column_type
from reconciler.plan.hazards.statement_context import find_column, find_index, unique_columns
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Effect,
    EqualRows,
    KeyPart,
    KnownToHold,
    NotAskable,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
)
from reconciler.preflight.questions.as_written import same_in_all
from reconciler.preflight.questions.duplicates import two_rows

_KEEPS_ZERO = (EngineName.GH_OST, EngineName.PT_OSC)
_OWN_NUMBERS = "FTS_DOC_ID"
_MANY_VALUES = f"which numbers rows get in {_OWN_NUMBERS} is not known beforehand"


def is_numbered_anew(change: Change) -> Iterator[Raised]:
    """0 and NULL in a column that becomes AUTO_INCREMENT: these rows get the next number, which
    another row may have (1062). Who is AUTO_INCREMENT already keeps 0."""
    for clause, old, new in change.context.changed_columns():
        if clause.kind is ClauseKind.SET_DEFAULT or old.auto_increment or not new.auto_increment:
            continue
        yield Raised(
            kind=QuestionKind.NUMBERED,
            object=new.name,
            effect=Effect.LOSES,
            what="rows without a number, which get one",
            question=_without_number(change, old),
        )
        if (taken := _takes_a_number(change, old, new)) is not None:
            yield taken


def _takes_a_number(change: Change, old: Column, new: Column) -> Raised | None:
    """Rows are written in the order of the key by which they are kept: of one that begins with the
    column, 0 comes before what is above it, and gets the first number there is (1062)."""
    key = _kept_by(change)
    by_it = key is not None and key.parts[0].column == old.name and len(key.parts) == 1
    if not by_it or column_type(old).family is not Family.INTEGER or _keeps_zero(change):
        return None
    name, table = quote_identifier(old.name), quote_identifier(change.before.name)
    first = f"other_row.{name} = @@auto_increment_offset"
    return Raised(
        kind=QuestionKind.NUMBERED,
        object=new.name,
        effect=change.of_unfit_values,
        what="rows without a number, which get one that another row has",
        question=RowCondition(
            f"({name} = 0 AND EXISTS (SELECT 1 FROM {table} AS other_row WHERE {first}))"
        ),
    )


def _kept_by(change: Change) -> Index | None:
    """InnoDB: the primary key, or else the first unique one without NULL."""
    for key in change.before.indexes:
        columns = [find_column(change.before, part.column or "") for part in key.parts]
        if key.kind is IndexKind.PRIMARY:
            return key
        if unique_columns(key) is not None and all(c and not c.nullable for c in columns):
            return key
    return None


def _keeps_zero(change: Change) -> bool:
    """gh-ost sets the mode itself, and so it is set for pt-online-schema-change."""
    return "NO_AUTO_VALUE_ON_ZERO" in change.modes or change.engine in _KEEPS_ZERO


def _without_number(change: Change, old: Column) -> Question:
    family, name = column_type(old).family, quote_identifier(old.name)
    keeps_zero = _keeps_zero(change)
    if family not in NUMBERS and not keeps_zero:
        return NotAskable(f"which values of {old.sql_type} become 0 is not known beforehand")
    zero = name if family is Family.INTEGER else f"ROUND({name})"
    ways = [
        *([f"{name} IS NULL"] if old.nullable else []),
        *([] if keeps_zero else [f"{zero} = 0"]),
    ]
    if not ways:
        return KnownToHold("no row has NULL, and sql_mode keeps 0")
    return RowCondition(f"({' OR '.join(ways)})")


def runs_out_of_numbers(change: Change) -> Iterator[Raised]:
    """A new AUTO_INCREMENT column whose type has fewer numbers than the table rows (167, 1467)."""
    for clause in change.context.of_kind(ClauseKind.ADD_COLUMN):
        new = change.context.column_after(clause.object)
        if new is not None and new.auto_increment:
            yield Raised(
                kind=QuestionKind.NUMBERED,
                object=new.name,
                effect=Effect.FAILS,
                what=f"more rows than {new.sql_type} has numbers",
                question=_too_many(change, new),
            )


def is_known_by_no_number(change: Change) -> Iterator[Raised]:
    """FULLTEXT knows rows by a column FTS_DOC_ID where there is one: each has a number of its own
    (1062), and none has 0 on MySQL (1030)."""
    column = find_column(change.after, _OWN_NUMBERS)
    adds = change.context.of_kind(ClauseKind.ADD_INDEX)
    indexes = (find_index(change.after, clause.object) for clause in adds)
    added = [one for one in indexes if one and one.kind is IndexKind.FULLTEXT]
    was_known = any(one.kind is IndexKind.FULLTEXT for one in change.before.indexes)
    if column is None or column.auto_increment or was_known or not added:
        return
    old = change.old_name(column.name)
    value = same_in_all(change, column) if old is None else quote_identifier(old)
    if change.settings.version.flavor is Flavor.MYSQL:
        yield Raised(
            kind=QuestionKind.NUMBERED,
            object=added[0].name,
            effect=Effect.FAILS,
            what=f"rows with 0 in {_OWN_NUMBERS}, by which FULLTEXT knows none",
            question=RowCondition(f"{value} = 0") if value else NotAskable(_MANY_VALUES),
        )
    yield Raised(
        kind=QuestionKind.DUPLICATES,
        object=added[0].name,
        effect=Effect.FAILS,
        what=f"rows with equal numbers in {_OWN_NUMBERS}",
        question=_equal(change, old, value),
    )


def _equal(change: Change, old: str | None, value: str | None) -> Question:
    if value is None:
        return NotAskable(_MANY_VALUES)
    return two_rows(change) if old is None else EqualRows((KeyPart(value, old),))


def _too_many(change: Change, new: Column) -> Question:
    kind = column_type(new)
    last = integer_range(kind)[1] if kind.family is Family.INTEGER else 2**24
    if kind.name == "bigint":
        return KnownToHold("no table has as many rows as it has numbers")
    some = f"SELECT 1 FROM {quote_identifier(change.before.name)} LIMIT {last + 1}"
    counted = f"(SELECT COUNT(*) FROM ({some}) AS counted)"
    most = f"({last} - @@auto_increment_offset) DIV @@auto_increment_increment + 1"
    return RowCondition(f"{counted} > {most}", counts=True)
