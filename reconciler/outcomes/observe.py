"""What `observe` ends in."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.guard.model import Obstacle
from reconciler.model.quarantine import Quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveOutcome:
    """`path` is the file that was written, in the folder that was asked for; None where a shard
    could not be seen, and `refusals` say which."""

    environment: str
    keyspace: str
    region: str
    shards: int
    path: str | None = None
    refusals: tuple[Obstacle, ...] = ()
    quarantine: tuple[Quarantine, ...] = ()
