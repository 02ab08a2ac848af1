"""Two shards of one physical database would run every statement twice."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.guard.model import Refusal
from reconciler.model.observation import ObservedShard


def shared_places(observed: Sequence[ObservedShard]) -> list[Refusal]:
    first: dict[str, str] = {}
    refusals = []
    for seen in observed:
        other = first.setdefault(seen.place, seen.shard)
        if seen.place and other != seen.shard:
            refusals.append(
                Refusal(
                    code="shards-share-a-database",
                    shard=seen.shard,
                    message=f"shards {other} and {seen.shard} are the same database of the same"
                    " server",
                    recovery="give each shard its own database in the spec's connection, with"
                    " {shard} in it or an override for the shard",
                )
            )
    return refusals
