"""The part of a plan that is of some of its shards.

A part is a way to look at a plan, never a plan: it has no id, is written nowhere, and would be
refused as one, for its shards do not cover every key. Over any partition of the shards the parts
add up to the plan: each shard has in its part the very statements that it has in the whole (RG-3).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reconciler.plan.model import NO_WORDS, ChangeSet, PlanCore
from reconciler.spec.model import Environment


def restricted(core: PlanCore, shards: Iterable[str]) -> PlanCore:
    """What the plan says of `shards`. Numbers of waves stay, so that some may be empty; so does
    what is of the whole keyspace. Other change sets may come first: they are in the order of their
    first shards."""
    own = frozenset(shards)
    if own.issuperset(core.shards):
        return core
    order = {shard: position for position, shard in enumerate(core.shards)}
    parts = (_restricted_set(found, own) for found in core.change_sets)
    sets = sorted(
        (found for found in parts if found is not None), key=lambda found: order[found.shards[0]]
    )
    return replace(
        core,
        shards=_kept(core.shards, own),
        waves=tuple(_kept(wave, own) for wave in core.waves),
        change_sets=tuple(sets),
        matching=_kept(core.matching, own),
        words=NO_WORDS,
    )


def part_of(core: PlanCore, environment: Environment) -> PlanCore:
    """What the plan says of the shards of the environment's region; all of it where there is no
    region."""
    if environment.region is None:
        return core
    return restricted(core, (shard.name for shard in environment.shards))


def _restricted_set(found: ChangeSet, own: frozenset[str]) -> ChangeSet | None:
    shards = _kept(found.shards, own)
    return replace(found, shards=shards) if shards else None


def _kept(shards: tuple[str, ...], own: frozenset[str]) -> tuple[str, ...]:
    return tuple(shard for shard in shards if shard in own)
