"""The VSchema and the tables of the same files: what neither of them shows alone (VS-4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from reconciler.errors import nearest
from reconciler.model.schema import Table
from reconciler.vschema.checks import SEQUENCE, needs_vindex
from reconciler.vschema.document import RoutedTable, Vindex, VSchema
from reconciler.vschema.read import Fault, Path
from reconciler.vschema.vindex_types import VINDEX_TYPES, can_take, takes_of

_SEQUENCE_WORD = "vitess_sequence"  # as vttablet 24 looks for it, anywhere in the comment


def name_faults(
    vschema: VSchema,
    tables: Collection[str],
    *,
    keyspaces: Collection[str],
    is_ignored: Callable[[str], bool],
) -> Iterator[Fault]:
    """By the names of the tables alone, which need no server. `keyspaces` are the names that this
    one has in Vitess; tables that policy ignores may stand in the VSchema."""
    for vindex in vschema.vindexes:
        name = _lookup_table(vindex, keyspaces)
        if name is not None and name not in tables and not is_ignored(name):
            where: Path = ("vindexes", vindex.name, "params", "table")
            yield _unknown(where, name, tables, f"names table {name!r}, which no schema file has")
    for table in vschema.tables:
        if table.name not in tables and not is_ignored(table.name):
            reason = "is a table that no schema file has"
            yield _unknown(("tables", table.name), table.name, tables, reason)
        yield from _sequence_faults(vschema, keyspaces, table)
        yield from _source_faults(keyspaces, table)
    for name in sorted(set(tables) - vschema.table_by_name.keys()) if vschema.sharded else ():
        yield Fault(
            at=("tables",),
            code="vschema-table-missing",
            reason=f"says nothing of table {name}, which a schema file has: in a sharded keyspace"
            " no query would find it",
            recovery="add it, with its column_vindexes, or as a reference table",
        )


def _unknown(at: Path, name: str, tables: Collection[str], reason: str) -> Fault:
    meant = nearest(name, tables)
    return Fault(
        at=at,
        code="vschema-table-unknown",
        reason=reason,
        recovery=f"write {meant}, if that is meant"
        if meant
        else "take it out, or add the table's file",
    )


def _lookup_table(vindex: Vindex, keyspaces: Collection[str]) -> str | None:
    """What a lookup is read from and written to; None for one of another keyspace, of which only
    Vitess can tell."""
    known = VINDEX_TYPES.get(vindex.type)
    if known is None or not known.is_lookup:
        return None
    of, _, name = dict(vindex.params).get("table", "").replace("`", "").partition(".")
    return name if of in keyspaces else None


def column_faults(vschema: VSchema, tables: Sequence[Table]) -> Iterator[Fault]:
    """By the columns of the tables, as a server reads their definitions."""
    by_name = {table.name: table for table in tables}
    if vschema.foreign_key_mode == "disallow":
        yield from _foreign_keys(tables)
    for routed in vschema.tables:
        table = by_name.get(routed.name)
        if table is None:
            continue
        types = {column.name.lower(): column.sql_type for column in table.columns}
        at: Path = ("tables", routed.name)
        yield from _vindex_columns(vschema, routed, types)
        if routed.auto_increment is not None:
            place = (*at, "auto_increment", "column")
            yield from _missing(place, routed.auto_increment.column, types)
        if routed.type == SEQUENCE:
            yield from _not_a_sequence(routed, table)
        if routed.column_list_authoritative:
            yield from _not_listed(routed, table)
        for number, column in enumerate(routed.columns):
            yield from _missing((*at, "columns", number), column.name, types)


def _foreign_keys(tables: Sequence[Table]) -> Iterator[Fault]:
    """vtgate refuses such a table in a keyspace, and passes it on to a shard."""
    for table in tables:
        if table.foreign_keys:
            yield Fault(
                at=("foreign_key_mode",),
                code="vschema-foreign-keys",
                reason=f"is disallow, and table {table.name} has foreign key"
                f" {table.foreign_keys[0].name}: Vitess says `VT10001: foreign key constraints are"
                " not allowed`",
                recovery="take the foreign key out of the table's file, or write unmanaged or"
                " managed",
            )


def sharing_notes(vschema: VSchema, tables: Sequence[Table]) -> Iterator[str]:
    """Tables that are spread by one vindex over columns of different types: what is joined by
    them may be compared otherwise than it is spread."""
    types = {table.name: {c.name.lower(): c.sql_type for c in table.columns} for table in tables}
    shared: dict[str, dict[str, list[str]]] = {}
    for routed in vschema.tables:
        primary = routed.primary
        if primary is None or not needs_vindex(vschema, routed) or routed.name not in types:
            continue
        of_table = types[routed.name]
        found = ", ".join(of_table.get(column.lower(), "?") for column in primary.columns)
        shared.setdefault(primary.name, {}).setdefault(found, []).append(routed.name)
    for vindex, by_type in sorted(shared.items()):
        if len(by_type) > 1:
            listed = "; ".join(f"{found} in {', '.join(of)}" for found, of in by_type.items())
            yield f"vindex {vindex} spreads tables by columns of different types: {listed}"


def _sequence_faults(
    vschema: VSchema, keyspaces: Collection[str], table: RoutedTable
) -> Iterator[Fault]:
    """Of this very keyspace; what is in another one only Vitess can tell."""
    if table.auto_increment is None:
        return
    of, _, name = table.auto_increment.sequence.replace("`", "").partition(".")
    found = vschema.table_by_name.get(name)
    if of in keyspaces and (found is None or found.type != SEQUENCE):
        what = "is not in the VSchema" if found is None else f"is not of type {SEQUENCE} in it"
        yield Fault(
            at=("tables", table.name, "auto_increment", "sequence"),
            code="vschema-sequence",
            reason=f"names table {name!r}, which {what}",
            recovery=f"name a table of type {SEQUENCE}",
        )


def _not_a_sequence(routed: RoutedTable, table: Table) -> Iterator[Fault]:
    """What the VSchema calls one is none to vttablet without this word."""
    if _SEQUENCE_WORD not in (table.option("COMMENT") or ""):
        yield Fault(
            at=("tables", routed.name, "type"),
            code="vschema-sequence",
            reason=f"is {SEQUENCE}, and the table's file has no comment '{_SEQUENCE_WORD}': Vitess"
            " would take no value from it",
            recovery=f"write COMMENT='{_SEQUENCE_WORD}' behind the table's definition",
        )


def _source_faults(keyspaces: Collection[str], table: RoutedTable) -> Iterator[Fault]:
    of, _, name = table.source.replace("`", "").rpartition(".")
    if name == table.name and of in {"", *keyspaces}:
        yield Fault(
            at=("tables", table.name, "source"),
            code="vschema-bad-value",
            reason="is the table itself: no row could be written",
            recovery="take it out, or name the table of another keyspace that the rows come from",
        )


def _vindex_columns(
    vschema: VSchema, routed: RoutedTable, types: Mapping[str, str]
) -> Iterator[Fault]:
    for number, used in enumerate(routed.column_vindexes):
        at: Path = ("tables", routed.name, "column_vindexes", number)
        vindex = vschema.vindex_by_name.get(used.name)
        for place, column in enumerate(used.columns):
            yield from _missing(at, column, types)
            sql_type = types.get(column.lower())
            if vindex is None or sql_type is None:
                continue
            takes = takes_of(vindex.type, vindex.params, place)
            if not can_take(takes, sql_type):
                yield Fault(
                    at=at,
                    code="vschema-column-type",
                    reason=f"is over column {column} of type {sql_type}, and a vindex of type"
                    f" {vindex.type} takes {takes}: rows would have no shard",
                    recovery="use a function that takes such values, such as xxhash or binary, or"
                    " another column",
                )


def _not_listed(routed: RoutedTable, table: Table) -> Iterator[Fault]:
    listed = {column.name.lower() for column in routed.columns}
    for column in table.columns:
        if column.name.lower() not in listed and column.visible:
            yield Fault(
                at=("tables", routed.name, "columns"),
                code="vschema-column-missing",
                reason=f"does not list column {column.name}, and says that it lists all of them:"
                " `select *` would leave it out",
                recovery="list it, or set column_list_authoritative to false",
            )


def _missing(at: Path, column: str, types: Mapping[str, str]) -> Iterator[Fault]:
    if column.lower() not in types:
        meant = nearest(column, types)
        yield Fault(
            at=at,
            code="vschema-column-missing",
            reason=f"is over column {column!r}, which the table's file has not",
            recovery=f"write {meant}, if that is meant" if meant else "name one of its columns",
        )
