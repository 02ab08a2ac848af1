"""The observed schema under the names that the schema files give it by annotation.

Everything the servers rewrite on a rename is rewritten here too, foreign keys of other tables
included. What they do not rewrite (expressions in checks, defaults and partitions) keeps the old
name, and is therefore found changed later on.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import DiffRefusal, Note, Operation, Step
from reconciler.diff.pairing import by_name, name_key
from reconciler.diff.rename_choice import Pair, RenameChoice, choose_renames
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.schema import Column, ForeignKey, Index, Schema, Table
from reconciler.model.server import Flavor

OldNames = Mapping[str, str]  # new name -> old name, both as written in the definitions


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """`tables` are (old, new) in an order in which they can run; a column or an index that differs
    by case alone counts as renamed."""

    schema: Schema
    tables: tuple[Pair, ...] = ()
    columns: Mapping[str, OldNames] = field(default_factory=dict)  # by the table's new name
    indexes: Mapping[str, OldNames] = field(default_factory=dict)
    refusals: tuple[DiffRefusal, ...] = ()
    notes: tuple[Note, ...] = ()

    def old_table_name(self, new: str) -> str:
        return next((old for old, name in self.tables if name == new), new)


def apply_renames(
    observed: Schema, desired: Schema, renames: tuple[Rename, ...], flavor: Flavor
) -> Renamed:
    before = {table.name: table for table in observed.tables}
    wanted = {table.name: table for table in desired.tables}
    asked = {kind: [r for r in renames if r.kind is kind] for kind in RenameKind}
    chosen = choose_renames(
        tuple((rename.old, rename.new) for rename in asked[RenameKind.TABLE]),
        before,
        wanted,
        lambda old, new: _under_table_name(old, new.name, flavor),
    )
    refusals = [_undecided("table", pair[1], pair) for pair in chosen.undecided]
    notes = [_blocked("table", pair[1], pair) for pair in chosen.blocked]
    tables = _under_new_table_names(before, dict(chosen.to_do), flavor)
    columns: dict[str, OldNames] = {}
    indexes: dict[str, OldNames] = {}
    for name in sorted(tables.keys() & wanted.keys()):
        for kind, into in ((RenameKind.COLUMN, columns), (RenameKind.INDEX, indexes)):
            pairs = tuple(
                (name_key(r.old), name_key(r.new)) for r in asked[kind] if r.table == name
            )
            old_names, choice = _names_in_table(kind, pairs, tables[name], wanted[name])
            refusals += [_undecided(kind, name, pair) for pair in choice.undecided]
            notes += [_blocked(kind, name, pair) for pair in choice.blocked]
            if old_names:
                into[name] = old_names
    renamed = (_with_new_names(table, columns, indexes) for _, table in sorted(tables.items()))
    return Renamed(
        schema=replace(observed, tables=tuple(renamed)),
        tables=chosen.to_do,
        columns=columns,
        indexes=indexes,
        refusals=tuple(refusals),
        notes=tuple(notes),
    )


def _names_in_table(
    kind: RenameKind, asked: tuple[Pair, ...], before: Table, after: Table
) -> tuple[OldNames, RenameChoice]:
    if kind is RenameKind.COLUMN:
        return _choose(asked, by_name(before.columns), by_name(after.columns))
    return _choose(asked, by_name(before.indexes), by_name(after.indexes))


_Part = TypeVar("_Part", Column, Index)


def _choose(
    asked: tuple[Pair, ...], old: Mapping[str, _Part], new: Mapping[str, _Part]
) -> tuple[OldNames, RenameChoice]:
    choice = choose_renames(asked, old, new, lambda a, b: replace(a, name=b.name))
    old_names = {new[b].name: old[a].name for a, b in choice.to_do}
    renamed = {key for pair in choice.to_do for key in pair}
    for key in (old.keys() & new.keys()) - renamed:
        if old[key].name != new[key].name:
            old_names[new[key].name] = old[key].name
    return dict(sorted(old_names.items())), choice


def _under_new_table_names(
    tables: Mapping[str, Table], new_names: Mapping[str, str], flavor: Flavor
) -> dict[str, Table]:
    renamed = {}
    for name, table in tables.items():
        table = _under_table_name(table, new_names.get(name, name), flavor)
        foreign_keys = tuple(
            key
            if key.parent_database is not None
            else replace(key, parent_table=new_names.get(key.parent_table, key.parent_table))
            for key in table.foreign_keys
        )
        renamed[table.name] = replace(table, foreign_keys=foreign_keys)
    return renamed


def _under_table_name(table: Table, name: str, flavor: Flavor) -> Table:
    """The names that a server made itself follow the table: t_ibfk_1 and, on MySQL, t_chk_1."""
    if table.name == name:
        return table
    old = re.escape(table.name)
    own_key = re.compile(rf"{old}_ibfk_(\d+)")
    own_check = re.compile(rf"{old}_chk_(\d+)")
    foreign_keys = tuple(
        replace(key, name=f"{name}_ibfk_{own[1]}") if (own := own_key.fullmatch(key.name)) else key
        for key in table.foreign_keys
    )
    checks = table.checks
    if flavor is Flavor.MYSQL:
        checks = tuple(
            replace(check, name=f"{name}_chk_{own[1]}")
            if (own := own_check.fullmatch(check.name))
            else check
            for check in checks
        )
    return replace(table, name=name, foreign_keys=foreign_keys, checks=checks)


def _with_new_names(
    table: Table, columns: Mapping[str, OldNames], indexes: Mapping[str, OldNames]
) -> Table:
    """The table as its columns' and indexes' renames leave it, and those of its parents."""
    own = _new_by_old(columns.get(table.name, {}))
    index_names = _new_by_old(indexes.get(table.name, {}))
    if (
        not own
        and not index_names
        and not any(k.parent_table in columns for k in table.foreign_keys)
    ):
        return table
    return replace(
        table,
        columns=tuple(replace(c, name=own.get(name_key(c.name), c.name)) for c in table.columns),
        indexes=tuple(_index_with_new_names(index, own, index_names) for index in table.indexes),
        foreign_keys=tuple(
            _foreign_key_with_new_names(key, own, columns) for key in table.foreign_keys
        ),
        periods=tuple(_period_with_new_names(period, own) for period in table.periods),
    )


def _period_with_new_names(period: str, columns: Mapping[str, str]) -> str:
    """The two columns stand at its end."""
    names = [t for t in tokenize(period) if t.kind is TokenKind.QUOTED_IDENTIFIER]
    for name in reversed(names[-2:]):
        new = quote_identifier(columns.get(name_key(name.value), name.value))
        period = f"{period[: name.offset]}{new}{period[name.offset + len(name.text) :]}"
    return period


def _new_by_old(old_names: OldNames) -> dict[str, str]:
    return {name_key(old): new for new, old in old_names.items()}


def _index_with_new_names(
    index: Index, columns: Mapping[str, str], indexes: Mapping[str, str]
) -> Index:
    parts = tuple(
        part
        if part.column is None
        else replace(part, column=columns.get(name_key(part.column), part.column))
        for part in index.parts
    )
    return replace(index, name=indexes.get(name_key(index.name), index.name), parts=parts)


def _foreign_key_with_new_names(
    key: ForeignKey, own: Mapping[str, str], columns: Mapping[str, OldNames]
) -> ForeignKey:
    parent = {} if key.parent_database else _new_by_old(columns.get(key.parent_table, {}))
    return replace(
        key,
        columns=tuple(own.get(name_key(name), name) for name in key.columns),
        parent_columns=tuple(parent.get(name_key(name), name) for name in key.parent_columns),
    )


def _undecided(what: str, table: str, pair: Pair) -> DiffRefusal:
    old, new = pair
    return DiffRefusal(
        table=table,
        object=new,
        reason=f"nothing tells whether the rename of {what} {old} to {new} was done already: it is"
        " part of a swap, and neither way matches the file",
        recovery="swap through a third name, in two changes, one after the other",
    )


def _blocked(what: str, table: str, pair: Pair) -> Note:
    old, new = pair
    return Note(
        table=table,
        text=f"{what} {old} is not renamed to {new}: {new} exists already",
    )


def rename_steps(
    pairs: Iterable[Pair], observed: Mapping[str, Table], after: Mapping[str, Table]
) -> Iterator[Step]:
    """One table a statement; in a circle of names, one table steps aside first."""
    waiting = dict(pairs)
    at = {old: old for old in waiting}
    names = set(observed)
    while waiting:
        old = next((old for old, new in waiting.items() if new not in names), None)
        if old is not None:
            target = waiting.pop(old)
            yield _rename(at[old], target, observed[old], after[target])
        else:
            old, new = next(iter(waiting.items()))
            target = _free_name(old, names | after.keys())
            yield _rename(old, target, observed[old], after[new])
        names = names - {at[old]} | {target}
        at[old] = target


def _free_name(name: str, taken: Collection[str]) -> str:
    stem = name[: IDENTIFIER_CHARS_MAX - 4]
    return next(free for n in itertools.count() if (free := f"{stem}__{n}") not in taken)


def _rename(old: str, new: str, before: Table, after: Table) -> Step:
    return Step(
        operation=Operation.RENAME_TABLE,
        table=old,
        before=before,
        after=after,
        renamed_to=new,
        sql=f"RENAME TABLE {quote_identifier(old)} TO {quote_identifier(new)}",
    )
