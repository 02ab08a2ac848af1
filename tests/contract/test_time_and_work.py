"""What every clock, and every worker pool beside the one who asks, promises: the machine's and the
simulation's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from threading import Thread

import pytest

from reconciler.edges.clock import SystemClock
from reconciler.edges.worker_pool import ThreadWorkerPool
from reconciler.outcomes.progress import ShardStarted
from reconciler.ports.clock import Clock, WorkEnded, WorkerPool, WorkerPoolNews
from tests.sim.fleet import SimClock, SimWorkerPool

STARTED = ShardStarted(at_s=1.0, keyspace="commerce", shard="-40", wave=1)


@pytest.fixture(params=[SystemClock, SimClock])
def clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


@pytest.fixture(params=["threads", "simulated"])
def workers(request: pytest.FixtureRequest) -> WorkerPool:
    return (
        ThreadWorkerPool() if request.param == "threads" else SimWorkerPool(SimClock(), Random(7))
    )


def news_of(workers: WorkerPool, ends: int) -> Iterator[WorkerPoolNews]:
    """Everything until that many pieces of work have ended; bounded."""
    for _ in range(1000):
        for news in workers.wait(0.1):
            yield news
            ends -= isinstance(news, WorkEnded)
        if ends == 0:
            return


def test_sleeping_takes_that_long_on_the_clock_that_never_jumps(clock: Clock) -> None:
    before, began = clock.monotonic_s(), clock.now_s()
    clock.sleep(0.01)
    assert clock.monotonic_s() - before >= 0.009
    assert clock.now_s() >= began


def test_each_piece_of_work_ends_once_with_what_it_returned(workers: WorkerPool) -> None:
    for number in range(5):
        workers.start(str(number), lambda number=number: number * 2)  # type: ignore[misc]
    ended = [news for news in news_of(workers, 5) if isinstance(news, WorkEnded)]
    assert sorted((news.name, news.value) for news in ended) == [
        (str(number), number * 2) for number in range(5)
    ]
    assert workers.wait(0.0) == []


@pytest.mark.invariant("ST-15")
def test_what_work_raises_is_told_and_harms_no_other(workers: WorkerPool) -> None:
    def broken() -> object:
        raise ZeroDivisionError

    workers.start("broken", broken)
    workers.start("sound", lambda: "done")
    ended = {n.name: n for n in news_of(workers, 2) if isinstance(n, WorkEnded)}
    assert isinstance(ended["broken"].error, ZeroDivisionError)
    assert ended["sound"].value == "done"


def test_what_work_tells_comes_before_its_end(workers: WorkerPool) -> None:
    workers.start("-40", telling(workers))
    told = list(news_of(workers, 1))
    assert told[0] == STARTED
    assert isinstance(told[-1], WorkEnded)


def telling(workers: WorkerPool) -> Callable[[], object]:
    return lambda: workers.tell(STARTED)


def test_waiting_with_nothing_to_wait_for_ends(workers: WorkerPool) -> None:
    assert workers.wait(0.01) == []


@pytest.mark.invariant("RG-53")
def test_work_for_which_no_thread_is_left_ends_with_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_self: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Thread, "start", no_thread)
    pool = ThreadWorkerPool()
    pool.start("-40", lambda: None)
    (ended,) = pool.wait(0.0)
    assert isinstance(ended, WorkEnded)
    assert isinstance(ended.error, OSError)
