"""How many INSTANT changes a live table can still take before it must be rebuilt.

Each INSTANT change that adds or drops columns makes a row version; at the limit the server answers
4092 (MySQL 8.0.29 on; MariaDB knows no such limit). A scratch copy starts at none, so the shards'
own counts are asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.diff.model import Clause, ClauseKind
from reconciler.model.observation import ObservedShard
from reconciler.model.server import Flavor, ServerVersion
from reconciler.plan.model import Algorithm, ExecutionClass

_VERSIONED = (ClauseKind.ADD_COLUMN, ClauseKind.DROP_COLUMN)


@dataclass(slots=True, kw_only=True)
class RowVersionsLeft:
    """`used` is the highest live count of each table over the shards; None: some shard does not
    tell. `limit` None: there is none."""

    limit: int | None
    used: Mapping[str, int | None]
    added: dict[str, int] = field(default_factory=dict)
    rebuilt: set[str] = field(default_factory=set)

    def forked(self) -> RowVersionsLeft:
        """For a trial, whose counts are its own."""
        return replace(self, added=dict(self.added), rebuilt=set(self.rebuilt))

    def allow_instant(self, table: str, clauses: Sequence[Clause]) -> bool:
        if self.limit is None or not _makes_version(clauses):
            return True
        live = 0 if table in self.rebuilt else self.used.get(table) or 0
        return live + self.added.get(table, 0) < self.limit

    def count(self, table: str, clauses: Sequence[Clause], execution: ExecutionClass) -> None:
        """Take note of a statement that ran."""
        if execution.rebuilds:
            self.rebuilt.add(table)
            self.added.pop(table, None)
        elif execution.algorithm is Algorithm.INSTANT and _makes_version(clauses):
            self.added[table] = self.added.get(table, 0) + 1

    def is_unknown(self, table: str, clauses: Sequence[Clause], execution: ExecutionClass) -> bool:
        """Whether the live server may refuse an INSTANT statement for a count nobody could read."""
        return (
            self.limit is not None
            and execution.algorithm is Algorithm.INSTANT
            and _makes_version(clauses)
            and table in self.used
            and self.used[table] is None
        )


def row_versions_left(observed: Sequence[ObservedShard], version: ServerVersion) -> RowVersionsLeft:
    used: dict[str, int | None] = {}
    for shard in observed:
        for table, facts in shard.facts:
            highest = used.get(table, 0)
            known = highest is not None and facts.row_versions is not None
            used[table] = max(highest or 0, facts.row_versions or 0) if known else None
    return RowVersionsLeft(limit=_limit(version), used=used)


def _limit(version: ServerVersion) -> int | None:
    if version.flavor is Flavor.MARIADB or not version.at_least(8, 0, 29):
        return None
    return 255 if version.at_least(9, 1) else 64


def _makes_version(clauses: Sequence[Clause]) -> bool:
    return any(clause.kind in _VERSIONED for clause in clauses)
