"""A cluster that asks who it is asked by: the logins of a spec open it, and nothing else does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.client.opening import open_wire
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import new_logins
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.edges.vitess.local.cluster import ClusterPlan, LocalCluster, boot_cluster
from reconciler.edges.vitess.local.layout import sharded
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import Unavailable
from reconciler.guard.topology import topology_problems
from reconciler.model.server import Flavor
from reconciler.model.topology import Serving, Topology
from reconciler.spec.model import Connection, VitessCluster, Vtctld

pytestmark = pytest.mark.vitess

KEYSPACE = "guarded"


@pytest.fixture(scope="module")
def guarded() -> Iterator[LocalCluster]:
    plan = ClusterPlan(
        binary=find_server(Flavor.MYSQL),
        servers=1,
        keyspaces=(sharded(KEYSPACE, 1),),
        logins=new_logins(),
        grpc_asks=True,
    )
    with boot_cluster(plan) as cluster:
        yield cluster


def topology(cluster: LocalCluster, *, vtgate_password: str, vtctld: Vtctld) -> Topology:
    spec = VitessCluster(
        vtgate=Connection(
            host="127.0.0.1",
            port=str(cluster.vtgate_port),
            user=cluster.logins.admin.user,
            password="${SCHEMA_PASSWORD}",
        ),
        vtctld=vtctld,
        keyspace=KEYSPACE,
    )
    environ = {
        "SCHEMA_PASSWORD": vtgate_password,
        "SCHEMA_VTCTLD_PASSWORD": cluster.logins.admin.password,
    }
    workers = ThreadWorkers()
    return VitessKeyspaces(environ=environ, root=Path("/"), workers=workers).topology(spec)


def login_of(cluster: LocalCluster) -> Vtctld:
    return Vtctld(
        address=cluster.vtctld_address,
        user=cluster.logins.admin.user,
        password="${SCHEMA_VTCTLD_PASSWORD}",
    )


def test_a_quiet_keyspace_is_seen_with_the_logins_of_the_spec(guarded: LocalCluster) -> None:
    password = guarded.logins.admin.password
    seen = topology(guarded, vtgate_password=password, vtctld=login_of(guarded))
    assert seen.serves
    assert [shard.name for shard in seen.shards] == ["-"]
    assert (seen.workflows, seen.migrations) == ((), ())


def test_vtctld_tells_nobody_else(guarded: LocalCluster) -> None:
    nobody = Vtctld(address=guarded.vtctld_address)
    with pytest.raises(Unavailable) as raised:
        topology(guarded, vtgate_password=guarded.logins.admin.password, vtctld=nobody)
    assert "[vtctld-login]" in str(raised.value)
    assert guarded.vtctld_address not in str(raised.value)


@pytest.mark.invariant("PL-12")
def test_a_wrong_password_of_vtctld_is_told_without_the_user(guarded: LocalCluster) -> None:
    other = replace(login_of(guarded), password="another password")
    with pytest.raises(Unavailable) as raised:
        topology(guarded, vtgate_password=guarded.logins.admin.password, vtctld=other)
    assert "[vtctld-login]" in str(raised.value)
    assert guarded.logins.admin.user not in str(raised.value)


def test_vtgate_tells_nobody_else(guarded: LocalCluster) -> None:
    with pytest.raises(Unavailable, match="does not accept this user and password"):
        topology(guarded, vtgate_password="another password", vtctld=login_of(guarded))


@pytest.mark.invariant("VT-38")
@pytest.mark.threat("TM-VTCTLD-4")
def test_a_vtctld_of_another_cluster_is_not_believed(
    guarded: LocalCluster, vitess_cluster: LocalCluster
) -> None:
    """Both have a keyspace of this name with these shards, and nothing else in common."""
    namesake = sharded(KEYSPACE, 1, sidecar="_vt_namesake")
    vitess_cluster.add_keyspace(namesake)
    try:
        seen = topology(
            guarded,
            vtgate_password=guarded.logins.admin.password,
            vtctld=Vtctld(address=vitess_cluster.vtctld_address),
        )
    finally:
        vitess_cluster.remove_keyspace(namesake)
    assert [shard.serving for shard in seen.shards] == [Serving.DISPUTED]
    (problem,) = topology_problems(seen, ())
    assert problem.code == "vitess-primary-disputed"


@pytest.mark.invariant("VT-30")
def test_what_goes_through_vtgate_may_what_vitess_gives_its_users_and_no_more(
    guarded: LocalCluster,
) -> None:
    target = replace(guarded.target(guarded.logins.admin), database=f"{KEYSPACE}/-")
    connection = open_wire(target, program="test", database=target.database)
    with connection, connection.cursor() as cursor:
        cursor.execute("SHOW GRANTS")
        ((granted,),) = cursor.fetchall()
    assert granted.endswith("ON *.* TO `vt_app`@`%`")
    assert "ALTER, " in granted
    assert not any(more in granted for more in ("ALL PRIVILEGES", "SUPER", "_ADMIN"))
