"""Kinds of programs that a server does not list to a login that may not change them: what is hidden
is never taken for missing."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy

_HIDDEN = (ObjectKind.TRIGGER, ObjectKind.EVENT)
"""From a login without the privilege of the same name."""
_AGAIN = ", then run the same command again"


def hidden_kinds(observation: ObservedShard, policy: Policy) -> Iterator[Refusal]:
    """No trigger of a table on which the login has not TRIGGER is listed, and no event of a
    database on which it has not EVENT."""
    access, shard = observation.access, observation.shard
    if access is None or access.privileges is None:
        return
    has = access.privileges.on_database(access.database)
    missed = [kind for kind in _HIDDEN if policy.manages_program(kind) and kind.upper() not in has]
    if ObjectKind.TRIGGER in missed:
        yield _hidden(
            "triggers-hidden",
            ObjectKind.TRIGGER,
            shard,
            recovery=f"grant the login TRIGGER on the shard's database{_AGAIN}",
        )
    if ObjectKind.EVENT in missed:
        yield _hidden(
            "events-hidden",
            ObjectKind.EVENT,
            shard,
            recovery=f"grant the login EVENT on the shard's database{_AGAIN}",
        )


def _hidden(code: str, kind: ObjectKind, shard: str, *, recovery: str) -> Refusal:
    return Refusal(
        code=code,
        shard=shard,
        message=f"shard {shard}: {kind}s are managed, and the login may not see them: none that is"
        " there would be found",
        recovery=recovery,
    )
