"""Whether a shard's server runs events, and the account of one may run it.

Rule (PG-30): it is asked of every shard before the first statement anywhere. An event on a server
whose scheduler is off does nothing, and one whose account lacks EVENT fails each time; nobody is
told of either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.statement.reach import Reach
from reconciler.guard.model import Refusal
from reconciler.model.access import ShardAccess
from reconciler.model.object_id import ObjectId, ObjectKind

_AGAIN = "then run the same command again"


def event_refusals(shard: str, access: ShardAccess, events: Sequence[Reach]) -> Iterator[Refusal]:
    """`events` are statements that make or change one."""
    ground = access.events
    for reach in events:
        about = ObjectId(ObjectKind.EVENT, reach.table)
        if reach.is_on and ground is not None and not ground.runs:
            yield Refusal(
                code="event-scheduler-off",
                shard=shard,
                object_id=about,
                message=f"shard {shard}, {about}: event_scheduler is not ON there, so the event"
                " would never run; nothing was sent to it",
                recovery="set event_scheduler=ON on the shards' servers, or write DISABLE into the"
                f" event's file and plan again; {_AGAIN}",
            )
        if reach.definer is None or access.is_own(reach.definer.digest):
            continue
        rights = access.definer(reach.definer.digest).privileges
        if rights is None or "EVENT" in rights.on_database(access.database):
            continue
        yield Refusal(
            code="definer-lacks-rights",
            shard=shard,
            object_id=about,
            message=f"shard {shard}, {about}: {reach.definer} lacks EVENT on the database, so every"
            " run of it would fail; nothing was sent to it",
            recovery=f"grant {reach.definer} EVENT on the database of every shard; {_AGAIN}",
        )
