"""Kinds of programs of which a reviewed spec says that the fleet has none.

Rule: that is believed of what a login cannot see, and of nothing that it does see (GD-17).
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.guard.model import Refusal
from reconciler.model.dependents import Program
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import ObservedShard
from reconciler.model.policy import Policy, Unused
from reconciler.model.schema import OtherObject
from reconciler.model.shadow_tables import is_passing_trigger

_UNUSED_AS = {
    ObjectKind.VIEW: Unused.VIEWS,
    ObjectKind.PROCEDURE: Unused.ROUTINES,
    ObjectKind.FUNCTION: Unused.ROUTINES,
    ObjectKind.TRIGGER: Unused.TRIGGERS,
    ObjectKind.EVENT: Unused.EVENTS,
}


def turned_up(observation: ObservedShard, policy: Policy) -> Iterator[Refusal]:
    """One for each kind, naming the first. What an engine or a split makes goes again by itself."""
    if not policy.unused:
        return
    first: dict[Unused, str] = {}
    seen: tuple[OtherObject | Program, ...] = (
        *observation.others,
        *observation.dependents.programs,
    )
    for program in seen:
        if program.kind is ObjectKind.TRIGGER and is_passing_trigger(program.name):
            continue
        place = program.place if isinstance(program, Program) else program.name
        for word in _words(program):
            first.setdefault(word, f"{program.kind} {place}")
    for word in policy.unused:
        if word in first:
            yield _refusal(observation.shard, word, first[word])


def _words(program: OtherObject | Program) -> Iterator[Unused]:
    if program.kind in _UNUSED_AS:
        yield _UNUSED_AS[program.kind]
    if isinstance(program, Program) and program.database is not None:
        yield Unused.ELSEWHERE


def _refusal(shard: str, word: Unused, found: str) -> Refusal:
    said = (
        "nothing in other databases uses the shards' tables"
        if word is Unused.ELSEWHERE
        else f"the fleet has no {word}"
    )
    return Refusal(
        code="unused-kind-found",
        shard=shard,
        message=f"shard {shard}: the spec's `unused` says that {said}, and there is {found}",
        recovery=f"take {word} out of `unused`, and have plans say what they could not see; or"
        f" remove {found}, where it is nobody's",
    )
