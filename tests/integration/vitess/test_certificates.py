"""A vtgate and a vtctld that prove who they are, met by the `init` of docs/vitess.md: one line
takes over a keyspace of theirs, and what another authority signed is nobody."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from reconciler.edges.vitess.find import VitessProgram, vitess_program
from reconciler.edges.vitess.local import commands
from reconciler.edges.vitess.local.cluster import ETCD, LocalCluster
from reconciler.edges.vitess.local.commands import Command, Topology
from reconciler.edges.vitess.local.daemon import Recipe, start_daemon
from tests.attacks.certificates import Certificate, make_certificate
from tests.preloaded import Started
from tests.vitess import Vitess

pytestmark = pytest.mark.vitess

ROUTED = {
    "sharded": True,
    "vindexes": {"h": {"type": "xxhash"}},
    "tables": {"orders": {"column_vindexes": [{"name": "h", "column": "id"}]}},
}
ORDERS = "CREATE TABLE orders (id bigint NOT NULL PRIMARY KEY)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Where the two listen, with the authority that signed for them."""

    vtgate: str
    vtctld: str
    ca: Path


@pytest.fixture
def proven(vitess_cluster: LocalCluster, tmp_path: Path) -> Iterator[Proven]:
    """Of the same cluster as every test's, for whoever asks with TLS."""
    made = make_certificate(tmp_path / "theirs", "127.0.0.1")
    topology = Topology(etcd_port=vitess_cluster.daemons[ETCD].ports[0])
    files = {"cert.pem": made.cert.read_text(), "key.pem": made.key.read_text()}
    logins = {"logins.json": commands.vtgate_logins(vitess_cluster.logins)}
    with ExitStack() as ending:
        vtctld = start_daemon(
            Recipe(
                name="vtctld-tls",
                program=vitess_program(VitessProgram.VTCTLD).path,
                command=with_certificate("grpc", partial(commands.vtctld, topology)),
                files=files,
            )
        )
        ending.callback(vtctld.stop)
        vtgate = start_daemon(
            Recipe(
                name="vtgate-tls",
                program=vitess_program(VitessProgram.VTGATE).path,
                command=with_certificate("mysql-server-ssl", partial(commands.vtgate, topology)),
                ports=3,
                files={**files, **logins},
            )
        )
        ending.callback(vtgate.stop)
        yield Proven(
            vtgate=f"127.0.0.1:{vtgate.ports[-1]}",
            vtctld=f"127.0.0.1:{vtctld.ports[-1]}",
            ca=made.ca,
        )


def with_certificate(of: str, command: Command) -> Command:
    def called(program: Path, run: Path, ports: Sequence[int]) -> list[str]:
        own = [f"--{of}-cert={run}/cert.pem", f"--{of}-key={run}/key.pem"]
        return [*command(program, run, ports), *own]

    return called


def init(
    proven: Proven, ca: Path, keyspace: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    addresses = ["--vtgate", proven.vtgate, "--vtctld", proven.vtctld]
    monkeypatch.setenv("RECONCILER_SCRATCH", "auto")
    command = ["-m", "reconciler", "init", keyspace, *addresses, "--tls-ca", str(ca)]
    ended = Started(command)
    said, _ = ended.communicate()
    return ended.returncode, said


def test_a_keyspace_behind_certificates_is_taken_over_by_the_line_of_the_page(
    vitess: Vitess, proven: Proven, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyspace = vitess.keyspace(vschema=json.dumps(ROUTED))
    for shard in ("-80", "80-"):
        vitess.sql(f"{keyspace}/{shard}", ORDERS)
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    admin = vitess.cluster.logins.admin
    monkeypatch.setenv("SCHEMA_USER", admin.user)
    monkeypatch.setenv("SCHEMA_PASSWORD", admin.password)

    other: Certificate = make_certificate(tmp_path / "others", "127.0.0.1")
    code, said = init(proven, other.ca, keyspace, monkeypatch)
    assert code == 1, said
    assert os.listdir() == []

    code, said = init(proven, proven.ca, keyspace, monkeypatch)
    assert code == 0, said
    assert f"wrote schemas/{keyspace}/vschema.json" in said
    spec = Path(f"specs/{keyspace}.yaml").read_text()
    assert spec.count(f"{proven.ca}") == 2, "of vtgate, and of vtctld"
    ended = Started(["-m", "reconciler", "drift"])
    said, _ = ended.communicate()
    assert ended.returncode == 0, said
    assert "in sync, 2 of 2 shards and the VSchema match git" in said
