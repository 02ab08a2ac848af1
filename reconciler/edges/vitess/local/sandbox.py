"""A sandbox that is a Vitess cluster: one sharded keyspace, and one that is not.

Rule: as for every sandbox (`edges/server/sandbox.py`): until `up` has ended well, everything ends
with it; afterwards it stays until `down`.
"""

from __future__ import annotations

from pathlib import Path

from reconciler.edges.server.find import find_server
from reconciler.edges.server.limits import SANDBOX_SERVERS_MAX
from reconciler.edges.server.options import HOST
from reconciler.edges.server.problems import (
    sandbox_is_up,
    sandbox_keyspace_wrong,
    sandbox_size_wrong,
)
from reconciler.edges.server.process import new_logins
from reconciler.edges.server.sandbox import alone, end_all
from reconciler.edges.server.sandbox_state import (
    Sandbox,
    SandboxProgram,
    SandboxServer,
    SandboxShard,
    SandboxVitess,
    read_state,
    write_state,
)
from reconciler.edges.vitess.local.cluster import ClusterPlan, LocalCluster, boot_cluster
from reconciler.edges.vitess.local.layout import CELL, SIDECAR, ClusterKeyspace, sharded
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.fleet import is_keyspace_name
from reconciler.model.server import Flavor


def vitess_sandbox_up(folder: Path, *, keyspace: str, shards: int) -> Sandbox:
    """Boot a cluster with a server of its own for each shard, and leave all of it running."""
    _check(keyspace, shards)
    folder = folder.resolve()
    with alone(folder):
        if read_state(folder) is not None:
            raise sandbox_is_up(folder)
        end_all(folder)  # of an `up` that was killed half way
        plan = ClusterPlan(
            binary=find_server(Flavor.MYSQL),
            servers=shards,
            keyspaces=(sharded(keyspace, shards), _unsharded(keyspace)),
            logins=new_logins(),
            grpc_asks=True,
        )
        with boot_cluster(plan, folder) as cluster:
            sandbox = _describe(folder, keyspace, cluster)
            write_state(sandbox)
            cluster.detach()
    return sandbox


def _check(keyspace: str, shards: int) -> None:
    if not 1 <= shards <= SANDBOX_SERVERS_MAX:
        raise sandbox_size_wrong("shards", shards, 1, SANDBOX_SERVERS_MAX)
    longest = f"vt_{_unsharded(keyspace).name}"
    if not is_keyspace_name(keyspace) or len(longest) > IDENTIFIER_CHARS_MAX:
        raise sandbox_keyspace_wrong(keyspace)


def _unsharded(keyspace: str) -> ClusterKeyspace:
    """For sequences and small tables, beside the sharded one."""
    return ClusterKeyspace(name=f"{keyspace}_main", sidecar=f"{SIDECAR}_main")


def _describe(folder: Path, keyspace: str, cluster: LocalCluster) -> Sandbox:
    return Sandbox(
        folder=folder,
        keyspace=keyspace,
        logins=cluster.logins,
        servers=tuple(
            SandboxServer(
                number=number,
                folder=server.folder,
                host=HOST,
                port=server.port,
                socket=server.socket,
                version=str(server.version),
            )
            for number, server in sorted(cluster.servers.items())
        ),
        shards=tuple(
            SandboxShard(name=place.shard, database=place.database, server=place.server)
            for place in cluster.tablets.values()
            if place.keyspace == keyspace
        ),
        vitess=SandboxVitess(
            cell=CELL,
            unsharded=_unsharded(keyspace).name,
            vtgate_port=cluster.vtgate_port,
            vtctld_port=cluster.vtctld_port,
            programs=tuple(
                SandboxProgram(name=name, folder=daemon.folder)
                for name, daemon in cluster.daemons.items()
            ),
        ),
    )
