"""Tables that go, children before their parents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.creation import parent_names
from reconciler.diff.model import Operation, Step
from reconciler.diff.ordering import dependency_order
from reconciler.model.schema import Table


def removal_steps(
    before: Mapping[str, Table], gone: frozenset[str], after: Mapping[str, Table]
) -> Iterator[Step]:
    """The server checks that nothing refers to a table that goes. It is told not to only where
    keys among the tables that go lead round in a circle, or where the desired schema has a key to
    a table that is not there."""
    children: dict[str, set[str]] = {name: set() for name in gone}
    for name in gone:
        for parent in parent_names(before[name]) & gone - {name}:
            children[parent].add(name)
    dangling = frozenset[str]().union(*map(parent_names, after.values()))
    left = set(gone)
    for name in dependency_order(gone, children):
        left.discard(name)
        yield Step(
            operation=Operation.DROP_TABLE,
            table=name,
            before=before[name],
            after=None,
            sql=f"DROP TABLE {quote_identifier(name)}",
            foreign_key_checks=name not in dangling and not children[name] & left,
        )
