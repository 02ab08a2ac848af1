"""Real servers for the tests: started when first asked for, one set for each test process.

Rule: a missing server is a failure that says what to run, never a skipped test.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import is_hypothesis_test, settings

from reconciler.edges.server.find import ServerBinary, find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from tests.connections import admin_connection
from tests.engines import EngineTests, why_missing
from tests.fleet import Fleet
from tests.forked import Forked
from tests.garbage import leave_be, look_for_more
from tests.git_settings import spare_git
from tests.kept_settings import KEPT, kept_settings
from tests.machine import memory_folder, processes
from tests.order import longest_first
from tests.series import ANY_MACHINE
from tests.subjects import OLDEST_MARIADB, Server, Subject, is_of_the_oldest
from tests.temporal.plugin import TemporalTests
from tests.vitess import VitessTests, vitess, vitess_cluster

__all__ = ["kept_settings", "vitess", "vitess_cluster"]  # fixtures

leave_be()

FreshDatabase = Callable[[Server], str]
ServerOf = Callable[[Subject], Server]

# An example that takes long says that the machine is busy, not that the claim is wrong.
settings.register_profile(ANY_MACHINE, deadline=None)
settings.load_profile(ANY_MACHINE)
# Of `make quick`, which is run before each commit: `make test` tries ten times as many.
settings.register_profile("quick", deadline=None, max_examples=10)
# Of `make test`, on servers: `make test-random` tries four times as many.
settings.register_profile("quarter", deadline=None, max_examples=25)

_A_CORE = "cores"

# Files whose tests are begun first.
_LONGEST = (
    "test_engine_chaos.py",
    "test_throttle.py",
    "test_tutorial.py",
    "test_chaos.py",
    "test_demo.py",
    "test_reparent.py",
    "test_reshard.py",
    "test_reshard_verbs.py",
    "test_online_ddl.py",
    "test_github_faults.py",
    "test_full_path.py",
    "test_controller.py",
    "test_split_tick.py",
    "test_planetscale.py",
    "test_region_requests.py",
)


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`."""
    return processes()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--every-engine", action="store_true", help="an engine that is not there is a failure"
    )
    parser.addoption(
        "--forked",
        metavar="PROCESSES",
        help="so many, not by pytest-xdist; cores: one for each core; auto: more, for tests that"
        " wait for servers",
    )
    parser.addoption("--temporal", action="store_true", help="those on a Temporal server as well")
    parser.addoption("--vitess", action="store_true", help="the tests on a Vitess cluster as well")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # processes of pytest-xdist inherit what is set here
        spare_git()
        _keep_files_in_memory(_forked(config) or config.getoption("numprocesses") or 1)
    every_engine = bool(config.getoption("every_engine"))
    config.pluginmanager.register(EngineTests(why_missing, every_engine=every_engine))
    if config.getoption("forked"):
        config.pluginmanager.register(Forked(_forked(config), _is_long))
    config.pluginmanager.register(TemporalTests(wanted=bool(config.getoption("temporal"))))
    config.pluginmanager.register(VitessTests(wanted=bool(config.getoption("vitess"))))


def _forked(config: pytest.Config) -> int | None:
    """How many processes with servers of their own are forked; None: none has any."""
    told: str | None = config.getoption("forked")
    if told in (None, _A_CORE):
        return None
    return processes() if told == "auto" else int(told)


def _is_long(test: pytest.Item) -> bool:
    return test.path.name in _LONGEST


def _keep_files_in_memory(for_processes: int) -> None:
    """Those of servers too, if there is room."""
    if "TMPDIR" in os.environ:
        return
    if (folder := memory_folder(for_processes)) is not None:
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    elif (folder := memory_folder(0)) is not None:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)


@pytest.hookimpl(tryfirst=True)  # before some are chosen by their markers
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if is_hypothesis_test(getattr(item, "function", None)):
            item.add_marker("random")
        if is_of_the_oldest(getattr(getattr(item, "callspec", None), "params", {})):
            item.add_marker("oldest")
    workers: dict[str, Any] = getattr(config, "workerinput", {})  # of pytest-xdist
    items[:] = longest_first(items, _is_long, processes=workers.get("workercount", 1))


def pytest_collection_finish() -> None:
    look_for_more()


def _binaries(flavor: Flavor) -> list[ServerBinary]:
    """All servers at hand of that flavor, the oldest first."""
    found = [server for server in find_servers() if server.version.flavor is flavor]
    if not found:
        pytest.fail(f"no {flavor} server at hand: run `make servers`", pytrace=False)
    return sorted(found, key=lambda server: server.version)


@pytest.fixture(scope="session")
def mysql_server() -> Iterator[RunningServer]:
    """The newest MySQL at hand."""
    with start_server(_binaries(Flavor.MYSQL)[-1]) as server:
        KEPT.remember(server)
        yield server


@pytest.fixture(scope="session")
def mysql_server_2() -> Iterator[RunningServer]:
    """A second process of the same, for fleets on more than one server."""
    with start_server(_binaries(Flavor.MYSQL)[-1]) as server:
        KEPT.remember(server)
        yield server


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[RunningServer]:
    """The newest MariaDB at hand."""
    with start_server(_binaries(Flavor.MARIADB)[-1]) as server:
        KEPT.remember(server)
        yield server


@pytest.fixture(scope="session")
def mariadb_10_server() -> Iterator[RunningServer]:
    """The oldest MariaDB at hand: 10.11 on Debian; where there is one only, the same again."""
    with start_server(_binaries(Flavor.MARIADB)[0]) as server:
        KEPT.remember(server)
        yield server


@pytest.fixture(scope="session")
def server_of(request: pytest.FixtureRequest) -> ServerOf:
    """The server of a subject: the given one, or one of our own, started when first asked for."""
    own = {
        Flavor.MYSQL.value: "mysql_server",
        Flavor.MARIADB.value: "mariadb_server",
        OLDEST_MARIADB: "mariadb_10_server",
    }

    def find(subject: Subject) -> Server:
        if subject.given is not None:
            return subject.given
        server: Server = request.getfixturevalue(own[subject.name])
        return server

    return find


@pytest.fixture
def fresh_database(request: pytest.FixtureRequest) -> Iterator[FreshDatabase]:
    """A function that makes an empty database and tells its name; it is gone after the test."""
    made: list[str] = []
    dropping: dict[int, tuple[Server, list[str]]] = {}

    def create(server: Server) -> str:
        stem = "".join(c if c.isalnum() else "_" for c in request.node.name.lower())[:40]
        name = f"t_{stem}_{os.getpid()}_{len(made)}"
        run_as_admin(server, f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        made.append(name)
        drops = dropping.setdefault(server.port, (server, []))[1]
        drops.append(f"DROP DATABASE IF EXISTS `{name}`")
        return name

    yield create
    for server, drops in dropping.values():
        run_as_admin(server, *drops)


def run_as_admin(server: Server, *statements: str) -> None:
    connection = admin_connection(server)
    with connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def shard_count() -> int:
    return 4


@pytest.fixture
def fleet(
    tmp_path: Path,
    mysql_server: RunningServer,
    mysql_server_2: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    shard_count: int,
) -> Fleet:
    """`shard_count` shards on two servers, and a repository that says what they are."""
    servers = [mysql_server, mysql_server_2]
    return Fleet(tmp_path / "shop", servers, fresh_database, monkeypatch).found(shard_count)


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def small_fleet(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    """Two shards on one server, of each flavor in turn; the first is a wave of its own."""
    server: RunningServer = request.getfixturevalue(request.param)
    fleet = Fleet(tmp_path / "shop", [server], fresh_database, monkeypatch).found(2)
    fleet.environment["rollout"] = {
        "canary": ["-80"],
        "parallel": 1,
        "lock_wait": "1s",
        "lock_retries": 30,
    }
    fleet.write_spec()
    fleet.commit("one shard after the other")
    return fleet
