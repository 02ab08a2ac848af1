"""Answers of rows that were given before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds, Place


class RowPlaces(Protocol):
    """How far walks have come that were given up. As `RowAnswers`."""

    def reached(
        self, environment: str, keyspace: str, *, since_s: float
    ) -> Mapping[AskedOf, Place]:
        """By walks that were begun from then on."""

    def keep(
        self,
        environment: str,
        keyspace: str,
        places: Mapping[AskedOf, Place],
        *,
        ended: Collection[AskedOf],
        forget_before_s: float,
    ) -> None:
        """In place of those of the same questions. Those of `ended` questions are forgotten, and of
        the keyspace those whose walks were begun before."""


class RowAnswers(Protocol):
    """Those that held, and nothing of any row. Durability and Unavailable are those of the record
    of applies. Safe to call from several threads."""

    @property
    def places(self) -> RowPlaces: ...

    def held(self, environment: str, keyspace: str, *, since_s: float) -> Mapping[AskedOf, Holds]:
        """What was given from then on."""

    def failed(
        self, environment: str, keyspace: str, *, since_s: float
    ) -> Mapping[tuple[str, str], float]:
        """When a statement last failed, from then on, by shard and by its table's name at the time;
        one that was sent again, and did not, is none."""

    def keep(
        self,
        environment: str,
        keyspace: str,
        answers: Mapping[AskedOf, Holds],
        *,
        refuted: Collection[AskedOf] = (),
        forget_before_s: float,
    ) -> None:
        """In place of what the same questions were answered before; what held of those that are
        `refuted` by now, and whatever of the keyspace is older, is forgotten."""
