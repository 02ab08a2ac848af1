"""Throwaway databases stand for the shards, or are refused."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.diff.session import UNCHECKED
from reconciler.edges.mysql.limits import SCRATCH_LEFTOVER_AFTER_S
from reconciler.edges.mysql.scratch import MysqlScratch
from reconciler.edges.server.process import RunningServer
from reconciler.edges.workers import ThreadWorkers
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.schema import Column, ForeignKey, Table
from reconciler.model.server import Flavor, ServerSettings
from reconciler.spec.model import Connection
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    account,
    admin_cursor,
    connection_to,
    observed,
)

PARENT = "CREATE TABLE `p` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"


@pytest.fixture
def settings(server: RunningServer, fresh_database: FreshDatabase) -> ServerSettings:
    return observed(connection_to(server, fresh_database(server))).settings


@pytest.fixture
def scratch(server: RunningServer) -> Iterator[MysqlScratch]:
    with given(connection_to(server, None)) as made:
        yield made


def given(connection: Connection | None) -> MysqlScratch:
    return MysqlScratch(connection, environ={}, root=ROOT)


def ours(server: RunningServer) -> list[str]:
    with admin_cursor(server) as cursor:
        cursor.execute("SHOW DATABASES LIKE '\\_reconciler\\_%'")
        return [str(name) for (name,) in cursor.fetchall()]


def refusal(scratch: MysqlScratch, settings: ServerSettings) -> Problem:
    with pytest.raises((Refused, Unavailable)) as caught, scratch.database(settings):
        pass
    [problem] = caught.value.problems
    return problem


def changed(settings: ServerSettings, **variables: str) -> ServerSettings:
    merged = {**dict(settings.variables), **variables}
    return replace(settings, variables=tuple(sorted(merged.items())))


def test_a_database_reads_as_a_live_one_does(
    server: RunningServer,
    scratch: MysqlScratch,
    settings: ServerSettings,
    fresh_database: FreshDatabase,
) -> None:
    create = (
        "CREATE TABLE t (id INT PRIMARY KEY, at TIMESTAMP DEFAULT '2020-01-01 00:00:00',"
        " s VARCHAR(9), CHECK (s <> 'x'), KEY (s))"
    )
    live = fresh_database(server)
    with admin_cursor(server, live) as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(create)
    with scratch.database(settings) as database:
        assert database.execute(create) is None
        assert database.definitions() == dict(observed(connection_to(server, live)).definitions)
        assert database.definition("t") == database.definitions()["t"]
        assert database.definition("u") is None


def test_a_refused_statement_is_a_value_without_the_databases_name(
    scratch: MysqlScratch, settings: ServerSettings
) -> None:
    with scratch.database(settings) as database:
        error = database.execute("ALTER TABLE nothing ADD COLUMN a INT")
        assert error is not None
        assert (error.number, error.message) == (1146, "Table 'nothing' doesn't exist")


def test_databases_are_gone_afterwards(
    server: RunningServer, scratch: MysqlScratch, settings: ServerSettings
) -> None:
    with scratch.database(settings) as database:
        database.execute("CREATE TABLE t (id INT)")
        assert len(ours(server)) == 1
    assert ours(server) == []
    with pytest.raises(ZeroDivisionError), scratch.database(settings):
        raise ZeroDivisionError
    assert ours(server) == []


def test_databases_of_killed_runs_are_cleared_after_a_day(
    server: RunningServer, settings: ServerSettings
) -> None:
    old = f"_reconciler_{int(time.time()) - SCRATCH_LEFTOVER_AFTER_S - 60:08x}_0123abcd_1"
    young = f"_reconciler_{int(time.time()) - 60:08x}_0123abcd_1"
    foreign = "_reconciler_of_somebody"
    with admin_cursor(server) as cursor:
        for name in (old, young, foreign):
            cursor.execute(f"CREATE DATABASE {name}")
        try:
            with given(connection_to(server, None)) as scratch, scratch.database(settings):
                pass
            assert ours(server) == sorted([young, foreign])
        finally:
            for name in (young, foreign):
                cursor.execute(f"DROP DATABASE {name}")


def test_what_a_shard_has_from_its_database_is_copied(
    scratch: MysqlScratch, settings: ServerSettings
) -> None:
    latin = replace(settings, database_charset="latin1", database_collation="latin1_general_cs")
    with scratch.database(latin) as database:
        database.execute("CREATE TABLE t (s VARCHAR(9))")
        definition = database.definition("t")
    assert definition is not None
    assert "CHARSET=latin1 COLLATE=latin1_general_cs" in definition


def test_what_a_shard_has_from_its_server_is_copied(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server)))
    strict = changed(seen.settings, sql_require_primary_key="1")
    hidden_key = changed(seen.settings, sql_generate_invisible_primary_key="1")
    lax = changed(seen.settings, sql_mode="", explicit_defaults_for_timestamp="0")
    with given(connection_to(mysql_server, None)) as scratch:
        with scratch.database(strict) as database:
            error = database.execute("CREATE TABLE t (id INT)")
            assert error is not None
            assert error.number == 3750
        with scratch.database(hidden_key) as database:
            assert database.execute("CREATE TABLE t (id INT)") is None
            assert "my_row_id" in (database.definition("t") or "")
        with scratch.database(lax) as database:
            assert database.execute("CREATE TABLE t (at TIMESTAMP)") is None
            assert "ON UPDATE CURRENT_TIMESTAMP" in (database.definition("t") or "")
        with scratch.database(seen.settings) as database:
            assert database.execute("CREATE TABLE t (id INT)") is None
            assert "my_row_id" not in (database.definition("t") or "")


def test_foreign_keys_are_checked_as_the_statement_says(
    scratch: MysqlScratch, settings: ServerSettings
) -> None:
    create = "CREATE TABLE t (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES later (id))"
    with scratch.database(settings) as database:
        assert database.execute(create) is not None
        assert database.execute(create, UNCHECKED) is None
        assert database.execute("CREATE TABLE u (id INT, FOREIGN KEY (id) REFERENCES v (id))")


def test_a_rebuild_shows_in_the_ids(scratch: MysqlScratch, settings: ServerSettings) -> None:
    with scratch.database(settings) as database:
        for table in ("plain", "a-b c", "große"):
            assert database.execute(f"CREATE TABLE `{table}` (id INT PRIMARY KEY, a INT)") is None
        database.execute(
            "CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 3"
        )
        assert len(database.table_ids("parts")) == 3
        assert database.table_ids("plain") != database.table_ids("a-b c")
        for table in ("plain", "a-b c", "große"):
            before = database.table_ids(table)
            assert before
            database.execute(f"ALTER TABLE `{table}` ADD KEY (a)")
            assert database.table_ids(table) == before
            database.execute(f"ALTER TABLE `{table}` FORCE")
            assert database.table_ids(table) != before
        assert database.table_ids("nothing") == frozenset()


def test_many_at_once_are_as_good_as_one(
    server: RunningServer, scratch: MysqlScratch, settings: ServerSettings
) -> None:
    outside = f"outside_{secrets.token_hex(4)}"

    def prove(n: int) -> str:
        with scratch.database(settings) as database:
            parent = ForeignDefinition(name="p", sql=PARENT)
            assert database.add_outside_parents([(outside, parent)]) is None
            error = database.execute(
                f"CREATE TABLE t{n} (id INT, FOREIGN KEY (id) REFERENCES `{outside}`.p (id))"
            )
            assert error is None, error
            [name] = database.definitions()
            return name

    names = ThreadWorkers().map(prove, list(range(24)), parallel=6)
    assert names == [f"t{n}" for n in range(24)]
    assert ours(server) == []
    with admin_cursor(server) as cursor:
        assert cursor.execute(f"SHOW DATABASES LIKE '{outside}'") == 0


def test_a_database_of_somebody_else_is_neither_touched_nor_in_the_way(
    server: RunningServer,
    scratch: MysqlScratch,
    settings: ServerSettings,
    fresh_database: FreshDatabase,
) -> None:
    """On the shards' own server a foreign key's parent is there under its real name."""
    theirs = fresh_database(server)
    with admin_cursor(server) as cursor:
        cursor.execute(f"CREATE TABLE `{theirs}`.p (id BIGINT PRIMARY KEY)")
    parent = (theirs, ForeignDefinition(name="p", sql=PARENT))
    made = f"CREATE TABLE t (id INT, CONSTRAINT f FOREIGN KEY (id) REFERENCES {theirs}.p (id))"
    with scratch.database(settings) as database:
        assert database.add_outside_parents([parent]) is None
        assert database.execute(made) is None
        assert f"REFERENCES `{theirs}`.`p` (`id`)" in (database.definition("t") or "")
        assert f"REFERENCES `{theirs}`.`p` (`id`)" in database.definitions()["t"]
        with admin_cursor(server) as cursor:
            cursor.execute(f"DROP TABLE `{theirs}`.p")  # nothing refers to it
    with scratch.database(settings) as database:
        assert database.execute(made) is not None, "its parent is nowhere here"
        assert database.execute(made, UNCHECKED) is None
        assert f"REFERENCES `{theirs}`.`p` (`id`)" in (database.definition("t") or "")
    assert ours(server) == []


def test_a_child_elsewhere_stands_in_the_way_under_its_real_name(
    server: RunningServer, scratch: MysqlScratch, settings: ServerSettings
) -> None:
    key = ForeignKey(name="f", columns=("id",), parent_table="p", parent_columns=("id",))
    column = Column(name="id", sql_type="int")
    children = [
        CrossDatabaseChild(
            database="theirs",
            name=name,
            parents=("p",),
            table=Table(
                name=name,
                columns=(column,),
                foreign_keys=(replace(key, name=f"f_{name}"),),
                options=(("ENGINE", "InnoDB"),),
            ),
        )
        for name in ("c", "d")
    ]
    with scratch.database(settings) as database:
        assert database.add_cross_database_children(children) is None
        assert database.execute(PARENT) is None
        assert [*database.definitions()] == ["p"]
        refused = database.execute("ALTER TABLE p MODIFY id BIGINT NOT NULL")
        assert refused is not None
        assert "_reconciler_" not in refused.message
        assert database.execute("DROP TABLE p") is not None
    assert ours(server) == []


def test_a_parent_that_cannot_be_made_is_a_value(
    scratch: MysqlScratch, settings: ServerSettings
) -> None:
    definition = ForeignDefinition(name="p", sql=PARENT.replace("InnoDB", "NoSuchEngine"))
    parent = (f"outside_{secrets.token_hex(4)}", definition)
    with scratch.database(settings) as database:
        assert database.add_outside_parents([parent]) is not None
        assert database.execute("CREATE TABLE t (id INT)") is None


# A server that does not stand for the shards


def test_another_family_or_release_is_refused(
    mysql_server: RunningServer,
    mariadb_server: RunningServer,
    mariadb_10_server: RunningServer,
    fresh_database: FreshDatabase,
) -> None:
    of_mariadb = observed(connection_to(mariadb_server, fresh_database(mariadb_server))).settings
    for other in (mysql_server, mariadb_10_server):
        with given(connection_to(other, None)) as scratch:
            problem = refusal(scratch, of_mariadb)
        assert problem.code == "scratch-mismatch"
        assert str(other.version) in problem.message
        assert str(mariadb_server.version) in problem.message


def test_a_setting_of_the_whole_server_that_differs_is_refused_with_both_sides(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server)))
    shards = changed(seen.settings, innodb_page_size="4096")
    with given(connection_to(mysql_server, None)) as scratch:
        problem = refusal(scratch, shards)
    assert problem.code == "scratch-mismatch"
    assert "innodb_page_size is 16384 there and 4096 on the shards" in problem.message


def test_a_login_that_may_not_set_what_differs_is_refused(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server)))
    shards = changed(seen.settings, sql_require_primary_key="1")
    with (
        account(mysql_server, "ALL ON `\\_reconciler\\_%`.*") as login,
        given(connection_to(mysql_server, None, login)) as scratch,
    ):
        with scratch.database(seen.settings) as database:
            assert database.execute("CREATE TABLE t (id INT)") is None
        problem = refusal(scratch, shards)
    assert problem.code == "scratch-mismatch"
    assert "sql_require_primary_key is 0 there and 1 on the shards" in problem.message
    assert login.user not in problem.message


def test_a_login_that_may_make_no_database_is_told_so(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server)))
    with (
        account(mysql_server, "SELECT ON *.*") as login,
        given(connection_to(mysql_server, None, login)) as scratch,
    ):
        assert refusal(scratch, seen.settings).code == "privilege-missing"


# Servers of its own


def test_a_server_of_its_own_is_like_the_shards(settings: ServerSettings) -> None:
    create = "CREATE TABLE t (id INT PRIMARY KEY) ROW_FORMAT=DYNAMIC"
    with given(None) as scratch:
        for _ in range(2):
            with scratch.database(settings) as database:
                assert database.execute(create) is None
                assert list(database.definitions()) == ["t"]


def test_what_only_a_whole_server_can_have_gets_a_server(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server)))
    folded = changed(seen.settings, lower_case_table_names="1", log_bin="0")
    with given(None) as scratch:
        with scratch.database(folded) as database:
            assert database.execute("CREATE TABLE Mixed (Id INT)") is None
            assert list(database.definitions()) == ["mixed"]
        # Without a binary log there is no error 1674 to find; with one there is.
        with scratch.database(seen.settings) as database:
            assert database.execute("CREATE TABLE Mixed (Id INT)") is None
            assert list(database.definitions()) == ["Mixed"]
            error = database.execute("ALTER TABLE Mixed ADD COLUMN u CHAR(36) DEFAULT (UUID())")
            assert error is not None
            assert error.number == 1674


def test_a_release_that_is_not_at_hand_is_refused_by_name(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    seen = observed(connection_to(mysql_server, fresh_database(mysql_server)))
    old = replace(seen.settings, version=replace(seen.settings.version, major=8, minor=0))
    assert old.version.flavor is Flavor.MYSQL
    with given(None) as scratch:
        problem = refusal(scratch, old)
    assert problem.code == "scratch-not-found"
    assert "mysql 8.0" in problem.message
