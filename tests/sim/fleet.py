"""A fleet of shards in memory, with everything that can go wrong between a process and a server.

The server's side lives on when the process dies: what was sent may still be run. Every effect on
the world goes through `Fate`, which ends the process before or after the one it was told to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.drive.open import LastLook
from reconciler.drive.shard.basis import ShardBasis, WantedObject
from reconciler.errors import Problem, Unavailable
from reconciler.guard.classify import position_of
from reconciler.guard.health import Vitals
from reconciler.guard.model import Done, Refusal, ToDo
from reconciler.model.access import ShardAccess
from reconciler.model.dependents import NONE_SEEN, Dependents
from reconciler.model.object_id import ObjectId, table_id
from reconciler.model.observation import Unreachable
from reconciler.model.server import Flavor, ServerError
from reconciler.outcomes.progress import ProgressEvent
from reconciler.plan.model import Plan, PlanCore, PlannedStatement
from reconciler.ports.clock import WorkEnded, WorkerPoolNews
from reconciler.ports.engine import Applied, Failed, Outcome, Unknown
from reconciler.ports.shards import BlockerEnd
from reconciler.spec.model import ShardSpec
from tests.sim.plans import definition, fingerprint


class ProcessKilled(BaseException):
    """kill -9: from here on the process has no effect on anything."""


class Fate:
    """Counts effects and kills the process at the one it was told to: 2n is before the n-th effect,
    2n+1 after it."""

    def __init__(self, kill_at: int | None = None) -> None:
        self._kill_at = kill_at
        self.moments = 0
        self.is_dead = False

    def kill_now(self) -> None:
        self._kill_at = self.moments

    def before(self) -> None:
        self._pass_moment()

    def after(self) -> None:
        self._pass_moment()

    def _pass_moment(self) -> None:
        if self.is_dead or self.moments == self._kill_at:
            self.is_dead = True
            raise ProcessKilled
        self.moments += 1


class SimClock:
    """`off_s` is by how much somebody has set the machine's time of day. `asleep` is what happens
    while the process sleeps: a test may put something else there."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.off_s = 0.0
        self.asleep: Callable[[float], None] = self.pass_by

    def now_s(self) -> float:
        return self.now + self.off_s

    def monotonic_s(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.asleep(seconds)

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Ghost:
    """A statement that outlived its connection: it takes effect after that many looks. Its server
    has read it, and shows it among its processes, or will do so only then."""

    statement: PlannedStatement
    is_read: bool
    looks: int = 3


@dataclass
class SimShard:
    """`runs` counts what took effect."""

    tables: dict[str, str]
    runs: Counter[str] = field(default_factory=Counter)
    ghosts: dict[str, Ghost] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    claimed_by: SimSession | None = None


Answer = Callable[[str, PlannedStatement], Outcome | str | None]


class SimFleet:
    """`answer` says what comes of a statement on a shard: None for success, an Outcome instead of
    running it, or how its connection is cut: "lost-before", "lost-after", "ghost" (it is still
    running there), "unread" (the server has not come to read it yet)."""

    def __init__(self, plan: Plan, *, answer: Answer = lambda shard, statement: None) -> None:
        self.plan = plan
        self.answer = answer
        self.clock = SimClock()
        self.is_locked = True
        self.server = "the one that was looked at"
        self.dead_shards: set[str] = set()
        self.vitals = Vitals()
        self.judged = NONE_SEEN
        self.dependents: dict[str, Dependents] = {}
        self.access = ShardAccess(database="sim", privileges=None)
        self.cleared: list[str] = []
        self.rows: int | None = 10
        self.before_look: Callable[[str, str], None] = lambda shard, table: None
        self.before_last_look: Callable[[str], None] = lambda shard: None
        self.before_fleet_look: Callable[[], None] = lambda: None
        self.fleet_looks = 0
        start = {t.object_id.name: t.definition or "" for t in plan.core.change_sets[0].touched}
        self._texts = _texts_of(plan.core)
        effects = [e for s in plan.core.change_sets[0].statements for e in s.effects]
        ends = {effect.object_id.name: effect.after for effect in effects}
        end = {table: self._texts[after or ""] for table, after in ends.items()}
        self._after = {
            table_id(table): WantedObject(fingerprint=fingerprint(text), text=text)
            for table, text in end.items()
        }
        self.shards = {
            shard: SimShard(tables=dict(end if shard in plan.core.matching else start))
            for shard in plan.core.shards
        }

    def standings(self) -> dict[str, ToDo | Done]:
        found = {}
        for name, shard in self.shards.items():
            live = {table_id(table): fingerprint(text) for table, text in shard.tables.items()}
            standing = position_of(self.plan.core, name, live)
            assert standing is not None, f"{name} has drifted: {shard.tables}"
            found[name] = standing
        return found

    def last_look(self) -> LastLook:
        """Of every shard, as the flow that owns the apply has it."""
        self.before_fleet_look()
        self.fleet_looks += 1
        unseen = sorted(self.dead_shards)
        seen = [name for name in self.shards if name not in self.dead_shards]
        return LastLook(
            drifted=tuple(refusal for name in seen for refusal in self._drifted(name)),
            unseen=tuple(
                Unreachable(shard=name, code="shard-unreachable", reason="gone", recovery="look")
                for name in unseen
            ),
        )

    def _drifted(self, name: str) -> Iterator[Refusal]:
        tables = self.shards[name].tables.items()
        live = {table_id(table): text for table, text in tables if not table.startswith("_")}
        for object_id in sorted(live.keys() | self._after.keys()):
            wanted = self._after.get(object_id)
            if live.get(object_id) != (wanted.text if wanted else None):
                message = f"shard {name}, {object_id.titled}: it differs"
                yield Refusal(
                    code="drift", shard=name, object_id=object_id, message=message, recovery="look"
                )

    def basis(self, servers: Mapping[str, str] | None = None) -> dict[str, ShardBasis]:
        """What every shard was judged by; tables whose names begin with `_` are ignored."""
        return {
            shard: ShardBasis(
                fingerprint=fingerprint,
                is_managed=lambda object_id: not object_id.name.startswith("_"),
                after=self._after,
                flavor=Flavor.MYSQL,
                dependents=self.judged,
                server=(servers or {}).get(shard, ""),
            )
            for shard in self.shards
        }

    def take_effect(self, shard: str, statement: PlannedStatement) -> None:
        server = self.shards[shard]
        server.runs[statement.sql] += 1
        for effect in statement.effects:
            assert fingerprint(server.tables[effect.object_id.name]) == effect.before, (
                "run out of order"
            )
            server.tables[effect.object_id.name] = self._texts[effect.after or ""]

    def everything_ran_once(self) -> None:
        for change_set in self.plan.core.change_sets:
            wanted = Counter(statement.sql for statement in change_set.statements)
            for shard in change_set.shards:
                assert self.shards[shard].runs == wanted, shard
        live = [
            schema_fingerprint({table_id(t): fingerprint(x) for t, x in shard.tables.items()})
            for shard in self.shards.values()
        ]
        assert set(live) == {self.plan.core.after}


class SimSession:
    def __init__(self, fleet: SimFleet, shard: str, fate: Fate) -> None:
        self._fleet = fleet
        self._shard = shard
        self._fate = fate

    def definitions(self) -> Mapping[ObjectId, str]:
        self._fleet.before_last_look(self._shard)
        self._check_alive()
        tables = self._fleet.shards[self._shard].tables
        return {table_id(table): text for table, text in tables.items()}

    def definition(self, object_id: ObjectId) -> str | None:
        self._check_alive()
        self._fleet.before_look(self._shard, object_id.name)
        return self._fleet.shards[self._shard].tables.get(object_id.name)

    def dependents(self, tables: Collection[str]) -> Dependents:
        self._check_alive()
        return self._fleet.dependents.get(self._shard, self._fleet.judged)

    def rows_estimate(self, object_id: ObjectId) -> int | None:
        return self._fleet.rows

    def access(self) -> ShardAccess:
        return self._fleet.access

    def vitals(self) -> Vitals:
        return self._fleet.vitals

    def run(self, statement: PlannedStatement, *, lock_wait_s: int, run_limit_s: int) -> Outcome:
        self._fate.before()
        outcome = self._outcome(statement)
        self._fate.after()
        return outcome

    def _outcome(self, statement: PlannedStatement) -> Outcome:
        self._check_alive()
        fleet, shard = self._fleet, self._fleet.shards[self._shard]
        if not self.claim():
            return Failed(error=ServerError(number=2006, message="not sent"), transient=True)
        shard.sent.append(statement.sql)
        answer = fleet.answer(self._shard, statement)
        if isinstance(answer, Applied | Failed | Unknown):
            return answer
        if answer in ("ghost", "unread"):
            shard.ghosts[statement.sql] = Ghost(statement, is_read=answer == "ghost")
        elif answer != "lost-before":
            fleet.take_effect(self._shard, statement)
        return Applied() if answer is None else Unknown(reason="the connection was lost")

    def kill_blockers(self, object_id: ObjectId) -> tuple[BlockerEnd, ...]:
        self._fleet.cleared.append(self._shard)
        return (BlockerEnd(session="a transaction open for 12 s"),)

    def claim(self) -> bool:
        self._check_alive()
        shard = self._fleet.shards[self._shard]
        for sql in list(shard.ghosts):
            self._time_passes(sql)
        if shard.ghosts or shard.claimed_by not in (None, self):
            return False
        shard.claimed_by = self
        return True

    def close(self) -> None:
        shard = self._fleet.shards[self._shard]
        if shard.claimed_by is self:
            shard.claimed_by = None

    def still_running(self, sql: str) -> bool:
        self._check_alive()
        ghosts = self._fleet.shards[self._shard].ghosts
        if sql not in ghosts or not ghosts[sql].is_read:
            return False
        self._time_passes(sql)
        return True

    def _time_passes(self, sql: str) -> None:
        ghosts = self._fleet.shards[self._shard].ghosts
        ghost = ghosts[sql]
        ghost.looks -= 1
        if ghost.looks < 0:
            del ghosts[sql]
            self._fleet.take_effect(self._shard, ghost.statement)

    def _check_alive(self) -> None:
        if self._fleet.dead_shards & {self._shard}:
            raise unavailable("the server does not answer")


@dataclass(frozen=True)
class SimSessions:
    fleet: SimFleet
    fate: Fate

    @contextmanager
    def open(self, shard: ShardSpec, *, server: str = "") -> Iterator[SimSession]:
        if shard.name in self.fleet.dead_shards:
            raise unavailable("connection refused")
        if server not in ("", self.fleet.server):
            raise unavailable("another server answers")
        session = SimSession(self.fleet, shard.name, self.fate)
        try:
            yield session
        finally:
            session.close()


@dataclass(frozen=True)
class SimLocks:
    fleet: SimFleet

    def is_held(self, shard: str) -> bool:
        return self.fleet.is_locked


class SimWorkerPool:
    """Runs one piece of work to its end at each wait; which one is up to the seed."""

    def __init__(self, clock: SimClock, random: Random) -> None:
        self._clock = clock
        self._random = random
        self._work: list[tuple[str, Callable[[], object]]] = []
        self._news: list[WorkerPoolNews] = []
        self.most_at_once = 0
        self.started: list[str] = []

    def start(self, name: str, work: Callable[[], object]) -> None:
        self._work.append((name, work))
        self.started.append(name)
        self.most_at_once = max(self.most_at_once, len(self._work))

    def tell(self, event: ProgressEvent) -> None:
        self._news.append(event)

    def wait(self, timeout_s: float) -> list[WorkerPoolNews]:
        self._clock.sleep(timeout_s)
        if self._work:
            name, work = self._work.pop(self._random.randrange(len(self._work)))
            try:
                self._news.append(WorkEnded(name=name, value=work()))
            except Exception as error:
                self._news.append(WorkEnded(name=name, error=error))
        news, self._news = self._news, []
        return news


class FatedLedger:
    """A ledger whose writes are effects of the process; what it answers is the ledger's own."""

    _WRITES = frozenset({"begin", "take_over", "record", "settle", "give_up"})

    def __init__(self, ledger: Any, fate: Fate) -> None:
        self._ledger = ledger
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._ledger, name)
        if name not in self._WRITES:
            return method

        def fated(*args: Any, **kwargs: Any) -> Any:
            self._fate.before()
            result = method(*args, **kwargs)
            self._fate.after()
            return result

        return fated


def unavailable(reason: str) -> Unavailable:
    return Unavailable(Problem(code="shard-unreachable", message=reason, recovery="look"))


def lock_wait(transient: bool = True) -> Failed:
    error = ServerError(number=1205, message="Lock wait timeout exceeded")
    return Failed(error=error, transient=transient, blocker="a transaction open for 12 s")


def _texts_of(core: PlanCore) -> dict[str, str]:
    """Every text a table may come to have, by its fingerprint."""
    texts = {}
    for change_set in core.change_sets:
        for statement in change_set.statements:
            for version in range(len(change_set.statements) + 1):
                text = definition(statement.object_id.name, version)
                texts[fingerprint(text)] = text
    return texts
