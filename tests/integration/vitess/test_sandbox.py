"""`reconciler sandbox up --kind vitess`, as its user types it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest
from click.testing import CliRunner, Result

from reconciler.cli.sandbox import sandbox
from reconciler.edges.server.lock import ELSEWHERE_LINK, LOCK_NAME
from reconciler.edges.vitess.find import VitessProgram, vitess_program
from reconciler.edges.vitess.vtctldclient import VtctldClient
from reconciler.errors import InvalidInput
from reconciler.spec.read import read_spec
from tests.tidy.source import ROOT
from tests.waiting import until

pytestmark = pytest.mark.vitess


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "box"
    run("down", tmp_path / "box")


def run(verb: str, folder: Path, *options: str) -> Result:
    return CliRunner().invoke(sandbox, [verb, "--folder", str(folder), *options])


def variables(folder: Path) -> dict[str, str]:
    words = shlex.split((folder / "sandbox.env").read_text())
    return dict(word.split("=", 1) for word in words if "=" in word)


def test_up_status_sql_and_down(folder: Path) -> None:
    up = run("up", folder, "--kind", "vitess", "--keyspace", "shop")
    assert up.exit_code == 0, up.output
    for said in ("keyspace shop: 2 shards", "keyspace shop_main: not sharded", "vtctld"):
        assert said in up.output
    assert run("status", folder).output in up.output
    pids = [int(file.read_text()) for file in folder.glob("*/server.pid")]
    assert len(pids) == 8  # etcd, vtctld, vtgate, three tablets, two servers

    ran = run("sql", folder, "CREATE TABLE t (id bigint PRIMARY KEY); SELECT 1")
    assert ran.output.splitlines() == ["-80\t1", "80-\t1"]
    told = variables(folder)
    vtgate = pymysql.connect(
        host="127.0.0.1",
        port=int(told["SANDBOX_VTGATE_PORT"]),
        user=told["SCHEMA_USER"],
        password=told["SCHEMA_PASSWORD"],
        database="shop/80-",
    )
    with vtgate, vtgate.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == (("t",),)

    program = vitess_program(VitessProgram.VTCTLDCLIENT).path
    vtctld = VtctldClient(program=program, address=f"127.0.0.1:{told['SANDBOX_VTCTLD_PORT']}")
    assert vtctld.ask("GetKeyspaces").status == "Unauthenticated"
    login = f"--grpc-auth-static-client-creds={folder}/vtctld-login.json"
    assert "shop_main" in replace(vtctld, options=(login,)).ask("GetKeyspaces").text

    elsewhere = [link.readlink() for link in folder.glob(f"*/{ELSEWHERE_LINK}")]
    assert all(path.exists() for path in elsewhere)
    assert run("down", folder).output == "sandbox is down\n"
    assert not any(path.exists() for path in (folder, *elsewhere))
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_part_that_has_ended_is_named(folder: Path) -> None:
    assert run("up", folder, "--kind", "vitess", "--shards", "1").exit_code == 0
    with pytest.raises(InvalidInput, match="there is a sandbox"):
        CliRunner().invoke(
            sandbox,
            ["up", "--folder", str(folder), "--kind", "vitess"],
            catch_exceptions=False,
        )
    (tablet,) = folder.glob("vttablet-102-*")
    os.kill(int((tablet / "server.pid").read_text()), signal.SIGKILL)
    until(lambda: run("status", folder).exit_code != 0, "its end to be seen")
    assert "vttablet-102 has ended: see" in run("status", folder).output


def test_the_environment_it_writes_is_one_a_spec_takes(folder: Path) -> None:
    assert run("up", folder, "--kind", "vitess", "--shards", "1").exit_code == 0
    environment = (folder / "sandbox.yaml").read_text()
    spec = read_spec(
        "version: 1\nkind: vitess\nkeyspace: commerce\nschema: schemas/commerce\nenvironments:\n"
        + textwrap.indent(environment, "  "),
        "specs/commerce.yaml",
    )
    vitess = spec.environments[0].vitess
    assert vitess is not None
    told = variables(folder)
    assert told[vitess.vtgate.port[2:-1]].isdigit()
    assert vitess.vtctld.address == "127.0.0.1:${SANDBOX_VTCTLD_PORT}"
    assert (vitess.vtctld.user, vitess.vtctld.password) == ("${SCHEMA_USER}", "${SCHEMA_PASSWORD}")
    assert vitess.cells == ("zone1",)


def test_an_up_that_is_killed_leaves_no_process_and_the_next_one_works(folder: Path) -> None:
    command = [sys.executable, "-m", "reconciler", "sandbox", "up", "--kind", "vitess"]
    up = subprocess.Popen([*command, "--folder", str(folder)], cwd=ROOT)
    until(lambda: list(folder.glob(f"vtctld-*/{LOCK_NAME}")), "vtctld", pause_s=0.01)
    pids = [pid for lock in folder.glob(f"*/{LOCK_NAME}") for pid in lock.read_text().split()]
    up.kill()
    up.wait()
    assert pids
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), "their end")
    assert run("up", folder, "--kind", "vitess", "--shards", "1").exit_code == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--servers", "1"), "leave out --servers"),
        (("--flavor", "mariadb"), "leave out --servers and --flavor"),
        (("--shards", "17"), "from 1 to 16 are possible"),
        (("--shards", "0"), "from 1 to 16 are possible"),
        (("--keyspace", "a" * 60), "is no keyspace name, or too long"),
    ],
)
def test_what_no_cluster_can_be_is_refused(
    options: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    refused = run("up", tmp_path / "box", "--kind", "vitess", *options)
    assert refused.exit_code != 0
    assert said in f"{refused.output}{refused.exception}"
    assert not (tmp_path / "box").exists()
