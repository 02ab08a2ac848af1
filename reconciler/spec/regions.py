"""A region's part of an environment: all that a machine of that region sees of it.

Whoever is given the part can reach no other shard, for it knows no other address (RG-2); it still
knows the names of the whole fleet, from which the waves are cut and which the plan was made for.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import InvalidInput, Problem, nearest
from reconciler.spec.model import Environment


def in_region(environment: Environment, name: str) -> Environment:
    """The environment with the shards of one of its regions alone. Raises InvalidInput
    (`region-unknown`). A
    region of which every shard is in quarantine has none: what it once began can still be stopped,
    and nothing looks at it (`observe/shards.py`)."""
    found = next((region for region in environment.regions if region.name == name), None)
    if found is None and any(one.region == name for one in environment.quarantined):
        return replace(environment, shards=(), region=name)
    if found is None:
        raise InvalidInput(_unknown(environment, name))
    own = frozenset(found.shards)
    shards = tuple(shard for shard in environment.shards if shard.name in own)
    return replace(environment, shards=shards, region=name)


def _unknown(environment: Environment, name: str) -> Problem:
    known = [region.name for region in environment.regions]
    likely = nearest(name, known)
    hint = f"there are: {', '.join(known)}" if known else "the environment has no `regions`"
    return Problem(
        code="region-unknown",
        message=f"environment {environment.name} has no region {name!r}",
        recovery=f"did you mean {likely!r}?" if likely else hint,
    )
