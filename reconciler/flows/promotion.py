"""`after` in a spec: the same files must have been applied in another environment first.

What is asked is that environment's shards, not a record of an apply: they are what was tried.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.flows.gates import Gate
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.guard.model import Refusal, refusal_from
from reconciler.plan.model import Plan
from reconciler.plan.words import named_shards
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def fleet_gates(
    look_of: Callable[[Environment], tuple[World, Environment]],
    files: DesiredFiles,
    environment: Environment,
) -> tuple[Gate, ...]:
    """Of servers that the spec names: the environment that it puts before this one. `look_of` gives
    an environment as it stands, and the world to look at it."""
    before = files.spec.environment(environment.after) if environment.after else None
    if before is None:
        return ()

    def gate(_plan: Plan) -> tuple[Refusal, ...]:
        world, stands = look_of(before)
        return promotion_refusals(world, files, stands)

    return (gate,)


def promotion_refusals(
    world: World, files: DesiredFiles, before: Environment
) -> tuple[Refusal, ...]:
    """Empty only if every shard of `before` was seen and is what the files say."""
    begun = begin_pass(world, files, before)
    look, keyspace = begun.look, files.spec.keyspace
    if unseen := look.obstacles:
        return tuple(map(refusal_from, unseen))
    behind = [s.shard for s in look.seen if s.fingerprints != begun.desired_fingerprints]
    if not behind:
        return ()
    return (
        Refusal(
            code="not-promoted",
            message=f"keyspace {keyspace}: these files are not yet applied in {before.name}, which"
            f" comes first: {len(behind)} of {len(look.seen)} shards differ",
            recovery=f"run `reconciler apply {keyspace} --environment {before.name}`, then this"
            " again",
            expected=f"every shard of {before.name} as in git",
            observed=f"not so: {named_shards(behind)}",
        ),
    )
