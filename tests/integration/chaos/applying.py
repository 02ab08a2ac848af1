"""One `apply` from the locks on, as a process of its own that can be killed at any moment."""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

from reconciler.drive.open import LastLook, Releases, RolloutOrder
from reconciler.drive.roll_out import roll_out
from reconciler.drive.shard.task import RolloutWorld
from reconciler.edges.clock import SystemClock
from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.mysql.locks import MysqlShardLocks
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.edges.worker_pool import ThreadWorkerPool
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import ReconcilerError
from reconciler.guard.classify import position_of
from reconciler.guard.model import Done, ToDo
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.ports.shards import ShardSessions
from reconciler.spec.model import ShardSpec
from tests.integration.chaos.fleet import ChaosFleet
from tests.waiting import PATIENCE_S

WAITS_S = 0.3  # no moment for this long: it waits for a server, or for somebody's lock


class End(IntEnum):
    """How the process says it ended."""

    DONE = 0
    NOT_YET = 4  # refused, stopped, failed or unknown: somebody must run it again
    DRIFT = 5  # a shard is at no state of the plan: never right
    FAULT = 6


class HastyClock(SystemClock):
    """Pauses between tries are a tenth as long: nobody waits for a person here."""

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / 10)


@dataclass(frozen=True)
class LedgerPlace:
    """`url` None: the file. `room_bytes` is how much the file may still grow, None: at will."""

    file: Path
    url: str | None = None
    room_bytes: int | None = None


class Child:
    """A process that applies a plan, and that tells when it comes to a moment."""

    def __init__(self, work: Callable[[Moments], End]) -> None:
        self._moments, tell = os.pipe()
        self._process_id = os.fork()
        if self._process_id == 0:
            os.close(self._moments)
            _be_the_child(lambda: work(Moments(tell)))
        os.close(tell)

    def reach(self, moment: int) -> None:
        """Return once it has come to the n-th moment from now, has ended, or waits for long."""
        while moment > 0 and select.select([self._moments], [], [], WAITS_S)[0]:
            told = len(os.read(self._moments, moment))
            moment -= told or moment

    def reach_mark(self, mark: bytes, times: int) -> bool:
        """Whether it came to a moment of this kind so often, before it ended or waited in vain."""
        while times > 0 and select.select([self._moments], [], [], PATIENCE_S)[0]:
            told = os.read(self._moments, 1)
            if not told:
                return False
            times -= told == mark
        return times == 0

    @property
    def process_id(self) -> int:
        return self._process_id

    def kill(self) -> None:
        os.kill(self._process_id, signal.SIGKILL)

    def end(self) -> End | None:
        """How it ended; None if it was killed."""
        _, status = os.waitpid(self._process_id, 0)
        os.close(self._moments)
        return End(os.waitstatus_to_exitcode(status)) if os.WIFEXITED(status) else None


def applying(fleet: ChaosFleet, place: LedgerPlace) -> Child:
    """Moments are right before and right after each write to the ledger and each statement."""
    return Child(lambda moments: _apply(fleet, place, moments))


@dataclass(frozen=True)
class Moments:
    """Tells a moment before and after each of an object's named calls."""

    told_to: int

    def tell(self, mark: bytes) -> None:
        os.write(self.told_to, mark)

    def around(self, target: Any, *calls: str) -> Any:
        moments = self

        class Told:
            def __getattr__(self, name: str) -> Any:
                method = getattr(target, name)
                return moments.told(method) if name in calls else method

        return Told()

    def told(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def telling(*args: Any, **kwargs: Any) -> Any:
            self.tell(b".")
            result = call(*args, **kwargs)
            self.tell(b".")
            return result

        return telling


@dataclass(frozen=True)
class ToldSessions:
    sessions: ShardSessions
    moments: Moments

    @contextmanager
    def open(self, shard: ShardSpec, **judged_by: Any) -> Iterator[Any]:
        with self.sessions.open(shard, **judged_by) as session:
            yield self.moments.around(session, "run")


def _be_the_child(work: Callable[[], End]) -> NoReturn:
    try:
        end = work()
    except BaseException:
        import traceback

        traceback.print_exc()
        end = End.FAULT
    os._exit(end)


def _apply(fleet: ChaosFleet, place: LedgerPlace, moments: Moments) -> End:
    if place.room_bytes is not None:
        # SQLite is told EFBIG, which is to it what a full disk is.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (place.room_bytes, place.room_bytes))
    clock, root, environ = HastyClock(), Path(), dict[str, str]()
    specs = fleet.environment.shards
    try:
        ledger = open_ledger(place.url, default_file=place.file)
        sessions = MysqlShardSessions(environ=environ, root=root)
        locks = MysqlShardLocks(environ=environ, root=root, clock=clock, workers=ThreadWorkers())
        with locks.take(specs, keyspace="commerce", holder=f"process {os.getpid()}") as held:
            standings: dict[str, ToDo | Done] = {}
            for spec in specs:
                with sessions.open(spec) as session:
                    live = session.definitions(programs=fleet.program_kinds)
                found = position_of(fleet.plan.core, spec.name, _fingerprints(fleet, live))
                if found is None:
                    return End.DRIFT
                standings[spec.name] = found
            world = RolloutWorld(
                sessions=ToldSessions(sessions, moments),
                ledger=moments.around(ledger, "begin", "take_over", "record", "settle"),
                workers=ThreadWorkerPool(),
                clock=clock,
                jitter=lambda: 0.0,
                interrupts=lambda: 0,
            )
            order = RolloutOrder(
                plan=fleet.plan,
                environment=fleet.environment,
                commit="c" * 40,
                holder=f"process {os.getpid()}",
                standings=standings,
                basis=fleet.basis(),
                ask_gates=tuple,
                last_look=LastLook,
                releases=Releases.WHAT_HOLDS,
            )
            outcome = roll_out(world, order, held, on_progress=lambda event: None)
    except ReconcilerError:
        return End.NOT_YET
    done = outcome.verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    return End.DONE if done else End.NOT_YET


def _fingerprints(fleet: ChaosFleet, live: Mapping[ObjectId, str]) -> dict[ObjectId, str]:
    return {
        object_id: fleet.fingerprint_of(object_id, text)
        for object_id, text in live.items()
        if fleet.is_managed(object_id)
    }
