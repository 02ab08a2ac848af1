"""`python -m tests.integration.chaos.split SEEDS`: splits on real servers, driven by processes that
are killed, cut off, told nothing, or stopped while another goes on and woken up behind it, on
servers that are killed themselves; somebody writes all the while, in every form.

Nothing may be lost, doubled, misplaced or left behind. A failure prints its seed and what was done.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random
from typing import assert_never, cast

import pymysql

from reconciler.drive.split.tick import run_tick
from reconciler.drive.split.world import SplitWorld
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.server.options import HOST
from reconciler.edges.server.process import Login, RunningServer
from reconciler.errors import Unavailable
from reconciler.model.server import Flavor, ServerVersion
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import JobRequestKind
from reconciler.reshard.phases import Phase
from tests.integration.chaos.applying import Child, End, HastyClock, Moments
from tests.integration.chaos.server import (
    LEDGER_DATABASE,
    LEDGER_USER,
    PASSWORD,
    USER,
    WRITER,
    CrashableServer,
    crashable_server,
)
from tests.integration.chaos.split_writer import SourceWriter
from tests.integration.split_stage import TARGETS, SplitStage
from tests.seeds import seeds_from
from tests.sim.split.fate import Fate, FatedServers
from tests.split_stands import servers

TROUBLES_MAX = 6
CALM_TRIES_MAX = 20
MOMENTS_MAX = 160  # of a split of some hundred rows that nothing happens to


class Trouble(Enum):
    """What happens to a driver, or to what it works on."""

    KILLED = "it is killed"
    STOPPED = "it is stopped"
    SERVER_KILLED = "the server is killed"
    CUT_OFF = "its connections are cut"
    LOST_ANSWER = "it is not told"


_DRIVER = Login(user=USER, password=PASSWORD)


@dataclass(frozen=True)
class Place:
    """The server as drivers reach it, by a login that nobody else has."""

    crashable: CrashableServer
    host: str = HOST
    admin: Login = _DRIVER

    @property
    def version(self) -> ServerVersion:
        return self.crashable.binary.version

    @property
    def port(self) -> int:
        return self.crashable.port


class SplitChaosRun:
    """`story` tells what was done, for the one who has to find out why it went wrong. Every other
    seed has its ledger on the server that its shards are on."""

    def __init__(self, server: CrashableServer, folder: Path, seed: int) -> None:
        self.seed = seed
        self.story: list[str] = []
        self._random = Random(seed)
        self._server = server
        self._place = cast(RunningServer, Place(server))
        self._file = folder / f"ledger-{server.binary.version.flavor}-{seed}.sqlite"
        self._url = server.ledger_url if seed % 2 else None
        self._drivers = 0

    def run(self) -> None:
        """Raises AssertionError with the story."""
        names = [f"chaos_{self.seed}_{number}" for number in range(len(TARGETS) + 1)]
        made = [*names, LEDGER_DATABASE]
        self._server.admin(*(f"CREATE DATABASE {name} CHARACTER SET utf8mb4" for name in made))
        ledger = self._ledger()
        self._stage = SplitStage(self._place, names[0], tuple(names[1:]), ledger=ledger)
        ledger.close()
        rows = self._stage.rows("orders", names[0])
        writer = SourceWriter(self._server, names[0], rows, self.seed)
        try:
            self._troubles()
            assert writer.error is None, repr(writer.error)
            self._calm()
            assert writer.error is None, repr(writer.error)
            self._stage.last = (
                writer.perhaps if self._stage.held() == writer.perhaps else writer.rows
            )
            self._stage.check_done()
        except AssertionError as failure:
            raise AssertionError("\n".join([f"seed {self.seed}: {failure}", *self.story])) from None
        finally:
            writer.end()
            self._server.admin(*(f"DROP DATABASE {name}" for name in made))

    def _troubles(self) -> None:
        for _ in range(self._random.randint(1, TROUBLES_MAX)):
            moment = int(MOMENTS_MAX * self._random.random() ** 2)
            trouble = self._random.choice(list(Trouble))
            lost = int(2 * MOMENTS_MAX * self._random.random() ** 2)
            child = self._driver(lose_at=lost if trouble is Trouble.LOST_ANSWER else None)
            if trouble is not Trouble.LOST_ANSWER:
                child.reach(moment)
            self.story.append(f"{trouble.value} at its moment {moment} (an answer: {lost})")
            match trouble:
                case Trouble.KILLED:
                    child.kill()
                case Trouble.STOPPED:
                    self._stopped(child)
                case Trouble.SERVER_KILLED:
                    self._server.kill()
                    self._server.start()
                case Trouble.CUT_OFF:
                    self._cut_off()
                case Trouble.LOST_ANSWER:
                    pass
                case _:
                    assert_never(trouble)
            self._ended(child)

    def _cut_off(self) -> None:
        """Every connection of whoever drives, in whatever it is about."""
        with self._server.connect(user=WRITER) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT ID FROM information_schema.PROCESSLIST"
                f" WHERE USER IN ('{USER}', '{LEDGER_USER}')"
            )
            for (number,) in cursor.fetchall():
                with suppress(pymysql.MySQLError):  # it has ended meanwhile
                    cursor.execute(f"KILL {number}")

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
            self._try_again()
            time.sleep(0.1)
        raise AssertionError(f"it never ends: {self._why()}")

    def _try_again(self) -> None:
        """As a person does where a busy machine follows no writer; nothing else fails a split."""
        with closing(self._ledger()) as ledger:
            jobs, job_id = ledger.split_jobs, self._stage.job_id
            job = jobs.job(job_id)
            assert job is not None
            if job.phase is Phase.FAILED:
                assert job.problem is not None
                assert job.problem.code == "split-arrivals-outrun", job.problem.message
                jobs.ask(job_id, JobRequestKind.RETRY, asked_by="somebody", now_s=1.0)
                self.story.append("it is tried again: what is written outran it")

    def _why(self) -> str:
        with closing(self._ledger()) as ledger:
            job = ledger.split_jobs.job(self._stage.job_id)
            told = ledger.split_jobs.progress(self._stage.job_id)
        assert job is not None
        problem = job.problem.message if job.problem else "no problem"
        return f"in its phase {job.phase}, {problem}, {told}"

    def _driver(self, *, lose_at: int | None = None) -> Child:
        self._drivers += 1
        holder = f"driver {self._drivers}"
        self.story.append(f"{holder} begins")
        return Child(lambda moments: self._drive(holder, moments, lose_at))

    def _drive(self, holder: str, moments: Moments, lose_at: int | None) -> End:
        """What is lost is a call, or the answer to one that was carried out."""
        fate = Fate(before_call=lambda label: moments.tell(b"."), lose_at=lose_at)
        try:
            ledger = self._ledger()
        except Unavailable:
            return End.NOT_YET
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

    def _ledger(self) -> SqlLedger:
        return open_ledger(self._url, default_file=self._file)

    def _ended(self, child: Child) -> End | None:
        end = child.end()
        self.story.append(f"  it ended: {'killed' if end is None else end.name}")
        assert end is not End.FAULT, "a driver ended with a fault"
        return end


def main(seeds: Sequence[int]) -> int:
    failed = 0
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        fleet = [opened.enter_context(crashable_server(flavor)) for flavor in Flavor]
        for seed in seeds:
            for server in fleet:
                try:
                    SplitChaosRun(server, folder, seed).run()
                except AssertionError as failure:
                    failed += 1
                    sys.stdout.write(f"{server.binary.version.flavor}: {failure}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{len(seeds)} seeds, {failed} runs failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(seeds_from(sys.argv[1])))
