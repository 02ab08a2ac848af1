"""From one VSchema to another: every difference as a value, with what it may do to whom."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.vschema.document import (
    RoutedTable,
    Vindex,
    VSchema,
    document_of,
)
from reconciler.vschema.hazards import hazards_of
from reconciler.vschema.model import VSchemaChange, VSchemaChangeKind

Kind = VSchemaChangeKind
Named = TypeVar("Named", Vindex, RoutedTable)

SETTINGS = ("sharded", "require_explicit_routing", "foreign_key_mode", "multi_tenant_spec")


def diff_vschemas(before: VSchema, after: VSchema) -> tuple[VSchemaChange, ...]:
    """Settings, then vindexes, then tables, each by name. Empty only for equal ones."""
    changes = (*_settings(before, after), *_vindexes(before, after), *_tables(before, after))
    return tuple(
        replace(change, hazards=tuple(hazards_of(change, before, after))) for change in changes
    )


def needed_first(before: VSchema, after: VSchema) -> VSchema:
    """What the VSchema must be before any DDL: `before`, with what DDL itself needs of `after`. A
    sharded keyspace takes DDL only as one, and foreign keys only where they are allowed. Tables
    that had no vindex have one at once, or Vitess would not take it."""
    found = before
    if before.foreign_key_mode == "disallow":
        found = replace(found, foreign_key_mode=after.foreign_key_mode)
    if after.sharded and not before.sharded:
        found = replace(found, sharded=True) if not before.tables else after
    return found


def _settings(before: VSchema, after: VSchema) -> Iterator[VSchemaChange]:
    for name in SETTINGS:
        yield from _change(
            Kind.CHANGE_SETTING,
            ObjectId(ObjectKind.VSCHEMA, name),
            "",
            getattr(before, name),
            getattr(after, name),
        )


def _vindexes(before: VSchema, after: VSchema) -> Iterator[VSchemaChange]:
    for old, new in _pairs(before.vindexes, after.vindexes):
        if old is None or new is None:
            kind = Kind.ADD_VINDEX if old is None else Kind.REMOVE_VINDEX
            yield from _change(kind, _vindex_id(old or new), "", old, new)
            continue
        parts = {
            "type": (old.type, new.type),
            "params": (dict(old.params), dict(new.params)),
            "owner": (old.owner, new.owner),
        }
        for part, (was, shall) in parts.items():
            yield from _change(Kind.CHANGE_VINDEX, _vindex_id(new), part, was, shall)


def _tables(before: VSchema, after: VSchema) -> Iterator[VSchemaChange]:
    for old, new in _pairs(before.tables, after.tables):
        if old is None or new is None:
            kind = Kind.ADD_TABLE if old is None else Kind.REMOVE_TABLE
            yield from _change(kind, _table_id(old or new), "", old, new)
        else:
            yield from _of_table(old, new)


def _of_table(old: RoutedTable, new: RoutedTable) -> Iterator[VSchemaChange]:
    about = table_id(new.name)
    for part in ("type", "pinned", "source"):
        yield from _change(Kind.CHANGE_TABLE, about, part, getattr(old, part), getattr(new, part))
    yield from _column_vindexes(about, old, new)
    yield from _change(
        Kind.CHANGE_AUTO_INCREMENT, about, "auto_increment", old.auto_increment, new.auto_increment
    )
    yield from _change(
        Kind.CHANGE_COLUMNS,
        about,
        "column_list_authoritative",
        old.column_list_authoritative,
        new.column_list_authoritative,
    )
    yield from _columns(about, old, new)


def _column_vindexes(
    about: ObjectId, old: RoutedTable, new: RoutedTable
) -> Iterator[VSchemaChange]:
    """The first is what rows are spread by; the others are told apart by name and columns."""
    yield from _change(Kind.CHANGE_PRIMARY_VINDEX, about, "primary", old.primary, new.primary)
    was, shall = old.column_vindexes[1:], new.column_vindexes[1:]
    for gone in was:
        if gone not in shall:
            yield from _change(Kind.REMOVE_COLUMN_VINDEX, about, gone.name, gone, None)
    for added in shall:
        if added not in was:
            yield from _change(Kind.ADD_COLUMN_VINDEX, about, added.name, None, added)
    kept = [one for one in was if one in shall]
    if kept != [one for one in shall if one in was]:
        yield from _change(Kind.ORDER_COLUMN_VINDEXES, about, "column_vindexes", was, shall)


def _columns(about: ObjectId, old: RoutedTable, new: RoutedTable) -> Iterator[VSchemaChange]:
    """Each by its name; and the list, where only its order is another."""
    was = {column.name: column for column in old.columns}
    shall = {column.name: column for column in new.columns}
    for name in sorted(was.keys() | shall.keys()):
        yield from _change(Kind.CHANGE_COLUMNS, about, name, was.get(name), shall.get(name))
    if old.columns != new.columns and was == shall:
        yield from _change(Kind.CHANGE_COLUMNS, about, "columns", old.columns, new.columns)


def _change(
    kind: Kind, object_id: ObjectId, part: str, before: Any, after: Any
) -> Iterator[VSchemaChange]:
    if before != after:
        yield VSchemaChange(
            kind=kind, object_id=object_id, part=part, before=_json(before), after=_json(after)
        )


def _json(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(document_of(value), ensure_ascii=False, sort_keys=True)


def _vindex_id(vindex: Vindex | None) -> ObjectId:
    assert vindex is not None, "one of the two is there"
    return ObjectId(ObjectKind.VINDEX, vindex.name)


def _table_id(table: RoutedTable | None) -> ObjectId:
    assert table is not None, "one of the two is there"
    return table_id(table.name)


def _pairs(
    before: Sequence[Named], after: Sequence[Named]
) -> Iterator[tuple[Named | None, Named | None]]:
    was = {one.name: one for one in before}
    shall = {one.name: one for one in after}
    for name in sorted(was.keys() | shall.keys()):
        yield was.get(name), shall.get(name)
