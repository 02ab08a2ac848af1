"""Answers of rows that were given before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds


class RowAnswers(Protocol):
    """Those that held, and nothing of any row. Durability and Unavailable are those of the record
    of applies. Safe to call from several threads."""

    def held(self, environment: str, keyspace: str, *, since_s: float) -> Mapping[AskedOf, Holds]:
        """What was given from then on."""

    def keep(
        self,
        environment: str,
        keyspace: str,
        answers: Mapping[AskedOf, Holds],
        *,
        forget_before_s: float,
    ) -> None:
        """In place of what the same questions were answered before; those of the keyspace that are
        older are forgotten."""
