"""Why a change of a VSchema may hurt, and whom.

Vitess finds a row by what the VSchema says, and moves none when it says otherwise: a row that is
looked for in another shard is there and cannot be reached. What may do that, or may make queries of
running code fail, needs permission. An unsharded keyspace spreads no rows, so vindexes mean nothing
in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from reconciler.model.policy import Hazard, HazardKind
from reconciler.vschema.checks import SEQUENCE
from reconciler.vschema.document import ColumnVindex, RoutedTable, Vindex, VSchema
from reconciler.vschema.limits import TABLES_NAMED_MAX
from reconciler.vschema.model import VSchemaChange, VSchemaChangeKind
from reconciler.vschema.vindex_types import VINDEX_TYPES

Kind = VSchemaChangeKind

# Parameters of lookups that say how it is read or written, not where or what: rows stay found.
_HARMLESS_PARAMS = frozenset(
    {"autocommit", "batch_lookup", "multi_shard_autocommit", "no_verify", "read_lock"}
)


def hazards_of(change: VSchemaChange, before: VSchema, after: VSchema) -> Iterator[Hazard]:
    """`change` is one of those that lead from `before` to `after`."""
    name = change.object_id.name
    match change.kind:
        case Kind.CHANGE_SETTING:
            yield from _of_setting(name, before, after)
        case Kind.ADD_VINDEX | Kind.ORDER_COLUMN_VINDEXES:
            return  # no row is found or spread by it alone
        case Kind.REMOVE_VINDEX:
            yield from _of_removed_vindex(before.vindex_by_name[name], before)
        case Kind.CHANGE_VINDEX:
            was, shall = before.vindex_by_name[name], after.vindex_by_name[name]
            yield from _of_changed_vindex(change.part, was, shall, before)
        case Kind.ADD_TABLE:
            yield from _of_added_table(after.table_by_name[name], before)
        case Kind.REMOVE_TABLE:
            yield from _of_removed_table(before.table_by_name[name], after)
        case Kind.CHANGE_TABLE:
            yield from _of_changed_table(name, change.part, before)
        case Kind.CHANGE_PRIMARY_VINDEX:
            yield from _of_primary(name, before)
        case Kind.ADD_COLUMN_VINDEX:
            yield from _of_added_lookup(name, change.part, before, after)
        case Kind.REMOVE_COLUMN_VINDEX:
            yield from _of_removed_lookup(name, change.part, before)
        case Kind.CHANGE_AUTO_INCREMENT:
            yield _needs(
                HazardKind.CHANGE_SEQUENCE,
                name,
                "a counter that begins again, or ends, may give values that rows have already",
            )
        case Kind.CHANGE_COLUMNS:
            yield from _of_columns(name, change)
        case _:
            assert_never(change.kind)


def _of_setting(name: str, before: VSchema, after: VSchema) -> Iterator[Hazard]:
    if name == "sharded":
        yield _needs(
            HazardKind.UNREACHABLE_ROWS,
            name,
            "every table is looked for in other shards than its rows are in: none of them is moved"
            if after.sharded
            else "every query goes to one shard, and the rows of all others are out of reach",
        )
    elif name == "foreign_key_mode":
        if _effective_mode(before) != _effective_mode(after):
            yield _needs(
                HazardKind.CHANGE_ROUTING,
                name,
                f"foreign keys are {_effective_mode(after)} from now on: what Vitess refuses,"
                " checks and cascades is another",
            )
    elif name == "require_explicit_routing" and after.require_explicit_routing:
        yield _needs(
            HazardKind.CHANGE_ROUTING,
            name,
            "queries that name a table without the keyspace no longer find it",
        )
    else:
        yield _tells(
            HazardKind.CHANGE_ROUTING, name, "queries may be sent otherwise, or find a name twice"
        )


def _effective_mode(vschema: VSchema) -> str:
    """Vitess 24 takes one that is not said for `unmanaged`."""
    mode = vschema.foreign_key_mode
    return "unmanaged" if mode == "unspecified" else mode


def _of_removed_vindex(vindex: Vindex, before: VSchema) -> Iterator[Hazard]:
    if users := _users(vindex, before):
        kind = HazardKind.STALE_LOOKUP if _is_lookup(vindex) else HazardKind.UNREACHABLE_ROWS
        yield _needs(kind, vindex.name, f"{_listed(users)} had it, and rows were found by it")


def _of_changed_vindex(part: str, was: Vindex, shall: Vindex, before: VSchema) -> Iterator[Hazard]:
    users = _users(was, before)
    if not users:
        return
    if part == "owner":
        if was.owner:
            yield _needs(
                HazardKind.STALE_LOOKUP,
                was.name,
                f"rows of {was.owner} are no longer written to the lookup, and are not found by it",
            )
        return
    if part == "params" and _is_lookup(was) and _is_lookup(shall):
        yield from _of_lookup_params(was, shall, users)
        return
    yield _needs(
        HazardKind.UNREACHABLE_ROWS,
        was.name,
        f"its {part} is another: rows of {_listed(users)} stay where the old one put them, and the"
        " new one looks elsewhere",
    )


def _of_lookup_params(was: Vindex, shall: Vindex, users: tuple[str, ...]) -> Iterator[Hazard]:
    old, new = dict(was.params), dict(shall.params)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    changed -= _HARMLESS_PARAMS
    if changed == {"write_only"}:
        if new.get("write_only") != "true":
            yield _needs(
                HazardKind.NEEDS_BACKFILL,
                was.name,
                f"rows of {_listed(users)} are looked for in it from now on: those that it does"
                " not hold yet are not found",
            )
    elif changed:
        yield _needs(
            HazardKind.UNREACHABLE_ROWS,
            was.name,
            f"{', '.join(sorted(changed))} of the lookup changed: rows of {_listed(users)} are"
            " looked for where they were not written",
        )


def _of_added_table(table: RoutedTable, before: VSchema) -> Iterator[Hazard]:
    """A table that an unsharded keyspace already had needs no entry to be found."""
    if table.auto_increment is not None and not before.sharded and before.tables:
        yield _tells(
            HazardKind.CHANGE_SEQUENCE,
            table.name,
            "if it has rows, its sequence must be beyond the largest value among them",
        )


def _of_removed_table(table: RoutedTable, after: VSchema) -> Iterator[Hazard]:
    if after.sharded or table.type == SEQUENCE:
        yield _needs(HazardKind.UNROUTED_TABLE, table.name, "queries no longer find the table")
    elif table.auto_increment is not None:
        yield _needs(
            HazardKind.CHANGE_SEQUENCE,
            table.name,
            "it takes no values from its sequence any more, and may give those that rows have",
        )


def _of_changed_table(name: str, part: str, before: VSchema) -> Iterator[Hazard]:
    if part == "source":
        reason = "it is read and written through another table"
        yield _needs(HazardKind.CHANGE_ROUTING, name, reason)
    elif before.sharded or part == "type":
        yield _needs(
            HazardKind.UNREACHABLE_ROWS,
            name,
            f"its {part} is another, and rows are looked for in other shards than they are in",
        )


def _of_primary(name: str, before: VSchema) -> Iterator[Hazard]:
    if before.sharded:
        yield _needs(
            HazardKind.UNREACHABLE_ROWS,
            name,
            "rows stay in the shards that the old primary vindex put them in, and are looked for in"
            " those of the new one",
        )


def _of_added_lookup(
    table: str, vindex_name: str, before: VSchema, after: VSchema
) -> Iterator[Hazard]:
    if not before.sharded:
        return
    vindex = after.vindex_by_name.get(vindex_name)
    if vindex is None or not _is_lookup(vindex):
        yield Hazard(
            kind=HazardKind.UNREACHABLE_ROWS,
            object=vindex_name,
            needs_permission=True,
            reason=f"rows of {table} are looked for by it, and were not spread by it",
        )
    elif dict(vindex.params).get("write_only") != "true":
        yield Hazard(
            kind=HazardKind.NEEDS_BACKFILL,
            object=vindex_name,
            needs_permission=True,
            reason=f"rows of {table} that the lookup does not hold yet are not found by it: add it"
            " with write_only, backfill it, then take write_only away",
        )


def _of_removed_lookup(table: str, vindex_name: str, before: VSchema) -> Iterator[Hazard]:
    vindex = before.vindex_by_name.get(vindex_name)
    if vindex is not None and before.sharded and _is_lookup(vindex) and vindex.owner == table:
        yield Hazard(
            kind=HazardKind.STALE_LOOKUP,
            object=vindex_name,
            needs_permission=True,
            reason=f"rows of {table} are no longer written to the lookup, and what it kept unique"
            " is not any more",
        )
    elif before.sharded:
        yield Hazard(
            kind=HazardKind.DROP_INDEX,
            object=vindex_name,
            needs_permission=False,
            reason=f"queries of {table} that found their shard by it ask all shards",
        )


def _of_columns(table: str, change: VSchemaChange) -> Iterator[Hazard]:
    """Only `select *` goes by the list, and only where it is said to be whole."""
    if change.after is None:
        yield Hazard(
            kind=HazardKind.HIDE_COLUMN,
            object=change.part,
            needs_permission=False,
            reason=f"where the list of {table} is authoritative, `select *` no longer shows it; and"
            " until the VSchema has followed, it still asks for it",
        )


def _users(vindex: Vindex, vschema: VSchema) -> tuple[str, ...]:
    """Tables whose rows are found by it; none in an unsharded keyspace."""
    if not vschema.sharded:
        return ()
    return tuple(
        table.name for table in vschema.tables if vindex.name in _names(table.column_vindexes)
    )


def _names(used: tuple[ColumnVindex, ...]) -> frozenset[str]:
    return frozenset(one.name for one in used)


def _is_lookup(vindex: Vindex) -> bool:
    known = VINDEX_TYPES.get(vindex.type)
    return known is not None and known.is_lookup


def _listed(tables: tuple[str, ...]) -> str:
    shown = ", ".join(tables[:TABLES_NAMED_MAX])
    more = len(tables) - TABLES_NAMED_MAX
    return f"{shown} and {more:,} more" if more > 0 else shown


def _needs(kind: HazardKind, name: str, reason: str) -> Hazard:
    """Of the whole object."""
    return Hazard(kind=kind, object=name, needs_permission=True, reason=reason)


def _tells(kind: HazardKind, name: str, reason: str) -> Hazard:
    return Hazard(kind=kind, object=name, needs_permission=False, reason=reason)
