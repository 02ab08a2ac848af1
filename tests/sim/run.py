"""One run of the rollout over a simulated fleet, as one process would make it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from shutil import rmtree
from tempfile import mkdtemp

from sqlalchemy import Connection, Engine, event

from reconciler.drive.gates import AskGates
from reconciler.drive.open import LastLook, Releases, RolloutOrder, heard_so_far
from reconciler.drive.promotion import AskCheck, ask_nothing
from reconciler.drive.roll_out import roll_out
from reconciler.drive.shard.task import RolloutWorld
from reconciler.edges.ledger.engine import engine_for
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.guard.review.asker import Asker
from reconciler.ledger.reviewed import AskReview, nobody_reviewed
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.progress import ProgressEvent
from reconciler.plan.model import Plan
from reconciler.ports.ledger import Ledger
from reconciler.rollout.behest import Behest
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import Environment, QuarantinedShard, RolloutSpec, ShardSpec
from tests.sim.fleet import (
    Fate,
    FatedLedger,
    ProcessKilled,
    SimFleet,
    SimLocks,
    SimSessions,
    SimThreads,
    SimWorkerPool,
)
from tests.sim.plans import environment
from tests.sim.vitess import CLUSTER, SimKeyspaces, SimVitess

# An engine knows how each statement is compiled: the next ledger takes one over that was used.
_used: list[tuple[list[Engine], Engine]] = []
_in_memory: list[Engine] = []
_on_files: list[Engine] = []


# A process that is forked from one that has used some makes files of its own.
os.register_at_fork(after_in_child=_used.clear)
os.register_at_fork(after_in_child=_on_files.clear)


def memory_ledger() -> SqlLedger:
    """The real ledger, on a database that no disk slows down; it ends with its test."""
    engine = _in_memory.pop() if _in_memory else _memory()
    _used.append((_in_memory, engine))
    with engine.connect() as connection:
        _sqlite(connection).deserialize(_empty_ledger())
    return SqlLedger(engine)


@cache
def _empty_ledger() -> bytes:
    """Its tables are made once: making them takes as long as a fifth of a rollout."""
    engine = _memory()
    SqlLedger(engine)
    with engine.connect() as connection:
        made = _sqlite(connection).serialize()
    engine.dispose()
    return made


def _memory() -> Engine:
    return engine_for("sqlite://", default_file=Path("unused"))


def _sqlite(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def file_ledger() -> SqlLedger:
    """One that several threads may use; it ends with its test."""
    engine = _on_files.pop() if _on_files else _on_file()
    _used.append((_on_files, engine))
    path = _path(engine)
    path.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(path)) as file, closing(sqlite3.connect(":memory:")) as empty:
        empty.deserialize(_empty_ledger())
        empty.backup(file)
    return SqlLedger(engine)


def _on_file() -> Engine:
    folder = Path(mkdtemp(prefix="reconciler-sim-"))
    engine = engine_for(None, default_file=folder / "ledger.sqlite")

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")  # a simulated kill leaves the machine on

    return engine


def _path(engine: Engine) -> Path:
    return Path(str(engine.url.database))


def close_ledgers() -> None:
    while _used:
        free, engine = _used.pop()
        free.append(engine)
        if free is _on_files:
            engine.dispose()
            rmtree(_path(engine).parent)


@dataclass
class Simulation:
    """`interrupts` counts up at the given events; `events` are all that were told."""

    plan: Plan
    rollout: RolloutSpec
    fleet: SimFleet
    ledger: Ledger = field(default_factory=memory_ledger)
    random: Random = field(default_factory=lambda: Random(0))
    holder: str = "somebody"
    interrupts: int = 0
    events: list[ProgressEvent] = field(default_factory=list)
    workers: SimWorkerPool | None = None
    place: tuple[ShardSpec, ...] = ()
    servers: dict[str, str] = field(default_factory=dict)
    gates: AskGates = tuple
    checks: AskCheck = ask_nothing
    reviewed: AskReview = nobody_reviewed
    side_by_side: bool = False
    vitess: SimVitess | None = None
    keep_s: int | None = None
    quarantined: tuple[QuarantinedShard, ...] = ()

    @property
    def environment(self) -> Environment:
        made = environment(self.rollout, self.plan.core.shards)
        made = replace(made, vitess=CLUSTER) if self.vitess else made
        made = replace(made, ledger_keep_s=self.keep_s, quarantined=self.quarantined)
        return replace(made, shards=self.place) if self.place else made

    def run(
        self,
        *,
        fate: Fate | None = None,
        waves: WaveChoice = WaveChoice.ALL,
        last_wave: int | None = None,
        releases: Releases = Releases.NOTHING,
        asker: Asker | None = None,
        behest: Behest = Behest.SOMEBODY,
        is_of_forge: bool = False,
    ) -> ApplyOutcome:
        """Raises ProcessKilled if its fate is to be killed."""
        fate = fate or Fate()
        core = self.plan.core
        heard = heard_so_far(self.ledger, core.environment, core.keyspace, "")
        pool = SimThreads if self.side_by_side else SimWorkerPool
        self.workers = pool(self.fleet.clock, self.random)
        world = RolloutWorld(
            sessions=SimSessions(self.fleet, fate),
            ledger=FatedLedger(self.ledger, fate),
            workers=self.workers,
            clock=self.fleet.clock,
            jitter=self.random.random,
            interrupts=lambda: self.interrupts,
            vschemas=SimKeyspaces(self.vitess, self.plan, fate) if self.vitess else None,
        )
        order = RolloutOrder(
            plan=self.plan,
            environment=self.environment,
            commit="c" * 40,
            holder=self.holder,
            standings=self.fleet.standings(),
            basis=self.fleet.basis(self.servers),
            ask_gates=self.gates,
            ask_check=self.checks,
            reviewed=self.reviewed,
            last_look=self._last_look,
            waves=waves,
            last_wave=last_wave,
            releases=releases,
            asker=asker,
            behest=behest,
            ends_as_stop=behest is not Behest.NOBODY and not is_of_forge,
            heard=heard,
            vschema_done=self.vitess.steps_done(self.plan) if self.vitess else 0,
        )
        try:
            return roll_out(world, order, SimLocks(self.fleet), on_progress=self.events.append)
        finally:
            self.workers.close()

    def _last_look(self) -> LastLook:
        found = self.fleet.last_look()
        of_keyspace = self.vitess.drifted(self.plan) if self.vitess else ()
        return replace(found, drifted=(*found.drifted, *of_keyspace))

    def is_killed(self, fate: Fate) -> bool:
        try:
            self.run(fate=fate)
        except ProcessKilled:
            return True
        return False
