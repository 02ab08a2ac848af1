"""Whether a shard's server takes the routines of a plan, and what it would take away with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.statement.check import StatementKind
from reconciler.ddl.statement.reach import Reach, reach_of
from reconciler.guard.model import Refusal
from reconciler.model.access import ShardAccess
from reconciler.model.object_id import ObjectId
from reconciler.model.server import Flavor
from reconciler.plan.model import PlannedStatement

# MySQL: then DROP takes no grant away, and CREATE gives none.
_KEEP = "set automatic_sp_privileges=0 on the shards' servers, so that they keep the grants"
_TRUSTED = ("SUPER", "SET_ANY_DEFINER", "SET_USER_ID", "BINLOG ADMIN")


def routine_refusals(
    shard: str, access: ShardAccess, statements: Sequence[PlannedStatement], flavor: Flavor
) -> Iterator[Refusal]:
    """PG-10: asked before anything is sent."""
    ground = access.routines
    reached = [reach_of(statement.sql) for statement in statements]
    if ground is None or not any(_is_of_a_routine(reach) for reach in reached):
        return
    made = {reach.program for reach in reached if reach.kind is StatementKind.CREATE_ROUTINE}
    for reach in reached:
        about = reach.program
        if about is None:
            continue
        swaps = reach.kind is StatementKind.DROP_ROUTINE and about in made
        if swaps and flavor is Flavor.MYSQL and not ground.keeps_grants:
            yield from _grants_lost(shard, about, ground.granted)
        if reach.kind is StatementKind.CREATE_ROUTINE and reach.unsafe:
            if not ground.trusts_functions:
                yield _function_not_declared(shard, about)
        elif reach.kind is StatementKind.CREATE_ROUTINE and not ground.trusts_functions:
            is_function = about.kind.value == "function"
            if is_function and not access.may_everywhere(_TRUSTED):
                yield _function_not_trusted(shard, about)


def _is_of_a_routine(reach: Reach) -> bool:
    return reach.kind in (StatementKind.CREATE_ROUTINE, StatementKind.DROP_ROUTINE)


def _grants_lost(
    shard: str, about: ObjectId, granted: frozenset[ObjectId] | None
) -> Iterator[Refusal]:
    if granted is None:
        yield Refusal(
            code="routine-grants-unmeasured",
            shard=shard,
            object_id=about,
            message=f"shard {shard}, {about}: MySQL replaces it by dropping it, which takes away"
            " what accounts were granted on it, and whether any were could not be told; nothing was"
            " sent to it",
            recovery=f"grant the login SELECT on mysql.procs_priv, or {_KEEP}; then run the same"
            " command again",
        )
    elif _folded(about) in map(_folded, granted):
        yield Refusal(
            code="routine-has-grants",
            shard=shard,
            object_id=about,
            message=f"shard {shard}, {about}: MySQL replaces it by dropping it, which takes away"
            " what accounts were granted on it, and some were; nothing was sent to it",
            recovery=f"{_KEEP}; or grant those accounts EXECUTE on all of the database instead, and"
            " revoke what they have on the routine; then run the same command again",
        )


def _folded(about: ObjectId) -> ObjectId:
    """No server tells names of routines apart by case, and keeps a grant as it was typed."""
    return ObjectId(about.kind, about.name.lower())


def _function_not_declared(shard: str, about: ObjectId) -> Refusal:
    return Refusal(
        code="function-not-declared",
        shard=shard,
        object_id=about,
        message=f"shard {shard}, {about}: the server writes a binary log and"
        " log_bin_trust_function_creators is off, so it takes only a function that says"
        " DETERMINISTIC, NO SQL or READS SQL DATA; nothing was sent to it",
        recovery="write what is true of it into the file, or set log_bin_trust_function_creators=1"
        " on the shards' servers; then plan again",
    )


def _function_not_trusted(shard: str, about: ObjectId) -> Refusal:
    return Refusal(
        code="privilege-missing",
        shard=shard,
        object_id=about,
        message=f"shard {shard}, {about}: the server writes a binary log and"
        " log_bin_trust_function_creators is off, so only a login with SUPER makes functions;"
        " nothing was sent to it",
        recovery="set log_bin_trust_function_creators=1 on the shards' servers, or grant the login"
        " SUPER; then run the same command again",
    )
