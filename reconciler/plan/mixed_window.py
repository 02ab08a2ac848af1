"""Tables that have other columns on some shards than on others while a plan is carried out: what a
`SELECT *` over several shards sees then, and which wave ends it.

It is read from the plan alone, for words about it; nothing is decided by it. A table whose
definition or statement is not understood has none, and neither has one that changes its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.ddl.statement.shown_columns import Columns, columns_after, columns_of
from reconciler.diff.model import Operation
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import ColumnOrder
from reconciler.plan.model import ChangeSet, PlanCore, PlannedStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedWindow:
    """`since_wave` None: shards differ today. `shapes` are what `SELECT *` shows, each once, the
    last the one that all shards end at; `added` columns are in that one, `dropped` are not, and
    `retyped` are of several types; `reordered` where columns that all have stand in another order,
    which is not said where the policy leaves the order to each shard."""

    table: str
    since_wave: int | None
    until_wave: int
    shapes: tuple[Columns, ...]
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    reordered: bool = False


Walk = Mapping[str, Sequence[Columns]]
"""Of each table that is altered: its shapes, from the one before to the one behind."""


def mixed_windows(core: PlanCore) -> tuple[MixedWindow, ...]:
    """By table. A keyspace of one shard has none."""
    if len(core.shards) < 2:
        return ()
    ordered = core.policy.column_order is ColumnOrder.EXACT
    walked = tuple((one, _walked(one, ordered=ordered)) for one in core.change_sets)
    tables = sorted({table for _, walk in walked for table in walk})
    found = (_window(core, table, walked) for table in tables)
    return tuple(one for one in found if one is not None)


def differing_now(core: PlanCore, left: Mapping[str, Sequence[object]]) -> tuple[str, ...]:
    """Tables whose windows begin with a wave, as the plan was made, and whose shards differ already
    since it has run on some. `left` are the statements to come of each shard, none of another."""
    exact = core.policy.column_order is ColumnOrder.EXACT
    walked = [(one, _walked(one, ordered=exact)) for one in core.change_sets]
    windows = [one.table for one in mixed_windows(core) if one.since_wave is not None]
    return tuple(table for table in windows if len(set(_shapes_now(table, walked, left))) > 1)


def _shapes_now(
    table: str, walked: Sequence[tuple[ChangeSet, Walk]], left: Mapping[str, Sequence[object]]
) -> Iterator[Columns]:
    for one, walk in walked:
        for shard in one.shards if table in walk else ():
            done = one.statements[: len(one.statements) - len(left.get(shard, ()))]
            yield walk[table][sum(_alters(each, table) for each in done)]


def _alters(statement: PlannedStatement, table: str) -> bool:
    return statement.operation is Operation.ALTER_TABLE and statement.object_id.name == table


def _window(
    core: PlanCore, table: str, walked: Sequence[tuple[ChangeSet, Walk]]
) -> MixedWindow | None:
    ways = [(one, walk[table]) for one, walk in walked if table in walk]
    end = ways[0][1][-1]
    if any(way[-1] != end for _, way in ways):
        return None  # all shards end at one shape: something was not understood
    changing = {shard for one, way in ways if set(way) != {end} for shard in one.shards}
    waves = [n for n, wave in enumerate(core.waves, start=1) if not changing.isdisjoint(wave)]
    if not waves:
        return None
    today = {way[0] for _, way in ways}
    if sum(len(one.shards) for one, _ in ways) < len(core.shards):
        today.add(end)  # where nothing is to do for the table
    others = dict.fromkeys(shape for _, way in ways for shape in way if shape != end)
    return _told(table, (*others, end), None if len(today) > 1 else waves[0], waves[-1])


def _told(table: str, shapes: tuple[Columns, ...], since: int | None, until: int) -> MixedWindow:
    names = [[column.name for column in shape] for shape in shapes]
    common = set(names[0]).intersection(*names)
    types = {(column.name, column.type_name) for shape in shapes for column in shape}
    return MixedWindow(
        table=table,
        since_wave=since,
        until_wave=until,
        shapes=shapes,
        added=tuple(name for name in names[-1] if name not in common),
        dropped=tuple(
            dict.fromkeys(name for each in names[:-1] for name in each if name not in names[-1])
        ),
        retyped=tuple(
            name for name in names[-1] if name in common and len(_types(name, types)) > 1
        ),
        reordered=len({tuple(name for name in each if name in common) for each in names}) > 1,
    )


def _types(name: str, types: Iterable[tuple[str, str]]) -> set[str]:
    return {type_name for each, type_name in types if each == name}


def _walked(change_set: ChangeSet, *, ordered: bool) -> Walk:
    """Of the tables of which everything was understood."""
    ways: dict[str, list[Columns] | None] = {
        before.object_id.name: _begun(before.definition)
        for before in change_set.touched
        if before.object_id.kind is ObjectKind.TABLE
    }
    for statement in change_set.statements:
        names = [effect.object_id.name for effect in statement.effects]
        name = statement.object_id.name
        way = ways.get(name)
        if statement.operation is not Operation.ALTER_TABLE:
            ways.update((each, None) for each in names if each in ways)
        elif way is not None:
            after = columns_after(way[-1], statement.sql)
            ways[name] = [*way, after] if after is not None else None
    return {
        name: [_shown(columns, ordered=ordered) for columns in way]
        for name, way in ways.items()
        if way is not None and len(way) > 1
    }


def _begun(definition: str | None) -> list[Columns] | None:
    columns = columns_of(definition) if definition is not None else None
    return None if columns is None else [columns]


def _shown(columns: Columns, *, ordered: bool) -> Columns:
    shown = tuple(column for column in columns if column.visible)
    return shown if ordered else tuple(sorted(shown, key=lambda column: column.name))
