"""Shards that answer about their rows as they are told to: `RowProbes` without a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.ports.row_probes import ShardAsked
from reconciler.preflight.model import (
    Answer,
    EqualRows,
    Holds,
    KnownToHold,
    NotAskable,
    NotSettled,
    Probe,
    RowCondition,
    Violated,
)

AT_S = 1_772_370_000.0


@dataclass
class ToldRows:
    """`refuting` is how many rows of a shard refute what is asked of an object; a shard that is
    `lost` cannot be asked. `asked` is kept."""

    refuting: Mapping[tuple[str, str], int] = field(default_factory=dict)
    lost: Sequence[str] = ()
    asked: list[ShardAsked] = field(default_factory=list)

    def ask(
        self,
        asked: Sequence[ShardAsked],
        *,
        parallel: int,
        budget_s: float,
        parallel_per_host: int | None = None,
    ) -> list[tuple[Answer, ...]]:
        self.asked += asked
        return [
            tuple(self._answer(one.shard.name, probe, budget_s) for probe in one.probes)
            for one in asked
        ]

    def _answer(self, shard: str, probe: Probe, budget_s: float) -> Answer:
        match probe.question:
            case KnownToHold(because):
                return Holds(at_s=AT_S, because=because)
            case NotAskable(because):
                return NotSettled(at_s=AT_S, because=because)
            case RowCondition() | EqualRows():
                if budget_s <= 0:
                    return NotSettled(at_s=AT_S, because="the time was over")
                if shard in self.lost:
                    return NotSettled(at_s=AT_S, because="it could not be asked", passes=True)
                rows = self.refuting.get((shard, probe.raised.object), 0)
                return Violated(at_s=AT_S, rows_min=rows) if rows else Holds(at_s=AT_S)
