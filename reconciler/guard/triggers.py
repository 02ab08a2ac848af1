"""Whether a login may make triggers, and the account whose rights they get may fire them.

Rule (PG-23): it is asked of every shard before the first statement anywhere. With a binary log a
server takes triggers of logins that it trusts alone; and one whose account lacks TRIGGER on the
table makes every write to it fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.statement.reach import Reach
from reconciler.guard.engines import may_make_triggers
from reconciler.guard.model import Refusal
from reconciler.model.access import ShardAccess
from reconciler.model.object_id import table_id

_AGAIN = "then run the same command again"


def trigger_refusals(
    shard: str, access: ShardAccess, triggers: Sequence[Reach]
) -> Iterator[Refusal]:
    """`triggers` are statements that make or drop one."""
    if triggers:
        yield from untrusted(shard, access)
    for reach in triggers:
        if reach.definer is None or access.is_own(reach.definer.digest):
            continue
        rights = access.definer(reach.definer.digest).privileges
        if rights is None or "TRIGGER" in rights.on_table(access.database, reach.table):
            continue
        yield Refusal(
            code="definer-lacks-rights",
            shard=shard,
            object_id=table_id(reach.table),
            message=f"shard {shard}, table {reach.table}: {reach.definer} lacks TRIGGER on it, so"
            " every write that fires a trigger with its rights would fail; nothing was sent to it",
            recovery=f"grant {reach.definer} TRIGGER on {reach.table}, or on all of the database,"
            f" on every shard; {_AGAIN}",
        )


def untrusted(shard: str, access: ShardAccess) -> Iterator[Refusal]:
    """Where the server takes no trigger of the login."""
    if access.ground is not None and not may_make_triggers(access, access.ground):
        yield Refusal(
            code="privilege-missing",
            shard=shard,
            message=f"shard {shard}: triggers are refused there: there is a binary log, the login"
            " lacks SUPER, and log_bin_trust_function_creators is off; nothing was sent to it",
            recovery=f"set log_bin_trust_function_creators=1 on the servers, {_AGAIN}",
        )
