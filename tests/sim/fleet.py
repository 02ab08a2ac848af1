"""A fleet of shards in memory, with everything that can go wrong between a process and a server.

The server's side lives on when the process dies: what was sent may still be run. Every effect on
the world goes through `Fate`, which ends the process before or after the one it was told to.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.drive.open import LastLook
from reconciler.drive.shard.basis import ShardBasis, WantedObject
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.errors import Problem, Unavailable
from reconciler.guard.classify import position_of
from reconciler.guard.health import Vitals
from reconciler.guard.model import Done, Refusal, ToDo
from reconciler.model.access import ShardAccess
from reconciler.model.dependents import NONE_SEEN, Dependents
from reconciler.model.engine import TRAITS, EngineName, Handle, Progress
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.observation import Unreachable
from reconciler.model.server import Flavor, ServerError, ServerSettings, ServerVersion
from reconciler.outcomes.progress import ProgressEvent
from reconciler.plan.model import Plan, PlanCore, PlannedStatement
from reconciler.ports.clock import WorkEnded, WorkerPoolNews
from reconciler.ports.engine import Answer as EngineAnswer
from reconciler.ports.engine import (
    Applied,
    EngineWork,
    Failed,
    Gone,
    Outcome,
    ReadyToCutOver,
    Running,
    Unknown,
)
from reconciler.ports.shards import BlockerEnd, RowsAlike, RowsChecked
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
    handle: str
    looks: int = 3


@dataclass
class Online:
    """As an engine that copies: after that many looks the copy is complete, and is swapped in when
    it is asked for, after so many times in vain. `disappears_at`: with so many looks left it is
    gone. `ends_with_process`: nobody goes on with the copy once its session has ended; it can be
    taken up again. `unseen`: so many looks are in vain, though the shard itself can be read."""

    looks: int = 2
    refusals: int = 0
    disappears_at: int | None = None
    ends_with_process: bool = False
    unseen: int = 0


@dataclass
class Copy:
    statement: PlannedStatement
    online: Online
    session: SimSession | None
    is_swapping: bool = False
    throttled_by: str = ""


@dataclass
class SimShard:
    """`runs` counts what took effect; `copies` and `ended` are by handle, and so are `left`, whose
    helper tables are still there, and `kept`, what can be taken up again. `resumed` is how often
    something was; `cannot_discard` is why nothing can be removed, ever; `discards_in_vain` how
    often nothing can be, for now."""

    tables: dict[str, str]
    runs: Counter[str] = field(default_factory=Counter)
    ghosts: dict[str, Ghost] = field(default_factory=dict)
    copies: dict[str, Copy] = field(default_factory=dict)
    ended: dict[str, Outcome] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    kept: dict[str, Online] = field(default_factory=dict)
    resumed: int = 0
    cannot_discard: str = ""
    discards_in_vain: int = 0
    sent: list[str] = field(default_factory=list)
    claimed_by: SimSession | None = None

    @property
    def helpers(self) -> frozenset[str]:
        """The names of what was left."""
        return frozenset(name for handle in self.left for name in json.loads(handle)["helpers"])


NOT_SENT = Failed(error=ServerError(number=2006, message="not sent"), transient=True)
STOPPED = Failed(error=ServerError(number=1317, message="stopped"), transient=False)
SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 9, 7, 4),
    variables=(("sql_mode", "STRICT_TRANS_TABLES"),),
    database_charset="utf8mb4",
    database_collation="utf8mb4_bin",
)
Answer = Callable[[str, PlannedStatement], Outcome | Online | str | None]


def is_managed(object_id: ObjectId) -> bool:
    """A spec that manages tables, but for those of engines."""
    return object_id.kind is ObjectKind.TABLE and not object_id.name.startswith("_")


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
        self.settings = SETTINGS
        self.dead_shards: set[str] = set()
        self.opened, self.opens_in_vain = 0, range(0)  # sessions, of which these are refused
        self.vitals = Vitals()
        self.judged = NONE_SEEN
        self.dependents: dict[str, Dependents] = {}
        self.access = ShardAccess(database="sim", privileges=None)
        self.cleared: list[str] = []
        self.rows: int | None = 10
        self.numbers = itertools.count(1)
        self.cut_over: list[str] = []
        self.table_bytes: int | None = 1_000
        self.copied_bytes: int | None = None  # of each copy, so far
        self.can_throttle = True
        self.copies_as: dict[str, str] = {}  # by shard, where an engine makes something else of it
        self.compared: list[tuple[str, str]] = []
        self.rows_checked: RowsChecked = RowsAlike(compared=10)
        self.compared_ahead: list[tuple[str, int | None]] = []
        self.on_compare_ahead: Callable[[], None] = lambda: None
        self.earlier: list[tuple[str, Handle | None]] = []
        self.before_look: Callable[[str, str], None] = lambda shard, table: None
        self.before_last_look: Callable[[str], None] = lambda shard: None
        self.before_fleet_look: Callable[[], None] = lambda: None
        self.fleet_looks = 0
        sets = plan.core.change_sets[:1]
        start = {t.object_id.name: t.definition or "" for found in sets for t in found.touched}
        self._texts = _texts_of(plan.core)
        effects = [e for found in sets for s in found.statements for e in s.effects]
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
                fingerprint=lambda _, text: fingerprint(text),
                is_managed=is_managed,
                after=self._after,
                flavor=Flavor.MYSQL,
                dependents=self.judged,
                server=(servers or {}).get(shard, ""),
                settings=self.settings,
            )
            for shard in self.shards
        }

    def definition_of_copy(self, shard: str, name: str) -> str:
        """What an engine has made of the table, as far as it is at it."""
        for copy in self.shards[shard].copies.values():
            return self.copies_as.get(shard, self._texts[copy.statement.effects[0].after or ""])
        return f"CREATE TABLE `{name}` (`id` int)"

    def take_effect(self, shard: str, statement: PlannedStatement) -> None:
        server = self.shards[shard]
        server.runs[statement.sql] += 1
        for effect in statement.effects:
            live = server.tables.pop(effect.object_id.name, None)
            found = None if live is None else fingerprint(live)
            assert found == effect.before, "run out of order"
            if effect.after is not None:
                server.tables[effect.object_id.name] = self._texts[effect.after]

    def time_passes(self, shard: str, sql: str) -> None:
        """For a statement that outlived its connection."""
        ghosts = self.shards[shard].ghosts
        ghost = ghosts[sql]
        ghost.looks -= 1
        if ghost.looks < 0:
            del ghosts[sql]
            self.take_effect(shard, ghost.statement)

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


# Of the table `users`: a name that an engine does not give is nobody's (EN-30).
HELPERS: Mapping[EngineName, tuple[str, ...]] = {
    EngineName.GH_OST: ("_users_gho", "_users_ghc"),
    EngineName.SPIRIT: ("_users_new", "_users_chkpnt"),
    EngineName.PT_OSC: ("_users_new",),
    EngineName.VITESS: ("_vt_vrp_users",),
}


class SimEngine:
    """An engine of the server's own, or with `Online` one that copies and swaps. Its work outlives
    the process that began it, and is found again by its handle."""

    def __init__(
        self, name: EngineName, session: SimSession, fleet: SimFleet, shard: str, fate: Fate
    ) -> None:
        self._engine = name
        self._session = session
        self._fleet = fleet
        self._name = shard
        self._shard = fleet.shards[shard]
        self._fate = fate
        self._earlier: Handle | None = None

    @property
    def name(self) -> EngineName:
        return self._engine

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        try:
            if not self._session.claim():
                return NOT_SENT
        except Unavailable:
            return NOT_SENT
        self._fleet.earlier.append((self._name, earlier))
        self._earlier = earlier
        content = {"number": next(self._fleet.numbers), "helpers": HELPERS.get(self.name, ())}
        return Handle(engine=self.name, version=1, content=json.dumps(content))

    def start(self, handle: Handle, work: EngineWork) -> Outcome | Running:
        self._fate.before()
        outcome = self._started(handle, work.statement)
        self._fate.after()
        return outcome

    def _started(self, handle: Handle, statement: PlannedStatement) -> Outcome | Running:
        shard = self._shard
        try:
            if not self._session.claim():
                return NOT_SENT
        except Unavailable:
            return NOT_SENT
        shard.sent.append(statement.sql)
        answer = self._fleet.answer(self._name, statement)
        match answer:
            case Applied() | Failed() | Unknown():
                return answer
            case Online():
                online = self._taken_up() or replace(answer)
                session = self._session if online.ends_with_process else None
                shard.left.add(handle.content)
                shard.copies[handle.content] = Copy(statement, online, session)
                return Running()
            case "ghost" | "unread":
                ghost = Ghost(statement, is_read=answer == "ghost", handle=handle.content)
                shard.ghosts[statement.sql] = ghost
            case "lost-before":
                pass
            case _:
                self._fleet.take_effect(self._name, statement)
        return Applied() if answer is None else Unknown(reason="the connection was lost")

    def _taken_up(self) -> Online | None:
        """What an earlier try left is taken up, or is in the way and removed."""
        if self._earlier is None:
            return None
        self._shard.left.discard(self._earlier.content)
        online = self._shard.kept.pop(self._earlier.content, None)
        self._shard.resumed += online is not None
        return online

    def look(self, handle: Handle, work: EngineWork) -> EngineAnswer:
        self._fleet.clock.sleep(ENGINE_LOOK_S)
        if handle.version != 1:
            return Unknown(reason="it was begun by another version")
        try:
            self._session.check_alive()
        except Unavailable:
            return Unknown(reason="the server does not answer")
        if (copy := self._shard.copies.get(handle.content)) is not None:
            return self._look_at_copy(handle, copy)
        if (ended := self._shard.ended.get(handle.content)) is not None:
            return ended
        ghost = self._shard.ghosts.get(work.statement.sql)
        if ghost is None or ghost.handle != handle.content:
            return Gone()
        if not ghost.is_read:
            return Unknown(reason="its session is still there")
        self._fleet.time_passes(self._name, work.statement.sql)
        return Running()

    def _look_at_copy(self, handle: Handle, copy: Copy) -> EngineAnswer:
        if copy.throttled_by:
            return Running(progress=Progress(throttled_by=copy.throttled_by))
        if copy.online.unseen:
            copy.online.unseen -= 1
            return Unknown(reason="who runs the copy does not answer")
        copy.online.looks -= 1
        if copy.online.disappears_at == copy.online.looks:
            del self._shard.copies[handle.content]
            return Gone()
        left = max(copy.online.looks, 0)
        progress = Progress(rows_done=max(10 - left, 0), rows_total=10, percent=max(99 - left, 0))
        if left:
            return Running(progress=progress)
        if not copy.is_swapping:
            return ReadyToCutOver(progress=replace(progress, left_s=0))
        self._fleet.take_effect(self._name, copy.statement)
        return self._end(handle, Applied())

    def cut_over(self, handle: Handle, work: EngineWork) -> EngineAnswer:
        self._fate.before()
        self._fleet.cut_over.append(self._name)
        copy = self._shard.copies[handle.content]
        if copy.online.refusals:
            copy.online.refusals -= 1
        else:
            copy.is_swapping = True
        self._fate.after()
        return Running()

    def stop(self, handle: Handle, work: EngineWork) -> None:
        self._fate.before()
        self._shard.ghosts.pop(work.statement.sql, None)
        if self._shard.copies.get(handle.content) is not None:
            self._end(handle, STOPPED)
        self._fate.after()

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        copy = self._shard.copies.get(handle.content)
        if copy is None or not self._fleet.can_throttle or not TRAITS[self.name].slows_down:
            return False
        copy.throttled_by = because
        return True

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        self._fate.before()
        if self._shard.discards_in_vain:
            self._shard.discards_in_vain -= 1
            return NOT_SENT
        if not self._shard.cannot_discard:
            self._shard.left.discard(handle.content)
            self._shard.kept.pop(handle.content, None)
        self._fate.after()
        if not self._shard.cannot_discard:
            return None
        error = ServerError(number=1227, message=self._shard.cannot_discard)
        return Failed(error=error, transient=False)

    def _end(self, handle: Handle, answer: Outcome) -> Outcome:
        copy = self._shard.copies.pop(handle.content)
        if not isinstance(answer, Applied):
            self._shard.kept[handle.content] = copy.online
        self._shard.ended[handle.content] = answer
        return answer


class SimSession:
    def __init__(self, fleet: SimFleet, shard: str, fate: Fate) -> None:
        self._fleet = fleet
        self._shard = shard
        self._fate = fate

    def definitions(
        self, *, programs: Collection[ObjectKind] = (), expected: Collection[ObjectId] = ()
    ) -> Mapping[ObjectId, str]:
        self._fleet.before_last_look(self._shard)
        self.check_alive()
        tables = self._fleet.shards[self._shard].tables
        return {table_id(table): text for table, text in tables.items()}

    def definition(self, object_id: ObjectId) -> str | None:
        self.check_alive()
        self._fleet.before_look(self._shard, object_id.name)
        shard = self._fleet.shards[self._shard]
        if object_id.name in shard.helpers:
            return self._fleet.definition_of_copy(self._shard, object_id.name)
        return shard.tables.get(object_id.name)

    def dependents(self, tables: Collection[str]) -> Dependents:
        self.check_alive()
        return self._fleet.dependents.get(self._shard, self._fleet.judged)

    def rows_estimate(self, object_id: ObjectId) -> int | None:
        return self._fleet.rows

    def table_bytes(self, object_id: ObjectId) -> int | None:
        is_table = object_id.name in self._fleet.shards[self._shard].tables
        return self._fleet.table_bytes if is_table else self._fleet.copied_bytes

    def access(self, statements: Sequence[PlannedStatement]) -> ShardAccess:
        return self._fleet.access

    def vitals(self) -> Vitals:
        return self._fleet.vitals

    def engine(self, name: EngineName) -> SimEngine:
        return SimEngine(name, self, self._fleet, self._shard, self._fate)

    def compare_rows(self, statement: PlannedStatement, copy: str) -> RowsChecked:
        self.check_alive()
        self._fleet.compared.append((self._shard, copy))
        return self._fleet.rows_checked

    def compare_ahead(
        self, statement: PlannedStatement, copy: str, *, copied: int | None, behind_s: int
    ) -> None:
        self.check_alive()
        self._fleet.compared_ahead.append((self._shard, copied))
        self._fleet.on_compare_ahead()

    def kill_blockers(self, object_id: ObjectId) -> tuple[BlockerEnd, ...]:
        self._fleet.cleared.append(self._shard)
        return (BlockerEnd(session="a transaction open for 12 s"),)

    def claim(self) -> bool:
        self.check_alive()
        shard = self._fleet.shards[self._shard]
        for sql in list(shard.ghosts):
            self._fleet.time_passes(self._shard, sql)
        if shard.ghosts or shard.claimed_by not in (None, self):
            return False
        shard.claimed_by = self
        return True

    def close(self) -> None:
        shard = self._fleet.shards[self._shard]
        if shard.claimed_by is self:
            shard.claimed_by = None
        for handle, copy in list(shard.copies.items()):
            if copy.session is self and not copy.is_swapping:
                shard.kept[handle] = shard.copies.pop(handle).online

    def still_running(self, sql: str) -> bool:
        self.check_alive()
        ghosts = self._fleet.shards[self._shard].ghosts
        if sql not in ghosts or not ghosts[sql].is_read:
            return False
        self._fleet.time_passes(self._shard, sql)
        return True

    def check_alive(self) -> None:
        if self._fleet.dead_shards & {self._shard}:
            raise unavailable("the server does not answer")


@dataclass(frozen=True)
class SimSessions:
    fleet: SimFleet
    fate: Fate

    @contextmanager
    def open(
        self, shard: ShardSpec, *, server: str = "", settings: ServerSettings | None = None
    ) -> Iterator[SimSession]:
        opened, self.fleet.opened = self.fleet.opened, self.fleet.opened + 1
        if shard.name in self.fleet.dead_shards or opened in self.fleet.opens_in_vain:
            raise unavailable("connection refused")
        if server not in ("", self.fleet.server) or settings not in (None, self.fleet.settings):
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
        return self.fleet.is_locked and shard in self.fleet.shards


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

    def close(self) -> None:
        """What is left dies with the process."""

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


class SimThreads(SimWorkerPool):
    """Work side by side: a piece of it goes on until it sleeps, then another does, or the one that
    waits. Which one is up to the seed; only one ever runs."""

    def __init__(self, clock: SimClock, random: Random) -> None:
        super().__init__(clock, random)
        self._driver = threading.current_thread()
        self._threads: list[_SimThread] = []
        self._asleep = clock.asleep
        clock.asleep = self._sleep

    def start(self, name: str, work: Callable[[], object]) -> None:
        self._threads.append(_SimThread(name, work))
        self.started.append(name)
        self.most_at_once = max(self.most_at_once, len(self._threads))

    def wait(self, timeout_s: float) -> list[WorkerPoolNews]:
        self._asleep(timeout_s)
        for thread in self._random.sample(self._threads, len(self._threads)):
            thread.go_on()
            if (ended := thread.ended) is not None:
                self._threads.remove(thread)
                if isinstance(ended.error, ProcessKilled):
                    raise ended.error
                self._news.append(ended)
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """What is left dies with the process."""
        self._clock.asleep = self._asleep
        for thread in self._threads:
            thread.is_killed = True
            while thread.ended is None:
                thread.go_on()
        self._threads = []

    def _sleep(self, seconds: float) -> None:
        me = threading.current_thread()
        self._asleep(seconds)
        if me is not self._driver:
            assert isinstance(me, _SimThread)
            me.give_way()


class _SimThread(threading.Thread):
    def __init__(self, name: str, work: Callable[[], object]) -> None:
        super().__init__(name=name, daemon=True)
        self._work = work
        self._mine, self._others = threading.Semaphore(0), threading.Semaphore(0)
        self.is_killed = False
        self.ended: WorkEnded | None = None

    def run(self) -> None:
        self._mine.acquire()
        try:
            self.ended = WorkEnded(name=self.name, value=self._work())
        except BaseException as error:
            self.ended = WorkEnded(name=self.name, error=error)
        self._others.release()

    def go_on(self) -> None:
        if not self.is_alive():
            self.start()
        self._mine.release()
        self._others.acquire()

    def give_way(self) -> None:
        self._others.release()
        self._mine.acquire()
        if self.is_killed:
            raise ProcessKilled


class FatedLedger:
    """A ledger whose writes are effects of the process; what it answers is the ledger's own."""

    _WRITES = frozenset({"begin", "take_over", "go_on", "record", "settle", "give_up", "forget"})

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
