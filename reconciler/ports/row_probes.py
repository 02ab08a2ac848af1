"""Questions about rows, put to the shards themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.preflight.model import Answer, Place, Probe
from reconciler.spec.model import ShardSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class TableAsked:
    """What is asked of one table of a shard. `is_as_seen` tells whether a definition is the one
    that the questions were made for."""

    table: str
    probes: tuple[Probe, ...]
    is_as_seen: Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardAsked:
    """`server` as in `ObservedShard`: '' for any. `threads_running_max` and `replica_lag_max_s`:
    beyond these, nothing more is asked for the moment; None: there is no such limit.
    `replica_behind_s_max`: a replica is asked in the primary's place, which is behind by no more;
    None: the primary is. `places`: where walks for these questions stopped before; None: nobody
    keeps where one stops."""

    shard: ShardSpec
    tables: tuple[TableAsked, ...]
    server: str = ""
    threads_running_max: int | None = None
    replica_lag_max_s: int | None = None
    replica_behind_s_max: int | None = None
    places: Mapping[Probe, Place] | None = None

    @property
    def probes(self) -> tuple[Probe, ...]:
        return tuple(probe for table in self.tables for probe in table.probes)


class RowProbes(Protocol):
    def ask(
        self,
        asked: Sequence[ShardAsked],
        *,
        parallel: int,
        budget_s: float,
        parallel_per_host: int | None = None,
    ) -> list[tuple[Answer, ...]]:
        """For each shard one answer to each of its probes, in order. Reads, in sessions that can do
        nothing else, statements that the server itself ends after a second at most: on at most
        `parallel` shards at once, and on `parallel_per_host` of one server (None: no other bound).
        Whatever keeps a question from being answered (a server that refuses or loses it, one that
        is over its limits, another table than was seen, `budget_s` over all shards) is NotSettled
        with its reason, and never Holds; `passes` where it may be answered later and nobody has to
        act, as by a server that could not be reached. Where a place is kept, it has how far its
        walk has come, also in sessions before, and a Holds that rests on these is as old as their
        first stretch. Raises nothing of the network's."""
