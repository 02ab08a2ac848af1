"""`scratch: {keep: …}`: a server that stays for the next command, as good as a fresh one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from pymysql.cursors import Cursor

from reconciler.cli.scratch import scratch as command
from reconciler.edges.mysql import scratch_warm
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.mysql.scratch_warm import is_as_it_began, state_of
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer
from reconciler.edges.server.warm import end_warm_servers, take_place, warm_servers
from reconciler.model.server import ServerSettings
from reconciler.spec.scratch_image import ScratchAtHand
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to, observed
from tests.scratch_servers import scratch_for
from tests.waiting import PATIENCE_S, until

CREATE = "CREATE TABLE t (id INT PRIMARY KEY)"
STAYS = ScratchAtHand(600)


@pytest.fixture(autouse=True)
def temporary(
    mysql_server: RunningServer,
    mariadb_server: RunningServer,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """Of this test alone, without the servers of other tests, and short enough for a socket."""
    scratch_for(mysql_server)  # of a `fleet`
    tmp_path_factory.getbasetemp()  # of all tests behind this one
    folder = Path(tempfile.mkdtemp(prefix="w-"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.delenv("CI", raising=False)
    yield folder
    end_warm_servers()
    assert [*folder.glob("reconciler-server-*")] == []
    shutil.rmtree(folder)


def waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine a sound server may answer late."""
    monkeypatch.setattr(scratch_warm, "WARM_ANSWER_S_MAX", int(PATIENCE_S))
    monkeypatch.setattr(scratch_warm, "WARM_RESTS_S_MAX", PATIENCE_S)


@pytest.fixture
def settings(mariadb_server: RunningServer, fresh_database: FreshDatabase) -> ServerSettings:
    return settings_of(mariadb_server, fresh_database)


def settings_of(server: RunningServer, fresh_database: FreshDatabase) -> ServerSettings:
    return observed(connection_to(server, fresh_database(server))).settings


def admin_link(server: RunningServer) -> Link:
    target = resolve(connection_to(server, None), environ={}, root=ROOT, shard=None)
    return connect(target, with_database=False)


def sql_mode(cursor: Cursor) -> str:
    cursor.execute("SELECT @@GLOBAL.sql_mode")
    [(found,)] = cursor.fetchall()
    return str(found)


def scratch(stays: ScratchAtHand = STAYS) -> MysqlScratch:
    return MysqlScratch(stays, environ={}, root=ROOT)


def server_in(made: MysqlScratch) -> str:
    [server] = made._servers.values()
    return server.look.identity


def used(settings: ServerSettings, stays: ScratchAtHand = STAYS) -> str:
    """By a command that ends well: which server it was."""
    with scratch(stays) as made:
        with made.database(settings) as database:
            assert database.definitions() == {}
            assert database.execute(CREATE) is None
        return server_in(made)


@pytest.mark.invariant("SV-6", "SV-7")
@pytest.mark.parametrize("server", ["mysql_server", "mariadb_server"], indirect=True)
def test_the_next_command_finds_the_server_and_nobody_else_does(
    server: RunningServer,
    fresh_database: FreshDatabase,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited_for_long(monkeypatch)
    settings = settings_of(server, fresh_database)
    first = used(settings)
    [seen] = warm_servers()
    assert seen.unused_s is not None
    with scratch() as made, made.database(settings) as database:
        assert database.execute(CREATE) is None
        assert server_in(made) == first
        assert [one.unused_s for one in warm_servers()] == [None]
        assert end_warm_servers() == 0
        assert used(settings) != first  # one of its own, which ends with it
    assert used(settings) == first
    [seen] = warm_servers()
    holding = [
        path
        for path in temporary.rglob("*")
        if path.is_file() and seen.server.password.encode() in path.read_bytes()
    ]
    assert [path.name for path in holding] == ["warm.json"]
    for private in (*holding, holding[0].parent, temporary / f"reconciler-warm-{os.geteuid()}"):
        assert private.stat().st_mode & 0o077 == 0
    assert end_warm_servers() == 1
    assert warm_servers() == ()
    assert not holding[0].parent.exists()


@pytest.mark.invariant("SV-7")
def test_only_the_server_as_it_began_is_used_again(
    settings: ServerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    used(settings)
    [seen] = warm_servers()
    found = seen.server
    until(lambda: is_as_it_began(found, STAYS, settings), "the server to be found sound")
    program = found.program.replace("mariadbd ", "mariadbd 1")
    for other in (
        replace(found, version="mariadb 10.11.1"),
        replace(found, state="of another one, or changed since"),
        replace(found, program=program),
        replace(found, password="another"),
        replace(found, began_s=time.time() - 86_401),
        replace(found, began_s=time.time() + 60),
    ):
        assert not is_as_it_began(other, STAYS, settings), other
    [process] = seen_processes()
    monkeypatch.setattr(scratch_warm, "WARM_ANSWER_S_MAX", 1)
    os.kill(process, signal.SIGSTOP)
    assert not is_as_it_began(found, STAYS, settings)  # it accepts, and answers nothing
    assert used(settings)
    assert not Path(f"/proc/{process}").exists()
    [seen] = warm_servers()
    assert seen.server != found


def seen_processes() -> list[int]:
    """Of the servers that stay."""
    files = Path(tempfile.gettempdir()).glob("reconciler-server-*/server.pid")
    return [int(file.read_text()) for file in files]


@pytest.mark.invariant("SV-7")
@pytest.mark.parametrize("server", ["mysql_server", "mariadb_server"], indirect=True)
def test_whatever_a_command_could_have_left_shows(server: RunningServer) -> None:
    with admin_link(server) as link, admin_cursor(server) as cursor:
        began = state_of(link, "it")
        assert state_of(link, "another") != began
        for change, back in (
            ("CREATE DATABASE _reconciler_left", "DROP DATABASE _reconciler_left"),
            ("SET GLOBAL sql_mode = ''", f"SET GLOBAL sql_mode = '{sql_mode(cursor)}'"),
        ):
            cursor.execute(change)
            assert state_of(link, "it") != began, change
            cursor.execute(back)
            assert state_of(link, "it") == began


ONE = """
import sys, tempfile
from pathlib import Path
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.spec.model import Connection, ShardSpec
from reconciler.spec.scratch_image import ScratchAtHand
port, user, password, database, stays_s = sys.argv[1:]
shard = Connection(host="127.0.0.1", port=port, database=database, user=user, password=password)
live = MysqlLiveShards(environ={}, root=Path("/"))
[seen] = live.observe([ShardSpec(name="-", connection=shard)], parallel=1)
print("begins", flush=True)
with MysqlScratch(ScratchAtHand(int(stays_s)), environ={}, root=Path("/")) as made:
    while True:
        with made.database(seen.settings) as database:
            database.execute("CREATE TABLE t (id INT PRIMARY KEY)")
            print("made", flush=True)
"""


def killed(
    server: RunningServer, database: str, *, stays_s: int, after: str, more_s: float
) -> None:
    """A command that was killed some time after it has said so."""
    with subprocess.Popen(
        [
            *(sys.executable, "-c", ONE, str(server.port), server.admin.user),
            *(server.admin.password, database, str(stays_s)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as command:
        assert command.stdout is not None
        while command.stdout.readline().strip() != after:
            assert command.poll() is None
        time.sleep(more_s)
        command.kill()


@pytest.mark.invariant("SV-6", "SV-7")
def test_after_a_command_that_was_killed_the_next_one_has_a_server_as_it_begins(
    mariadb_server: RunningServer, fresh_database: FreshDatabase, settings: ServerSettings
) -> None:
    database = fresh_database(mariadb_server)
    for after, more_s in (("begins", 0.3), ("begins", 0.9), ("made", 0.07)):
        killed(mariadb_server, database, stays_s=600, after=after, more_s=more_s)
        used(settings)
        until(lambda: len(seen_processes()) == 1, "the servers of killed commands to end")


@pytest.mark.invariant("SV-6")
def test_a_server_that_nobody_uses_ends_also_behind_a_command_that_was_killed(
    mariadb_server: RunningServer, fresh_database: FreshDatabase, temporary: Path
) -> None:
    database = fresh_database(mariadb_server)
    killed(mariadb_server, database, stays_s=1, after="made", more_s=0.0)
    until(lambda: not [*temporary.glob("reconciler-server-*")], "the server to end")
    assert warm_servers() == ()


@pytest.mark.invariant("SV-6")
def test_no_server_stays_where_others_could_read_of_it(
    settings: ServerSettings, temporary: Path
) -> None:
    places = temporary / f"reconciler-warm-{os.geteuid()}"
    places.mkdir(mode=0o755)
    assert take_place("any") is None
    used(settings)
    assert [*places.iterdir()] == []
    assert seen_processes() == []
    places.rmdir()
    places.symlink_to(temporary)
    assert take_place("any") is None
    places.unlink()


def said(*words: str) -> str:
    ended = CliRunner().invoke(command, words)
    assert ended.exit_code == 0
    return ended.output


def test_a_server_stays_for_the_next_plan_where_the_spec_says_so_and_in_no_job(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited_for_long(monkeypatch)
    assert "no scratch server is kept" in said("status")
    fleet.environment["scratch"] = {"keep": "10m"}
    fleet.edit("schemas/shop/users.sql", "  PRIMARY", "  age int DEFAULT NULL,\n  PRIMARY")
    fleet.write_spec()
    fleet.commit("age")
    monkeypatch.setenv("CI", "true")
    in_a_job = fleet.run("plan", "shop")
    assert warm_servers() == ()
    monkeypatch.delenv("CI")
    planned = [fleet.run("plan", "shop") for _ in range(2)]
    [process] = seen_processes()
    assert {(ended.code, ended.out) for ended in planned} == {(0, in_a_job.out)}
    assert "ADD COLUMN `age`" in in_a_job.out
    assert "unused for" in said("status")
    assert "ended 1 server" in said("stop")
    assert not Path(f"/proc/{process}").exists()
