"""A shard's server that prints what it likes, for a scratch server to run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.server.options import Purpose
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.errors import Refused
from tests.attacks.lying_server import Catalogue, Lies, lying_server
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to, observed

EVIL = "general_log_file"
TABLE = (
    "CREATE TABLE `orders` (\n  `id` int NOT NULL,\n  `legacy` int DEFAULT NULL,\n"
    "  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
)
FILE = TABLE.replace("  `legacy` int DEFAULT NULL,\n", "") + ";\n"
VIEW = "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select `legacy` from `orders`"


@dataclass(frozen=True, slots=True)
class Watched:
    """A scratch server that keeps all that it was told."""

    server: RunningServer
    log: Path

    def ran(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def watched_scratch(folder: Path) -> Iterator[Watched]:
    log = folder / "general.log"
    options = {"log_bin": "OFF", "general_log": "ON", "general_log_file": str(log)}
    with start_server(purpose=Purpose.SCRATCH, options=options) as server:
        yield Watched(server, log)


def planned(
    folder: Path, scratch: RunningServer, catalogue: Catalogue, fleet_of: Any, lies: Lies | None
) -> str:
    """`plan` of a drop of the column, against the liar; what it said."""
    with lying_server(catalogue, lies) as liar:
        fleet: Fleet = fleet_of(liar.port, scratch)
        ended = fleet.run("plan", "--output", "json")
    return ended.said


@pytest.fixture
def fleet_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A repository of one shard at a port, with a scratch server."""

    def made(port: int, scratch: RunningServer) -> Fleet:
        fleet = Fleet(tmp_path / "shop", [], lambda _server: "", monkeypatch)
        monkeypatch.setenv("FLEET_SCRATCH_PASSWORD", scratch.admin.password)
        connection = {"host": "127.0.0.1", "port": port, "database": "d", "user": "app"}
        own = {
            "host": "127.0.0.1",
            "port": scratch.port,
            "user": scratch.admin.user,
            "password": "${FLEET_SCRATCH_PASSWORD}",
        }
        fleet.spec = {
            "version": 1,
            "keyspace": "shop",
            "schema": "schemas/shop",
            "environments": {
                "production": {"connection": connection, "shards": ["-"], "scratch": own}
            },
        }
        fleet.write("schemas/shop/orders.sql", FILE)
        fleet.write_spec()
        fleet.git("init", "--quiet", "--initial-branch=main")
        fleet.commit("as it is")
        return fleet

    return made


TEXTS = {
    "a statement of its own": f"SET GLOBAL {EVIL} = 'secrets.txt' /* orders legacy */",
    "a second statement": f"{VIEW}; SET GLOBAL {EVIL} = 'x'",
    "an executable comment": f"{VIEW} /*!50000 where '{EVIL}' */",
    "another kind": f"CREATE TABLE `orders_{EVIL}` (`legacy` int) /* orders */",
    "a query that writes": f"{VIEW} into outfile '{EVIL}'",
}


@pytest.mark.threat("TM-SERVER-5")
@pytest.mark.invariant("SV-3")
def test_what_a_shard_calls_a_view_is_not_run(tmp_path: Path, fleet_of: Any) -> None:
    with watched_scratch(tmp_path) as scratch:
        version = str(scratch.server.version).removeprefix("mysql ")
        honest = Catalogue(version=version, tables={"orders": TABLE}, views={"v": VIEW})
        said = planned(tmp_path, scratch.server, honest, fleet_of, None)
        assert "view v no longer works then" in said, said
        assert "VIEW `v`" in scratch.ran(), "an honest view is tried"
        for text in TEXTS.values():
            said = planned(
                tmp_path, scratch.server, replace(honest, views={"v": text}), fleet_of, None
            )
            assert "v could not be made on scratch" in said or "view v uses" in said, said
        assert EVIL not in re.sub(r"(?m)^.*--general_log_file.*$", "", scratch.ran())


@pytest.mark.threat("TM-SERVER-5")
def test_what_a_shard_calls_a_table_of_another_database_is_not_run(
    tmp_path: Path, fleet_of: Any
) -> None:
    key = "  KEY `k` (`id`),\n  CONSTRAINT `k` FOREIGN KEY (`id`) REFERENCES `other`.`p` (`id`)\n)"
    child = TABLE.replace("\n) ENGINE", f",\n{key} ENGINE")
    with watched_scratch(tmp_path) as scratch:
        version = str(scratch.server.version).removeprefix("mysql ")
        for text in (
            f"SET GLOBAL {EVIL} = 'x'",
            f"CREATE TABLE `p` (\n  `id` int NOT NULL COMMENT '{EVIL}'\n) ENGINE=NoSuchEngine",
            f"CREATE TABLE `{EVIL}` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB",
        ):
            catalogue = Catalogue(
                version=version, tables={"orders": child}, outside={("other", "p"): text}
            )
            planned(tmp_path, scratch.server, catalogue, fleet_of, None)
        assert EVIL not in scratch.ran()


@pytest.mark.threat("TM-SERVER-5")
def test_what_a_shard_says_of_its_settings_goes_into_no_statement(
    tmp_path: Path, fleet_of: Any
) -> None:
    with watched_scratch(tmp_path) as scratch:
        version = str(scratch.server.version).removeprefix("mysql ")
        for variable, value in {
            "@@character_set_database": f"utf8mb4 COMMENT {EVIL}",
            "@@collation_database": f"utf8mb4_bin; SET GLOBAL {EVIL} = 'x'",
        }.items():
            catalogue = Catalogue(
                version=version, tables={"orders": TABLE}, variables={variable: value}
            )
            said = planned(tmp_path, scratch.server, catalogue, fleet_of, None)
            assert "answered something else than was asked" in said
        assert EVIL not in scratch.ran()


@pytest.mark.threat("TM-SERVER-5")
@pytest.mark.invariant("SV-2")
@pytest.mark.parametrize("flavor", ["mysql_server", "mariadb_server"])
def test_the_scratch_login_reaches_nothing_but_scratch(
    flavor: str, request: pytest.FixtureRequest
) -> None:
    """Should a text get through after all, the login holds it."""
    shards: RunningServer = request.getfixturevalue(flavor)
    settings = observed(connection_to(shards, "mysql")).settings
    with MysqlScratch(None, environ={}, root=ROOT) as scratch, scratch.database(settings) as own:
        for evil in (
            "SET GLOBAL general_log_file = 'secrets.txt'",
            "SET GLOBAL general_log = ON",
            "SELECT 1 INTO OUTFILE 'evil.txt'",
            "LOAD DATA INFILE '/etc/passwd' INTO TABLE t",
            "CREATE USER evil",
            "CREATE DATABASE evil",
            "CREATE TABLE mysql.evil (id int)",
            "DROP DATABASE mysql",
            "INSTALL PLUGIN evil SONAME 'evil.so'",
            "SHUTDOWN",
        ):
            error = own.execute(evil)
            assert error is not None, evil
            assert error.number in (1044, 1142, 1143, 1227, 1045, 1290, 3619), (evil, error)
        assert own.execute("CREATE TABLE t (id int PRIMARY KEY)") is None
        assert own.execute("CREATE VIEW v AS SELECT id FROM t") is None
        assert (
            own.execute("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 1") is None
        )
        assert own.resolves("v") is None


# A scratch connection that leads to the shards


@pytest.mark.invariant("SV-4")
def test_scratch_on_a_server_of_shards_is_refused_before_anything_is_made(fleet: Fleet) -> None:
    server = fleet.servers[0]
    fleet.environment["scratch"] = {
        "host": "localhost",  # another way to the same server
        "port": server.port,
        "user": server.admin.user,
        "password": "${FLEET_PASSWORD_0}",
    }
    fleet.write_spec()
    fleet.edit("schemas/shop/users.sql", "  PRIMARY KEY", "  age int,\n  PRIMARY KEY")
    with admin_cursor(server) as cursor:
        cursor.execute("CREATE DATABASE _reconciler_00000001_00000000_1")  # of a run long dead
        cursor.execute("SET GLOBAL general_log = ON")
        cursor.execute("SELECT @@general_log_file, @@datadir")
        [(name, folder)] = cursor.fetchall()
    try:
        for verb in ("plan", "drift", "verify", "pull"):
            ended = fleet.run(verb)
            assert ended.code == 3, ended.said
            assert "scratch-is-a-shard" in ended.said
        assert "leads to a server that has shards on it" in fleet.run("doctor").out
    finally:
        with admin_cursor(server) as cursor:
            cursor.execute("SET GLOBAL general_log = OFF")
            cursor.execute("DROP DATABASE IF EXISTS _reconciler_00000001_00000000_1")
    said = Path(str(folder), str(name)).read_text(errors="replace")
    assert "DROP DATABASE IF EXISTS `_reconciler_" not in said
    assert not re.search(r"CREATE DATABASE `_reconciler_", said)


@pytest.mark.invariant("SV-4")
def test_a_scratch_server_that_is_in_use_is_given_up_for_shards_on_it(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server)))
    with MysqlScratch(connection_to(mysql_server, None), environ={}, root=ROOT) as scratch:
        scratch.keep_off({"another server", ""})
        with scratch.database(seen.settings):
            pass
        with pytest.raises(Refused, match="has shards on it"):
            scratch.keep_off({seen.server})
        with pytest.raises(Refused, match="has shards on it"), scratch.database(seen.settings):
            pass


# What a server of our own is told


@pytest.mark.threat("TM-SERVER-6")
@pytest.mark.invariant("SV-1")
def test_a_server_of_our_own_is_given_no_secret_of_the_job(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("GITHUB_TOKEN", "ACTIONS_RUNTIME_TOKEN", "SCHEMA_PASSWORD", "PYTHONPATH"):
        monkeypatch.setenv(name, "a-secret-of-the-job")
    with start_server(purpose=Purpose.SCRATCH) as server:
        for pid in (server.process.pid, server.process.keeper_pid):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"PATH=" in environment
            assert b"a-secret-of-the-job" not in environment
