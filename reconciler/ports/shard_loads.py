"""How full and how busy shards are, and of which keys their rows: for the adviser of splits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.reshard.key_functions.function import Value
from reconciler.reshard.key_samples import SampledTable
from reconciler.reshard.loads import Measured
from reconciler.spec.model import ShardSpec


class ShardLoads(Protocol):
    """Reads, in sessions that can do nothing else, statements that each end after seconds."""

    def measure(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Measured]:
        """One for each shard, in the given order, by what its server keeps of tables and statements
        anyway. What could not be measured is None, and told. Raises nothing of the network's."""

    def sample(self, shard: ShardSpec, tables: Sequence[SampledTable]) -> tuple[Value, ...]:
        """Values of the columns that the tables are sharded by, each table's of rows chosen by
        chance, as often as they were met; fewer than are wanted where rows have gone meanwhile.
        Raises Unavailable, also where the shard was not done within its time."""
