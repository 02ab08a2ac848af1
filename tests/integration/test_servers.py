"""Our own servers answer, keep to themselves, and are gone whoever dies first."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
import pytest

from reconciler.edges.server.find import find_server, find_servers
from reconciler.edges.server.lock import is_kept, sweep_abandoned
from reconciler.edges.server.options import Purpose
from reconciler.edges.server.process import Login, RunningServer, start_server
from reconciler.edges.server.sandbox import is_running, sandbox_down, sandbox_status, sandbox_up
from reconciler.errors import InvalidInput, Unavailable
from reconciler.model.server import Flavor
from tests.waiting import until

PROJECT = Path(__file__).parents[2]
NOBODY = 65534
SERVERS = ("mysql_server", "mariadb_server", "mariadb_10_server")

# An owner that starts a server, says where it is, and then waits to be killed.
OWNER = """
import json, os, sys
from pathlib import Path
from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import start_server
wanted = Path(sys.argv[1]).resolve()
server = start_server(next(found for found in find_servers() if found.path.resolve() == wanted))
facts = {"folder": str(server.folder), "port": server.port, "user": os.geteuid(),
         "keeper": server.process.keeper_pid, "server": server.process.pid}
print(json.dumps(facts), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A server that belongs to a process other than the test's."""

    owner: subprocess.Popen[str]
    folder: Path
    port: int
    user: int
    keeper: int
    server: int

    def is_gone(self) -> bool:
        return not is_listening(self.port) and not is_kept(self.folder)


@pytest.fixture
def owned() -> Iterator[Owned]:
    with owner_process(sys.executable, find_server(Flavor.MARIADB).path) as process:
        yield described(process)
        process.kill()


def owner_process(python: str, binary: Path, **options: Any) -> subprocess.Popen[str]:
    process: subprocess.Popen[str] = subprocess.Popen(
        [python, "-c", OWNER, str(binary)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **options,
    )
    return process


def described(process: subprocess.Popen[str]) -> Owned:
    assert process.stdout is not None
    facts = json.loads(process.stdout.readline())
    return Owned(owner=process, folder=Path(facts.pop("folder")), **facts)


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_what_it_says_it_is(name: str, request: pytest.FixtureRequest) -> None:
    server: RunningServer = request.getfixturevalue(name)
    ((version, binlog, format_),) = query(
        server, server.admin, "SELECT VERSION(), @@log_bin, @@binlog_format"
    )
    number = f"{server.version.major}.{server.version.minor}.{server.version.patch}"
    assert version.startswith(number)
    assert ("mariadb" in version.lower()) == (server.version.flavor is Flavor.MARIADB)
    assert (binlog, format_) == (1, "ROW")


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_listens_on_loopback_only(name: str, request: pytest.FixtureRequest) -> None:
    server: RunningServer = request.getfixturevalue(name)
    ((address,),) = query(server, server.admin, "SELECT @@bind_address")
    assert address == "127.0.0.1"
    assert not is_listening(server.port, "::1")


@pytest.mark.parametrize("name", SERVERS)
def test_it_takes_nothing_of_which_a_machine_has_too_little_for_many(
    name: str, request: pytest.FixtureRequest
) -> None:
    """Of the kernel's 65,536 asynchronous requests a server would take 2,300."""
    server: RunningServer = request.getfixturevalue(name)
    assert query(server, server.admin, "SELECT @@innodb_use_native_aio") == ((0,),)


@pytest.mark.parametrize("name", SERVERS)
def test_nobody_gets_in_without_a_password(name: str, request: pytest.FixtureRequest) -> None:
    server: RunningServer = request.getfixturevalue(name)
    for user in ("root", "reconciler", "reader", ""):
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            connect(server.host, server.port, Login(user=user, password=""))
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            pymysql.connect(unix_socket=str(server.socket), user=user, password="")


@pytest.mark.parametrize("name", SERVERS)
def test_the_reader_sees_definitions_and_changes_nothing(
    name: str, request: pytest.FixtureRequest, fresh_database: Callable[[RunningServer], str]
) -> None:
    server: RunningServer = request.getfixturevalue(name)
    database = fresh_database(server)
    query(server, server.admin, f"CREATE TABLE `{database}`.t (id int PRIMARY KEY)")
    ((table, text),) = query(server, server.reader, f"SHOW CREATE TABLE `{database}`.t")
    assert (table, text.startswith("CREATE TABLE")) == ("t", True)
    for statement in (
        f"ALTER TABLE `{database}`.t ADD COLUMN a int",
        f"INSERT INTO `{database}`.t VALUES (1)",
        f"DROP TABLE `{database}`.t",
        "CREATE DATABASE of_the_reader",
        "SET GLOBAL max_connections = 1",
    ):
        with pytest.raises(pymysql.Error, match=r"denied"):
            query(server, server.reader, statement)


def test_a_scratch_server_takes_the_settings_of_the_shards() -> None:
    settings = {
        "sql_mode": "ANSI_QUOTES",
        "lower-case-table-names": "1",
        "explicit_defaults_for_timestamp": "OFF",
        "log_bin": "ON",
    }
    binary = find_server(Flavor.MYSQL)
    with start_server(binary, purpose=Purpose.SCRATCH, options=settings) as server:
        ((mode, fold, explicit, binlog, events),) = query(
            server,
            server.admin,
            "SELECT @@GLOBAL.sql_mode, @@lower_case_table_names,"
            " @@explicit_defaults_for_timestamp, @@log_bin, @@event_scheduler",
        )
    assert (mode, fold, explicit, binlog, events) == ("ANSI_QUOTES", 1, 0, 1, "OFF")


@pytest.mark.parametrize(
    ("name", "value"), [("--skip-grant", "x"), ("sql_mode", "a\nb"), ("", ""), ("a=b", "c")]
)
def test_an_option_that_is_none_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidInput, match="server-option-invalid"):
        start_server(options={name: value})


def test_a_server_that_dies_at_its_start_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no_such_variable"):
        start_server(options={"no_such_variable": "1"}, folder=tmp_path / "own")
    assert not (tmp_path / "own").exists()


def test_a_stopped_server_leaves_nothing() -> None:
    with start_server() as server:
        assert is_listening(server.port)
        assert is_kept(server.folder)
    assert not is_listening(server.port)
    assert not server.folder.exists()


def test_a_long_folder_name_is_no_obstacle(tmp_path: Path) -> None:
    with start_server(folder=tmp_path / ("long" * 40)) as server:
        query(server, server.admin, "SELECT 1")
    assert not server.folder.exists()
    assert not server.socket.parent.exists()


def test_killing_the_owner_ends_its_server(owned: Owned) -> None:
    owned.owner.kill()
    owned.owner.wait()
    until(lambda: owned.is_gone() and not owned.folder.exists(), "its end, and its folder's")


def test_killing_the_keeper_ends_its_server(owned: Owned) -> None:
    os.kill(owned.keeper, signal.SIGKILL)
    until(owned.is_gone, "its end")


def test_killing_keeper_and_owner_leaves_a_folder_for_the_next_start_to_sweep(owned: Owned) -> None:
    os.kill(owned.keeper, signal.SIGKILL)
    owned.owner.kill()
    until(owned.is_gone, "its end")
    sweep_abandoned(owned.folder.parent)
    assert not owned.folder.exists()


def test_killing_the_server_ends_its_keeper(owned: Owned) -> None:
    os.kill(owned.server, signal.SIGKILL)
    until(lambda: owned.is_gone() and not owned.folder.exists(), "its end, and its folder's")


def test_a_sweep_leaves_living_servers_alone(owned: Owned) -> None:
    sweep_abandoned(owned.folder.parent)
    assert is_kept(owned.folder)
    assert is_listening(owned.port)


@pytest.fixture
def everybodys_folder() -> Iterator[Path]:
    """A place that any user reaches; pytest's own are the testing user's alone."""
    with tempfile.TemporaryDirectory(prefix="reconciler-test-", dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.parametrize("flavor", list(Flavor))
def test_it_works_as_an_ordinary_user(flavor: Flavor, everybodys_folder: Path) -> None:
    """As root, by giving root up, on copies: nobody else may be able to look into the checkout."""
    home = everybodys_folder / "home"
    home.mkdir()
    python, options = sys.executable, {}
    if os.geteuid() == 0:
        os.chown(home, NOBODY, NOBODY)
        options = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        python = python_of_everybody(**options)
    binary = find_server(flavor).path.resolve()
    if (binary.parents[1] / "receipt.json").exists():
        prefix = shutil.copytree(binary.parents[1], everybodys_folder / "server", symlinks=True)
        binary = prefix / "bin" / binary.name
    package = everybodys_folder / "package"
    shutil.copytree(PROJECT / "reconciler", package / "reconciler")
    path = f"{binary.parent}{os.pathsep}{os.defpath}"
    environment = {"HOME": str(home), "PATH": path, "PYTHONPATH": str(package)}
    with owner_process(python, binary, env=environment, cwd="/", **options) as process:
        server = described(process)
        assert server.user != 0
        assert is_listening(server.port)
        process.kill()
        process.wait()
    until(lambda: server.is_gone() and not server.folder.exists(), "its end, and its folder's")


def python_of_everybody(**options: Any) -> str:
    """Without the project's environment: servers need the standard library only."""
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        with suppress(OSError):
            if subprocess.run([python, "-c", ""], cwd="/", check=False, **options).returncode == 0:
                return python
    pytest.fail("no Python that users other than root may run: install python3")


@pytest.fixture
def sandbox_folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "sandbox"
    sandbox_down(tmp_path / "sandbox")


def test_a_sandbox_is_a_fleet_until_it_is_down(sandbox_folder: Path) -> None:
    made = sandbox_up(sandbox_folder, keyspace="commerce", shards=3, servers=2)
    assert sandbox_status(sandbox_folder) == made
    assert [shard.database for shard in made.shards] == [
        "commerce_-55",
        "commerce_55-aa",
        "commerce_aa-",
    ]
    assert [shard.server for shard in made.shards] == [1, 2, 1]
    for shard in made.shards:
        server = made.server_of(shard)
        assert is_running(server)
        with connect(server.host, server.port, made.logins.admin, shard.database):
            pass
    for path in sandbox_folder.glob("sandbox.*"):
        assert path.stat().st_mode & 0o077 == 0, f"{path.name} holds passwords"
    with pytest.raises(InvalidInput, match="sandbox-exists"):
        sandbox_up(sandbox_folder, keyspace="commerce", shards=1, servers=1)

    assert sandbox_down(sandbox_folder)
    assert not any(is_listening(server.port) for server in made.servers)
    assert not sandbox_folder.exists()
    assert not sandbox_down(sandbox_folder)


def test_two_sandboxes_do_not_know_each_other(sandbox_folder: Path, tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    try:
        mine = sandbox_up(sandbox_folder, keyspace="commerce", shards=1, servers=1)
        other = sandbox_up(
            other_folder, keyspace="commerce", shards=1, servers=1, flavor=Flavor.MARIADB
        )
        assert mine.servers[0].port != other.servers[0].port
        assert mine.logins != other.logins
    finally:
        sandbox_down(other_folder)
    assert is_running(mine.servers[0])


def test_a_server_that_ended_in_a_sandbox_is_seen_and_leaves_its_log(sandbox_folder: Path) -> None:
    (server,) = sandbox_up(sandbox_folder, keyspace="k", shards=1, servers=1).servers
    os.kill(int((server.folder / "server.pid").read_text()), signal.SIGKILL)
    until(lambda: not is_running(server), "its end")
    assert (server.folder / "server.log").exists()
    assert sandbox_down(sandbox_folder)
    assert not sandbox_folder.exists()


def test_killing_up_half_way_leaves_no_server(sandbox_folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from reconciler.edges.server.sandbox import sandbox_up;"
        "sandbox_up(Path(sys.argv[1]), keyspace='k', shards=2, servers=2)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(sandbox_folder)]) as up:
        until(lambda: any(sandbox_folder.glob("server-*/server.pid")), "a server")
        up.kill()
    until(
        lambda: not any(is_kept(folder) for folder in sandbox_folder.glob("server-*")), "their ends"
    )
    assert sandbox_status(sandbox_folder) is None
    sandbox_up(sandbox_folder, keyspace="k", shards=1, servers=1)


def test_down_touches_nothing_that_is_not_the_sandbox(sandbox_folder: Path) -> None:
    sandbox_up(sandbox_folder, keyspace="k", shards=1, servers=1)
    precious = sandbox_folder / "server-room" / "plan.txt"
    precious.parent.mkdir()
    precious.write_text("mine")
    assert sandbox_down(sandbox_folder)
    assert [path.name for path in sandbox_folder.iterdir()] == ["server-room"]
    assert precious.read_text() == "mine"


@pytest.mark.parametrize(
    ("keyspace", "shards", "servers", "code"),
    [
        ("commerce", 0, 1, "sandbox-size"),
        ("commerce", 2, 3, "sandbox-size"),
        ("commerce", 2, 0, "sandbox-size"),
        ("a`b", 1, 1, "sandbox-keyspace"),
        ("x" * 62, 4, 1, "sandbox-keyspace"),
    ],
)
def test_a_sandbox_that_cannot_be_is_refused(
    keyspace: str, shards: int, servers: int, code: str, sandbox_folder: Path
) -> None:
    with pytest.raises(InvalidInput, match=code):
        sandbox_up(sandbox_folder, keyspace=keyspace, shards=shards, servers=servers)
    assert not sandbox_folder.exists()


def test_every_server_at_hand_is_listed_once() -> None:
    found = find_servers()
    assert len({server.path.resolve() for server in found}) == len(found)
    with pytest.raises(Unavailable, match="server-not-found"):
        find_server(series="mysql 5.0")


def query(server: RunningServer, login: Login, statement: str) -> Any:
    with (
        connect(server.host, server.port, login) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
        return cursor.fetchall()


def connect(
    host: str, port: int, login: Login, database: str | None = None
) -> pymysql.Connection[pymysql.cursors.Cursor]:
    return pymysql.connect(
        host=host, port=port, user=login.user, password=login.password, database=database
    )


def is_listening(port: int, host: str = "127.0.0.1") -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(5)
        try:
            return client.connect_ex((host, port)) == 0
        except OSError:
            return False
