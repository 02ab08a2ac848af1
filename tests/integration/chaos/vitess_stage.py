"""A keyspace of three shards, on a cluster of which everything can be killed, and the plan that is
rolled out over it: the first step of its VSchema, Online DDL, a statement of the server's own, and
the last step."""

from __future__ import annotations

import base64
import json
import re
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from reconciler.edges.client.opening import open_wire
from reconciler.edges.files.history import GitHistory
from reconciler.edges.kept import Kept
from reconciler.edges.server.options import HOST, Options
from reconciler.edges.server.process import RunningServer, new_logins
from reconciler.edges.vitess.find import VitessProgram, vitess_program
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.edges.vitess.local.cluster import ETCD, ClusterPlan, LocalCluster
from reconciler.edges.vitess.local.commands import SERVER_OPTIONS
from reconciler.edges.vitess.local.layout import TabletPlace
from reconciler.edges.vitess.local.roles import make_users
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import Unavailable
from reconciler.model.fleet import even_shards
from reconciler.model.server import Flavor
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from reconciler.vschema.live import live_vschema
from tests.integration.chaos.engines import swapped_in
from tests.integration.chaos.server import CrashableServer, crashable_server, newest
from tests.vitess import Vitess, cluster_of
from tests.vitess_fleet import VitessFleet
from tests.waiting import PATIENCE_S

SHARDS = even_shards(3)
ROWS = 900
REPARENTS_MAX = 5
_ITEMS = """CREATE TABLE items (
  id bigint NOT NULL,
  a int DEFAULT NULL,
  note varchar(20) DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""
_LABELS = """CREATE TABLE labels (
  id bigint NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""
_BEFORE = {"items": _ITEMS, "labels": _LABELS}
#: Online DDL changes the one, the server's own statement the other.
_AFTER = {
    "items": _ITEMS.replace("a int", "a bigint"),
    "labels": _LABELS.replace("  PRIMARY", "  b int DEFAULT NULL,\n  PRIMARY"),
}
_BY_HASH = {"column_vindexes": [{"columns": ["id"], "name": "by_hash"}]}
_ROUTED: Mapping[str, Any] = {
    "sharded": True,
    "foreign_key_mode": "disallow",
    "vindexes": {"by_hash": {"type": "xxhash"}},
    "tables": dict.fromkeys(_BEFORE, _BY_HASH),
}
#: Foreign keys are allowed before any shard, and a vindex more is there behind all of them.
_ROUTED_AFTER = {
    **_ROUTED,
    "foreign_key_mode": "unmanaged",
    "vindexes": {**_ROUTED["vindexes"], "spare": {"type": "reverse_bits"}},
}
_ROLLOUT = {
    "canary": [SHARDS[0]],
    "parallel": 2,
    "lock_wait": "5s",
    "lock_retries": 9,
    "on_failure": "continue",
}
_ALLOWED = {"vschema": "foreign_key_mode", "hazard": "change-routing", "reason": "agreed in May"}
_BY_THE_SERVER = "alter table labels"


# Vitess' own collector takes them away, in its own time.
_DROPPED_LATER = re.compile(r"_vt_(?:hld|prg|evc|drp)_")


class CrashableCluster(LocalCluster):
    """Its servers run already, and can be killed: Linux would end them with the thread of `boot`
    that starts them."""

    def __init__(self, plan: ClusterPlan, servers: Sequence[CrashableServer]) -> None:
        programs = {name: vitess_program(name).path for name in VitessProgram}
        super().__init__(plan, programs, None)
        self.crashable = dict(enumerate(servers, start=1))

    def _start_server(self, number: int) -> None:
        found = self.crashable[number]
        self.servers[number] = RunningServer(
            version=found.binary.version,
            host=HOST,
            port=found.port,
            socket=found.socket,
            folder=found.folder,
            logins=self._plan.logins,
            process=cast(Kept, _EndsWithItsBlock()),
        )
        make_users(self.server_target(number))


class _EndsWithItsBlock:
    def stop(self) -> None: ...


@contextmanager
def crashable_cluster(
    servers_wanted: int = len(SHARDS), options: Options | None = None
) -> Iterator[CrashableCluster]:
    logins = new_logins()
    with ExitStack() as opened:
        servers = [
            opened.enter_context(
                crashable_server(
                    Flavor.MYSQL,
                    {**SERVER_OPTIONS, **(options or {}), "server_id": str(number)},
                    logins.admin,
                )
            )
            for number in range(1, servers_wanted + 1)
        ]
        plan = ClusterPlan(
            binary=newest(Flavor.MYSQL), servers=len(servers), keyspaces=(), logins=logins
        )
        cluster = CrashableCluster(plan, servers)
        opened.callback(cluster.stop)
        cluster.boot()
        yield cluster


@dataclass(frozen=True)
class Witness:
    """How far the binary logs of the servers and the topology's store had come."""

    logs: Mapping[int, tuple[str, int]]
    vschema_writes: int
    migrations: Mapping[str, int]


class VitessStage:
    def __init__(
        self,
        cluster: CrashableCluster,
        root: Path,
        patch: pytest.MonkeyPatch,
        *,
        shards: Sequence[str] = SHARDS,
        replicas: int = 0,
    ) -> None:
        self.cluster = cluster
        self.shards = tuple(shards)
        self.vitess = Vitess(cluster, "chaos")
        self.keyspace = self.vitess.keyspace(
            len(shards), vschema=json.dumps(_ROUTED), replicas=replicas
        )
        for shard in shards:
            self.vitess.sql(f"{self.keyspace}/{shard}", *_BEFORE.values())
        root.mkdir()
        fleet = VitessFleet(root, (), lambda _: "", patch)
        fleet.found_on(
            self.vitess,
            self.keyspace,
            cluster.servers[1],
            tables=_BEFORE,
            vschema=json.dumps(_ROUTED),
            rollout={**_ROLLOUT, "canary": [shards[0]]},
        )
        fleet.spec["policy"] = {"allow": [_ALLOWED]}
        fleet.write_spec()
        for table, text in _AFTER.items():
            fleet.write(f"schemas/shop/{table}.sql", text + ";\n")
        fleet.write("schemas/shop/vschema.json", json.dumps(_ROUTED_AFTER))
        self.commit = fleet.plan_and_commit()
        self.fleet = fleet
        self.plan = _plan_of(fleet)

    def reset(self) -> dict[int, tuple[Any, ...]]:
        """The before-state on every shard, with rows; what they hold."""
        self.vitess.ask("ApplyVSchema", f"--vschema={json.dumps(_ROUTED)}", self.keyspace)
        for shard in self.shards:
            self.vitess.sql(
                f"{self.keyspace}/{shard}",
                *(f"DROP TABLE {table}" for table in _BEFORE),
                *_BEFORE.values(),
            )
        rows = {number: (number, f"row {number}") for number in range(1, ROWS + 1)}
        values = ", ".join(f"({n}, {a}, '{note}')" for n, (a, note) in rows.items())
        self.vitess.sql(self.keyspace, f"INSERT INTO items (id, a, note) VALUES {values}")
        self.wait_for_replicas()
        return {number: tuple(row) for number, row in rows.items()}

    def server_of(self, shard: str) -> CrashableServer:
        return self.cluster.crashable[self.place_of(shard).server]

    def place_of(self, shard: str) -> TabletPlace:
        return self.vitess.tablet(self.keyspace, shard)

    def reparent(self, shard: str, *, is_dead: bool, away_s: float) -> None:
        """Its replica becomes the primary. `is_dead`: since the primary and its server were killed,
        which come back as a replica later."""
        old, name = self.place_of(shard), f"{self.keyspace}/{shard}"
        if not is_dead:
            self._until_taken("PlannedReparentShard", name, f"--avoid-primary={old.alias}")
            return
        self.cluster.crashable[old.server].kill()
        self.vitess.kill(old.name)
        time.sleep(away_s)
        self._until_taken("EmergencyReparentShard", name)
        self.cluster.crashable[old.server].start()
        self.vitess.start_again(old.name)

    def _until_taken(self, *command: str) -> None:
        """Vitess gives a reparent up where a swap holds its locks; a person says it again."""
        for tries_left in reversed(range(REPARENTS_MAX)):
            try:
                self.vitess.ask(*command)
                return
            except Unavailable:
                if not tries_left:
                    raise

    def wait_for_replicas(self) -> None:
        """Until each has all that its primary has."""
        for shard in self.shards:
            ((wanted,),) = self.on_server(shard, "SELECT @@global.gtid_executed")
            for place in self.cluster.tablets.values():
                if place.shard == shard:
                    self._wait_until_it_has(place, str(wanted))

    def _wait_until_it_has(self, place: TabletPlace, gtids: str) -> None:
        target = self.cluster.server_target(place.server)
        asked = f"SELECT WAIT_FOR_EXECUTED_GTID_SET('{gtids}', {PATIENCE_S:.0f})"
        with open_wire(target, program="tests", database=None) as wire, wire.cursor() as cursor:
            cursor.execute(asked)
            assert cursor.fetchall() == ((0,),), f"{place.name} has not come as far"

    def database_of(self, shard: str) -> str:
        return self.vitess.tablet(self.keyspace, shard).database

    def on_server(self, shard: str, sql: str) -> tuple[tuple[Any, ...], ...]:
        return self.vitess.on_server(self.keyspace, shard, sql)

    def witness(self) -> Witness:
        return Witness(
            logs={number: one.log_position() for number, one in self.cluster.crashable.items()},
            vschema_writes=self._vschema_writes(),
            migrations={shard: self._last_migration(shard) for shard in self.shards},
        )

    def definition(self, shard: str, table: str) -> str:
        return str(self.on_server(shard, f"SHOW CREATE TABLE {table}")[0][1])

    def rows(self, shard: str) -> dict[int, tuple[Any, ...]]:
        found = self.on_server(shard, "SELECT id, a, note FROM items")
        return {int(number): tuple(row) for number, *row in found}

    def left(self, shard: str) -> list[str]:
        """Tables that are neither the application's nor on the way that Vitess drops tables by."""
        found = (str(name) for (name,) in self.on_server(shard, "SHOW TABLES"))
        return [name for name in found if name not in _BEFORE and not _DROPPED_LATER.match(name)]

    def swaps_since(self, then: Witness, shard: str) -> int:
        found = Counter(map(swapped_in, self._logged_since(then, shard)))
        return found[self.database_of(shard)]

    def own_statements_since(self, then: Witness, shard: str) -> list[str]:
        """As the server logged them."""
        told = self._logged_since(then, shard)
        used = f"use {self.database_of(shard)}; {_BY_THE_SERVER}"
        return [event for event in told if event.replace("`", "").lower().startswith(used)]

    def _logged_since(self, then: Witness, shard: str) -> Iterator[str]:
        """By the shard's primary, which has logged what it had from another one as well."""
        server = self.place_of(shard).server
        return self.cluster.crashable[server].logged(then.logs[server])

    def vschema_writes_since(self, then: Witness) -> int:
        return self._vschema_writes() - then.vschema_writes

    def migrations_since(self, then: Witness, shard: str) -> list[dict[str, Any]]:
        names = (
            *("migration_uuid", "migration_status", "migration_context", "cleanup_timestamp"),
            *("message", "stage", "retries", "tablet_failure", "postpone_completion"),
            *("cutover_attempts", "added_timestamp", "started_timestamp", "completed_timestamp"),
            "cancelled_timestamp",
        )
        rows = self.on_server(
            shard,
            f"SELECT {', '.join(names)} FROM {self._sidecar}.schema_migrations"
            f" WHERE keyspace = '{self.keyspace}' AND id > {then.migrations[shard]} ORDER BY id",
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def vschema(self) -> str:
        """The fingerprint of what Vitess keeps, and every cell routes by."""
        keyspaces = VitessKeyspaces(environ={}, root=Path(), workers=ThreadWorkers())
        return live_vschema(keyspaces.vschema(cluster_of(self.vitess, self.keyspace))).fingerprint

    @property
    def _sidecar(self) -> str:
        return next(k for k in self.vitess._added if k.name == self.keyspace).sidecar

    def _last_migration(self, shard: str) -> int:
        table = f"{self._sidecar}.schema_migrations"
        return int(self.on_server(shard, f"SELECT COALESCE(MAX(id), 0) FROM {table}")[0][0])

    def _vschema_writes(self) -> int:
        """etcd counts how often a key was written since it was made."""
        key = f"/vitess/global/keyspaces/{self.keyspace}/VSchema"
        asked = json.dumps({"key": base64.b64encode(key.encode()).decode()}).encode()
        port = self.cluster.daemons[ETCD].ports[0]
        with urllib.request.urlopen(f"http://{HOST}:{port}/v3/kv/range", asked) as answer:
            (found,) = json.load(answer)["kvs"]
        return int(found["version"])


def _unquoted(event: str) -> str:
    return event.lower().replace("`", "")


def _plan_of(fleet: VitessFleet) -> Plan:
    tree = GitHistory(fleet.root, None).tree(fleet.git("rev-parse", "HEAD"))
    plan = read_plan(tree, "production", "shop")
    assert plan is not None, "it was written"
    return plan


@contextmanager
def vitess_stages(folder: Path) -> Iterator[Iterator[VitessStage]]:
    """One after the other, as they are asked for, on one cluster."""
    with crashable_cluster() as cluster, pytest.MonkeyPatch.context() as patch:
        yield (VitessStage(cluster, folder / f"stage-{n}", patch) for n in range(1_000))
