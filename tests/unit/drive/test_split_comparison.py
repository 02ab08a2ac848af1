"""When ranges of a copy that are compared again and again are the end of a split."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.drive.split.compare import Comparison
from reconciler.drive.split.limits import DIFFERENT_S_MAX
from reconciler.drive.split.world import OpenServers, SplitOrder
from reconciler.ports.split_servers import TableToMove
from reconciler.reshard.rows import Digest, Key

COUNTRIES = TableToMove(number=1, name="countries", shard_by=None)


@dataclass
class Shard:
    """With one range of rows, of which it gives this digest."""

    rows: Digest
    shard: str = "-80"

    @property
    def server(self) -> Shard:
        return self

    def shape(self, table: str) -> TableToMove:
        return COUNTRIES

    def end_of_range(self, table: str, after: Key | None, *, rows: int) -> Key | None:
        return None

    def digest(self, table: Any, after: Key | None, end: Key | None) -> Digest:
        return self.rows


def compared(source: Shard, target: Shard) -> Comparison:
    order = SimpleNamespace(owners=None, rows_per_chunk=10, tables=(COUNTRIES,))
    servers = SimpleNamespace(sources=(source,), targets=(target,))
    comparison = Comparison(cast(SplitOrder, order), cast(OpenServers, servers))
    while not comparison.is_complete:
        comparison.advance()
    return comparison


@pytest.mark.invariant("SP-61")
def test_ranges_that_stay_different_are_the_end_after_a_minute() -> None:
    comparison = compared(Shard(Digest(1, 1)), Shard(Digest(1, 2)))
    for now_s in (5.0, 30.0, 5.0 + DIFFERENT_S_MAX - 1.0):
        comparison.advance()
        assert comparison.stays_different(now_s) is None
    comparison.advance()
    problem = comparison.stays_different(5.0 + DIFFERENT_S_MAX)
    assert problem is not None
    assert problem.code == "split-ranges-differ"
    assert "table countries of -80" in problem.message


@pytest.mark.invariant("SP-61")
def test_ranges_that_become_equal_are_not() -> None:
    source, target = Shard(Digest(1, 1)), Shard(Digest(1, 2))
    comparison = compared(source, target)
    assert comparison.stays_different(5.0) is None
    target.rows = source.rows
    comparison.advance()
    assert comparison.stays_different(5.0 + DIFFERENT_S_MAX) is None
    assert comparison.left == 0
