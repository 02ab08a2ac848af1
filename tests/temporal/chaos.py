"""`python -m tests.temporal.chaos SEEDS [KILLS]`: rollouts over two regions, one after the other,
while workers, those who decide, Temporal and connections are killed at any moment, and come back.

Each region has a server of its own, and no process knows the other one's address. No statement may
run twice, none may be left out, and nobody is needed: each rollout completes by itself. The witness
is each server's own count of statements. A failure prints its seed and what was done; the last line
counts the kills that hit. With KILLS it goes on until so many did, and fails where the seeds do not
last: `python -m tests.temporal.chaos 1-100 200`.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from tests.connections import admin_connection
from tests.fleet import Fleet
from tests.integration.rollouts import reading
from tests.seeds import seeds_from
from tests.temporal.server import TemporalServer, temporal_server
from tests.temporal.stand import DECIDES, REGIONS, Stand, Worker, stand
from tests.waiting import comes_true

TROUBLES = (6, 10)
PAUSE_S_MAX = 1.2
CONNECTS_S_MAX = 10.0
AWAY_S_MAX = 1.0


@dataclass
class Chaos:
    """`story` tells what was done, for the one who has to find out why it went wrong. `kills` are
    those that hit: what was killed was there, and a shard still had its statement before it."""

    stand: Stand
    workers: dict[str, Worker] = field(default_factory=dict)
    story: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    column: str = ""

    def run(self, seed: int) -> None:
        """Raises AssertionError with the story."""
        self.story, random = [], Random(seed)
        self.column = f"c_{seed}"
        self.stand.merge(lambda fleet: _with_column(fleet, self.column))
        for who in (DECIDES, *REGIONS):
            if who not in self.workers:
                self.workers[who] = self.stand.worker(who)
        self.stand.begin()
        for _ in range(random.randint(*TROUBLES)):
            with self._in_its_way(random):
                time.sleep(random.uniform(0, PAUSE_S_MAX))
                random.choice(self._troubles())(random)
        is_done = comes_true(lambda: self.stand.state_if_there() == "completed", pause_s=0.2)
        effects = self._effects()
        found = f"{self.stand.state_if_there()}, with {effects}"
        told = [f"seed {seed}: {found}", *self.story, self.stand.rollout("status").said]
        assert (is_done, set(effects.values())) == (True, {1}), "\n".join(told)

    def _troubles(self) -> list[Callable[[Random], None]]:
        of_workers = [self._worker_killed(who) for who in (DECIDES, *REGIONS)]
        return [*of_workers, self._temporal_killed, self._connections_killed, self._worker_left]

    def _worker_killed(self, who: str) -> Callable[[Random], None]:
        def kill(random: Random) -> None:
            was_there = self.workers[who].process.poll() is None
            self.workers[who].kill()
            self._tell(f"the worker of {who or 'rollouts'}", did_hit=was_there)
            time.sleep(random.uniform(0, AWAY_S_MAX))
            self.workers[who] = self.stand.worker(who)

        return kill

    def _worker_left(self, random: Random) -> None:
        region = random.choice(sorted(REGIONS))
        self.story.append(f"the worker of {region} is told to end")
        self.workers[region].leave()
        self.workers[region] = self.stand.worker(region)

    def _temporal_killed(self, random: Random) -> None:
        self.stand.temporal.kill()
        self._tell("Temporal", did_hit=True)
        time.sleep(random.uniform(0, AWAY_S_MAX))
        self.stand.temporal.start()

    def _connections_killed(self, random: Random) -> None:
        """A part has some for a moment only: they are waited for, in whichever region has one."""
        regions, until_s = sorted(REGIONS), time.monotonic() + CONNECTS_S_MAX
        while self._is_under_way() and time.monotonic() < until_s:
            region = random.choice(regions)
            if self.stand.kill_connections(region):
                self._tell(f"the connections of {region}", did_hit=True)
                return
        self.story.append("no connections were there to be killed")

    def _tell(self, who: str, *, did_hit: bool) -> None:
        is_under_way = self._is_under_way()
        self.kills[who] += did_hit and is_under_way
        self.story.append(f"{who}: killed{'' if is_under_way else ', and all had run'}")

    def _is_under_way(self) -> bool:
        return 0 in self._effects().values()

    @contextmanager
    def _in_its_way(self, random: Random) -> Iterator[None]:
        """Now and then somebody reads a table, and its ALTER waits."""
        if random.random() < 0.5:
            yield
            return
        shard = random.choice(sorted(self.stand.fleet.databases))
        self.story.append(f"somebody reads in {shard}")
        with reading(self.stand.fleet, shard):
            yield

    def _effects(self) -> dict[str, int]:
        """How often a statement about the column has taken effect, as each shard's own server
        counts."""
        found = {}
        for shard, (_, database) in self.stand.fleet.databases.items():
            with self.stand.fleet.connected(shard) as cursor:
                cursor.execute(
                    "SELECT COALESCE(SUM(count_star - sum_errors), 0)"
                    " FROM performance_schema.events_statements_summary_by_digest"
                    " WHERE schema_name = %s AND digest_text LIKE %s",
                    (database, f"ALTER TABLE%`{self.column}`%"),
                )
                (count,) = cursor.fetchone() or (0,)
                found[shard] = int(count)
        return found


def _with_column(fleet: Fleet, column: str) -> None:
    text = fleet.read("schemas/shop/users.sql")
    line = f"  `{column}` int DEFAULT NULL,\n"
    fleet.write("schemas/shop/users.sql", text.replace("  PRIMARY KEY", f"{line}  PRIMARY KEY"))


@contextmanager
def chaos(fleet: Fleet, temporal: TemporalServer, folder: Path) -> Iterator[Chaos]:
    with stand(fleet, temporal, folder) as made:
        made.found(lock_wait="2s", lock_retries=50, on_failure="halt")
        yield Chaos(made)


def main(seeds: str, kills_min: int | None) -> int:
    failed = ran = 0
    began_s = time.monotonic()
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        patch = opened.enter_context(pytest.MonkeyPatch.context())
        binary = find_server(Flavor.MYSQL)
        servers = [opened.enter_context(start_server(binary)) for _ in REGIONS]
        temporal = opened.enter_context(temporal_server(folder / "temporal"))
        fleet = Fleet(folder / "shop", servers, _database, patch).found()
        runs = opened.enter_context(chaos(fleet, temporal, folder / "machines"))
        for seed in seeds_from(seeds):
            ran += 1
            before, since_s = runs.kills.total(), time.monotonic()
            try:
                runs.run(seed)
            except AssertionError as failure:
                failed += 1
                sys.stdout.write(f"{failure}\n")
                break
            took_s = time.monotonic() - since_s
            sys.stdout.write(f"seed {seed}: {runs.kills.total() - before} kills, {took_s:.0f} s\n")
            sys.stdout.flush()
            if kills_min is not None and runs.kills.total() >= kills_min:
                break
    for who, kills in sorted(runs.kills.items()):
        sys.stdout.write(f"  {kills:4d} {who}\n")
    took_s = time.monotonic() - began_s
    total, asked = runs.kills.total(), kills_min or 0
    bound = f" of at least {asked}" if kills_min is not None else ""
    told = f"{total} kills{bound} in {ran} runs, {failed} failed ({took_s / 60:.0f} min)"
    sys.stdout.write(f"{told}: {'missed' if failed or total < asked else 'held'}\n")
    return int(bool(failed) or total < asked)


def _database(server: RunningServer) -> str:
    name = f"chaos_{next(_NUMBERS)}"
    connection = admin_connection(server)
    with connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
    return name


_NUMBERS = itertools.count()

if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None))
