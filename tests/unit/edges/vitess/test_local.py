"""What a cluster of our own is made of, before any of it runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.edges.server.process import Login, Logins
from reconciler.edges.vitess.local import commands
from reconciler.edges.vitess.local.commands import GRPC_LOGIN, GRPC_USERS, Topology
from reconciler.edges.vitess.local.daemon import Recipe, start_daemon
from reconciler.edges.vitess.local.layout import ClusterKeyspace, place_tablets, sharded
from reconciler.errors import Unavailable

LOGIN = Login(user="reconciler", password="a-password-of-this-run")
TOPOLOGY = Topology(etcd_port=1, grpc_login=LOGIN)
RUN, PROGRAM = Path("/run-of-it"), Path("/bin/program")


def test_each_server_has_one_shard_of_a_keyspace() -> None:
    places = place_tablets(sharded("shop", 2), servers=2)
    assert [(p.shard, p.server, p.database) for p in places] == [
        ("-80", 1, "vt_shop"),
        ("80-", 2, "vt_shop"),
    ]


def test_shards_that_share_a_server_have_databases_of_their_own() -> None:
    places = place_tablets(sharded("big", 5), servers=2)
    assert [place.server for place in places] == [1, 2, 1, 2, 1]
    assert len({place.database for place in places}) == 5


def test_a_replica_has_a_server_of_its_own_behind_its_primary() -> None:
    places = place_tablets(sharded("shop", 2, replicas=1), servers=4)
    assert [(p.shard, p.server, p.is_replica, p.database) for p in places] == [
        ("-80", 1, False, "vt_shop"),
        ("-80", 2, True, "vt_shop"),
        ("80-", 3, False, "vt_shop"),
        ("80-", 4, True, "vt_shop"),
    ]


def test_shards_that_come_later_have_databases_of_their_own() -> None:
    (place,) = place_tablets(sharded("shop", 1), servers=2, taken=[101], are_more=True)
    assert (place.uid, place.database) == (102, "vt_shop_-")


def test_a_tablet_gets_a_number_that_no_other_has() -> None:
    first = place_tablets(sharded("a", 2), servers=2)
    second = place_tablets(sharded("b", 2), servers=2, taken=[p.uid for p in first])
    assert len({place.uid for place in (*first, *second)}) == 4
    assert second[0].alias == "zone1-0000000103"


@pytest.mark.parametrize("shards", [1, 2])
def test_a_vschema_begins_with_whether_the_keyspace_is_sharded(shards: int) -> None:
    assert json.loads(sharded("a", shards).first_vschema) == {"sharded": shards > 1}
    assert ClusterKeyspace(name="a", vschema="{}").first_vschema == "{}"


@pytest.mark.invariant("VT-2")
def test_every_address_that_is_listened_on_is_loopback_and_no_password_is_an_argument() -> None:
    called = {
        "etcd": commands.etcd(PROGRAM, RUN, [2, 3]),
        "vtctld": commands.vtctld(TOPOLOGY, PROGRAM, RUN, [2, 3]),
        "vtgate": commands.vtgate(TOPOLOGY, PROGRAM, RUN, [2, 3, 4]),
    }
    for name, command in called.items():
        told = [word for word in command if "listen" in word or "bind-address" in word]
        assert len(told) >= 2, name
        assert all("127.0.0.1" in word for word in told), name
        assert LOGIN.password not in " ".join(command)
    assert LOGIN.password in commands.vtgate_logins(Logins(admin=LOGIN, reader=LOGIN))


@pytest.mark.invariant("VT-2")
def test_who_may_ask_by_grpc_stands_in_files() -> None:
    assert set(TOPOLOGY.grpc_files) == {GRPC_USERS, GRPC_LOGIN}
    assert f"--grpc-auth-static-password-file={RUN}/{GRPC_USERS}" in TOPOLOGY.grpc_options(RUN)
    anybody = Topology(etcd_port=1)
    assert (anybody.grpc_options(RUN), anybody.grpc_files) == ([], {})


def test_a_program_that_ends_at_once_is_named_with_its_last_words(tmp_path: Path) -> None:
    program = tmp_path / "vtgate"
    program.write_text("#!/bin/sh\necho 'topology server is down' >&2\nexit 3\n")
    program.chmod(0o755)
    recipe = Recipe(
        name="vtgate",
        program=program,
        command=lambda found, run, _: [str(found), str(run)],
        files={"login.json": "{}"},
    )
    with pytest.raises(Unavailable, match="vtgate ended while it should start") as raised:
        start_daemon(recipe, tmp_path / "box")
    assert "topology server is down" in str(raised.value)
    assert list((tmp_path / "box").iterdir()) == []
