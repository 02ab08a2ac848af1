"""Boots a Vitess cluster: etcd, vtctld, vtgate, and a tablet before one of our servers per shard.

Rules: everything listens on loopback, with passwords of this run; everything ends with whoever
booted it, unless it was detached on purpose (VT-2). Each shard has one tablet, its primary, and the
replicas that its keyspace asks for, each before a server of its own.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import pymysql

from reconciler.edges.client.opening import open_wire
from reconciler.edges.client.target import Target
from reconciler.edges.server.find import ServerBinary
from reconciler.edges.server.limits import (
    SANDBOX_ANSWER_S_MAX,
    SANDBOX_CONNECT_S_MAX,
    SANDBOX_PARALLEL,
)
from reconciler.edges.server.options import HOST
from reconciler.edges.server.process import Login, Logins, RunningServer, start_server
from reconciler.edges.vitess.find import VitessProgram, vitess_program
from reconciler.edges.vitess.limits import VITESS_PROMOTE_S_MAX, VITESS_SERVING_S_MAX
from reconciler.edges.vitess.local import commands
from reconciler.edges.vitess.local.commands import SERVER_OPTIONS, Topology
from reconciler.edges.vitess.local.daemon import Daemon, Recipe, start_daemon
from reconciler.edges.vitess.local.layout import (
    CELL,
    ClusterKeyspace,
    TabletPlace,
    place_tablets,
)
from reconciler.edges.vitess.local.problems import vitess_not_serving, vitess_refused
from reconciler.edges.vitess.local.roles import logins_file, make_users
from reconciler.edges.vitess.vtctldclient import VtctldClient

ETCD, VTCTLD, VTGATE = "etcd", "vtctld", "vtgate"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """What is to be booted: all keyspaces on the same servers, which are of one binary. vtgate and
    the servers always ask for a login, vtctld and the tablets by gRPC with `grpc_asks` alone."""

    binary: ServerBinary
    servers: int
    keyspaces: tuple[ClusterKeyspace, ...]
    logins: Logins
    options: Mapping[str, str] = field(default_factory=dict)
    grpc_asks: bool = False


class LocalCluster:
    """A cluster that answers. Leaving its `with` block ends it."""

    def __init__(
        self,
        plan: ClusterPlan,
        programs: Mapping[VitessProgram, Path],
        into: Path | None,
    ) -> None:
        self._plan = plan
        self._programs = programs
        self._into = into
        self.servers: dict[int, RunningServer] = {}
        self.daemons: dict[str, Daemon] = {}
        self.tablets: dict[str, TabletPlace] = {}

    @property
    def vtgate_port(self) -> int:
        """Where vtgate speaks the MySQL protocol."""
        return self.daemons[VTGATE].ports[2]

    @property
    def vtctld_port(self) -> int:
        """Where vtctld speaks gRPC."""
        return self.daemons[VTCTLD].ports[1]

    @property
    def vtctld_address(self) -> str:
        return f"{HOST}:{self.vtctld_port}"

    @property
    def logins(self) -> Logins:
        return self._plan.logins

    def target(self, login: Login) -> Target:
        """vtgate, for who is on this machine."""
        return _here("vtgate of the cluster", self.vtgate_port, login)

    def server_target(self, number: int) -> Target:
        """The server behind a tablet, past Vitess."""
        server = self.servers[number]
        return _here(f"server {number} of the cluster", server.port, server.admin)

    def ask(self, *arguments: str) -> str:
        """What vtctld answers. Raises Unavailable if it does not."""
        answer = self._client.ask(*arguments)
        if not answer.is_done:
            raise vitess_refused(" ".join(arguments[:2]), answer.words)
        return answer.text

    def add_keyspace(self, keyspace: ClusterKeyspace) -> tuple[TabletPlace, ...]:
        """Its tablets, each shard with its primary and served by vtgate, if that is up."""
        taken = [place.uid for place in self.tablets.values()]
        places = place_tablets(keyspace, len(self.servers), taken=taken)
        self.tablets |= {place.name: place for place in places}
        self._create(keyspace)
        in_parallel(self._start_tablet, places)
        in_parallel(self._promote, [place for place in places if not place.is_replica])
        if VTGATE in self.daemons:
            self.wait_until_served(keyspace.name)
        return places

    def add_shards(self, keyspace: ClusterKeyspace, shards: tuple[str, ...]) -> None:
        """To a keyspace that is there, each with its primary. Those that overlap others serve
        nothing, until a reshard has gone to them."""
        taken = [place.uid for place in self.tablets.values()]
        more = replace(keyspace, shards=shards)
        places = place_tablets(more, len(self.servers), taken=taken, are_more=True)
        self.tablets |= {place.name: place for place in places}
        in_parallel(self._start_tablet, places)
        in_parallel(self._promote, [place for place in places if not place.is_replica])

    def remove_keyspace(self, keyspace: ClusterKeyspace) -> None:
        """End its tablets, drop its databases, and forget it."""
        gone = [place for place in self.tablets.values() if place.keyspace == keyspace.name]
        for place in gone:
            self.daemons.pop(place.name).stop()
            del self.tablets[place.name]
            if not place.is_replica:  # whose server takes it over
                self._drop(place, place.database)
                self._drop(place, keyspace.sidecar)
        self.ask("DeleteKeyspace", "--recursive", "--force", keyspace.name)

    def start_again(self, name: str) -> None:
        """One of the programs, which has ended or is ended now, on the ports that it had. It begins
        with nothing but what the topology and the servers hold."""
        self.daemons[name] = self.daemons[name].start_again(self._into)

    def wait_until_served(self, keyspace: str) -> None:
        """Until vtgate has a primary that serves for each of its shards."""
        wanted = {p.shard for p in self.tablets.values() if p.keyspace == keyspace}
        give_up_at = time.monotonic() + VITESS_SERVING_S_MAX
        while missing := wanted - self._served(keyspace):
            if time.monotonic() > give_up_at:
                named = ", ".join(f"{keyspace}/{shard}" for shard in sorted(missing))
                raise vitess_not_serving(named, VITESS_SERVING_S_MAX)
            time.sleep(0.1)

    def primary_of(self, keyspace: str, shard: str) -> TabletPlace:
        """As the topology has it, after whatever reparent."""
        record = json.loads(self.ask("GetShard", f"{keyspace}/{shard}"))["shard"]
        uid = record["primary_alias"]["uid"]
        return next(place for place in self.tablets.values() if place.uid == uid)

    def detach(self) -> None:
        """Let all of it stay when this process ends; `stop` then ends nothing."""
        for daemon in self.daemons.values():
            daemon.detach()
        for server in self.servers.values():
            server.process.detach()
        self.daemons, self.servers = {}, {}

    def stop(self) -> None:
        for name in (VTGATE, *self.tablets, VTCTLD, ETCD):
            if name in self.daemons:
                self.daemons[name].stop()
        for server in self.servers.values():
            server.stop()

    def __enter__(self) -> LocalCluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def boot(self) -> None:
        """Servers and the topology side by side, then the tablets, then vtgate."""
        with ThreadPoolExecutor(max_workers=1) as pool:
            servers = pool.submit(self._start_servers)
            self._start_topology()
            servers.result()
        for keyspace in self._plan.keyspaces:
            self.add_keyspace(keyspace)
        self._start_vtgate()
        for keyspace in self._plan.keyspaces:
            self.wait_until_served(keyspace.name)

    def _start_servers(self) -> None:
        in_parallel(self._start_server, range(1, self._plan.servers + 1))

    def _start_server(self, number: int) -> None:
        folder = None
        if self._into is not None:
            folder = self._into / f"server-{number}-{secrets.token_hex(4)}"
        options = {**SERVER_OPTIONS, **self._plan.options, "server_id": str(number)}
        self.servers[number] = start_server(
            self._plan.binary, options=options, folder=folder, logins=self._plan.logins
        )
        make_users(self.server_target(number))

    def _start_topology(self) -> None:
        etcd = self._programs[VitessProgram.ETCD]
        self._start(
            Recipe(
                name=ETCD,
                program=etcd,
                command=commands.etcd,
                health="/health",
                # It reads none of them: they are for whoever asks vtctld as the owner.
                files=commands.grpc_files(self.logins.admin),
                refuses_root=False,
            )
        )
        self._start(
            Recipe(
                name=VTCTLD,
                program=self._programs[VitessProgram.VTCTLD],
                command=partial(commands.vtctld, self._topology),
                files=self._topology.grpc_files,
            )
        )
        address = f"--server-address={self._topology.address}"
        self.ask("AddCellInfo", f"--root={commands.ROOT}/{CELL}", address, CELL)

    def _start_vtgate(self) -> None:
        self._start(
            Recipe(
                name=VTGATE,
                program=self._programs[VitessProgram.VTGATE],
                command=partial(commands.vtgate, self._topology),
                ports=3,
                files={
                    "logins.json": commands.vtgate_logins(self._plan.logins),
                    **self._topology.grpc_files,
                },
            )
        )

    def _start_tablet(self, place: TabletPlace) -> None:
        server = self.servers[place.server]
        self._start(
            Recipe(
                name=place.name,
                program=self._programs[VitessProgram.VTTABLET],
                command=partial(commands.vttablet, self._topology, place, server),
                files={"login.json": logins_file(server), **self._topology.grpc_files},
            )
        )

    def _start(self, recipe: Recipe) -> None:
        self.daemons[recipe.name] = start_daemon(recipe, self._into)

    def _create(self, keyspace: ClusterKeyspace) -> None:
        sidecar = f"--sidecar-db-name={keyspace.sidecar}"
        durability = f"--durability-policy={keyspace.durability}"
        self.ask("CreateKeyspace", durability, sidecar, keyspace.name)
        self.ask("ApplyVSchema", f"--vschema={keyspace.first_vschema}", keyspace.name)

    def _drop(self, place: TabletPlace, database: str) -> None:
        server = self.server_target(place.server)
        connection = open_wire(server, program="reconciler, cluster", database=None)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{database}`")

    def _promote(self, place: TabletPlace) -> None:
        command = ("PlannedReparentShard", f"{place.keyspace}/{place.shard}")
        give_up_at = time.monotonic() + VITESS_PROMOTE_S_MAX
        while True:
            answer = self._client.ask(*command, f"--new-primary={place.alias}")
            if answer.is_done:
                return
            if time.monotonic() > give_up_at:
                raise vitess_refused(" ".join(command), answer.words)
            time.sleep(0.2)

    def _served(self, keyspace: str) -> set[str]:
        """Its shards that have a primary which serves, as vtgate sees it."""
        admin = self.target(self._plan.logins.admin)
        try:
            connection = open_wire(admin, program="reconciler, cluster", database=None)
            with connection, connection.cursor() as cursor:
                cursor.execute("show vitess_tablets")
                # Cell, Keyspace, Shard, TabletType, State, Alias, Hostname, PrimaryTermStartTime
                rows = cursor.fetchall()
        except (pymysql.MySQLError, OSError):  # it does not listen yet
            return set()
        return {row[2] for row in rows if row[1] == keyspace and row[3:5] == ("PRIMARY", "SERVING")}

    @property
    def _topology(self) -> Topology:
        login = self.logins.admin if self._plan.grpc_asks else None
        return Topology(etcd_port=self.daemons[ETCD].ports[0], grpc_login=login)

    @property
    def _client(self) -> VtctldClient:
        program = self._programs[VitessProgram.VTCTLDCLIENT]
        asking = (commands.asking_as(self.daemons[ETCD].folder),)
        return VtctldClient(program=program, address=self.vtctld_address, options=asking)


def boot_cluster(plan: ClusterPlan, into: Path | None = None) -> LocalCluster:
    """Boot it, with its folders in `into` or among the temporary files; all of it or nothing."""
    programs = {name: vitess_program(name).path for name in VitessProgram}
    cluster = LocalCluster(plan, programs, into)
    try:
        cluster.boot()
    except BaseException:
        cluster.stop()
        raise
    return cluster


def _here(label: str, port: int, login: Login) -> Target:
    return Target(
        label=label,
        host=HOST,
        port=port,
        socket=None,
        database=None,
        user=login.user,
        password=login.password,
        tls=None,
        connect_timeout_s=SANDBOX_CONNECT_S_MAX,
        read_timeout_s=SANDBOX_ANSWER_S_MAX,
    )


def in_parallel(work: Callable[[T], None], items: Iterable[T]) -> None:
    """All of them, to their end; then the first error, if there was one."""
    with ThreadPoolExecutor(max_workers=SANDBOX_PARALLEL) as pool:
        done = [pool.submit(work, item) for item in items]
    for each in done:
        each.result()
