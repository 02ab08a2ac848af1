"""Looking at shards on real servers: all of it, or a reason why not (GD-5, PL-10)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymysql
import pytest

from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.target import resolve
from reconciler.edges.server.process import RunningServer
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import ObservedShard, Unreachable
from reconciler.model.server import Flavor
from reconciler.spec.model import Connection, Tls
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    account,
    admin_cursor,
    admin_of,
    connection_to,
    observe,
    observed,
    silent_listener,
    unreachable,
    wait_until_waiting,
)
from tests.waiting import PATIENCE_S


def run(server: RunningServer, database: str, *statements: str) -> None:
    with admin_cursor(server, database) as cursor:
        for statement in statements:
            cursor.execute(statement)


# What is read


def test_every_table_is_read_in_the_pinned_session(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(
        server,
        database,
        "CREATE TABLE b (id INT PRIMARY KEY)",
        "CREATE TABLE `a-Ü` (id INT PRIMARY KEY, s VARCHAR(9) DEFAULT 'it''s')",
        "SET time_zone = '+05:00'",
        "CREATE TABLE c (t TIMESTAMP NOT NULL DEFAULT '2020-01-01 05:00:00')",
        "INSERT INTO b VALUES (1), (2), (3)",
    )
    seen = observed(connection_to(server, database))
    assert [table for table, _ in seen.definitions] == ["a-Ü", "b", "c"]
    definitions = dict(seen.definitions)
    assert definitions["b"].startswith("CREATE TABLE `b` (\n  `id` int")
    assert "DEFAULT 'it''s'" in definitions["a-Ü"]
    assert "DEFAULT '2020-01-01 00:00:00'" in definitions["c"], "printed in UTC, always"
    facts = dict(seen.facts)
    assert facts["b"].row_format == "DYNAMIC"
    assert facts["b"].size_bytes is not None
    assert facts["b"].size_bytes > 0
    assert facts["b"].row_versions == 0
    assert seen.unseen == ()


def test_a_server_says_what_it_is(server: RunningServer, fresh_database: FreshDatabase) -> None:
    seen = observed(connection_to(server, fresh_database(server)))
    assert seen.settings.version == server.version
    assert seen.settings.database_charset == "utf8mb4"
    assert seen.settings.database_collation.startswith("utf8mb4_")
    assert seen.settings.variable("lower_case_table_names") == "0"
    assert seen.settings.variable("innodb_page_size") == "16384"
    assert "STRICT_TRANS_TABLES" in (seen.settings.variable("sql_mode") or "")
    expected = "sql_require_primary_key" if server.version.flavor is Flavor.MYSQL else "old_mode"
    assert seen.settings.variable(expected) is not None


def test_two_databases_of_one_server_are_two_places_and_mean_the_same(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    one, two = fresh_database(server), fresh_database(server)
    first, second = observed(connection_to(server, one)), observed(connection_to(server, two))
    assert first.place != second.place
    assert first.settings == second.settings
    assert observed(connection_to(server, one)).place == first.place


def test_two_servers_are_two_places(
    mysql_server: RunningServer, mysql_server_2: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    run(mysql_server_2, "mysql", f"CREATE DATABASE `{database}`")
    try:
        one = observed(connection_to(mysql_server, database))
        two = observed(connection_to(mysql_server_2, database))
        assert one.place != two.place
    finally:
        run(mysql_server_2, "mysql", f"DROP DATABASE `{database}`")


def test_what_stands_around_the_tables_is_seen(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(
        server,
        database,
        "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
        "CREATE VIEW v AS SELECT id FROM t",
        "CREATE TRIGGER first_one BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 1",
        "CREATE TRIGGER second_one BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 2",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE PROCEDURE p() SELECT id FROM t",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t",
    )
    found = {other.name: other for other in observed(connection_to(server, database)).others}
    assert found["v"].kind is ObjectKind.VIEW
    assert "DEFINER=" not in found["v"].definition
    assert database not in found["v"].definition
    assert found["first_one"].definition == (
        "CREATE TRIGGER `first_one` BEFORE INSERT ON `t` FOR EACH ROW SET NEW.n = 1"
    )
    assert (found["first_one"].table, found["first_one"].action_order) == ("t", 1)
    assert found["second_one"].action_order == 2
    assert found["f"].kind is ObjectKind.FUNCTION
    assert found["p"].definition == "SELECT id FROM t"
    assert found["e"].kind is ObjectKind.EVENT


def test_a_view_that_lost_its_table_is_seen_and_said_to_be_unread(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(
        server,
        database,
        "CREATE TABLE t (id INT)",
        "CREATE VIEW v AS SELECT id FROM t",
        "DROP TABLE t",
    )
    seen = observed(connection_to(server, database))
    assert [other.name for other in seen.others] == ["v"]
    assert seen.definitions == ()


def test_a_table_that_the_server_cannot_open_is_told_beside_the_others(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(
        server,
        database,
        "CREATE TABLE part (id INT) ENGINE = MyISAM",
        "CREATE TABLE merged (id INT) ENGINE = MERGE UNION = (part)",
        "DROP TABLE part",
        "CREATE TABLE sound (id INT)",
    )
    seen = observed(connection_to(server, database))
    assert [table for table, _ in seen.definitions] == ["sound"]
    assert [(table, error.number) for table, error in seen.broken] == [("merged", 1168)]


def test_a_sequence_is_no_table(
    mariadb_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mariadb_server)
    run(
        mariadb_server,
        database,
        "CREATE SEQUENCE s",
        "CREATE TABLE v (a INT) WITH SYSTEM VERSIONING",
    )
    seen = observed(connection_to(mariadb_server, database))
    assert [table for table, _ in seen.definitions] == ["v"]
    assert [other.kind for other in seen.others] == [ObjectKind.SEQUENCE]


def test_parents_in_other_databases_come_along(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database, other = fresh_database(server), fresh_database(server)
    run(
        server,
        database,
        f"CREATE TABLE `{other}`.p (id INT PRIMARY KEY)",
        f"CREATE TABLE t (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES `{other}`.p (id))",
    )
    [parent] = observed(connection_to(server, database)).cross_database_parents
    assert (parent.database, parent.table) == (other, "p")
    assert parent.definition.startswith("CREATE TABLE `p` (")


def test_children_in_other_databases_come_along(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    other, database = fresh_database(server), fresh_database(server)  # in the order they can go
    child = "`chñ/ild no-1`"
    run(
        server,
        database,
        "CREATE TABLE `p t` (id INT PRIMARY KEY, a VARCHAR(9) UNIQUE) CHARSET latin1",
        "CREATE TABLE own (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES `p t` (id))",
        f"CREATE TABLE `{other}`.sibling (id INT PRIMARY KEY)",
        f"CREATE TABLE `{other}`.{child} (id INT, x BLOB, a VARCHAR(9) NOT NULL,"
        f" CONSTRAINT f1 FOREIGN KEY (a) REFERENCES `{database}`.`p t` (a) ON DELETE CASCADE,"
        f" CONSTRAINT f2 FOREIGN KEY (id) REFERENCES `{other}`.sibling (id)) CHARSET latin1",
    )
    (found,) = observed(connection_to(server, database)).cross_database_children or ()
    assert str(found) == f"{other}.{child.strip('`')}"
    assert found.parents == ("p t",)
    assert found.table is not None
    assert [(c.name, c.charset, c.nullable) for c in found.table.columns] == [
        ("a", "latin1", False)
    ]
    (key,) = found.table.foreign_keys
    assert (key.name, key.parent_database, key.on_delete) == ("f1", None, "CASCADE")
    assert observed(connection_to(server, other)).cross_database_children == ()


def test_children_that_a_login_cannot_read_are_named_all_the_same(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    other, database = fresh_database(server), fresh_database(server)  # in the order they can go
    run(
        server,
        database,
        "CREATE TABLE p (id INT PRIMARY KEY)",
        f"CREATE TABLE `{other}`.c (id INT, FOREIGN KEY (id) REFERENCES `{database}`.p (id))",
    )
    reads = f"SELECT ON `{database}`.*"
    with account(server, reads, "PROCESS ON *.*") as login:
        (found,) = observed(connection_to(server, database, login)).cross_database_children or ()
        assert (str(found), found.parents, found.table) == (f"{other}.c", ("p",), None)
    with account(server, reads) as login:
        seen = observed(connection_to(server, database, login))
        assert seen.cross_database_children is None
        assert "foreign keys of other databases (needs PROCESS)" in seen.unseen


def test_row_versions_are_counted(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    run(
        mysql_server,
        database,
        "CREATE TABLE `t-1` (id INT PRIMARY KEY) PARTITION BY HASH (id) PARTITIONS 2",
        "ALTER TABLE `t-1` ADD COLUMN a INT, ALGORITHM = INSTANT",
        "ALTER TABLE `t-1` ADD COLUMN b INT, ALGORITHM = INSTANT",
        "CREATE TABLE never (id INT PRIMARY KEY)",
    )
    facts = dict(observed(connection_to(mysql_server, database)).facts)
    assert facts["t-1"].row_versions == 2
    assert facts["never"].row_versions == 0


def test_a_row_format_from_older_days_is_told(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    run(
        mysql_server,
        database,
        "SET @before = @@global.innodb_default_row_format",
        "SET GLOBAL innodb_default_row_format = compact",
        "CREATE TABLE old (id INT PRIMARY KEY)",
        "SET GLOBAL innodb_default_row_format = @before",
    )
    seen = observed(connection_to(mysql_server, database))
    assert "ROW_FORMAT" not in dict(seen.definitions)["old"]
    assert dict(seen.facts)["old"].row_format == "COMPACT"


def test_the_reader_of_a_fleet_sees_every_table(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """With the least privilege of a plan job, what is not seen is said."""
    database = fresh_database(server)
    run(server, database, "CREATE TABLE t (id INT PRIMARY KEY)")
    with account(server, f"SELECT ON `{database}`.*") as login:
        seen = observed(connection_to(server, database, login))
    assert [table for table, _ in seen.definitions] == ["t"]
    assert "triggers (needs TRIGGER)" in seen.unseen
    if server.version.flavor is Flavor.MYSQL:
        assert "row versions of tables (needs PROCESS)" in seen.unseen
        assert dict(seen.facts)["t"].row_versions is None


# What is not read is a reason


@pytest.mark.invariant("GD-5")
@pytest.mark.invariant("PL-12")
def test_a_wrong_password_is_a_reason_that_names_nobody(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    login = replace(admin_of(server), password="wrong-secret")
    seen = unreachable(connection_to(server, fresh_database(server), login))
    assert seen.code == "login-refused"
    for secret in (login.user, login.password, server.host, str(server.port)):
        assert secret not in f"{seen.reason} {seen.recovery}"


@pytest.mark.invariant("GD-5")
def test_a_database_that_does_not_exist_is_a_reason(server: RunningServer) -> None:
    seen = unreachable(connection_to(server, "no_such_database_here"))
    assert seen.code == "unknown-database"
    assert "no_such_database_here" not in seen.reason


@pytest.mark.invariant("GD-5")
def test_a_port_that_nobody_listens_on_is_a_reason(mysql_server: RunningServer) -> None:
    with silent_listener() as port:
        pass
    seen = unreachable(connection_to(mysql_server, "d", port=port))
    assert seen.code == "connection-refused"


@pytest.mark.invariant("GD-5")
def test_a_host_without_an_address_is_a_reason(mysql_server: RunningServer) -> None:
    connection = replace(connection_to(mysql_server, "d"), host="no-such-host.invalid")
    seen = unreachable(connection)
    assert seen.code == "host-unknown"
    assert "invalid" not in seen.reason


@pytest.mark.invariant("GD-5")
def test_one_shard_that_hangs_holds_nobody_up(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    good = connection_to(mysql_server, database)
    began = time.monotonic()
    with silent_listener() as port:
        hangs = connection_to(mysql_server, database, port=port, connect_timeout_s=1)
        seen = observe(good, hangs, good, good, parallel=2)
    assert time.monotonic() - began < PATIENCE_S
    assert [type(one) for one in seen] == [ObservedShard, Unreachable, ObservedShard, ObservedShard]
    assert isinstance(seen[1], Unreachable)
    assert seen[1].code == "shard-timeout"


@contextmanager
def renamed_meanwhile(
    server: RunningServer, database: str, first: str, second: str
) -> Iterator[None]:
    """A RENAME that waits for its second table holds the first exclusively meanwhile."""
    both = f"RENAME TABLE {first} TO {first}_new, {second} TO {second}_new"
    with admin_cursor(server, database) as reader:
        reader.execute("BEGIN")
        reader.execute(f"SELECT * FROM {second}")
        renames = threading.Thread(
            target=run, args=(server, database, "SET lock_wait_timeout = 60", both)
        )
        renames.start()
        wait_until_waiting(server, "RENAME TABLE")
        try:
            yield
        finally:
            reader.execute("COMMIT")
            renames.join()


@pytest.mark.invariant("GD-5")
def test_a_locked_table_is_a_reason_and_not_a_hang(
    server: RunningServer, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.edges.mysql.session_settings.READ_LOCK_WAIT_S", 1)
    database = fresh_database(server)
    run(server, database, "CREATE TABLE t (id INT)", "CREATE TABLE u (id INT)")
    with renamed_meanwhile(server, database, "t", "u"):
        seen = unreachable(connection_to(server, database))
    assert seen.code == "table-locked"


@pytest.mark.invariant("GD-5")
def test_what_uses_the_shard_is_seen_or_missed_by_name_behind_a_locked_table(
    server: RunningServer, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MariaDB lists no trigger of a table that is locked, and only a warning says so."""
    monkeypatch.setattr("reconciler.edges.mysql.session_settings.READ_LOCK_WAIT_S", 1)
    database, other = fresh_database(server), fresh_database(server)
    run(server, database, "CREATE TABLE t (id INT)")
    trigger = f"CREATE TRIGGER uses BEFORE INSERT ON a FOR EACH ROW DELETE FROM `{database}`.t"
    run(server, other, "CREATE TABLE a (id INT)", "CREATE TABLE b (id INT)", trigger)
    with renamed_meanwhile(server, other, "a", "b"):
        [seen] = observe(connection_to(server, database))
    match seen:
        case Unreachable(code=code):
            assert code == "table-locked"
        case ObservedShard():
            assert "uses" in [program.name for program in seen.dependents.programs]


@pytest.mark.invariant("GD-5")
def test_row_versions_behind_an_alter_that_waits_are_missed_by_their_reason(
    mysql_server: RunningServer, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.edges.mysql.session_settings.READ_LOCK_WAIT_S", 1)
    database, other = fresh_database(mysql_server), fresh_database(mysql_server)
    run(mysql_server, database, "CREATE TABLE t (id INT)")
    run(mysql_server, other, "CREATE TABLE a (id INT)")
    with admin_cursor(mysql_server, other) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM a")
        alter = "ALTER TABLE a ADD COLUMN x INT"
        altering = threading.Thread(target=run, args=(mysql_server, other, alter))
        altering.start()
        wait_until_waiting(mysql_server, alter)
        seen = observed(connection_to(mysql_server, database))
        reader.execute("COMMIT")
        altering.join()
    missing = "needs a moment in which no ALTER of the server waits for a lock"
    assert f"row versions of tables ({missing})" in seen.unseen


@pytest.mark.invariant("GD-5")
def test_too_many_connections_is_a_reason(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    with account(
        mysql_server, f"SELECT ON `{database}`.*", requires="WITH MAX_USER_CONNECTIONS 1"
    ) as login:
        held = pymysql.connect(
            host=mysql_server.host,
            port=mysql_server.port,
            user=login.user,
            password=login.password,
        )
        with held:
            seen = unreachable(connection_to(mysql_server, database, login))
    assert seen.code == "too-many-connections"
    assert login.user not in seen.reason


@pytest.mark.invariant("PL-12")
def test_no_failure_names_host_account_password_or_database(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(server, database, "CREATE TABLE t (id INT)")
    with (
        silent_listener() as silent,
        account(server, f"SELECT ON `{database}`.t") as narrow,
        account(server) as without_anything,
    ):
        good = connection_to(server, database, connect_timeout_s=1)
        bad = (
            replace(good, password="wrong-secret"),
            replace(good, user="nobody-of-that-name"),
            replace(good, database="no_such_database"),
            replace(good, port=str(silent)),
            replace(good, port="1"),
            replace(good, host="no-such-host.invalid"),
            replace(good, user=narrow.user, password=narrow.password),
            replace(good, user=without_anything.user, password=without_anything.password),
            with_tls(good),
        )
        for connection, seen in zip(bad, observe(*bad), strict=True):
            assert isinstance(seen, Unreachable)
            secrets = (
                connection.host,
                connection.user,
                connection.password,
                str(connection.database),
            )
            for secret in secrets:
                assert secret not in f"{seen.code} {seen.reason} {seen.recovery}"


@pytest.mark.invariant("DS-6")
def test_a_connection_runs_one_statement_at_a_time_and_sends_no_files(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(server, database, "CREATE TABLE t (line TEXT)")
    target = resolve(connection_to(server, database), environ={}, root=ROOT, shard="0")
    with connect(target) as link:
        with pytest.raises(ServerRefusal) as two:
            link.execute("CREATE TABLE a (id INT); DROP TABLE t")
        assert two.value.error.number == 1064
        with pytest.raises(ServerRefusal):
            link.execute("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE t")
        assert link.query("SELECT COUNT(*) FROM t") == ((0,),)


@pytest.mark.invariant("EN-88")
@pytest.mark.parametrize("first", ["INSERT INTO t VALUES (1)", "INSERT INTO none VALUES (1)"])
@pytest.mark.parametrize("then", ["INSERT INTO t VALUES (%s)", "INSERT INTO none VALUES (%s)"])
def test_of_two_statements_that_are_sent_at_once_the_firsts_answer_is_told(
    first: str, then: str, server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """The other has run by then, or was refused, and is nobody's trouble."""
    database = fresh_database(server)
    run(server, database, "CREATE TABLE t (n INT)")
    target = resolve(connection_to(server, database), environ={}, root=ROOT, shard="0")
    is_refused = "none" in first
    with connect(target) as link:
        with pytest.raises(ServerRefusal) if is_refused else nullcontext():
            link.execute_ahead(first, then, [7])
        found = {n for (n,) in link.query("SELECT n FROM t")}
    assert found == {n for n, said in ((1, first), (7, then)) if "none" not in said}


# What privileges hide


@pytest.mark.invariant("PL-10")
def test_tables_that_a_login_cannot_see_are_never_taken_for_dropped(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(server, database, "CREATE TABLE a (id INT)", "CREATE TABLE b (id INT)")
    with account(server, f"SELECT ON `{database}`.a") as login:
        seen = unreachable(connection_to(server, database, login))
    assert seen.code == "privilege-missing"
    assert "hide" in seen.reason


@pytest.mark.invariant("PL-10")
def test_a_partial_revoke_is_noticed(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    run(mysql_server, database, "CREATE TABLE a (id INT)", "SET GLOBAL partial_revokes = ON")
    try:
        with account(mysql_server, "SELECT ON *.*", f"SELECT ON `{database}`.a") as login:
            with admin_cursor(mysql_server) as cursor:
                cursor.execute(f"REVOKE SELECT ON `{database}`.* FROM '{login.user}'@'127.0.0.1'")
            seen = unreachable(connection_to(mysql_server, database, login))
            assert seen.code == "privilege-missing"
    finally:
        run(mysql_server, "mysql", "SET GLOBAL partial_revokes = OFF")


def test_privileges_of_an_active_role_count(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(server, database, "CREATE TABLE a (id INT)")
    role = f"r_{database[-20:]}"
    with account(server) as login, admin_cursor(server) as cursor:
        name = f"'{login.user}'@'127.0.0.1'"
        cursor.execute(f"CREATE ROLE {role}")
        try:
            cursor.execute(f"GRANT SELECT ON `{database}`.* TO {role}")
            cursor.execute(f"GRANT {role} TO {name}")
            to = "TO" if server.version.flavor is Flavor.MYSQL else "FOR"
            cursor.execute(f"SET DEFAULT ROLE {role} {to} {name}")
            seen = observed(connection_to(server, database, login))
        finally:
            cursor.execute(f"DROP ROLE {role}")
    assert [table for table, _ in seen.definitions] == ["a"]


# Tables that come and go


@pytest.mark.invariant("GD-5")
def test_a_schema_that_never_rests_is_whole_or_refused(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """Tables b1..b3 exist together or not at all: half of them must never be seen."""
    database = fresh_database(mysql_server)
    run(mysql_server, database, *(f"CREATE TABLE a{n} (id INT)" for n in range(10)))
    over = threading.Event()

    def churn() -> None:
        with admin_cursor(mysql_server, database) as cursor:
            while not over.is_set():
                cursor.execute("CREATE TABLE b (id INT)")
                cursor.execute("DROP TABLE b")

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        found = [observe(connection_to(mysql_server, database))[0] for _ in range(20)]
    finally:
        over.set()
        thread.join()
    for seen in found:
        if isinstance(seen, Unreachable):
            assert seen.code == "shard-changing"
        else:
            assert len([table for table, _ in seen.definitions if table[0] == "a"]) == 10


@pytest.mark.invariant("PL-10")
def test_a_limit_set_for_the_whole_server_cuts_nothing(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(server)
    run(server, database, *(f"CREATE TABLE t{n} (id INT)" for n in range(3)))
    run(server, database, "SET GLOBAL sql_select_limit = 1")
    try:
        seen = observed(connection_to(server, database))
    finally:
        run(server, database, "SET GLOBAL sql_select_limit = DEFAULT")
    assert [table for table, _ in seen.definitions] == ["t0", "t1", "t2"]


# Encrypted connections


def with_tls(connection: Connection, **tls: Any) -> Connection:
    return replace(connection, tls=Tls(**tls))


def test_an_encrypted_connection_is_one(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    with account(mysql_server, f"SELECT ON `{database}`.*", requires="REQUIRE SSL") as login:
        connection = connection_to(mysql_server, database, login)
        assert isinstance(observe(with_tls(connection, insecure=True))[0], ObservedShard)


def test_the_servers_own_authority_is_accepted_and_its_name_is_checked(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    """MySQL makes its certificates itself, without the host's name in them."""
    ca = str(mysql_server.folder / "data" / "ca.pem")
    connection = connection_to(mysql_server, fresh_database(mysql_server))
    seen = unreachable(with_tls(connection, ca=ca))
    assert seen.code == "tls-refused"
    assert "not to be trusted" in seen.reason


def test_a_certificate_of_another_authority_is_refused(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    connection = connection_to(mysql_server, fresh_database(mysql_server))
    seen = unreachable(with_tls(connection))
    assert seen.code == "tls-refused"


def test_a_server_without_encryption_is_refused_if_it_is_asked_for(
    mariadb_10_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    connection = connection_to(mariadb_10_server, fresh_database(mariadb_10_server))
    seen = unreachable(with_tls(connection))
    assert seen.code == "tls-refused"
    assert "offers no encryption" in seen.reason


def test_a_file_that_is_no_certificate_is_refused(
    mysql_server: RunningServer, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    nonsense = tmp_path / "ca.pem"
    nonsense.write_text("not a certificate")
    connection = connection_to(mysql_server, fresh_database(mysql_server))
    seen = unreachable(with_tls(connection, ca=str(nonsense)))
    assert seen.code == "tls-file-invalid"


def test_a_server_that_insists_on_encryption_is_reached_without_being_told(
    mysql_server: RunningServer, fresh_database: FreshDatabase
) -> None:
    database = fresh_database(mysql_server)
    run(mysql_server, "mysql", "SET GLOBAL require_secure_transport = ON")
    try:
        assert isinstance(observe(connection_to(mysql_server, database))[0], ObservedShard)
    finally:
        connection = pymysql.connect(
            unix_socket=str(mysql_server.socket),
            user=mysql_server.admin.user,
            password=mysql_server.admin.password,
            autocommit=True,
        )
        with connection, connection.cursor() as cursor:
            cursor.execute("SET GLOBAL require_secure_transport = OFF")
