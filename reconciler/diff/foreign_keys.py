"""Which foreign keys must go before anything else, and which come back at the end.

A foreign key ties two tables to each other while both are changed one after the other. So every key
that goes, and every key whose columns change their type, is dropped first; whatever is to be there
is added when all tables are as desired. One ALTER cannot drop and add a key of one name anyway
(error 1826).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.render import foreign_key_sql
from reconciler.diff.binding import bound
from reconciler.diff.dependants import names_in_expressions
from reconciler.diff.implicit_indexes import covered_by_foreign_keys
from reconciler.diff.indexes import renew_index
from reconciler.diff.model import Clause, ClauseKind
from reconciler.diff.options import changes_engine
from reconciler.diff.pairing import by_name, name_key
from reconciler.diff.renames import OldNames
from reconciler.model.schema import Column, ForeignKey, Table
from reconciler.model.server import Flavor, ServerVersion

Tables = Mapping[str, Table]

_VARCHAR = re.compile(r"(var(?:char|binary))\((\d+)\)")


class _Effect(Enum):
    """What a change of a column asks of a foreign key over it."""

    UNCHECKED = auto()  # the key may stay where the change runs with foreign_key_checks=0
    RENAMED = auto()  # the key may stay where the new name has a statement of its own
    REDO = auto()  # the key must go and come back


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyChanges:
    """By table. `unchecked` tables are altered with foreign_key_checks=0 under a key they keep;
    `renamed_first` are columns of such keys, by their new names."""

    drops: Mapping[str, tuple[ForeignKey, ...]]
    adds: Mapping[str, tuple[ForeignKey, ...]]
    unchecked: frozenset[str]
    renamed_first: Mapping[str, frozenset[str]]


def foreign_key_changes(
    before: Tables, after: Tables, old_names: Mapping[str, OldNames], flavor: Flavor
) -> ForeignKeyChanges:
    """For the tables that exist on both sides; the others bring and take their keys along."""
    drops: dict[str, tuple[ForeignKey, ...]] = {}
    adds: dict[str, tuple[ForeignKey, ...]] = {}
    unchecked: set[str] = set()
    renamed: dict[str, frozenset[str]] = {}
    for name in sorted(before.keys() & after.keys()):
        old, new = by_name(before[name].foreign_keys), by_name(after[name].foreign_keys)
        redone = set()
        for key in old.keys() & new.keys():
            ends = _ends(name, new[key], before, after)
            effects = {
                effect
                for end, columns in ends
                for effect in _effects(
                    before[end], after[end], columns, old_names.get(end, {}), flavor
                )
            }
            if old[key] != new[key] or _Effect.REDO in effects:
                redone.add(key)
                continue
            if _Effect.UNCHECKED in effects:
                unchecked.update(end for end, _ in ends)
            if _Effect.RENAMED in effects:
                for end, columns in ends:
                    first = columns & old_names.get(end, {}).keys()
                    renamed[end] = renamed.get(end, frozenset()) | first
        drops[name] = tuple(fk for key, fk in old.items() if key not in new or key in redone)
        adds[name] = tuple(fk for key, fk in new.items() if key not in old or key in redone)
    return ForeignKeyChanges(
        drops={name: keys for name, keys in drops.items() if keys},
        adds={name: keys for name, keys in adds.items() if keys},
        unchecked=frozenset(unchecked),
        renamed_first=renamed,
    )


def drop_foreign_keys(keys: Iterable[ForeignKey]) -> tuple[Clause, ...]:
    return tuple(
        Clause(
            kind=ClauseKind.DROP_FOREIGN_KEY,
            object=key.name,
            sql=f"DROP FOREIGN KEY {quote_identifier(key.name)}",
        )
        for key in keys
    )


def add_foreign_keys(
    table: Table,
    written: Table,
    keys: tuple[ForeignKey, ...],
    untouched: frozenset[str],
    version: ServerVersion,
) -> tuple[Clause, ...]:
    """`written` is the table as printed, with the actions that the normal form leaves out.
    `untouched` are the folded names of indexes that this plan has not made again: one that a
    server made for an earlier key would give way to the index of the new key."""
    kept = [index for index in table.indexes if name_key(index.name) in untouched]
    renewed = covered_by_foreign_keys(kept, keys, table.foreign_keys)
    spelled = by_name(written.foreign_keys)
    adds = [
        Clause(
            kind=ClauseKind.ADD_FOREIGN_KEY,
            object=key.name,
            sql=f"ADD {foreign_key_sql(spelled[name_key(key.name)], version)}",
        )
        for key in keys
    ]
    indexes = by_name(written.indexes)
    pairs = [renew_index(index, indexes[name_key(index.name)], version) for index in renewed]
    drops, index_adds = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return bound([*drops, *index_adds, *adds]) if pairs else tuple(adds)


def _ends(
    table: str, key: ForeignKey, before: Tables, after: Tables
) -> list[tuple[str, frozenset[str]]]:
    """The tables at both ends with the columns there, as far as they are altered by this plan."""
    ends = [(table, frozenset(key.columns))]
    if key.parent_database is None:
        ends.append((key.parent_table, frozenset(key.parent_columns)))
    return [(name, columns) for name, columns in ends if name in before and name in after]


def _effects(
    before: Table, after: Table, names: frozenset[str], old_names: OldNames, flavor: Flavor
) -> Iterator[_Effect]:
    if changes_engine(before, after):
        yield _Effect.REDO
    old, new = by_name(before.columns), by_name(after.columns)
    for name in names:
        key = name_key(name)
        if key in old and key in new:
            yield from _column_effect(old[key], new[key], flavor)
            if name in old_names:
                yield _Effect.RENAMED if _renames_alone(before, name, old_names) else _Effect.REDO


def _renames_alone(before: Table, new_name: str, old_names: OldNames) -> bool:
    """Whether nothing has to be written again with the name. MySQL renames a foreign key's column
    only in place (1846), and an ALTER that does more is often a copy."""
    old_key = name_key(old_names[new_name])
    taken = {name_key(old_names.get(column.name, column.name)) for column in before.columns}
    free = name_key(new_name) == old_key or name_key(new_name) not in taken
    return free and old_key not in names_in_expressions(before)


def _column_effect(old: Column, new: Column, flavor: Flavor) -> Iterator[_Effect]:
    """MySQL compares the types of both ends whatever foreign_key_checks says (3780), and with it
    refuses every change that may touch values (1832, 1833) unless it can be made in place. MariaDB
    11.8 refuses another type without it as well."""
    if (old.charset, old.collation, old.generated) != (new.charset, new.collation, new.generated):
        yield _Effect.REDO
    elif old.sql_type != new.sql_type:
        harmless = flavor is Flavor.MYSQL and _grows(old.sql_type, new.sql_type)
        yield _Effect.UNCHECKED if harmless else _Effect.REDO
    if (old.nullable and not new.nullable) or old.auto_increment != new.auto_increment:
        yield _Effect.UNCHECKED


def _grows(old: str, new: str) -> bool:
    """Strings of a key may differ in length; a longer type keeps every value as it is."""
    a, b = _VARCHAR.fullmatch(old), _VARCHAR.fullmatch(new)
    return a is not None and b is not None and a[1] == b[1] and int(a[2]) <= int(b[2])
