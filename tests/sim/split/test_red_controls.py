"""Each protection of a split, taken away: the simulation must tell, or it would tell nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from reconciler.drive.split.copy import TableCopy
from reconciler.ports.split_servers import Busy, SourceFacts
from reconciler.reshard.helper_tables import FenceState
from reconciler.reshard.phases import Phase
from reconciler.reshard.rows import Chunk, Key
from reconciler.reshard.seen import SourceSeen
from tests.series import series
from tests.sim.split.chaos import brought_to_end
from tests.sim.split.database import ORDERS, Database, WriteRefused
from tests.sim.split.run import SplitSimulation
from tests.sim.split.servers import SimSource

SEEDS = range(12)


def is_caught(simulation: SplitSimulation) -> bool:
    """Whether the split fails, or ends with rows, owners or writers that are wrong."""
    try:
        if brought_to_end(simulation, retries=False) is not Phase.DONE:
            return True
        simulation.check_done()
    except AssertionError:
        return True
    return False


def caught(make: Callable[[int], SplitSimulation], seeds: range = SEEDS) -> bool:
    return any(is_caught(make(seed)) for seed in seeds)


def simulation_with(source: type[SimSource], seed: int, **options: Any) -> SplitSimulation:
    return SplitSimulation(Random(seed), source_kind=source, writes=0.5, **options)


class Whole(SimSource):
    """Nothing is taken away."""


class WithoutTracker(SimSource):
    def arm_tracker(self, table: str) -> None:
        super().arm_tracker(table)
        self.database.tracks = False


class CommitsLate(SimSource):
    """Places of the queue are given out before they are committed, and appear in any order."""

    def forget(self, table: str, seqs: Sequence[int]) -> None:
        for transaction in tuple(self.database.open):
            transaction.commit()
        super().forget(table, seqs)


class ForgetsUpToTheLast(CommitsLate):
    def forget(self, table: str, seqs: Sequence[int]) -> None:
        super().forget(table, ())
        queue = self.database.queues[table]
        for seq in [seq for seq in queue if seq <= max(seqs)]:
            del queue[seq]


class PreparesXa(SimSource):
    """A transaction is prepared before the fence, and committed as late as can be."""

    def flip(self, epoch: int, *, budget_s: float) -> bool | Busy:
        answer = super().flip(epoch, budget_s=budget_s)
        if answer is True and not self.database.prepared:
            transaction = self.database.begin()
            transaction.is_prepared = True
            key, row = max(self.database.tables[ORDERS].rows.items())
            transaction.changes[ORDERS, key] = (*row[:3], b"prepared")
            self.database.mark(transaction, ORDERS, key)
        return answer

    def retire(self, epoch: int) -> bool | Busy:
        for transaction in [one for one in self.database.open if one.is_prepared]:
            transaction.commit()
        return super().retire(epoch)


class XaUnchecked(PreparesXa):
    def facts(self) -> SourceFacts:
        return replace(super().facts(), prepared=0)


class WritesAhead(SimSource):
    """Somebody writes to a row of the next chunk."""

    def read_chunk(self, table: str, after: Key | None, *, rows: int) -> Chunk:
        found = super().read_chunk(table, after, rows=rows)
        if table == ORDERS and found.end is not None:
            following = super().read_chunk(table, found.end, rows=rows)
            self.ahead((table, found.end), following)
            for row in following.rows[:1]:
                write_one(self.database, int(row.key[0]))
        return found

    def ahead(self, place: tuple[str, Key], chunk: Chunk) -> None:
        """It is not kept."""


class ReadsAhead(WritesAhead):
    """It is written as it was when the chunk before it was read."""

    def ahead(self, place: tuple[str, Key], chunk: Chunk) -> None:
        self.database.read_ahead[place] = chunk

    def read_chunk(self, table: str, after: Key | None, *, rows: int) -> Chunk:
        now = super().read_chunk(table, after, rows=rows)
        kept = self.database.read_ahead.pop((table, after), now)
        return kept if kept.end == now.end else now


class OldSnapshot(SimSource):
    """A transaction that began before the fence was closed writes behind it."""

    def flip(self, epoch: int, *, budget_s: float) -> bool | Busy:
        self.database.late = self.database.late or self.database.begin()
        return super().flip(epoch, budget_s=budget_s)

    def retire(self, epoch: int) -> bool | Busy:
        late, self.database.late = self.database.late, None
        if late is not None:
            with suppress(WriteRefused):
                key, row = max(self.database.tables[ORDERS].rows.items())
                late.write(ORDERS, key, (*row[:3], b"late"))
            late.commit()
        return super().retire(epoch)


class PlainRead(OldSnapshot):
    def arm_fence(self, table: str) -> Busy | None:
        self.database.reads_fence_with_lock = False
        return super().arm_fence(table)


def write_one(database: Database, key: int) -> None:
    """Where nobody else has the row."""
    transaction = database.begin()
    with suppress(WriteRefused):
        row = database.tables[ORDERS].rows[key]
        transaction.write(ORDERS, key, (*row[:3], b"one"))
    transaction.commit()


@pytest.mark.parametrize("source", [Whole, CommitsLate, PreparesXa, OldSnapshot])
@pytest.mark.parametrize("seed", series(range(3)))
def test_with_all_of_them_nothing_is_wrong(seed: int, source: type[SimSource]) -> None:
    assert not is_caught(simulation_with(source, seed))


@pytest.mark.invariant("SP-52")
@pytest.mark.invariant("SP-53")
@pytest.mark.parametrize("mutant", [WithoutTracker, PlainRead])
def test_without_it_the_simulation_tells(mutant: type[SimSource]) -> None:
    assert caught(lambda seed: simulation_with(mutant, seed))


@pytest.mark.invariant("SP-54")
def test_an_xa_transaction_that_nobody_counted_is_lost() -> None:
    """Where hardly anybody else writes, so that it stays prepared."""

    def quiet(source: type[SimSource], seed: int) -> SplitSimulation:
        return SplitSimulation(Random(seed), source_kind=source, writes=0.02)

    assert caught(lambda seed: quiet(XaUnchecked, seed))
    assert not any(is_caught(quiet(PreparesXa, seed)) for seed in range(3))


@pytest.mark.invariant("SP-52")
def test_a_mark_forgotten_by_its_order_and_a_chunk_read_ahead_lose_a_write() -> None:
    """Where the queue is nearly empty, so that who is late is among those that are drained."""

    def quiet(source: type[SimSource], seed: int) -> SplitSimulation:
        return SplitSimulation(Random(seed), source_kind=source, writes=0.25, rows=60)

    # One of about eleven.
    assert caught(lambda seed: quiet(ForgetsUpToTheLast, seed), range(16, 46))
    assert caught(lambda seed: quiet(ReadsAhead, seed))
    for whole in (CommitsLate, WritesAhead):
        assert not any(is_caught(quiet(whole, seed)) for seed in range(3))


@pytest.mark.invariant("SP-52")
def test_a_row_that_moved_between_merged_shards_is_looked_for_on_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def merge() -> SplitSimulation:
        return SplitSimulation(Random(0), sources=("-40", "40-80"), targets=("-80",), writes=0.3)

    def own_rows(copy: Any, keys: Sequence[Key]) -> Any:
        return [*copy._source.read_rows(copy.table.name, keys)]

    assert not is_caught(merge())
    monkeypatch.setattr(TableCopy, "_rows_of", own_rows)
    assert is_caught(merge())


def late_writer(simulation: SplitSimulation) -> SplitSimulation:
    """Someone writes as the fence runs out, while it is being sealed."""
    (database,) = simulation.servers.sources.values()

    def write() -> None:
        database.while_sealing = lambda: None
        assert database.expires_s is not None
        simulation.clock.time_s = database.expires_s
        transaction = database.begin()
        key = min(database.tables[ORDERS].rows)
        transaction.write(ORDERS, key, (*database.tables[ORDERS].rows[key][:3], b"late"))
        transaction.commit()

    database.while_sealing = write
    return simulation


class NoSecondDrain(SimSource):
    def queue(self, table: str) -> Any:
        seen = super().queue(table)
        return replace(seen, depth=0) if self.database.fence is FenceState.SEALED else seen


def test_who_writes_while_the_fence_is_sealed_is_drained_behind_it() -> None:
    assert not is_caught(late_writer(simulation_with(Whole, 0)))
    assert caught(lambda seed: late_writer(simulation_with(NoSecondDrain, seed)))


class CommitsXaLast(SimSource):
    """Whoever coordinates it comes back when the source is about to be renamed away."""

    def retire(self, epoch: int) -> bool | Busy:
        for transaction in [one for one in self.database.open if one.is_prepared]:
            transaction.commit()
        return super().retire(epoch)


class XaUncheckedBehindSeal(CommitsXaLast):
    def facts(self) -> SourceFacts:
        seen = super().facts()
        is_sealed = self.database.fence is FenceState.SEALED
        return replace(seen, prepared=0) if is_sealed else seen


def late_xa(simulation: SplitSimulation) -> SplitSimulation:
    """Someone writes as the fence runs out, and prepares: on MariaDB that gives up the lock of the
    fence, and the mark in the queue appears with the commit."""
    (database,) = simulation.servers.sources.values()

    def write() -> None:
        database.while_sealing = lambda: None
        assert database.expires_s is not None
        simulation.clock.time_s = database.expires_s
        transaction = database.begin()
        key = min(database.tables[ORDERS].rows)
        transaction.write(ORDERS, key, (*database.tables[ORDERS].rows[key][:3], b"late"))
        transaction.is_prepared, transaction.passed_fence = True, False

    database.while_sealing = write
    return simulation


@pytest.mark.invariant("SP-54")
def test_what_is_prepared_while_the_fence_is_sealed_is_not_left_behind() -> None:
    def quiet(source: type[SimSource], seed: int) -> SplitSimulation:
        return late_xa(SplitSimulation(Random(seed), source_kind=source, writes=0.02))

    assert not any(is_caught(quiet(CommitsXaLast, seed)) for seed in range(3))
    assert caught(lambda seed: quiet(XaUncheckedBehindSeal, seed))


def test_a_fence_that_is_opened_on_an_unknown_cutover_makes_two_owners() -> None:
    def clear(simulation: SplitSimulation) -> None:
        for database in simulation.servers.sources.values():
            database.fence = FenceState.OPEN

    simulation = simulation_with(Whole, 0)
    simulation.approve()
    simulation.run(simulation.fate_at("behind routes.cut_over", lambda: clear(simulation)))
    assert is_caught(simulation)
    assert any("targets own" in violation for violation in simulation.violations)


def test_a_fence_is_taken_for_closed_only_while_it_is() -> None:
    closed = SourceSeen(shard="-80", fence=FenceState.FENCED, fence_epoch=2, fence_left_s=0.5)
    assert closed.is_closed_by(2)
    assert not closed.is_closed_by(1)
    assert not replace(closed, fence_left_s=0.0).is_closed_by(2)
    assert not replace(closed, fence_left_s=None).is_closed_by(2)
    assert not replace(closed, fence=FenceState.OPEN).is_closed_by(2)
    assert replace(closed, fence=FenceState.SEALED, fence_left_s=None).is_closed_by(2)
    assert not replace(closed, fence=FenceState.MOVED).is_closed_by(2)
