"""A quarantine that has ended: nobody has looked at the shard, or says any more that this is meant.

So it is as a shard that could not be seen: everything that asks whether all of the fleet was looked
at refuses, by name, until the spec says again what is meant (RG-62). What was seen of the others is
told all the same.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Problem, Refused
from reconciler.guard.model import Refusal
from reconciler.model.quarantine import Quarantine
from reconciler.observe.limits import QUARANTINE_DAYS_MAX
from reconciler.observe.shards import FleetSnapshot
from reconciler.spec.addresses import address_of
from reconciler.spec.model import Connection, Environment


def with_what_has_ended(
    look: FleetSnapshot, environment: Environment, now_s: float
) -> FleetSnapshot:
    """The look, with a refusal for each shard of which it says nothing any more."""
    ended = ended_refusals(environment, now_s)
    return replace(look, refusals=(*ended, *look.refusals)) if ended else look


def ended_refusals(environment: Environment, now_s: float) -> tuple[Refusal, ...]:
    """Also before each wave: a soak may last beyond the day."""
    return tuple(_refusal(found) for found in environment.quarantine if found.has_ended(now_s))


def overlong_refusals(environment: Environment, now_s: float) -> tuple[Refusal, ...]:
    """Where a plan is made, before the day is reviewed: one that never comes is forgotten. And
    where it is verified and applied: a day that is too far then was so when the plan was made, by
    whatever clock or version that was."""
    return tuple(
        _overlong(found)
        for found in environment.quarantine
        if found.days_left(now_s) > QUARANTINE_DAYS_MAX
    )


def check_scratch_apart(environment: Environment) -> None:
    """Raises Refused. What is on a server nobody may look at; as far as the spec tells (RG-60)."""
    if not isinstance(environment.scratch, Connection):
        return
    there = address_of(environment.scratch, "")[:2]
    for left in environment.quarantined:
        if address_of(left.connection, left.quarantine.shard)[:2] == there:
            raise Refused(_scratch_aside(left.quarantine.shard))


def _scratch_aside(shard: str) -> Problem:
    return Problem(
        code="scratch-in-quarantine",
        message=f"the scratch connection leads to the server of shard {shard}, which is in"
        " quarantine",
        recovery="name a server of its own as `scratch`, or use `scratch: auto`: nothing is sent to"
        " a server that is left alone",
    )


def _overlong(found: Quarantine) -> Refusal:
    return Refusal(
        code="quarantine-too-long",
        shard=found.shard,
        message=f"the quarantine of shard {found.shard} would last until {found.until}"
        f" ({found.reason}), and {QUARANTINE_DAYS_MAX} days is the most that is planned for",
        recovery="write an earlier `until` in the spec: it can be made later again, by another"
        " reviewed change",
    )


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
