"""What the adviser of splits has seen of shards before."""

from __future__ import annotations

from typing import Protocol

from reconciler.reshard.loads import Measurement


class Looks(Protocol):
    """Numbers alone: no key and no value of any row. Durability and Unavailable are those of the
    record of applies. Safe to call from several threads."""

    def past(self, environment: str, keyspace: str, *, since_s: float) -> tuple[Measurement, ...]:
        """Every measurement from then on, the oldest first. `unseen` is not kept."""

    def add(
        self, environment: str, keyspace: str, measurement: Measurement, *, forget_before_s: float
    ) -> None:
        """Record one, and forget those of the keyspace that are older. One of the same moment is
        replaced."""
