"""Replicas of a controller, each a process with a clone of its own, over one ledger on MySQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.preloaded import Started
from tests.waiting import PATIENCE_S


@dataclass
class Replica:
    process: Started
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def leads(self) -> bool:
        lines = [line for line in self.said.splitlines() if " leads" in line]
        return bool(lines) and "leads in" in lines[-1]

    def port(self, of: str) -> int:
        (told,) = re.findall(rf"{of} are answered on port (\d+)", self.said)
        return int(told)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)


@dataclass
class Replicas:
    """`root` of the fleet is where all of them fetch from."""

    fleet: Fleet
    folder: Path
    started: list[Replica] = field(default_factory=list)

    def start(self, *options: str) -> Replica:
        number = len(self.started)
        clone, log = self.folder / f"clone-{number}", self.folder / f"log-{number}"
        self.fleet.git("clone", "--quiet", "--no-checkout", str(self.fleet.root), str(clone))
        command = ["-m", "reconciler", "run", "-C", str(clone), "--serve", "127.0.0.1:0", *options]
        with log.open("wb") as said:
            process = Started(command, out=said)
        self.started.append(Replica(process, log))
        return self.started[-1]


@contextmanager
def replicas(fleet: Fleet, fresh_database: FreshDatabase, folder: Path) -> Iterator[Replicas]:
    """The fleet's spec names a ledger on its first server; what was started ends with the block."""
    server = fleet.servers[0]
    fleet.environment["ledger"] = (
        f"mysql+pymysql://{server.admin.user}:${{FLEET_PASSWORD}}@127.0.0.1:{server.port}"
        f"/{fresh_database(server)}"
    )
    fleet.write_spec()
    fleet.commit("name a ledger")
    made = Replicas(fleet, folder)
    try:
        yield made
    finally:
        for one in made.started:
            if one.process.poll() is None:
                one.kill()


def ddl_counts(fleet: Fleet, start: str) -> dict[str, tuple[int, int]]:
    """How often each shard's server has run a statement that begins so, and how often in vain."""
    found = {}
    for shard, (_, database) in fleet.databases.items():
        with fleet.connected(shard) as cursor:
            cursor.execute(
                "SELECT COALESCE(SUM(count_star), 0), COALESCE(SUM(sum_errors), 0)"
                " FROM performance_schema.events_statements_summary_by_digest"
                " WHERE schema_name = %s AND digest_text LIKE %s",
                (database, f"{start}%"),
            )
            row = cursor.fetchone()
            assert row is not None
            found[shard] = (int(row[0]), int(row[1]))
    return found
