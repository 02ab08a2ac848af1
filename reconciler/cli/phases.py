"""What goes on where nothing is sent yet: looking at shards, proving, taking locks. A terminal
shows it as long as it lasts, a log what lasts longer than a few seconds.

The ports are wrapped, so that no flow needs to know that somebody watches; what they are asked and
answer passes through as it is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TypeVar

from reconciler.cli.streams import remark, standard_error
from reconciler.cli.style import style_for
from reconciler.model.observation import Observation
from reconciler.plan.words import count
from reconciler.ports.clock import Workers
from reconciler.ports.shards import HeldLocks, LiveShards, ShardLocks
from reconciler.ports.world import World
from reconciler.report.times import duration
from reconciler.spec.model import ShardSpec

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOGGED_AFTER_S = 5.0
_LOGGED_EVERY_S = 60.0
_PROVING = "proving on scratch servers"


@dataclass(slots=True, kw_only=True)
class _Phase:
    text: str
    since_s: float
    of: int = 0
    done: int = 0

    def said(self, now_s: float) -> str:
        counted = f", {self.done:,} of {self.of:,}" if self.of > 1 else ""
        return f"{self.text}{counted}, {duration(now_s - self.since_s)}"


class Phases:
    """Those under way in this process; told by any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._under_way: list[_Phase] = []

    @contextmanager
    def phase(self, text: str, *, of: int = 0) -> Iterator[Callable[[], None]]:
        """The caller is told how to say that one more of `of` is done."""
        phase = _Phase(text=text, since_s=self._clock(), of=of)

        def one_more() -> None:
            with self._lock:
                phase.done += 1

        with self._lock:
            self._under_way.append(phase)
        try:
            yield one_more
        finally:
            with self._lock:
                self._under_way.remove(phase)

    def is_under_way(self, text: str) -> bool:
        with self._lock:
            return any(phase.text == text for phase in self._under_way)

    def lines(self) -> tuple[str, ...]:
        now_s = self._clock()
        with self._lock:
            return tuple(phase.said(now_s) for phase in self._under_way)

    def long_ones(self) -> tuple[tuple[int, str], ...]:
        """Those that last, each with how often it is to have been told by now."""
        now_s = self._clock()
        with self._lock:
            lasting = [
                (id(phase), now_s - phase.since_s - _LOGGED_AFTER_S, phase.said(now_s))
                for phase in self._under_way
            ]
        return tuple(
            (hash((of, int(over_s // _LOGGED_EVERY_S))), said)
            for of, over_s, said in lasting
            if over_s >= 0
        )


PHASES = Phases()


def told(world: World, phases: Phases = PHASES) -> World:
    return replace(
        world,
        shards=_ToldShards(world.shards, phases),
        workers=_ToldWorkers(world.workers, phases),
    )


def told_locks(locks: ShardLocks, phases: Phases = PHASES) -> ShardLocks:
    return _ToldLocks(locks, phases)


@contextmanager
def shown_phases(phases: Phases = PHASES) -> Iterator[None]:
    """On a terminal as long as they last; in a log those that last."""
    stream = standard_error()
    if not (stream.isatty() and style_for(stream).colour):
        with logged_phases(phases):
            yield
        return
    from reconciler.cli.in_place import changing, quiet

    with changing(stream, lambda _width: quiet(["\n".join(phases.lines())])):
        yield


@contextmanager
def logged_phases(phases: Phases = PHASES) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        said: set[int] = set()
        while not over.wait(1.0):
            for about, text in phases.long_ones():
                if about not in said:
                    said.add(about)
                    remark(text)

    thread = threading.Thread(target=watch, name="phases", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class _ToldShards:
    def __init__(self, shards: LiveShards, phases: Phases) -> None:
        self._shards = shards
        self._phases = phases

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        with self._phases.phase(f"looking at {count(len(shards), 'shard')}"):
            return self._shards.observe(shards, parallel=parallel)


class _ToldWorkers:
    """What a pass gives to workers is the proof of its change sets, and parts of each."""

    def __init__(self, workers: Workers, phases: Phases) -> None:
        self._workers = workers
        self._phases = phases

    def map(
        self, work: Callable[[Item], Result], items: Sequence[Item], *, parallel: int
    ) -> list[Result]:
        if not items or self._phases.is_under_way(_PROVING):  # a part of what is counted
            return self._workers.map(work, items, parallel=parallel)
        with self._phases.phase(_PROVING, of=len(items)) as one_more:

            def counted(item: Item) -> Result:
                result = work(item)
                one_more()
                return result

            return self._workers.map(counted, items, parallel=parallel)


class _ToldLocks:
    def __init__(self, locks: ShardLocks, phases: Phases) -> None:
        self._locks = locks
        self._phases = phases

    @contextmanager
    def take(
        self, shards: Sequence[ShardSpec], *, keyspace: str, holder: str
    ) -> Iterator[HeldLocks]:
        with ExitStack() as stack:
            with self._phases.phase(f"taking the locks of {count(len(shards), 'shard')}"):
                held = stack.enter_context(
                    self._locks.take(shards, keyspace=keyspace, holder=holder)
                )
            yield held
