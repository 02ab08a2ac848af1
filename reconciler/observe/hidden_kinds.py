"""Kinds of programs that a server does not list to a login that may not change them: what is hidden
is never taken for missing."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy


def hidden_kinds(observation: ObservedShard, policy: Policy) -> Iterator[Refusal]:
    """No trigger of a table on which the login has not TRIGGER is listed, and no event of a
    database on which it has not EVENT."""
    access, shard = observation.access, observation.shard
    if access is None or access.privileges is None:
        return
    has = access.privileges.on_database(access.database)
    if policy.manages_program(ObjectKind.TRIGGER) and "TRIGGER" not in has:
        yield Refusal(
            code="triggers-hidden",
            shard=shard,
            message=f"shard {shard}: triggers are managed, and the login may not see them: none"
            " that is there would be found",
            recovery="grant the login TRIGGER on the shard's database, then run the same command"
            " again",
        )
    if policy.manages_program(ObjectKind.EVENT) and "EVENT" not in has:
        yield Refusal(
            code="events-hidden",
            shard=shard,
            message=f"shard {shard}: events are managed, and the login may not see them: none that"
            " is there would be found",
            recovery="grant the login EVENT on the shard's database, then run the same command"
            " again",
        )
