"""A part that was proven in this command is proven: for another keyspace, deployment or group of
shards whose states are the same, nothing is run again.

Rule: a part is known again by all that its proof is given, to the letter, but for the name of the
shard that stands for all, which no statement holds. It is given nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import fields, replace

from reconciler.guard.model import Refusal
from reconciler.observe.shards import DefinitionReader
from reconciler.ports.world import World
from reconciler.prove.chain import Ran
from reconciler.prove.part import Part
from reconciler.prove.part_proof import prove_part
from reconciler.prove.request import ProofRequest, request_of_part


def prove_part_once(world: World, request: ProofRequest, part: Part) -> list[Ran] | Refusal:
    """As `prove_part`. A refusal names its shard, and is worked out for each."""
    own = request_of_part(request, part)
    return world.proofs.once(
        known_by(own, part),
        lambda: prove_part(world.scratch, own, part),
        lasts=lambda found: not isinstance(found, Refusal),
    )


def known_by(request: ProofRequest, part: Part) -> Hashable:
    """`request` is one of a part."""
    observed = tuple(replace(shard, shard="") for shard in request.observed)
    given = (replace(request, observed=observed), part)
    return tuple(
        (field.name, _compared(getattr(value, field.name)))
        for value in given
        for field in fields(value)
        if field.name not in _ALWAYS_THE_SAME
    )


# In a request of a part, which has none of the change set's.
_ALWAYS_THE_SAME = ("engines", "programs")


def _compared(value: object) -> Hashable:
    if isinstance(value, DefinitionReader):
        return value.reads_by
    if isinstance(value, Mapping):
        return tuple(sorted(value.items()))
    assert isinstance(value, Hashable), type(value)
    return value
