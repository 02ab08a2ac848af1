"""What a pass sees and can plan nothing for: a refusal each, never silence."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diff.model import SchemaDiff
from reconciler.guard.model import Refusal
from reconciler.model.object_id import table_id
from reconciler.observe.desired import Desired
from reconciler.observe.shards import FleetSnapshot, SeenShard


def unnameable(look: FleetSnapshot) -> tuple[Refusal, ...]:
    """PL-9: a name is trimmed before it is used, so that no plan and no file can name these."""
    return tuple(
        Refusal(
            code="table-name-blank",
            shard=seen.shard,
            object_id=table_id(table),
            message=f"shard {seen.shard}: the name of table {table!r} begins or ends with a blank",
            recovery="rename it on the shard, or leave it out with policy.ignore_tables, where '?'"
            " stands for the blank",
        )
        for seen in look.seen
        for table in seen.definitions
        if table != table.strip()
    )


def diff_refusals(found: SchemaDiff, shards: Sequence[str]) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(
            code="difference-not-planned",
            shard=shards[0],
            object_id=table_id(refused.table),
            message=f"table {refused.table}, {refused.object}: {refused.reason}",
            recovery=refused.recovery,
        )
        for refused in found.refusals
    )


def no_statement(seen: SeenShard, desired: Desired) -> Refusal:
    """A difference that gives no statement must never pass for no difference."""
    here, wanted = seen.fingerprints, desired.fingerprints
    differing = (o for o in here.keys() | wanted.keys() if here.get(o) != wanted.get(o))
    table = min(differing).name
    return Refusal(
        code="difference-not-planned",
        shard=seen.shard,
        object_id=table_id(table),
        message=f"table {table} differs from git in a way that no statement was found for",
        recovery="compare both definitions; change the table by hand on a copy to find the cause",
        expected=desired.definitions[table].text if table in desired.definitions else None,
        observed=seen.definitions[table].text if table in seen.definitions else None,
    )
