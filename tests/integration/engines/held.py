"""A copy that the test itself holds where it is, by a lock that its engine waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.contract.engines.gh_ost import pids_of, show_waiting_locks, tell
from tests.fleet import Fleet
from tests.integration.engines.test_job import ITEMS, choose
from tests.integration.engines.test_job import planned as reviewed
from tests.integration.mysql_edges import wait_until_waiting
from tests.waiting import until

SHARD = "-"
CHUNK_ROWS = 1_000  # of gh-ost; pt-osc begins with as many
ROWS = 3 * CHUNK_ROWS
LOCK_WAIT = "10m"  # nobody gives up for as long as a test holds anything


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldCopy:
    """One shard, and the plan that `engine` carries out there."""

    fleet: Fleet
    server: RunningServer
    engine: EngineName
    rows: int

    @property
    def database(self) -> str:
        return self.fleet.databases[SHARD][1]

    @contextmanager
    def kept_from_copying(self) -> Iterator[Callable[[], object]]:
        """Entered before the apply: its engine begins, and copies nothing until it is let go."""
        with self.fleet.connected(SHARD) as cursor:
            cursor.execute("BEGIN")
            if self.engine is EngineName.GH_OST:  # it waits for the row
                cursor.execute("SELECT * FROM items ORDER BY id LIMIT 1 FOR UPDATE")
            else:  # its triggers wait for the table
                cursor.execute("SELECT COUNT(*) FROM items")
            yield lambda: cursor.execute("COMMIT")

    def until_begun(self) -> None:
        if self.engine is EngineName.GH_OST:
            until(lambda: pids_of(self.database), "gh-ost to begin")
            until(lambda: "_items_gho" in self.fleet.definitions(SHARD), "the copy to be made")
        else:
            wait_until_waiting(self.server, "CREATE TRIGGER")

    def until_told(self) -> None:
        """What holds the copy up is told to the engine before it is shown; gh-ost answers later."""
        if self.engine is EngineName.GH_OST:
            until(lambda: "throttled" in tell(self.database, "status"), "gh-ost to hear of it")

    @property
    def on_its_way(self) -> int:
        """How many rows are copied though it is held up: those that waited for the lock."""
        return CHUNK_ROWS if self.engine is EngineName.GH_OST else 0

    @property
    def copied(self) -> int:
        """The rows of the copy; none before there is one."""
        for name in self.fleet.definitions(SHARD):
            if name in ("_items_gho", "_items_new"):
                return int(self.fleet.sql(SHARD, f"SELECT COUNT(*) FROM {name}")[0][0])
        return 0

    def said(self, *command: str) -> str:
        """Without the ends of its lines."""
        return " ".join(self.fleet.run(*command).out.split())

    def check_whole(self, kind: str) -> None:
        """No row of the table is lost, and the changed column is of that kind."""
        rows = self.fleet.sql(SHARD, "SELECT COUNT(*), SUM(a) FROM items")
        assert rows == ((self.rows, sum(range(self.rows))),)
        assert f"`a` {kind}" in self.fleet.definitions(SHARD)["items"]


def held_copy(
    folder: Path,
    server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    *,
    engine: EngineName,
    rollout: dict[str, object],
    rows: int = ROWS,
) -> HeldCopy:
    show_waiting_locks(server)
    fleet = Fleet(folder, [server], fresh_database, monkeypatch).found(1, {"items": ITEMS})
    for first in range(0, rows, ROWS):
        values = ", ".join(f"({10**6 + n}, {n})" for n in range(first, min(first + ROWS, rows)))
        fleet.sql(SHARD, f"INSERT INTO items VALUES {values}")
    fleet.environment["rollout"] = {"lock_wait": LOCK_WAIT, **rollout}
    choose(fleet, {"rebuild": {"use": engine.value}})
    fleet.edit("schemas/shop/items.sql", "  a int DEFAULT NULL", "  a bigint DEFAULT NULL")
    reviewed(fleet)
    return HeldCopy(fleet=fleet, server=server, engine=engine, rows=rows)


def of_engines(*names: tuple[EngineName, str]) -> pytest.MarkDecorator:
    """Parameters `engine` and `server`, the name of a fixture."""
    cases = [
        pytest.param(name, server, marks=pytest.mark.engine(name), id=f"{name}-{server}")
        for name, server in names
    ]
    return pytest.mark.parametrize(("engine", "server"), cases)
