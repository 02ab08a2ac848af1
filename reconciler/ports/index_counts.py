"""How often shards were read by each of their indexes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.model.index_use import IndexUse
from reconciler.spec.model import ShardSpec


class IndexCounts(Protocol):
    """Reads, in sessions that can do nothing else, statements that each end after seconds."""

    def read(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[IndexUse | None]:
        """One for each shard, in the given order, by what its server counts anyway; None where it
        does not count, where the login may not see it, or where the list had no room. Raises
        nothing of the network's."""
