"""What looks like a rename and is planned as a drop and an add, because nobody asked for more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.diff.model import Note
from reconciler.diff.pairing import by_name, name_key
from reconciler.model.schema import Table


def likely_rename_notes(before: Mapping[str, Table], after: Mapping[str, Table]) -> Iterator[Note]:
    gone = {name: before[name] for name in sorted(before.keys() - after.keys())}
    come = {name: after[name] for name in sorted(after.keys() - before.keys())}
    for old, new in _pairs(
        {name: table.columns for name, table in gone.items()},
        {name: table.columns for name, table in come.items()},
    ):
        if name_key(old) != name_key(new):
            yield _note(new, "table", old, new)
    for old in gone:
        for new in come:
            if name_key(old) == name_key(new):
                yield _differ_by_case(old, new)
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            yield from _in_table(before[name], after[name])


def _in_table(before: Table, after: Table) -> Iterator[Note]:
    for what, old_items, new_items in (
        ("column", by_name(before.columns), by_name(after.columns)),
        ("index", by_name(before.indexes), by_name(after.indexes)),
    ):
        gone = {i.name: replace(i, name="") for key, i in old_items.items() if key not in new_items}
        come = {i.name: replace(i, name="") for key, i in new_items.items() if key not in old_items}
        for old, new in _pairs(gone, come):
            yield _note(after.name, what, old, new)


def _pairs(gone: Mapping[str, object], come: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    """Names of what is alike but for the name, where there is only one such pair."""
    for old, one in gone.items():
        alike = [new for new, other in come.items() if other == one]
        if len(alike) == 1 and sum(other == one for other in gone.values()) == 1:
            yield old, alike[0]


def _differ_by_case(old: str, new: str) -> Note:
    return Note(
        table=new,
        text=f"table {old} goes and {new} comes: their names differ by case alone; if this is one"
        f" table, say so in its file: -- reconciler: rename table {old} to {new}",
    )


def _note(table: str, what: str, old: str, new: str) -> Note:
    return Note(
        table=table,
        text=f"{what} {old} goes and {new} comes, alike in all else; if this is a rename, say so in"
        f" the table's file: -- reconciler: rename {what} {old} to {new}",
    )
