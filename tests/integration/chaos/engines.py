"""Runs in which an engine copies a table while somebody writes into it, and everything is killed.

Nothing may be lost or doubled: the rows are those that were written, the definition is the plan's,
the table was swapped once, and nothing that an engine made is left.
"""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from reconciler.edges.engines.find import PROGRAMS
from reconciler.model.engine import EngineName
from reconciler.spec.model import OnFailure, RolloutSpec
from tests.integration.chaos.applying import Child, End
from tests.integration.chaos.fleet import SHARDS, ChaosFleet, Scene, database_of
from tests.integration.chaos.run import ChaosRun
from tests.integration.chaos.server import WRITER, CrashableServer
from tests.integration.writer import Row, Writer

ROWS = 4_000
_BY_THE_SERVER = "ALTER TABLE `items` ALTER COLUMN `note` SET DEFAULT 'x', ALGORITHM=INSTANT"
_SWAP = re.compile(
    r"(?:use `(?P<used>[^`]+)`; )?rename\b.*?\btable\s+(?:`?(?P<named>\w+)`?\.)?`?items`?\s+to\s",
    re.IGNORECASE | re.DOTALL,
)


def scene_of(engine: EngineName) -> Scene:
    return Scene(
        tables={
            "items": "CREATE TABLE `items` (`id` bigint NOT NULL, `a` int, `note` varchar(20),"
            " PRIMARY KEY (`id`))"
        },
        statements=(
            ("items", "ALTER TABLE `items` MODIFY COLUMN `a` bigint", engine),
            ("items", _BY_THE_SERVER, EngineName.DIRECT),
        ),
        rollout=RolloutSpec(
            canary=("-80",), on_failure=OnFailure.CONTINUE, lock_wait_s=2, lock_retries=9
        ),
        rows=ROWS,
    )


class EngineChaosRun(ChaosRun):
    """Moments come further apart: a copy takes seconds."""

    moments_max = 10
    later_s_max = 4.0

    def run(self) -> None:
        self.writers: dict[str, Writer] = {}
        try:
            super().run()
        finally:
            for writer in self.writers.values():
                writer.end()

    def _begin(self) -> Child:
        if not self.writers:
            self.writers = {
                shard: Writer(
                    partial(self.fleet.server.connect, user=WRITER),
                    database_of(shard),
                    "items",
                    columns={"a": int, "note": str},
                    rows=dict.fromkeys(range(1, ROWS + 1), (None, None)),
                    seed=self.seed,
                )
                for shard in SHARDS
            }
        return super()._begin()

    def _trouble(self) -> Callable[[], End | None]:
        troubles = (self._kill, self._kill_engine, self._cut, self._hold, self._crash)
        return self.random.choices(troubles, (36, 30, 14, 10, 10))[0]

    def _lose_the_ledger(self) -> None:
        """Whose the copies are, nobody could tell then: that is a person's to clean up."""

    def _kill_engine(self) -> End | None:
        child = self._begin()
        self._let_it_come_far(child)
        for process_id in engines_below(child.process_id):
            self._tell(f"engine {process_id} is killed")
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        return child.end()

    def _judge(self) -> None:
        for writer in self.writers.values():
            writer.end()
        swaps = _swaps(self.fleet.server)
        wanted = Counter(database_of(shard) for shard in SHARDS)
        self._check(swaps == wanted, f"swapped {dict(swaps)}")
        ran = Counter(
            db
            for (db, sql), n in self.fleet.ran().items()
            if sql == _BY_THE_SERVER
            for _ in range(n)
        )
        self._check(ran == wanted, f"the server's own statement ran {ran}")
        core = self.fleet.plan.core
        end = {e.object_id.name: e.after for s in core.change_sets[0].statements for e in s.effects}
        for shard in SHARDS:
            self._check(self.fleet.live(shard) == end, f"{shard} is not at its after-state")
            left = _left(self.fleet, shard)
            self._check(not left, f"{shard} still has {left}")
            self._check_rows(shard)
        self._judge_the_ledger()

    def _check_rows(self, shard: str) -> None:
        writer = self.writers[shard]
        with self.fleet.server.connect(database_of(shard)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT id, a, note FROM items")
            found: dict[int, Row] = {number: (a, note) for number, a, note in cursor.fetchall()}
        lost = sorted(writer.rows.keys() - found.keys())
        doubled = sorted(found.keys() - writer.rows.keys())
        other = [n for n in found.keys() & writer.rows.keys() if found[n] != writer.rows[n]]
        self._check(
            not (lost or doubled or other),
            f"{shard}, of {writer.written} writes: rows lost {lost[:9]}, come back {doubled[:9]},"
            f" other {sorted(other)[:9]}",
        )


def _swaps(server: CrashableServer) -> Counter[str]:
    """How often the table was renamed away in each database, by the server's binary log."""
    found = (swapped_in(told) for told in server.logged())
    return Counter(database for database in found if database is not None)


def swapped_in(told: str) -> str | None:
    """The database in which an event of the binary log renames the table away."""
    match = _SWAP.match(told)
    return (match["named"] or match["used"]) if match else None


def _left(fleet: ChaosFleet, shard: str) -> list[str]:
    with fleet.server.connect(database_of(shard)) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        tables = [str(name) for (name,) in cursor.fetchall() if name not in fleet.scene.tables]
        cursor.execute("SHOW TRIGGERS")
        return [*tables, *(str(row[0]) for row in cursor.fetchall())]


def engines_below(process_id: int) -> Iterator[int]:
    """Engines' programs that the process, or a process of its own, has started."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
    for found in parents:
        above = found
        while above in parents and above != process_id:
            above = parents[above]
        if above == process_id and found != process_id and _is_engine(found):
            yield found


def _is_engine(process_id: int) -> bool:
    """Not what keeps it, in whose arguments the engine's stand."""
    with suppress(OSError):
        words = Path(f"/proc/{process_id}/cmdline").read_bytes().split(b"\0")
        if Path(os.fsdecode(words[0])).name.startswith("python"):
            return False
        # pt-online-schema-change may come behind the loader and the perl that it is started with.
        return any(os.fsdecode(word).endswith(tuple(PROGRAMS.values())) for word in words[:5])
    return False
