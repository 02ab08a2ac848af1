"""New tables, parents first, each with the foreign keys that can be had at once.

A key to a table that is still to change, or that comes later because keys lead round in a circle,
is added at the end. A parent that the desired schema does not have either can only be referred to
unchecked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.ddl.default_less import default_less_columns
from reconciler.ddl.render import create_table_sql
from reconciler.diff.columns import drop_default
from reconciler.diff.model import Operation, Step
from reconciler.diff.ordering import dependency_order
from reconciler.model.schema import ForeignKey, Table
from reconciler.model.server import ServerVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """`deferred` are the foreign keys still to be added, by table."""

    steps: tuple[Step, ...]
    deferred: Mapping[str, tuple[ForeignKey, ...]]


def creation_steps(
    after: Mapping[str, Table],
    printed: Mapping[str, Table],
    settled: frozenset[str],
    version: ServerVersion,
) -> Creation:
    """`printed` are the new tables as their statements should read, without what the normal form
    spells out; `settled` the tables that are as desired from the beginning."""
    new = printed.keys()
    parents = {name: parent_names(after[name]) for name in new}
    done = set(settled)
    steps: list[Step] = []
    deferred: dict[str, tuple[ForeignKey, ...]] = {}
    for name in dependency_order(new, parents):
        done.add(name)
        table = after[name]
        later = tuple(key for key in table.foreign_keys if _waits(key, after, done))
        if later:
            deferred[name] = later
        steps += _create(table, printed[name], later, after, version)
    return Creation(steps=tuple(steps), deferred=deferred)


def parent_names(table: Table) -> frozenset[str]:
    """Its parents within the schema."""
    return frozenset(key.parent_table for key in table.foreign_keys if key.parent_database is None)


def refers_to_nothing(key: ForeignKey, after: Mapping[str, Table]) -> bool:
    return key.parent_database is None and key.parent_table not in after


def _waits(key: ForeignKey, after: Mapping[str, Table], done: set[str]) -> bool:
    if key.parent_database is not None or refers_to_nothing(key, after):
        return False
    return key.parent_table not in done


def _create(
    table: Table,
    printed: Table,
    later: tuple[ForeignKey, ...],
    after: Mapping[str, Table],
    version: ServerVersion,
) -> Iterator[Step]:
    deferred = {key.name for key in later}
    at_once = tuple(key for key in printed.foreign_keys if key.name not in deferred)
    yield Step(
        operation=Operation.CREATE_TABLE,
        table=table.name,
        before=None,
        after=table,
        sql=create_table_sql(replace(printed, foreign_keys=at_once), version),
        foreign_key_checks=not any(refers_to_nothing(key, after) for key in at_once),
    )
    default_less = default_less_columns(table, version)
    if default_less:
        yield Step(
            operation=Operation.ALTER_TABLE,
            table=table.name,
            before=None,
            after=table,
            clauses=tuple(drop_default(column) for column in default_less),
        )
