"""How often a server has read by the indexes of a shard, since it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReads:
    """`rows` by whatever way; `by_index` by the index's name in small letters: those that are not
    in it were not counted."""

    rows: int
    by_index: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexUse:
    """`up_s`: for so long the server is up, and it counts no longer. Tables by name."""

    up_s: int
    tables: Mapping[str, TableReads]
