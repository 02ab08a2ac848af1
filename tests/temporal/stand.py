"""Two regions and those who decide, each a process with nothing in its environment but its own; and
a repository from which every region has a clone."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql

from reconciler.edges.server.process import RunningServer
from tests.fleet import Ended, Fleet
from tests.integration.mysql_edges import Account, account
from tests.temporal.server import TemporalServer
from tests.waiting import PATIENCE_S, until

REGIONS = ("eu", "us")
DECIDES = ""
GRACE_S = "5"
#: How soon a region that is lost is noticed, in seconds.
SILENT_S = 3


@dataclass
class Worker:
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def leave(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE_S)


@dataclass
class Stand:
    fleet: Fleet
    temporal: TemporalServer
    folder: Path
    namespace: str
    logins: dict[str, Account]
    apart: dict[str, str] = field(default_factory=dict)
    #: Where regions clone from; by default the repository that everything is planned in.
    origin: str = ""
    #: What regions are told of a forge; with it, they ask that for reviews.
    forge: dict[str, str] = field(default_factory=dict)
    started: list[Worker] = field(default_factory=list)

    def keep_history(self) -> None:
        """Whoever changes the workflow keeps histories of it as it was, to be replayed."""
        if folder := os.environ.get("KEEP_HISTORIES"):
            kept = Path(folder, f"{self.namespace}-{len(self.started)}.json")
            kept.write_text(
                self.ask("workflow", "show", "-w", "production/shop", "-o", "json") or ""
            )

    def end(self) -> None:
        self.keep_history()
        for one in self.started:
            if one.process.poll() is None:
                one.kill()

    def found(self, **rollout: Any) -> Stand:
        """With a change that is planned and merged, in three waves: the first in eu alone."""
        fleet = self.fleet
        shards = {entry["name"]: entry for entry in fleet.environment.pop("shards")}
        fleet.environment["connection"] = {"host": "127.0.0.1"}
        fleet.environment["regions"] = {
            region: {
                "connection": {
                    "port": f"${{FLEET_PORT_{region.upper()}}}",
                    "user": f"${{FLEET_USER_{region.upper()}}}",
                    "password": f"${{FLEET_LOGIN_{region.upper()}}}",
                },
                "shards": [
                    {"name": n, "connection": {"database": shards[n]["connection"]["database"]}}
                    for n in names
                ],
            }
            for region, names in ((region, shards_of(fleet, region)) for region in REGIONS)
        }
        fleet.environment["ledger"] = "sqlite:///${LEDGER_FILE}"
        waves = {"canary": [*shards_of(fleet, "eu")[:1]], "waves": ["75%", "100%"], "parallel": 2}
        fleet.environment["rollout"] = waves | rollout
        for region in REGIONS:
            for name, value in self._known_to(region).items():
                fleet.monkeypatch.setenv(name, value)
        fleet.write_spec()
        return self

    def _known_to(self, region: str) -> dict[str, str]:
        server = server_of(self.fleet, region)
        of = region.upper()
        return {
            f"FLEET_PORT_{of}": str(server.port),
            f"FLEET_USER_{of}": self.logins[region].user,
            f"FLEET_LOGIN_{of}": self.logins[region].password,
            "LEDGER_FILE": str(self.folder / f"{region}.ledger"),
        }

    def merge(self, edit: Callable[[Fleet], None]) -> str:
        """Plan it where everything is known, have it reviewed, and merge it."""
        edit(self.fleet)
        self.fleet.commit("a change")
        return self.fleet.plan_and_commit()

    def worker(self, region: str = DECIDES, *options: str, without: str = "") -> Worker:
        """One that is ready may still not have asked for work. `without`: a variable that it
        lacks."""
        log = self.folder / f"log-{region or 'decides'}-{len(self.started)}"
        command = [sys.executable, "-m", "reconciler", "worker", *options]
        environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        environ |= {"PYTHONPATH": str(Path(__file__).parents[2])}
        environ["RECONCILER_TEMPORAL"] = self.temporal.address
        environ["RECONCILER_TEMPORAL_NAMESPACE"] = self.apart.get(region, self.namespace)
        if not region:
            command += [f"--apart={name}={where}" for name, where in self.apart.items()]
        if region:
            environ |= self._known_to(region) | self.forge
            command += ["--review", "github"] if self.forge else []
            environ["FLEET_SCRATCH_PASSWORD"] = os.environ["FLEET_SCRATCH_PASSWORD"]
            command += ["--region", region, "-C", str(self._clone(region)), "--grace", GRACE_S]
        environ.pop(without, None)
        with log.open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said, env=environ)
        self.started.append(Worker(process, log))
        return self.started[-1]

    def workers(self, who: str) -> Worker:
        """The one that was started last."""
        return [one for one in self.started if f"log-{who or 'decides'}-" in one.log.name][-1]

    def _clone(self, region: str) -> Path:
        clone = self.folder / f"clone-{region}"
        if not clone.exists():
            origin = self.origin or str(self.fleet.root)
            self.fleet.git("clone", "--quiet", "--no-checkout", origin, str(clone))
        return clone

    def rollout(self, verb: str, *options: str, env: str = "production") -> Ended:
        where = ["--temporal", self.temporal.address, "--namespace", self.namespace]
        place = ["-C", str(self.fleet.root), "-e", env]
        return self.fleet.run("rollout", verb, *place, *where, *options)

    def begin(self, *options: str) -> None:
        ended = self.rollout("start", "--silent", str(SILENT_S), *options)
        assert ended.code == 0, ended.said

    def status_code(self) -> int:
        """Of a process of its own."""
        where = ["--temporal", self.temporal.address, "--namespace", self.namespace]
        command = [sys.executable, "-m", "reconciler", "rollout", "status", *where]
        place = ["-C", str(self.fleet.root), "-e", "production"]
        done = subprocess.run([*command, *place], capture_output=True, check=False)
        return done.returncode

    def in_region(self, region: str, verb: str) -> Ended:
        """What a person there says, past Temporal."""
        self.fleet.monkeypatch.setenv("LEDGER_FILE", self._known_to(region)["LEDGER_FILE"])
        return self.fleet.run(verb, "--region", region, "-e", "production")

    def look(self) -> dict[str, Any]:
        ended = self.rollout("status", "-o", "json")
        assert ended.code == 0, ended.said
        (keyspace,) = json.loads(ended.out)["keyspaces"]
        assert isinstance(keyspace, dict)
        return keyspace

    def state_if_there(self) -> str:
        """Temporal may be away."""
        ended = self.rollout("status", "-o", "json")
        found = json.loads(ended.out)["keyspaces"] if ended.code == 0 else [{"outcome": "away"}]
        return str(found[0]["outcome"])

    def kill_connections(self, region: str) -> int:
        """How many there were."""
        login, killed = self.logins[region].user, 0
        with self.fleet.connected(shards_of(self.fleet, region)[0]) as cursor:
            query = "SELECT id FROM information_schema.processlist WHERE user = %s"
            cursor.execute(query, (login,))
            for (number,) in cursor.fetchall():
                with suppress(pymysql.Error):  # it has gone by itself
                    cursor.execute(f"KILL {number}")
                    killed += 1
        return killed

    def state(self) -> str:
        return str(self.look()["outcome"])

    def wait_for(self, *states: str) -> None:
        until(lambda: self.state() in states, f"{states}, and it is {self.look()}", pause_s=0.2)

    def ask(self, *arguments: str) -> str | None:
        return self.temporal.ask(*arguments, "--namespace", self.namespace)

    def history(self) -> str:
        """All that Temporal keeps of it, as text; what it has in base64 stands there in clear."""
        told = self.ask(
            *("workflow", "show", "-w", "production/shop"),
            *("-o", "json"),
        )
        assert told is not None
        packed = re.compile(r'(?<="data": ")[A-Za-z0-9+/=]+')
        return packed.sub(lambda data: base64.b64decode(data[0]).decode(), told)


@contextmanager
def stand(fleet: Fleet, temporal: TemporalServer, folder: Path) -> Iterator[Stand]:
    folder.mkdir(exist_ok=True)
    with ExitStack() as accounts:
        logins = {region: accounts.enter_context(_login(fleet, region)) for region in REGIONS}
        made = Stand(fleet, temporal, folder, temporal.new_namespace(), logins)
        try:
            yield made
        finally:
            made.end()


def server_of(fleet: Fleet, region: str) -> RunningServer:
    """Where a fleet has two, they are dealt out so that each region has its own."""
    return fleet.databases[shards_of(fleet, region)[0]][0]


def shards_of(fleet: Fleet, region: str) -> tuple[str, ...]:
    """Every other one, as they are dealt out to servers."""
    return tuple(fleet.databases)[REGIONS.index(region) :: len(REGIONS)]


def _login(fleet: Fleet, region: str) -> AbstractContextManager[Account]:
    """To the databases of its own shards alone."""
    own = (fleet.databases[shard] for shard in shards_of(fleet, region))
    grants = [f"ALL ON `{database}`.*" for _, database in own]
    seen = ("PROCESS ON *.*", "SELECT ON performance_schema.*")
    return account(server_of(fleet, region), *grants, *seen)
