"""A pass that ended early."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyspaceFailed:
    """The pass ended early for this keyspace: errors in its files, or something unavailable."""

    environment: str
    keyspace: str
    problems: tuple[Problem, ...]
    exit_code: int
    region: str | None = None
