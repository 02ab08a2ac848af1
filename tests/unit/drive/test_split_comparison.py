"""What of a copy is compared again and again, and when a difference is the end of a split."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.drive.split import compare
from reconciler.drive.split.carry_out import StepRunner
from reconciler.drive.split.compare import Comparison
from reconciler.drive.split.copy import TableCopy, followed_until_s
from reconciler.drive.split.limits import DIFFERENT_S_MAX
from reconciler.drive.split.memory import TickMemory
from reconciler.drive.split.world import OpenServers, SplitOrder
from reconciler.errors import Problem
from reconciler.ports.split_servers import Fence, QueueSeen, TableToMove
from reconciler.reshard.actions import Step
from reconciler.reshard.helper_tables import FenceState
from reconciler.reshard.rows import NO_ROWS, Digest, Dirty, Key, MovedTable
from tests.sim.split.run import SimClock

COUNTRIES = TableToMove(number=1, name="countries", shard_by=None)


@dataclass
class Shard:
    """Of these rows: by their keys, digests of what they say. `meddle` is called before each look
    at rows by their keys."""

    rows: dict[int, int]
    shard: str = "-80"
    read_singly: int = 0
    closed_by: Fence | None = None
    meddle: Callable[[], None] = lambda: None

    def fence(self) -> Fence | None:
        return self.closed_by

    @property
    def server(self) -> Shard:
        return self

    def shape(self, table: str) -> TableToMove:
        return COUNTRIES

    def end_of_range(self, table: Any, after: Key | None, *, rows: int) -> Key | None:
        keys = sorted(self._within(after, None), key=number)
        return keys[rows - 1] if len(keys) >= rows else None

    def digest(self, table: Any, after: Key | None, end: Key | None) -> Digest:
        return sum(self._within(after, end).values(), NO_ROWS)

    def digests(self, table: Any, after: Key | None, end: Key | None) -> dict[Key, Digest]:
        self.read_singly += 1
        return self._within(after, end)

    def digests_of(self, table: Any, keys: Sequence[Key]) -> dict[Key, Digest]:
        self.meddle()
        return {one: found for one, found in self._within(None, None).items() if one in keys}

    def _within(self, after: Key | None, end: Key | None) -> dict[Key, Digest]:
        return {
            key(one): Digest(1, said)
            for one, said in self.rows.items()
            if (after is None or one > number(after)) and (end is None or one <= number(end))
        }


def key(one: int) -> Key:
    return (str(one).encode(),)


def number(of: Key) -> int:
    return int(of[0])


def compared(source: Shard, target: Shard) -> Comparison:
    order = SimpleNamespace(owners=None, rows_per_chunk=10, tables=(COUNTRIES,))
    servers = SimpleNamespace(sources=(source,), targets=(target,))
    comparison = Comparison(cast(SplitOrder, order), cast(OpenServers, servers))
    while not comparison.is_complete:
        comparison.advance()
    return comparison


def looked_at(
    comparison: Comparison, now_s: float, *, followed_until_s: float = math.inf
) -> Problem | None:
    comparison.advance()
    return comparison.stays_different(now_s, {"countries": followed_until_s})


def unfound(*shards: Shard) -> None:
    """By their keys."""
    for shard in shards:
        shard.digests_of = lambda *_: {}  # type: ignore[method-assign]


@pytest.mark.invariant("SP-61")
@pytest.mark.parametrize("kept", ["by key", "by range"])
def test_rows_that_stay_different_are_the_end_after_a_minute(kept: str) -> None:
    source, target = Shard({1: 1, 2: 1, 3: 1}), Shard({1: 1, 2: 2})
    if kept == "by range":
        unfound(source, target)
    comparison = compared(source, target)
    assert comparison.left == {"by key": 2, "by range": 3}[kept]
    for now_s in (5.0, 30.0, 5.0 + DIFFERENT_S_MAX - 1.0):
        assert looked_at(comparison, now_s) is None
    problem = looked_at(comparison, 5.0 + DIFFERENT_S_MAX)
    assert problem is not None
    assert problem.code == "split-ranges-differ"
    assert "table countries of -80" in problem.message


@pytest.mark.invariant("SP-61")
@pytest.mark.parametrize("kept", ["by key", "by range"])
def test_they_are_not_while_a_write_of_before_may_wait(kept: str) -> None:
    """Hours of it, behind a first look at everything, or a copy that had to rest."""
    source, target = Shard({1: 1}), Shard({1: 2})
    if kept == "by range":
        unfound(source, target)
    comparison = compared(source, target)
    for now_s in (5.0, 500.0, 5_000.0):
        assert looked_at(comparison, now_s, followed_until_s=-math.inf) is None
    assert looked_at(comparison, 9_000.0, followed_until_s=4.0) is None
    assert looked_at(comparison, 9_000.0, followed_until_s=5.0) is not None


@pytest.mark.invariant("SP-61")
def test_rows_that_become_equal_are_not() -> None:
    source, target = Shard({1: 1}), Shard({1: 2})
    comparison = compared(source, target)
    assert comparison.left == 1
    assert looked_at(comparison, 5.0) is None
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


def test_a_range_with_very_many_rows_on_one_server_is_parted() -> None:
    """Where shards are merged, a chunk of one of them may span most of the other."""
    few, many = Shard({1: 2}), Shard({n: 1 << n for n in range(500)})
    comparison = compared(few, many)
    assert (few.read_singly, many.read_singly) == (0, 0)
    assert comparison.left == 500
    comparison.advance()
    assert comparison.left == 499
    assert few.read_singly == many.read_singly == 10


@pytest.mark.invariant("SP-61")
def test_a_long_range_that_is_written_to_all_the_time_is_not_the_end() -> None:
    few, many = Shard({1: 2}), Shard({n: 1 << n for n in range(500)})
    comparison = compared(few, many)
    few.rows = dict(many.rows)
    for second in range(1, int(3 * DIFFERENT_S_MAX)):
        few.rows[second] = second + 1
        many.rows[second - 1] = few.rows[second - 1]
        comparison.changed("countries", [key(second - 1)])
        assert looked_at(comparison, float(second)) is None
    assert comparison.left <= 2


@pytest.mark.invariant("SP-61")
def test_a_row_that_is_gone_between_two_looks_leaves_no_range() -> None:
    """Made and deleted by somebody: it is no row that its key does not find."""
    source, target = Shard({1: 1, 2: 7}), Shard({1: 1})
    source.meddle = lambda: source.rows.__delitem__(2)
    assert compared(source, target).left == 0


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
    unfound(source, target)
    comparison = compared(source, target)
    assert comparison.left == 2
    assert comparison.at_rest() is not None


@pytest.mark.invariant("SP-53")
@pytest.mark.parametrize(
    ("fence", "is_the_end"),
    [
        (Fence(state=FenceState.FENCED, epoch=7, left_s=0.5), True),
        (Fence(state=FenceState.SEALED, epoch=7), True),
        (Fence(state=FenceState.FENCED, epoch=7, left_s=-0.5), False),
        (Fence(state=FenceState.OPEN, epoch=7), False),
        (Fence(state=FenceState.FENCED, epoch=8, left_s=0.5), False),
        (None, False),
    ],
)
def test_what_differs_behind_a_fence_that_has_opened_is_not_the_end(
    fence: Fence | None, is_the_end: bool
) -> None:
    """What is compared there took longer than was predicted."""
    source, target = Shard({1: 2}, closed_by=fence), Shard({1: 1})
    memory = TickMemory(comparison=compared(source, target))
    servers = SimpleNamespace(sources=(source,), targets=(target,))
    runner = StepRunner(cast(Any, None), cast(Any, None), cast(Any, servers), memory)
    outcome = runner.run(Step.COMPARE_AT_REST, cast(Any, SimpleNamespace(fence_epoch=7)))
    assert isinstance(outcome, Problem) is is_the_end
    assert memory.comparison is not None
    assert memory.comparison.left == 1


@dataclass
class Queue:
    """Of a table: places, and what reads them."""

    places: list[int] = field(default_factory=list)

    def queue(self, table: str) -> QueueSeen:
        return QueueSeen(depth=len(self.places), oldest_s=None, last=max(self.places, default=None))

    def read_queue(self, table: str, *, keys: int) -> tuple[Dirty, ...]:
        return tuple(Dirty(place, key(place)) for place in sorted(self.places)[:keys])

    def forget(self, table: str, seqs: Sequence[int]) -> None:
        self.places = [place for place in self.places if place not in seqs]


def copy_of(
    queue: Queue, tell: Callable[[str, Sequence[Key]], None] = lambda *_: None
) -> TableCopy:
    return TableCopy(
        source_shard="-80",
        source=cast(Any, queue),
        table=cast(MovedTable, COUNTRIES),
        lanes=(),
        acks=(),
        owners=cast(Any, None),
        tell=tell,
    )


@pytest.mark.invariant("SP-61")
def test_what_had_been_written_has_gone_over_though_the_queue_is_never_empty() -> None:
    queue = Queue([*range(0, 40, 2)])
    copy = copy_of(queue)
    copy.follow_from(7.0)
    for round_ in range(4):
        assert copy.followed_until_s == -math.inf
        assert copy.drain(5) == 5
        queue.places += range(100 + 5 * round_, 105 + 5 * round_)
        if not round_:
            queue.places.append(39)  # it was given out before, and is committed now
        copy.follow_from(8.0 + round_)
    copy.drain(5)
    assert copy.followed_until_s == 7.0
    assert followed_until_s([copy, copy_of(Queue())]) == {"countries": -math.inf}


@pytest.mark.invariant("SP-61")
def test_an_empty_queue_has_nothing_that_waits() -> None:
    queue = Queue()
    copy = copy_of(queue)
    copy.follow_from(7.0)
    assert copy.followed_until_s == 7.0
    queue.places = [1, 2]
    copy.follow_from(9.0)
    assert copy.followed_until_s == 7.0
    queue.places = []
    copy.drain(5)
    assert copy.followed_until_s == 9.0
    copy.follow_from(10.0)
    assert followed_until_s([copy]) == {"countries": 10.0}


@pytest.mark.invariant("SP-61")
@pytest.mark.parametrize("somebody_else", [False, True])
def test_what_waits_in_the_queue_for_longer_is_not_the_end_and_what_does_not_is(
    somebody_else: bool,
) -> None:
    rows = range(45)
    source, target = (Shard({n: 1 << (n + by) for n in rows}) for by in (0, 64))
    queue, memory, clock = Queue([*rows]), TickMemory(), SimClock()
    if somebody_else:
        queue.places.remove(7)

    def go_over(table: str, keys: Sequence[Key]) -> None:
        memory.changed(table, keys)
        target.rows |= {one: source.rows[one] for one in map(number, keys)}

    memory.copies = (copy_of(queue, go_over),)
    order = SimpleNamespace(owners=None, rows_per_chunk=10, tables=(COUNTRIES,))
    servers = SimpleNamespace(sources=(source,), targets=(target,))
    world = SimpleNamespace(clock=clock)
    runner = StepRunner(cast(Any, world), cast(Any, order), cast(Any, servers), memory)

    def compared_again() -> Problem | None:
        outcome = runner.run(Step.COMPARE, cast(Any, None))
        clock.time_s += DIFFERENT_S_MAX + 1.0
        return outcome if isinstance(outcome, Problem) else None

    while len(queue.places) > 10:
        assert compared_again() is None
    assert any(compared_again() for _ in range(3)) is somebody_else
    assert memory.comparison is not None
    assert memory.comparison.left == int(somebody_else)
