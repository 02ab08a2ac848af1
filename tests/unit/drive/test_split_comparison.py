"""What of a copy is compared again and again, and when a difference is the end of a split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.drive.split import compare
from reconciler.drive.split.compare import Comparison
from reconciler.drive.split.limits import DIFFERENT_S_MAX
from reconciler.drive.split.world import OpenServers, SplitOrder
from reconciler.errors import Problem
from reconciler.ports.split_servers import TableToMove
from reconciler.reshard.rows import NO_ROWS, Digest, Key

COUNTRIES = TableToMove(number=1, name="countries", shard_by=None)


@dataclass
class Shard:
    """With one range, of these rows: by their keys, digests of what they say."""

    rows: dict[int, int]
    shard: str = "-80"
    read_singly: int = 0

    @property
    def server(self) -> Shard:
        return self

    def shape(self, table: str) -> TableToMove:
        return COUNTRIES

    def end_of_range(self, table: str, after: Key | None, *, rows: int) -> Key | None:
        return None

    def digest(self, table: Any, after: Key | None, end: Key | None) -> Digest:
        return sum(self._all().values(), NO_ROWS)

    def digests(self, table: Any, after: Key | None, end: Key | None) -> dict[Key, Digest]:
        self.read_singly += 1
        return self._all()

    def digests_of(self, table: Any, keys: Sequence[Key]) -> dict[Key, Digest]:
        return {one: found for one, found in self._all().items() if one in keys}

    def _all(self) -> dict[Key, Digest]:
        return {key(number): Digest(1, said) for number, said in self.rows.items()}


def key(number: int) -> Key:
    return (str(number).encode(),)


def compared(source: Shard, target: Shard) -> Comparison:
    order = SimpleNamespace(owners=None, rows_per_chunk=10, tables=(COUNTRIES,))
    servers = SimpleNamespace(sources=(source,), targets=(target,))
    comparison = Comparison(cast(SplitOrder, order), cast(OpenServers, servers))
    while not comparison.is_complete:
        comparison.advance()
    return comparison


def looked_at(comparison: Comparison, now_s: float) -> Problem | None:
    comparison.advance()
    return comparison.stays_different(now_s)


@pytest.fixture(params=["by key", "by range"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How what differs is kept: too many rows to be kept are so by their range."""
    if request.param == "by range":
        monkeypatch.setattr(compare, "COMPARE_KEYS_MAX", 0)
    return str(request.param)


@pytest.mark.invariant("SP-61")
def test_rows_that_stay_different_are_the_end_after_a_minute(kept: str) -> None:
    comparison = compared(Shard({1: 1, 2: 1, 3: 1}), Shard({1: 1, 2: 2}))
    assert comparison.left == {"by key": 2, "by range": 10}[kept]
    for now_s in (5.0, 30.0, 5.0 + DIFFERENT_S_MAX - 1.0):
        assert looked_at(comparison, now_s) is None
    problem = looked_at(comparison, 5.0 + DIFFERENT_S_MAX)
    assert problem is not None
    assert problem.code == "split-ranges-differ"
    assert "table countries of -80" in problem.message


@pytest.mark.invariant("SP-61")
def test_rows_that_become_equal_are_not(kept: str) -> None:
    source, target = Shard({1: 1}), Shard({1: 2})
    comparison = compared(source, target)
    assert comparison.left == {"by key": 1, "by range": 10}[kept]
    assert comparison.stays_different(5.0) is None
    target.rows = source.rows
    assert looked_at(comparison, 5.0 + DIFFERENT_S_MAX) is None
    assert comparison.left == 0


@pytest.mark.invariant("SP-61")
def test_a_row_that_is_written_to_all_the_time_is_not() -> None:
    source, target = Shard({1: 1, 2: 1}), Shard({1: 1, 2: 1})
    comparison = compared(source, target)
    for second in range(180):
        source.rows[1] += 1
        comparison.changed("countries", [key(1)])
        assert looked_at(comparison, float(second)) is None
        assert comparison.left == 1
    assert looked_at(comparison, 179.0 + DIFFERENT_S_MAX - 1.0) is None
    assert looked_at(comparison, 179.0 + DIFFERENT_S_MAX) is not None


@pytest.mark.invariant("SP-61")
def test_rows_that_stay_different_are_the_end_beside_any_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As many as can be kept differ; each key that is written comes on top of them."""
    monkeypatch.setattr(compare, "COMPARE_KEYS_MAX", 4)
    rows = dict.fromkeys(range(9), 1)
    comparison = compared(Shard(rows), Shard(rows | {n: 2 << n for n in range(4)}))
    for second in range(int(DIFFERENT_S_MAX)):
        comparison.changed("countries", [key(8)])
        assert looked_at(comparison, float(second)) is None
    comparison.changed("countries", [key(8)])
    assert looked_at(comparison, DIFFERENT_S_MAX) is not None


def test_a_range_with_very_many_rows_on_one_server_is_not_read_row_by_row() -> None:
    """Where shards are merged, a chunk of one of them may span most of the other."""
    few, many = Shard({1: 1}), Shard(dict.fromkeys(range(500), 1))
    assert compared(few, many).left == 10
    assert (few.read_singly, many.read_singly) == (0, 0)


@pytest.mark.invariant("SP-53")
@pytest.mark.parametrize(
    ("there", "here"),
    [({1: 1, 2: 1}, {1: 1}), ({1: 1}, {1: 1, 2: 1}), ({1: 1, 2: 1}, {1: 1, 2: 7})],
)
def test_each_row_that_differs_at_rest_is_the_end(
    there: dict[int, int], here: dict[int, int]
) -> None:
    comparison = compared(Shard(there), Shard(here))
    assert comparison.left == 1
    problem = comparison.at_rest()
    assert problem is not None
    assert problem.code == "split-rows-differ"


@pytest.mark.invariant("SP-53")
def test_a_key_that_the_server_spells_in_another_way_is_compared() -> None:
    """Under a collation for which both are one key, whoever asks for 1 is given 2."""
    source, target = Shard({1: 1}), Shard({1: 1})
    comparison = compared(source, target)
    comparison.changed("countries", [key(1)])
    source.digests_of = lambda *_: {key(2): Digest(1, 1)}  # type: ignore[method-assign]
    target.digests_of = lambda *_: {key(2): Digest(1, 9)}  # type: ignore[method-assign]
    assert comparison.at_rest() is not None


@pytest.mark.invariant("SP-53")
def test_a_row_that_its_key_does_not_find_is_compared_with_its_range() -> None:
    source, target = Shard({1: 1, 2: 1}), Shard({1: 1, 2: 9})
    for shard in (source, target):
        shard.digests_of = lambda *_: {}  # type: ignore[method-assign]
    comparison = compared(source, target)
    assert comparison.left == 10
    assert comparison.at_rest() is not None
