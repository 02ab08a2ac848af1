"""`python -m tests.integration.chaos.split SEEDS`: splits on real servers, driven by processes that
are killed, or stopped while another goes on and woken up behind it; somebody writes all the while.

Nothing may be lost, doubled, misplaced or left behind. A failure prints its seed and what was done.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pymysql

from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import SplitWorld
from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.errors import Unavailable
from reconciler.model.server import Flavor
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.triggers import FENCED_ERROR
from tests.connections import admin_connection
from tests.integration.chaos.applying import Child, End, HastyClock, Moments
from tests.integration.chaos.server import newest
from tests.integration.mysql_edges import admin_cursor
from tests.integration.split_stage import TARGETS, Rows, SplitStage
from tests.seeds import seeds_from
from tests.sim.split.fate import Fate, FatedServers
from tests.split_stands import servers

TROUBLES_MAX = 6
CALM_TRIES_MAX = 20
MOMENTS_MAX = 160  # of a split of some hundred rows that nothing happens to
PAUSE_S = 0.002
ROWS_MIN = 50
_NO_SUCH_TABLE = 1146
_ROLLED_BACK = (FENCED_ERROR, 1205, 1213)  # by the fence, or by a lock that somebody had
_KINDS = ("insert", "replace", "note", "customer", "id", "delete")


class SourceWriter:
    """The only one who writes; `rows` are exactly those that the source has said yes to. It ends by
    itself when the source's table is gone."""

    def __init__(self, server: RunningServer, database: str, rows: Rows, seed: int) -> None:
        self.rows = dict(rows)
        self.error: pymysql.MySQLError | None = None
        self._connection = admin_connection(server, database)
        self._random = Random(seed)
        self._next = max(rows) + 1
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _work(self) -> None:
        while not self._stop.wait(PAUSE_S):
            try:
                self._write()
            except pymysql.MySQLError as error:
                self._connection.rollback()
                if error.args[0] == _NO_SUCH_TABLE:
                    return
                if error.args[0] not in _ROLLED_BACK:
                    self.error = error
                    return

    def _write(self) -> None:
        """One transaction of one or two statements; one in ten is rolled back."""
        rows = dict(self.rows)
        with self._connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for _ in range(self._random.choice((1, 1, 2))):
                cursor.execute(self._statement(rows))
            if self._random.random() < 0.1:
                cursor.execute("ROLLBACK")
                return
            cursor.execute("COMMIT")
        self.rows = rows

    def _statement(self, rows: Rows) -> str:
        key = self._random.choice(sorted(rows))
        old = rows[key]
        customer, word = self._random.randrange(1_000), f"w{self._random.randrange(10**6)}"
        match self._random.choice(_KINDS if len(rows) > ROWS_MIN else _KINDS[:-1]):
            case "insert":
                key, self._next = self._next, self._next + 1
                rows[key] = (key, customer, None, word)
                return f"INSERT INTO orders VALUES ({key}, {customer}, NULL, '{word}')"
            case "replace":
                rows[key] = (key, customer, None, word)
                return f"REPLACE INTO orders VALUES ({key}, {customer}, NULL, '{word}')"
            case "note":
                rows[key] = (*old[:3], word)
                return f"UPDATE orders SET note = '{word}' WHERE id = {key}"
            case "customer":
                rows[key] = (key, customer, *old[2:])
                return f"UPDATE orders SET customer = {customer} WHERE id = {key}"
            case "id":
                del rows[key]
                new, self._next = self._next, self._next + 1
                rows[new] = (new, *old[1:])
                return f"UPDATE orders SET id = {new} WHERE id = {key}"
            case _:
                del rows[key]
                return f"DELETE FROM orders WHERE id = {key}"


class SplitChaosRun:
    """`story` tells what was done, for the one who has to find out why it went wrong."""

    def __init__(self, server: RunningServer, folder: Path, seed: int) -> None:
        self.seed = seed
        self.story: list[str] = []
        self._random = Random(seed)
        self._server = server
        self._file = folder / f"ledger-{server.version.flavor}-{seed}.sqlite"
        self._drivers = 0

    def run(self) -> None:
        """Raises AssertionError with the story."""
        names = [f"chaos_{self.seed}_{number}" for number in range(len(TARGETS) + 1)]
        with admin_cursor(self._server) as cursor:
            for name in names:
                cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        ledger = open_ledger(None, default_file=self._file)
        self._stage = SplitStage(self._server, names[0], tuple(names[1:]), ledger=ledger)
        ledger.close()
        writer = SourceWriter(
            self._server, names[0], self._stage.rows("orders", names[0]), self.seed
        )
        try:
            self._troubles()
            self._calm()
            assert writer.error is None, str(writer.error)
            self._stage.last = writer.rows
            self._stage.check_done()
        except AssertionError as failure:
            raise AssertionError("\n".join([f"seed {self.seed}: {failure}", *self.story])) from None
        finally:
            writer.end()
        with admin_cursor(self._server) as cursor:
            for name in names:
                cursor.execute(f"DROP DATABASE {name}")

    def _troubles(self) -> None:
        for _ in range(self._random.randint(1, TROUBLES_MAX)):
            moment = int(MOMENTS_MAX * self._random.random() ** 2)
            child = self._driver()
            child.reach(moment)
            if self._random.random() < 0.5:
                self.story.append(f"it is killed at its moment {moment}")
                child.kill()
            else:
                self.story.append(f"it is stopped at its moment {moment}")
                self._stopped(child)
            self._ended(child)

    def _stopped(self, child: Child) -> None:
        os.kill(child.process_id, signal.SIGSTOP)
        other = self._driver()
        other.reach(int(MOMENTS_MAX * self._random.random()))
        if self._random.random() < 0.3:
            other.kill()
            self.story.append("the other one is killed")
        os.kill(child.process_id, signal.SIGCONT)
        self.story.append("the first one wakes up")
        self._ended(other)

    def _calm(self) -> None:
        for _ in range(CALM_TRIES_MAX):
            if self._ended(self._driver()) is End.DONE:
                return
            time.sleep(0.1)
        raise AssertionError("it never ends")

    def _driver(self) -> Child:
        self._drivers += 1
        holder = f"driver {self._drivers}"
        self.story.append(f"{holder} begins")
        return Child(lambda moments: self._drive(holder, moments))

    def _drive(self, holder: str, moments: Moments) -> End:
        fate = Fate(before_call=lambda label: moments.tell(b"."))
        ledger = open_ledger(None, default_file=self._file)
        world = SplitWorld(
            jobs=fate.wrap(ledger.split_jobs, "jobs"),
            routes=fate.wrap(ledger.routes, "routes"),
            servers=FatedServers(servers(), fate),
            clock=HastyClock(),
            brake=lambda: None,
        )
        try:
            result = run_tick(world, self._stage.order(holder))
        except Unavailable:
            return End.NOT_YET
        finally:
            ledger.close()
        return End.DONE if result.how is TickEnd.DONE else End.NOT_YET

    def _ended(self, child: Child) -> End | None:
        end = child.end()
        self.story.append(f"  it ended: {'killed' if end is None else end.name}")
        assert end is not End.FAULT, "a driver ended with a fault"
        return end


def main(seeds: Sequence[int]) -> int:
    failed = 0
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        fleet = [opened.enter_context(start_server(newest(flavor))) for flavor in Flavor]
        for seed in seeds:
            for server in fleet:
                try:
                    SplitChaosRun(server, folder, seed).run()
                except AssertionError as failure:
                    failed += 1
                    sys.stdout.write(f"{server.version.flavor}: {failure}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{len(seeds)} seeds, {failed} runs failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(seeds_from(sys.argv[1])))
