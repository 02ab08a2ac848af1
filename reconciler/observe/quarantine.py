"""A quarantine that has ended: nobody has looked at the shard, or says any more that this is meant.

So it is as a shard that could not be seen: everything that asks whether all of the fleet was looked
at refuses, by name, until the spec says again what is meant (RG-62). What was seen of the others is
told all the same.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.guard.model import Refusal
from reconciler.model.quarantine import Quarantine
from reconciler.observe.shards import FleetSnapshot
from reconciler.spec.model import Environment


def with_what_has_ended(
    look: FleetSnapshot, environment: Environment, now_s: float
) -> FleetSnapshot:
    """The look, with a refusal for each shard of which it says nothing any more."""
    ended = ended_refusals(environment, now_s)
    return replace(look, refusals=(*ended, *look.refusals)) if ended else look


def ended_refusals(environment: Environment, now_s: float) -> tuple[Refusal, ...]:
    """Also before each wave: a soak may last beyond the day."""
    return tuple(_refusal(found) for found in environment.quarantine if found.has_ended(now_s))


def _refusal(ended: Quarantine) -> Refusal:
    return Refusal(
        code="quarantine-ended",
        shard=ended.shard,
        message=f"the quarantine of shard {ended.shard} ended on {ended.until} ({ended.reason}):"
        " nobody looks at the shard, and nobody says any more that this is meant",
        recovery="take the shard out of `quarantine` in the spec if it is well again, and run"
        " `reconciler plan --write`, which brings it to where the others are; else write a later"
        " `until`, and have that reviewed",
    )
