"""How each of a cluster's programs is called.

Rules: each listens on loopback and nowhere else, and writes where it is told to; no password stands
in an argument, where every user of the machine could read it (VT-2).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.edges.server.options import HOST
from reconciler.edges.server.process import Login, Logins, RunningServer
from reconciler.edges.vitess.local.layout import CELL, TabletPlace
from reconciler.edges.vitess.local.roles import ROLES, user_of

ROOT = "/vitess"
GRPC_USERS, GRPC_LOGIN = "grpc-users.json", "grpc-login.json"
# What the mysqld behind a tablet must be set to, and what keeps it small.
SERVER_OPTIONS = {
    "enforce_gtid_consistency": "ON",
    "gtid_mode": "ON",
    "innodb_buffer_pool_size": "16M",
    "innodb_log_buffer_size": "1M",
    "log_replica_updates": "ON",
    "loose_innodb_redo_log_capacity": "16M",
    "max_connections": "1000",
    "performance_schema": "OFF",
    "skip_replica_start": "ON",
}
#: Of servers whose keyspaces have replicas: the primary waits for one of them, however long, so
#: that no row which was said to be written is lost with it.
SEMI_SYNC_OPTIONS = {
    "loose_rpl_semi_sync_source_timeout": "3600000",  # ms
    "plugin_load_add": "semisync_source.so;semisync_replica.so",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """Where the cluster's topology is kept, and who may ask its programs by gRPC; None: anybody."""

    etcd_port: int
    grpc_login: Login | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.etcd_port}"

    @property
    def options(self) -> list[str]:
        return [
            "--topo-implementation=etcd2",
            f"--topo-global-server-address={self.address}",
            f"--topo-global-root={ROOT}/global",
        ]

    @property
    def grpc_files(self) -> dict[str, str]:
        """What each program reads: who may ask it, and as whom it asks the others."""
        return {} if self.grpc_login is None else grpc_files(self.grpc_login)

    def grpc_options(self, run: Path) -> list[str]:
        if self.grpc_login is None:
            return []
        return [
            "--grpc-auth-mode=static",
            f"--grpc-auth-static-password-file={run}/{GRPC_USERS}",
            asking_as(run),
        ]


def grpc_files(login: Login) -> dict[str, str]:
    who = {"Username": login.user, "Password": login.password}
    return {GRPC_USERS: json.dumps([who]), GRPC_LOGIN: json.dumps(who)}


def asking_as(folder: Path) -> str:
    """The option of everything that asks by gRPC, with the file that says who asks."""
    return f"--grpc-auth-static-client-creds={folder}/{GRPC_LOGIN}"


#: From the program, the folder it runs in and its ports: what is called.
Command = Callable[[Path, Path, Sequence[int]], list[str]]


def etcd(program: Path, run: Path, ports: Sequence[int]) -> list[str]:
    client, peer = (f"http://{HOST}:{port}" for port in ports)
    return [
        *(str(program), f"--data-dir={run}/data", "--unsafe-no-fsync", "--log-level=warn"),
        *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
        *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
        f"--initial-cluster=default={peer}",
    ]


def vtctld(topology: Topology, program: Path, run: Path, ports: Sequence[int]) -> list[str]:
    return [
        *(str(program), *topology.options, *topology.grpc_options(run), f"--cell={CELL}"),
        "--service-map=grpc-vtctl,grpc-vtctld",
        *_listening(*ports),
    ]


def vtgate(topology: Topology, program: Path, run: Path, ports: Sequence[int]) -> list[str]:
    http, grpc, mysql = ports
    return [
        *(str(program), *topology.options, *topology.grpc_options(run)),
        *(f"--cell={CELL}", f"--cells-to-watch={CELL}"),
        *("--tablet-types-to-wait=PRIMARY", "--service-map=grpc-vtgateservice"),
        *(f"--mysql-server-port={mysql}", f"--mysql-server-bind-address={HOST}"),
        f"--mysql-auth-server-static-file={run}/logins.json",
        # A keyspace that is added, or a tablet that comes back, is seen after this time.
        *("--tablet-refresh-interval=1s", "--gateway-initial-tablet-timeout=5s"),
        "--vschema-ddl-authorized-users=%",
        *_listening(http, grpc),
    ]


def vttablet(
    topology: Topology,
    place: TabletPlace,
    server: RunningServer,
    program: Path,
    run: Path,
    ports: Sequence[int],
) -> list[str]:
    return [
        *(str(program), *topology.options, *topology.grpc_options(run)),
        *(f"--tablet-path={CELL}-{place.uid}", f"--tablet-hostname={HOST}"),
        *(f"--init-keyspace={place.keyspace}", f"--init-shard={place.shard}"),
        *("--init-tablet-type=replica", f"--init-db-name-override={place.database}"),
        "--service-map=grpc-queryservice,grpc-tabletmanager,grpc-updatestream",
        *(f"--db-host={HOST}", f"--db-port={server.port}", "--db-charset=utf8mb4"),
        *(f"--db-{role}-user={user_of(role)}" for role in ROLES),
        *("--db-credentials-server=file", f"--db-credentials-file={run}/login.json"),
        *(f"--mycnf-server-id={place.server}", f"--mycnf-mysql-port={server.port}"),
        *(f"--mycnf-data-dir={server.folder}/data", f"--mycnf-socket-file={server.socket}"),
        *("--health-check-interval=1s", "--migration-check-interval=1s"),
        *("--queryserver-config-schema-reload-time=5s", "--watch-replication-stream=false"),
        *_listening(*ports),
    ]


def vtgate_logins(logins: Logins) -> str:
    """Who may log in at vtgate: the same as at the servers."""
    both = (logins.admin, logins.reader)
    return json.dumps({login.user: [{"Password": login.password}] for login in both})


def _listening(http: int, grpc: int) -> list[str]:
    return [
        *(f"--port={http}", f"--grpc-port={grpc}", "--logtostderr"),
        *(f"--bind-address={HOST}", f"--grpc-bind-address={HOST}"),
    ]
