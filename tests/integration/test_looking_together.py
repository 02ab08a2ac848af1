"""Shards of one server are looked at together, and seen as if each had been looked at alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.mysql.reach import ByItself
from reconciler.edges.server.process import RunningServer
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.model.programs import MANAGED_AS
from reconciler.model.server import Flavor
from reconciler.spec.model import Connection, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    account,
    admin_cursor,
    connection_to,
    wait_until_waiting,
)

pytestmark = pytest.mark.invariant("FZ-11")

Kinds = tuple[ObjectKind, ...]
MANAGED: Kinds = tuple(sorted(MANAGED_AS))
PLAIN = (
    "CREATE TABLE p (id INT PRIMARY KEY, a VARCHAR(9) UNIQUE)",
    "CREATE TABLE `t-1` (id INT PRIMARY KEY, FOREIGN KEY (id) REFERENCES p (id))",
)
# Some of which MySQL's catalogue has in other letters.
BODIES = (
    "SET NEW.n = 1 -- behind it",
    "-- before it\nSET NEW.n = 1",
    "/* before it */ SET NEW.n /* within */ = 0x41;",
    "SET NEW.n = /*!50000 1 + */ 2",
    "SET NEW.n = /*!999999 1 + */ 2",
    "BEGIN\r\n\tSET NEW.n = 1; # one\r\nEND;",
    "SET NEW.s = 'it''s \\\\ \\n'",
    'SET NEW.s = "a"',
    "SET NEW.s = _utf8mb4 0x41",
    "SET NEW.s = _latin1 x'41'",
    "SET NEW.s = n'a', NEW.n = b'1'",
    "BEGIN DECLARE `x``y` INT; SET NEW.n = 1; END",
    "BEGIN DECLARE `_x` INT; SET `_x` = NEW.`n`; END",
    "BEGIN DECLARE _x, x_ INT; SET _x = NEW.n, @_y = 1; END",
    "BEGIN INSERT INTO `{own}`.t (id) SELECT id FROM {own}.t WHERE id <=> NULL; END",
    "DELETE FROM _t",
    "SET NEW.s = CONVERT(NEW.s USING latin1), @ä = 1",
    "  SET   NEW . n = 1.5e3  ",
)
# What may stand in a shard, each in a database of its own beside a plain one.
WITHIN: dict[str, Sequence[str]] = {
    "plain": PLAIN,
    "empty": (),
    "values": ("CREATE TABLE v (a VARCHAR(9) DEFAULT 'it''s', t TIMESTAMP NULL)",),
    "rows": ("CREATE TABLE c (id INT AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT=77",),
    "bytes": ("CREATE TABLE b (a BINARY(2) DEFAULT x'ff00')",),
    "letters": (
        "CREATE TABLE `tä``\x1f` (`Ü` INT COMMENT '☃')",
        "ALTER DATABASE CHARACTER SET latin1",
    ),
    "programs": (
        "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
        "CREATE VIEW v AS SELECT id FROM t",
        "CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 1",
        "CREATE TRIGGER two BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 2",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE PROCEDURE p() SELECT id FROM t",
        "CREATE PROCEDURE q() SELECT id FROM `{own}`.t",
        "CREATE VIEW w AS SELECT f() AS one FROM t WHERE id IN (SELECT id FROM v)",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM t",
        "CREATE EVENT o ON SCHEDULE AT '2001-01-01' ON COMPLETION PRESERVE DO DELETE FROM {own}.t",
    ),
    "bodies of triggers": (
        "CREATE TABLE t (id INT PRIMARY KEY, n INT, s VARCHAR(99))",
        "CREATE TABLE `_t` (id INT)",
        *(
            f"CREATE TRIGGER g{n} BEFORE UPDATE ON t FOR EACH ROW {body}"
            for n, body in enumerate(BODIES)
        ),
        "create definer = `a@b``c`@`%`  trigger `h``h` after delete on `t` for each row SET @a = 1",
        "SET sql_mode = 'ANSI,TRADITIONAL'",
        "CREATE TRIGGER mode AFTER INSERT ON t FOR EACH ROW SET @a = NEW.n || 1",
        "SET sql_mode = 'ANSI_QUOTES'",
        'CREATE TRIGGER quotes AFTER INSERT ON t FOR EACH ROW SET @a = NEW."n"',
        "SET NAMES latin1 COLLATE latin1_bin",
        "CREATE TRIGGER client AFTER INSERT ON t FOR EACH ROW FOLLOWS mode SET @a = NEW.s",
    ),
    "almost the same programs": (
        "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
        "CREATE DEFINER = nobody@'%' SQL SECURITY INVOKER VIEW v AS SELECT id FROM t",
        "CREATE TRIGGER two BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 2",
        "CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW SET NEW.n = 1",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1",
        "CREATE DEFINER = nobody@'%' PROCEDURE p() SELECT id FROM t",
        "CREATE PROCEDURE q() SELECT id FROM `beside`.t",
        "CREATE VIEW w AS SELECT f() AS one FROM t WHERE id IN (SELECT id FROM v)",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01' DISABLE DO DELETE FROM t",
    ),
    "view that lost its table": (
        "CREATE TABLE t (id INT)",
        "CREATE TABLE u (id INT)",
        "CREATE VIEW v AS SELECT id FROM t",
        "DROP TABLE t",
    ),
    "broken": (
        "CREATE TABLE part (id INT) ENGINE = MyISAM",
        "CREATE TABLE merged (id INT) ENGINE = MERGE UNION = (part)",
        "DROP TABLE part",
        "CREATE TABLE sound (id INT)",
    ),
}
OF_MYSQL: dict[str, Sequence[str]] = {
    "row versions": (
        "CREATE TABLE `t-1` (id INT PRIMARY KEY)",
        "ALTER TABLE `t-1` ADD COLUMN a INT, ALGORITHM = INSTANT",
    ),
    "an option": ("CREATE TABLE t (id INT)", "ALTER DATABASE DEFAULT ENCRYPTION 'N'"),
    "read only": ("CREATE TABLE t (id INT)", "ALTER DATABASE READ ONLY = 1"),
}
OF_MARIADB: dict[str, Sequence[str]] = {
    "sequence": (
        "CREATE SEQUENCE s",
        "CREATE TABLE t (a INT DEFAULT NEXT VALUE FOR s) WITH SYSTEM VERSIONING",
    ),
}


class Counting(ByItself):
    """Counts connections."""

    def __init__(self, *, serves_many: bool) -> None:
        self.serves_many = serves_many
        self.opened = 0
        self._guard = threading.Lock()

    def open(self, target: Target, *, program: str) -> Link:
        with self._guard:
            self.opened += 1
        return super().open(target, program=program)


def seen_by(
    reach: Counting, connections: Sequence[Connection], programs: Kinds = ()
) -> list[Observation]:
    shards = [
        ShardSpec(name=str(n), connection=one, programs=programs)
        for n, one in enumerate(connections)
    ]
    return MysqlLiveShards(environ={}, root=ROOT, reach=reach).observe(shards, parallel=4)


def together_and_alone(
    connections: Sequence[Connection], programs: Kinds = ()
) -> tuple[list[Observation], int]:
    """What was seen in either way, and how many connections it took to look together."""
    together, alone = Counting(serves_many=True), Counting(serves_many=False)
    seen = seen_by(together, connections, programs)
    each = seen_by(alone, connections, programs)
    assert seen == each
    assert whole(seen) == whole(each)
    assert alone.opened == len(connections)
    return seen, together.opened


def whole(seen: Sequence[Observation]) -> list[object]:
    """What is left out where observations are compared."""
    return [
        [(other.definer, other.created_with, other.follows) for other in one.others]
        for one in seen
        if isinstance(one, ObservedShard)
    ]


@pytest.fixture
def databases(server: RunningServer, fresh_database: FreshDatabase) -> Iterator[dict[str, str]]:
    """By what is in them, with a plain one in front of each."""
    more = OF_MYSQL if server.version.flavor is Flavor.MYSQL else OF_MARIADB
    made = {}
    for about, statements in {**WITHIN, **more}.items():
        for name, within in ((f"beside {about}", PLAIN), (about, statements)):
            made[name] = fresh_database(server)
            with admin_cursor(server, made[name]) as cursor:
                for statement in within:
                    cursor.execute(statement.replace("{own}", made[name]))
    yield made
    if "read only" in made:
        with admin_cursor(server, made["read only"]) as cursor:
            cursor.execute("ALTER DATABASE READ ONLY = 0")


@pytest.mark.invariant("PG-38")
def test_together_a_shard_shows_what_it_shows_alone(
    server: RunningServer, databases: dict[str, str]
) -> None:
    own = [connection_to(server, database) for database in databases.values()]
    seen, opened = together_and_alone(own)
    assert all(isinstance(one, ObservedShard) for one in seen)
    assert opened <= 4 + 3, "each of three is looked at once more, and all others are not"
    programs_show_what_they_show_alone(server, databases)
    a_twin_is_another_database(server, databases["programs"])
    gone = [*own, connection_to(server, "no_such_database")]
    seen, _ = together_and_alone(gone)
    assert isinstance(seen[-1], Unreachable)
    assert not any(isinstance(one, Unreachable) for one in seen[:-1])

    # What a login may not see is missed as it is alone.
    three = [databases[name] for name in ("plain", "programs", "beside empty")]
    tables = f"SELECT ON `{three[0]}`.*", f"SELECT ON `{three[1]}`.*"
    with account(server, *tables, f"SELECT (id) ON `{three[2]}`.p") as login:
        seen, _ = together_and_alone([connection_to(server, one, login) for one in three])
    assert isinstance(seen[0], ObservedShard)
    assert isinstance(seen[2], Unreachable)
    assert seen[2].code == "privilege-missing"
    # A login or a limit of its own makes a connection of its own.
    one, two = databases["plain"], databases["values"]
    with account(server, "ALL ON *.*") as login:
        for other in (
            connection_to(server, two, login),
            connection_to(server, two, read_timeout_s=7),
            connection_to(server, one),
        ):
            _, opened = together_and_alone([connection_to(server, one), other])
            assert opened == 2


def programs_show_what_they_show_alone(server: RunningServer, databases: dict[str, str]) -> None:
    """Asked for ahead, over one connection for both and for each, and one by one."""
    within = ("programs", "almost the same programs")
    own = [connection_to(server, databases[about]) for about in within]
    together, opened = together_and_alone(own, MANAGED)
    assert opened == 1
    ahead = Counting(serves_many=True)
    for connection, found in zip(own, together, strict=True):
        [alone] = seen_by(ahead, [connection], MANAGED)
        assert isinstance(alone, ObservedShard)
        assert isinstance(found, ObservedShard)
        assert replace(alone, shard=found.shard) == found
        assert whole([alone]) == whole([found])
        assert {one.kind for one in found.others} == {*MANAGED} - {ObjectKind.SEQUENCE}
    assert ahead.opened == len(own)


def a_twin_is_another_database(server: RunningServer, small: str) -> None:
    """A server that folds no names has two whose names differ in case alone: what programs of one,
    and defaults of its tables, use of the other is no name of its own (PG-2)."""
    twin = small.upper()
    assert twin != small
    made = [
        f"CREATE VIEW v AS SELECT {small}.f() AS one FROM {small}.t",
        f"CREATE PROCEDURE p() DELETE FROM {small}.t",
        f"CREATE EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM {small}.t",
        "CREATE TABLE t (id INT)",
        f"CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW DELETE FROM {small}.t",
    ]
    if server.version.flavor is Flavor.MARIADB:
        made.append(f"CREATE SEQUENCE {small}.s")
        made.append(f"CREATE TABLE u (id INT DEFAULT (NEXTVAL({small}.s)))")
    with admin_cursor(server) as cursor:
        cursor.execute(f"CREATE DATABASE {twin}")
        try:
            cursor.execute(f"USE {twin}")
            for statement in made:
                cursor.execute(statement)
            [seen] = seen_by(Counting(serves_many=False), [connection_to(server, twin)], MANAGED)
        finally:
            cursor.execute(f"DROP DATABASE {twin}")
            cursor.execute(f"DROP TABLE IF EXISTS {small}.s")
    assert isinstance(seen, ObservedShard)
    own = [one for one in seen.others if one.name in ("v", "p", "e", "g")]
    assert [one.name for one in own if small not in one.definition] == []
    assert all(small in text for table, text in seen.definitions if table == "u")


@contextmanager
def locked(server: RunningServer, database: str) -> Iterator[None]:
    """A RENAME that waits for its second table holds the first exclusively meanwhile."""

    def rename() -> None:
        with admin_cursor(server, database) as cursor:
            cursor.execute("SET lock_wait_timeout = 60")
            cursor.execute("RENAME TABLE p TO p2, `t-1` TO t2")

    with admin_cursor(server, database) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM `t-1`")
        renames = threading.Thread(target=rename)
        renames.start()
        wait_until_waiting(server, "RENAME TABLE")
        try:
            yield
        finally:
            reader.execute("COMMIT")
            renames.join()


def test_a_locked_table_is_its_own_shards_alone(
    mysql_server: RunningServer, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.edges.mysql.session_settings.READ_LOCK_WAIT_S", 1)
    made = [fresh_database(mysql_server) for _ in range(3)]
    for database in made:
        with admin_cursor(mysql_server, database) as cursor:
            for statement in PLAIN:
                cursor.execute(statement.replace(", FOREIGN KEY (id) REFERENCES p (id)", ""))
    with locked(mysql_server, made[1]):
        seen, _ = together_and_alone([connection_to(mysql_server, one) for one in made])
    assert [type(one) for one in seen] == [ObservedShard, Unreachable, ObservedShard]
    assert isinstance(seen[1], Unreachable)
    assert seen[1].code == "table-locked"


def test_a_table_that_comes_while_others_are_read_is_missed_by_no_shard(
    mysql_server: RunningServer, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [fresh_database(mysql_server) for _ in range(2)]
    for database in made:
        with admin_cursor(mysql_server, database) as cursor:
            cursor.execute("CREATE TABLE t (id INT)")
    asked = Link.ask_ahead

    def late(link: Link, statements: Sequence[str]) -> Iterator[object]:
        answers = [*asked(link, statements)]
        if any(re.search("SHOW CREATE", sql) for sql in statements):
            with admin_cursor(mysql_server, made[0]) as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS late (id INT)")
        yield from answers

    monkeypatch.setattr(Link, "ask_ahead", late)
    reach = Counting(serves_many=True)
    seen = seen_by(reach, [connection_to(mysql_server, one) for one in made])
    names = [[n for n, _ in one.definitions] for one in seen if isinstance(one, ObservedShard)]
    assert names == [["late", "t"], ["t"]]
    assert reach.opened == 2
