"""Shards that a change of the spec leaves out, or brings: a line of the plan each, for a shard with
data that nobody looks at any more is no detail."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.plan.words import count, named_shards
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def shards_moved(before: DesiredFiles | None, environment: Environment) -> tuple[str, ...]:
    """`before` is what the protected branch says of the keyspace. Nothing where it does not have
    the environment, or where other shards take the rows over, which is a plan of its own."""
    merged = before.spec.environment(environment.name) if before is not None else None
    if merged is None or environment.retiring or merged.retiring:
        return ()
    were = _names(merged)
    now = _names(environment)
    return tuple(_notes(were, now)) if were and now else ()


def _notes(were: dict[str, None], now: dict[str, None]) -> Iterator[str]:
    if left := tuple(name for name in were if name not in now):
        verb, they = ("leaves", "it holds") if len(left) == 1 else ("leave", "they hold")
        yield (
            f"{named_shards(left)} {verb} the spec: nothing looks there any more, and what"
            f" {they} stays as it is"
        )
    if come := tuple(name for name in now if name not in were):
        verb = "is" if len(come) == 1 else "are"
        yield f"{named_shards(come)} {verb} new in the spec, which had {count(len(were), 'shard')}"


def _names(environment: Environment) -> dict[str, None]:
    """In the spec's order. Those in quarantine are in it, too."""
    resting = (one.shard for one in environment.quarantine)
    return dict.fromkeys([*(shard.name for shard in environment.shards), *resting])
