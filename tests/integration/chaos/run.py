"""One run of the chaos suite: everything that goes wrong in it follows from its seed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.mysql.locks import lock_name
from reconciler.ledger.states import ApplyState, OperationState, StatementState
from tests.integration.chaos.applying import Child, End, LedgerPlace, applying
from tests.integration.chaos.fleet import SHARDS, ChaosFleet, database_of
from tests.integration.chaos.server import LEDGER_DATABASE, CrashableServer, DoesNotStart
from tests.integration.mysql_edges import end_session

TROUBLED_TRIES_MAX = 3
CALM_TRIES_MAX = 12
MOMENTS_MAX = 36  # about as many as an undisturbed apply has
LATER_S_MAX = 0.006  # about as long as a statement takes
ROOM_BYTES_MAX = 250_000  # about what the ledger of an apply takes


@dataclass
class ChaosRun:
    """`story` tells what was done, for the one who has to find out why it went wrong."""

    fleets: tuple[ChaosFleet, ...]
    own_server: CrashableServer  # for a ledger that is on none of the shards' servers
    folder: Path
    seed: int

    moments_max = MOMENTS_MAX
    later_s_max = LATER_S_MAX

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.story: list[str] = []
        self.fleet = self.random.choices(self.fleets, (65, 35)[: len(self.fleets)])[0]
        self.ledger = LedgerPlace(file=self.folder / f"ledger-{self.seed}" / "ledger.sqlite")
        self.ledger_server: CrashableServer | None = self.random.choices(
            (None, self.fleet.server, self.own_server), (55, 10, 35)
        )[0]
        self.ledger_is_whole = True

    def run(self) -> None:
        """Raises AssertionError, with the story, if anything ran twice, was skipped or differs."""
        try:
            self._run()
        except DoesNotStart as failure:
            self._check(False, str(failure))

    def _run(self) -> None:
        self._tell(f"shards on {self.fleet.server.binary.version}")
        self.fleet.reset()
        if self.ledger_server is not None:
            self._begin_a_ledger_on(self.ledger_server)
        for _ in range(self.random.randint(1, TROUBLED_TRIES_MAX)):
            end = self._trouble()()
            self._tell(f"it ended: {end.name if end is not None else 'killed'}")
            self._check(end is not End.DRIFT and end is not End.FAULT, "an impossible end")
            if self.random.random() < 0.1:
                self._lose_the_ledger()
            if end is End.DONE:
                break
        self._calm()
        self._judge()

    def _trouble(self) -> Callable[[], End | None]:
        to_the_ledger = {
            None: (self._fill_the_disk,),
            self.fleet.server: (),  # what befalls the shards befalls it
            self.own_server: (self._crash_the_ledger, self._refuse_writes),
        }[self.ledger_server]
        if to_the_ledger and self.random.random() < 0.25:
            return self.random.choice(to_the_ledger)
        to_all = (self._kill, self._cut, self._hold, self._rival, self._crash)
        return self.random.choices(to_all, (36, 22, 14, 14, 4))[0]

    def _kill(self) -> End | None:
        child = self._begin()
        self._let_it_come_far(child)
        child.kill()
        return child.end()

    def _cut(self) -> End | None:
        child = self._begin()
        for _ in range(self.random.randint(1, 3)):
            self._let_it_come_far(child)
            self._cut_a_connection()
        return child.end()

    def _fill_the_disk(self) -> End | None:
        written = sum(f.stat().st_size for f in self.ledger.file.parent.glob("*wal"))
        room = written + self.random.randint(0, ROOM_BYTES_MAX)
        self._tell(f"room for {room} bytes")
        return applying(self.fleet, replace(self.ledger, room_bytes=room)).end()

    def _hold(self) -> End | None:
        """Somebody's transaction keeps an ALTER waiting on the server when its process dies."""
        with self._reading():
            child = self._begin()
            self._let_it_come_far(child)
            child.kill()
            end = child.end()
            successor = self._begin()
            self._let_it_come_far(successor)
        self._tell(f"its successor ended: {successor.end()!r}")
        return end

    def _rival(self) -> End | None:
        """It loses its locks and does not know yet, and another one takes them."""
        child = self._begin()
        self._let_it_come_far(child)
        self._tell("its locks are lost")
        with self.fleet.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT IS_USED_LOCK(%s)", [lock_name(database_of(SHARDS[0]))])
            (holder,) = cursor.fetchone() or (None,)
            if holder is not None:
                end_session(cursor, holder)
        rival = self._begin()
        self._tell(f"its rival ended: {rival.end()!r}")
        return child.end()

    def _crash(self) -> End | None:
        child = self._begin()
        self._let_it_come_far(child)
        self.fleet.server.kill()
        self.fleet.server.start()
        return child.end()

    def _crash_the_ledger(self) -> End | None:
        child = self._begin()
        self._let_it_come_far(child)
        self._tell("the ledger's server is killed")
        self.own_server.kill()
        if is_soon_back := self.random.random() < 0.5:
            self.own_server.start()
        end = child.end()
        if not is_soon_back:
            self.own_server.start()
        return end

    def _refuse_writes(self) -> End | None:
        """As a server does whose disk is nearly full, or that is no longer the primary."""
        child = self._begin()
        self._let_it_come_far(child)
        self._tell("the ledger's server takes no writes")
        self.own_server.admin("SET GLOBAL super_read_only = ON")
        end = child.end()
        self.own_server.admin("SET GLOBAL super_read_only = OFF, GLOBAL read_only = OFF")
        return end

    def _begin(self) -> Child:
        return applying(self.fleet, self.ledger)

    def _let_it_come_far(self, child: Child) -> None:
        moment = self.random.randint(1, self.moments_max)
        later_s = self.random.random() * self.later_s_max
        self._tell(f"at moment {moment}, {later_s * 1000:.1f} ms later")
        child.reach(moment)
        time.sleep(later_s)

    def _calm(self) -> None:
        """Run again until it is done, as a person or a scheduler would."""
        for _ in range(CALM_TRIES_MAX):
            end = self._begin().end()
            self._tell(f"run again: {end!r}")
            self._check(end is not End.DRIFT and end is not End.FAULT, "an impossible end")
            if end is End.DONE:
                return
        self._check(False, "it never ends")

    def _judge(self) -> None:
        ran, wanted = self.fleet.ran(), self.fleet.wanted()
        self._check(ran == wanted, f"ran {ran - wanted} too often, {wanted - ran} too rarely")
        core = self.fleet.plan.core
        end = {e.object_id.name: e.after for s in core.change_sets[0].statements for e in s.effects}
        for shard in SHARDS:
            self._check(self.fleet.live(shard) == end, f"{shard} is not at its after-state")
        if self.ledger_is_whole:
            self._judge_the_ledger()

    def _judge_the_ledger(self) -> None:
        ledger = open_ledger(self.ledger.url, default_file=self.ledger.file)
        applies = ledger.applies("production", keyspace="commerce", limit=99)
        last = applies[0]
        operations = {row.state for row in ledger.operations(last.apply_id)}
        doubtful = [
            row.sql
            for apply in applies
            for row in ledger.statements(apply.apply_id)
            if row.state in (StatementState.INTENDED, StatementState.UNKNOWN)
            and apply.state is not ApplyState.FAILED
        ]
        ledger.close()
        self._check(last.state is ApplyState.COMPLETED, f"the ledger says {last.state}")
        self._check(operations == {OperationState.COMPLETED}, f"operations are {operations}")
        self._check(not doubtful, f"the ledger does not know of {doubtful}")

    def _begin_a_ledger_on(self, server: CrashableServer) -> None:
        self._tell("the ledger is on " + ("its own" if server is self.own_server else "the server"))
        database = LEDGER_DATABASE
        server.admin(f"DROP DATABASE IF EXISTS {database}", f"CREATE DATABASE {database}")
        if server is self.own_server:  # of the others the log is the witness
            server.forget_log()
        self.ledger = replace(self.ledger, url=server.ledger_url)

    def _lose_the_ledger(self) -> None:
        self._tell("the ledger is lost")
        self.ledger_is_whole = False
        if self.ledger_server is not None:
            self._begin_a_ledger_on(self.ledger_server)
        for file in self.ledger.file.parent.glob("ledger*"):
            file.unlink()

    def _cut_a_connection(self) -> None:
        server = self.random.choice((self.fleet.server, self.ledger_server or self.fleet.server))
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, info FROM information_schema.processlist"
                " WHERE user LIKE 'chaos%' AND id <> CONNECTION_ID() ORDER BY id"
            )
            found = cursor.fetchall()
            if found:
                number, info = self.random.choice(found)
                self._tell(f"cut connection {number}, which runs {info}")
                end_session(cursor, number)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        shard = self.random.choice(SHARDS)
        table = self.random.choice(sorted(self.fleet.scene.tables))
        self._tell(f"{table} of {shard} is read")
        with self.fleet.server.connect(database_of(shard)) as connection:
            cursor = connection.cursor()
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT COUNT(*) FROM {table}")
            yield

    def _tell(self, what: str) -> None:
        self.story.append(what)

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise AssertionError("\n".join([f"seed {self.seed}: {what}", *self.story]))
