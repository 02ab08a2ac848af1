"""What is wrong with a VSchema by itself: what Vitess refuses, said at its place in the file before
any Vitess is asked, and what Vitess takes although no query could use it (VS-3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from reconciler.errors import nearest
from reconciler.vschema.document import ColumnVindex, RoutedTable, VSchema
from reconciler.vschema.read import Fault, Path
from reconciler.vschema.vindex_types import VINDEX_TYPES, columns_wanted

REFERENCE, SEQUENCE = "reference", "sequence"

_HEX = re.compile("(?:[0-9a-fA-F]{2})+")
_QUALIFIED = re.compile(r"(`?)[^`.\s]+\1\.(`?)[^`.\s]+\2")


def faults_in(vschema: VSchema) -> Iterator[Fault]:
    """In the order of the names."""
    for vindex in vschema.vindexes:
        at: Path = ("vindexes", vindex.name)
        if not vindex.type:
            yield _fault(at, "has no type", "name the function, such as hash or xxhash")
        if vindex.owner and vindex.owner not in vschema.table_by_name:
            recovery = _meant(vindex.owner, vschema.table_by_name, "take the owner out")
            yield _fault(
                (*at, "owner"),
                f"names table {vindex.owner!r}, which is not in the VSchema",
                recovery,
            )
    for table in vschema.tables:
        yield from _table_faults(vschema, table)


def needs_vindex(vschema: VSchema, table: RoutedTable) -> bool:
    """In a sharded keyspace only what is the same on all shards, or on one, goes without."""
    return vschema.sharded and table.type != REFERENCE and not table.pinned


def _table_faults(vschema: VSchema, table: RoutedTable) -> Iterator[Fault]:
    at: Path = ("tables", table.name)
    if table.type not in ("", REFERENCE, SEQUENCE):
        yield _fault(
            (*at, "type"), f"is {table.type!r}", "leave it out, or write reference or sequence"
        )
    if table.pinned and not _HEX.fullmatch(table.pinned):
        yield _fault(
            (*at, "pinned"),
            f"is {table.pinned!r}, which is no keyspace id",
            "write it in hexadecimal digits, two for a byte",
        )
    if table.type == SEQUENCE and vschema.sharded and not table.pinned:
        yield _fault(
            at,
            "is a sequence of a sharded keyspace",
            "put it into an unsharded keyspace, or pin it to a keyspace id",
        )
    elif needs_vindex(vschema, table) and not table.column_vindexes:
        yield Fault(
            at=at,
            code="vschema-table-without-vindex",
            reason="has no vindex: in a sharded keyspace nobody could tell in which shard a row is",
            recovery="give it column_vindexes, the first of them unique; or make it a reference"
            " table",
        )
    elif vschema.sharded and table.column_vindexes and not needs_vindex(vschema, table):
        what, field = ("pinned", "pinned") if table.pinned else ("a reference table", "type")
        yield _fault(
            (*at, "column_vindexes"),
            f"would spread the rows of a table that is {what}: Vitess 24 writes each to one shard,"
            " and looks for it in another",
            f"take column_vindexes out, or {field}",
        )
    for place, used in enumerate(table.column_vindexes):
        yield from _column_vindex_faults(vschema, table, used, place)
    yield from _column_faults(table)
    yield from _auto_increment_faults(table)


def _column_vindex_faults(
    vschema: VSchema, table: RoutedTable, used: ColumnVindex, place: int
) -> Iterator[Fault]:
    at: Path = ("tables", table.name, "column_vindexes", place)
    if not used.columns:
        yield _fault(at, "names no column", "name the columns that it is over")
    vindex = vschema.vindex_by_name.get(used.name)
    if vindex is None:
        recovery = _meant(used.name, vschema.vindex_by_name, "add it to vindexes")
        yield _fault((*at, "name"), f"is {used.name!r}, which is none of vindexes", recovery)
        return
    known = VINDEX_TYPES.get(vindex.type)
    if known is None:
        return
    if place == 0 and not known.is_unique:
        yield _fault(
            at,
            f"is the table's primary vindex, and one of type {vindex.type} is not unique",
            "put a unique one first",
        )
    if place == 0 and known.is_lookup and vindex.owner == table.name:
        yield _fault(
            at,
            "is the table's primary vindex, and the table owns it: a row must have its"
            " shard before it can be looked up",
            "put a function such as hash first",
        )
    wanted = columns_wanted(vindex.type, vindex.params)
    if wanted is not None and used.columns and len(used.columns) != wanted:
        yield _fault(
            at,
            f"is over {len(used.columns)} columns, and {vindex.name} takes {wanted}: no row could"
            " be written",
            f"name {wanted} columns",
        )
    if place > 0 and known.is_multi_column:
        yield _fault(
            at,
            f"is of type {vindex.type}, which can only be a table's first vindex",
            "put it first",
        )


def _column_faults(table: RoutedTable) -> Iterator[Fault]:
    seen: set[str] = set()
    for place, column in enumerate(table.columns):
        at: Path = ("tables", table.name, "columns", place)
        if not column.name:
            yield _fault(at, "has no name", "name the column, or take it out")
        elif column.name.lower() in seen:
            yield _fault(at, f"is {column.name!r} a second time", "keep one of them")
        seen.add(column.name.lower())


def _auto_increment_faults(table: RoutedTable) -> Iterator[Fault]:
    found = table.auto_increment
    at: Path = ("tables", table.name, "auto_increment")
    if found is None:
        return
    if not found.column:
        yield _fault(at, "names no column", "name the column whose values it gives")
    if not _QUALIFIED.fullmatch(found.sequence):
        yield Fault(
            at=(*at, "sequence"),
            code="vschema-sequence",
            reason=f"is {found.sequence!r}, which is not the name of a table with its keyspace",
            recovery="write keyspace.table: without the keyspace, another keyspace's table of that"
            " name would make it mean nothing",
        )


def _meant(word: str, known: Collection[str], otherwise: str) -> str:
    meant = nearest(word, known)
    return f"write {meant}, if that is meant; or {otherwise}" if meant else otherwise


def _fault(at: Path, reason: str, recovery: str) -> Fault:
    return Fault(at=at, code="vschema-bad-value", reason=reason, recovery=recovery)
