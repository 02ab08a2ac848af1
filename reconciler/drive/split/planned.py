"""Whether the tables of a source are still those that the plan was made from.

Rules: what is made on a target is what was reviewed, also by a retry that begins the copy again
(SP-102); it is made from the very reading that was compared, for a source that is asked again may
answer otherwise (SP-112).
"""

from __future__ import annotations

from reconciler.drive.split.world import OpenSource, SplitOrder
from reconciler.errors import Refused
from reconciler.ports.split_servers import Definition, SplitSource
from reconciler.reshard.failures import definition_changed
from reconciler.reshard.plan.build import definition_digest
from reconciler.reshard.plan.statements import table_to_plan


def planned_definition(order: SplitOrder, source: OpenSource, table: str) -> Definition:
    """Raises Refused where it is another than was reviewed, Unavailable."""
    definition = source.server.definition(table)
    if planned_digest(source.server, definition) != order.definitions[table]:
        raise Refused(definition_changed(source.shard, table))
    return definition


def is_as_planned(order: SplitOrder, source: OpenSource, table: str) -> bool:
    """A table that cannot be read back, or moved, any more is not. Raises Unavailable."""
    try:
        planned_definition(order, source, table)
    except Refused:
        return False
    return True


def planned_digest(source: SplitSource, definition: Definition) -> str:
    """What a plan has of the table, if it is made from this. Raises Refused, Unavailable."""
    found = table_to_plan(
        source.shape(definition.table),
        create=definition.bare,
        afterwards=definition.afterwards,
        foreign_keys=(added.sql for added in definition.foreign_keys),
    )
    return definition_digest(found)
