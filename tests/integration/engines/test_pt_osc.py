"""What pt-online-schema-change does wrong by itself, and what does not happen here."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pymysql
import pytest

from reconciler.edges.engines.pt_osc.tables import guards, swap
from reconciler.edges.mysql import row_check
from reconciler.edges.mysql.limits import ROWS_DIFFERING_MAX
from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName, Handle
from reconciler.plan.engines.pt_osc_names import names_of
from reconciler.ports.engine import (
    Answer,
    Applied,
    Engine,
    EngineWork,
    Failed,
    Gone,
    ReadyToCutOver,
    Running,
)
from reconciler.ports.shards import RowsAlike, RowsDiffer, ShardSession
from reconciler.spec.model import Tls
from tests.conftest import FreshDatabase
from tests.contract.engines.pt_osc import program_of
from tests.fleet import Fleet
from tests.integration.mysql_edges import (
    SERVERS,
    Account,
    account,
    admin_cursor,
    admin_of,
    connection_to,
    planned,
    sessions,
    shard,
)
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.engine("pt-osc")

DEADLOCK = 1213
_NEEDED = ("ALTER", "CREATE", "DELETE", "DROP", "INDEX", "INSERT", "SELECT", "TRIGGER", "UPDATE")
ADD_COLUMN = "ALTER TABLE `t` ADD COLUMN `b` int NOT NULL DEFAULT 7"


@dataclass
class Place:
    """A shard with a table `t` of many rows."""

    server: RunningServer
    database: str
    rows: int = 5_000

    def run(self, *statements: str) -> tuple[tuple[object, ...], ...]:
        with admin_cursor(self.server, self.database) as cursor:
            for statement in statements:
                cursor.execute(statement)
            return tuple(cursor.fetchall())

    def fill(self, definition: str = "code varchar(20) NOT NULL") -> Place:
        self.run(
            f"CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, a int, {definition})",
            "INSERT INTO t (a, code) WITH RECURSIVE n AS"
            " (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
            " SELECT x.i, CONCAT('code-', x.i, '-', y.i)"
            f" FROM n x JOIN n y WHERE y.i <= {self.rows // 1000}",
        )
        return self

    def helpers(self) -> set[str]:
        tables = {str(name) for (name,) in self.run("SHOW TABLES")} - {"t", "child"}
        return tables | {str(row[0]) for row in self.run("SHOW TRIGGERS")}

    def definition(self, table: str = "t") -> str:
        return str(self.run(f"SHOW CREATE TABLE {table}")[0][1])

    @contextmanager
    def session(
        self, login: Account | None = None, tls: Tls | None = None
    ) -> Iterator[ShardSession]:
        connection = replace(connection_to(self.server, self.database, login), tls=tls)
        with sessions().open(shard(connection)) as session:
            yield session


@pytest.fixture(params=SERVERS)
def place(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Place:
    server: RunningServer = request.getfixturevalue(request.param)
    return Place(server, fresh_database(server))


def work_of(sql: str, **limits: int | bool) -> EngineWork:
    work = EngineWork(statement=planned(sql), lock_wait_s=10, run_limit_s=300)
    return replace(work, **limits)  # type: ignore[arg-type]


def wait_for_claim(session: ShardSession) -> None:
    """A busy server takes a moment to notice that the session before has ended."""
    until(session.claim, "the session before to end")


def engine_of(session: ShardSession) -> Engine:
    return session.engine(EngineName.PT_OSC)


def begun(engine: Engine, work: EngineWork, earlier: Handle | None = None) -> Handle:
    handle = engine.prepare(work, earlier)
    assert isinstance(handle, Handle), handle
    answer = engine.start(handle, work)
    assert isinstance(answer, Running), answer
    return handle


def ended(engine: Engine, handle: Handle, work: EngineWork) -> Answer:
    """Until it is ready, or has ended."""
    while isinstance(answer := engine.look(handle, work), Running):
        pass
    return answer


def carried_out(engine: Engine, handle: Handle, work: EngineWork) -> Answer:
    answer = ended(engine, handle, work)
    return engine.cut_over(handle, work) if isinstance(answer, ReadyToCutOver) else answer


@contextmanager
def kept_from_copying(place: Place) -> Iterator[None]:
    """Its triggers wait for somebody who has read the table."""
    with admin_cursor(place.server, place.database) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM t")
        yield


@contextmanager
def paused(place: Place, engine: Engine, work: EngineWork) -> Iterator[Handle]:
    """Before the first row of its copy, with its triggers there."""
    patient = replace(work, lock_wait_s=int(PATIENCE_S))
    with kept_from_copying(place):
        handle = begun(engine, patient)
        assert engine.throttle(handle, work, "the test")
    until(lambda: len(place.helpers()) == 4, "its copy and triggers")
    yield handle


@contextmanager
def writers(place: Place) -> Iterator[None]:
    """An application that inserts, updates and deletes all the while. Nothing that it cannot try
    again is ever refused."""
    ends, errors = threading.Event(), list[Exception]()

    def write() -> None:
        try:
            with admin_cursor(place.server, place.database) as cursor:
                number = 0
                while not ends.wait(0.002):
                    number += 1
                    for statement in (
                        f"INSERT INTO t (a, code) VALUES ({number}, 'w-{number}')",
                        f"UPDATE t SET a = a + 1 WHERE id = {number * 7 % 5000 + 1}",
                        f"DELETE FROM t WHERE id = {number * 11 % 5000 + 1}",
                    ):
                        try:
                            cursor.execute(statement)
                        except pymysql.err.OperationalError as error:
                            if error.args[0] != DEADLOCK:  # applications try those again
                                raise
        except pymysql.err.MySQLError as error:
            errors.append(error)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join()
    assert errors == []


@pytest.mark.invariant("EN-12")
def test_killed_in_the_copy_it_is_begun_again_and_no_row_is_lost(place: Place) -> None:
    place.fill()
    work = work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        with writers(place):
            with paused(place, engine, work) as handle:
                os.kill(program_of(place.database), signal.SIGKILL)
                assert ended(engine, handle, work) == Gone()
                assert len(place.helpers()) == 4, "its triggers and its copy are there yet"
            again = begun(engine, work, handle)
            assert isinstance(ended(engine, again, work), ReadyToCutOver)
        before = place.run("SELECT id, a, code, 7 FROM t ORDER BY id")
        assert engine.cut_over(again, work) == Applied()
    assert place.run("SELECT id, a, code, b FROM t ORDER BY id") == before
    assert place.helpers() == set()


@pytest.mark.invariant("EN-12")
def test_every_write_of_an_application_is_in_what_was_swapped_in(place: Place) -> None:
    place.fill()
    work = work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        with writers(place):
            handle = begun(engine, work)
            assert isinstance(ended(engine, handle, work), ReadyToCutOver)
        before = place.run("SELECT id, a, code FROM t ORDER BY id")
        assert engine.cut_over(handle, work) == Applied()
        assert place.run("SELECT id, a, code FROM t ORDER BY id") == before


@pytest.mark.invariant("EN-12")
@pytest.mark.parametrize("foreign", ["_t_new", "_t_old", "trigger"])
def test_a_foreign_helper_is_named_and_never_touched(place: Place, foreign: str) -> None:
    place.fill()
    trigger = names_of(place.database, "t").syncing[2]
    if foreign == "trigger":
        foreign = trigger
        place.run(f"CREATE TRIGGER `{trigger}` BEFORE INSERT ON t FOR EACH ROW SET @x = 1")
    else:
        place.run(
            f"CREATE TABLE `{foreign}` (id int PRIMARY KEY)", f"INSERT INTO `{foreign}` VALUES (1)"
        )
    time.sleep(1.1)  # the server's clock counts seconds
    with place.session() as session:
        refused = engine_of(session).prepare(work_of(ADD_COLUMN), None)
    assert isinstance(refused, Failed)
    assert not refused.transient
    assert foreign in refused.error.message
    assert place.helpers() == {foreign}


@pytest.mark.invariant("EN-12")
def test_what_somebody_made_since_is_not_discarded(place: Place) -> None:
    """A handle that was made before, and never started: the names in it prove nothing alone."""
    place.fill()
    place.run("CREATE TABLE `_t_new` (id int PRIMARY KEY)")
    time.sleep(1.1)
    with place.session() as session:
        engine = engine_of(session)
        place.run("RENAME TABLE `_t_new` TO elsewhere")
        handle = engine.prepare(work_of(ADD_COLUMN), None)
        assert isinstance(handle, Handle)
        place.run("RENAME TABLE elsewhere TO `_t_new`")
        if place.server.version.flavor == "mysql":  # MariaDB's tables are as old as their names
            assert isinstance(engine.discard(handle, work_of(ADD_COLUMN)), Failed)
            assert place.helpers() == {"_t_new"}


@pytest.mark.invariant("EN-7")
def test_a_copy_that_is_not_the_table_is_seen_before_the_swap(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself the program cuts texts short, and ends well."""
    monkeypatch.setattr(row_check, "ROWS_LOOK_AGAIN_S", (0.1,))  # no row of it will follow
    place.fill()
    work = work_of("ALTER TABLE `t` MODIFY COLUMN `code` varchar(3) NOT NULL")
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        assert isinstance(ended(engine, handle, work), ReadyToCutOver)
        found = session.compare_rows(work.statement, handle.helpers[0])
        assert isinstance(found, RowsDiffer)
        assert (found.differing, found.missing, found.extra) == (ROWS_DIFFERING_MAX, 0, 0)
        assert engine.discard(handle, work) is None
    assert place.helpers() == set()


@pytest.mark.invariant("EN-7")
def test_a_complete_copy_is_the_table_at_each_moment_while_somebody_writes(place: Place) -> None:
    """Its triggers write in the transaction that writes: no row has to be looked at again."""
    place.fill()
    work = work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        with writers(place):
            handle = begun(engine, work)
            assert isinstance(ended(engine, handle, work), ReadyToCutOver)
            for _ in range(5):
                found = session.compare_rows(work.statement, handle.helpers[0])
                assert isinstance(found, RowsAlike), found
                assert (found.is_whole, found.unsettled) == (True, 0)
        assert engine.discard(handle, work) is None


def test_a_value_that_does_not_fit_ends_the_copy(place: Place) -> None:
    work, before = work_of("ALTER TABLE `t` MODIFY COLUMN `a` tinyint"), place.fill().definition()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        answer = ended(engine, handle, work)
        assert isinstance(answer, Failed), answer
        assert not answer.transient
        assert "Out of range value" in answer.error.message
        assert engine.discard(handle, work) is None
    assert place.helpers() == set()
    assert place.definition() == before


@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize(
    "change",
    ["MODIFY COLUMN `code` varchar(6) NOT NULL", "ADD UNIQUE INDEX `u2` (`a`)"],
)
def test_rows_that_meet_in_a_unique_key_are_not_lost(place: Place, change: str) -> None:
    place.fill("code varchar(20) NOT NULL, UNIQUE KEY u (code)")
    work = work_of(f"ALTER TABLE `t` {change}")
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        answer = ended(engine, handle, work)
        assert isinstance(answer, Failed), answer
        assert not answer.transient
        assert engine.discard(handle, work) is None
    assert place.run("SELECT COUNT(*) FROM t") == ((5_000,),)
    assert place.helpers() == set()


@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("varchar(20) COLLATE utf8mb4_bin", "varchar(20) COLLATE utf8mb4_general_ci"),
        ("varchar(20)", "varchar(19)"),
        ("varchar(20)", "varbinary(20)"),
    ],
)
def test_rows_that_may_meet_after_they_were_compared_are_not_swapped_in(
    place: Place, column: str, changed: str
) -> None:
    """All rows are alike in both, and the next two that somebody writes may not be."""
    place.fill(f"code {column} NOT NULL, UNIQUE KEY u (code)")
    work = work_of(f"ALTER TABLE `t` MODIFY COLUMN `code` {changed} NOT NULL")
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        answer = ended(engine, handle, work)
        assert isinstance(answer, Failed), answer
        assert "unique key u of the copy" in answer.error.message
        assert engine.discard(handle, work) is None


@pytest.mark.invariant("EN-40")
def test_a_complete_copy_is_known_by_its_rows_in_another_process(place: Place) -> None:
    work = work_of(ADD_COLUMN)
    place.fill()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        assert isinstance(ended(engine, handle, work), ReadyToCutOver)
    with writers(place), place.session() as session:
        engine = engine_of(session)
        assert isinstance(ended(engine, handle, work), ReadyToCutOver)
        assert engine.cut_over(handle, work) == Applied()
    assert place.helpers() == set()
    assert "`b` int" in place.definition()


@pytest.mark.invariant("EN-40")
def test_a_copy_that_lacks_a_row_is_begun_again_by_another_process(place: Place) -> None:
    work = work_of(ADD_COLUMN)
    place.fill()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        assert isinstance(ended(engine, handle, work), ReadyToCutOver)
    place.run("DELETE FROM `_t_new` WHERE id = 17")
    with place.session() as session:
        engine = engine_of(session)
        assert ended(engine, handle, work) == Gone()
        again = begun(engine, work, handle)
        assert carried_out(engine, again, work) == Applied()
    assert place.run("SELECT COUNT(*) FROM t") == ((5_000,),)
    assert place.helpers() == set()


@pytest.mark.invariant("EN-40")
def test_a_copy_that_was_not_finished_is_begun_again_whatever_is_written(place: Place) -> None:
    """Another process finds triggers that follow, and a copy that lacks what was never copied."""
    place.fill()
    work = work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        with paused(place, engine, work) as handle:
            os.kill(program_of(place.database), signal.SIGKILL)
            assert ended(engine, handle, work) == Gone()
    with writers(place), place.session() as session:
        engine = engine_of(session)
        assert ended(engine, handle, work) == Gone()
        assert engine.discard(handle, work) is None
    assert place.helpers() == set()


@pytest.mark.invariant("EN-40")
def test_reading_what_another_process_copied_can_be_stopped(place: Place) -> None:
    place.fill()
    work = work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        assert isinstance(ended(engine, handle, work), ReadyToCutOver)
    with place.session() as session:
        engine = engine_of(session)
        assert isinstance(engine.look(handle, work), Running)
        engine.stop(handle, work)
        stopped = engine.look(handle, work)
        assert isinstance(stopped, Failed), stopped
        assert engine.discard(handle, work) is None
    assert place.helpers() == set()


@pytest.mark.invariant("PL-12")
def test_nothing_of_the_login_is_in_its_arguments_or_words(place: Place) -> None:
    place.fill()
    login = admin_of(place.server)
    work = work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        with paused(place, engine, work) as handle:
            pid = program_of(place.database)
            said = (
                Path(f"/proc/{pid}/cmdline").read_text() + Path(f"/proc/{pid}/environ").read_text()
            )
            assert login.password not in said
            assert place.server.host not in said
            engine.stop(handle, work)
            answer = ended(engine, handle, work)
        assert isinstance(answer, Failed)
        assert login.password not in answer.error.message
        assert engine.discard(handle, work) is None
    assert place.helpers() == set()


@pytest.mark.invariant("CN-1")
@pytest.mark.parametrize("requires", ["", "REQUIRE SSL"])
def test_it_logs_in_as_our_own_session_does(place: Place, requires: str) -> None:
    """With a password that files have signs for, and what the guard asks for, and no more."""
    if requires and place.server.version.series == "mariadb 10.11":
        requires = ""  # a server without certificates, which makes none by itself
    place.fill()
    needed = f"{', '.join(_NEEDED)} ON `{place.database}`.*"
    with account(place.server, needed, "PROCESS ON *.*", requires=requires) as login:
        odd = replace(login, password="p\"a\\b#c'd e;[x]=%$é")
        place.run("SET GLOBAL log_bin_trust_function_creators = 1")
        try:
            quoted = pymysql.converters.escape_string(odd.password)
            place.run(f"ALTER USER '{odd.user}'@'127.0.0.1' IDENTIFIED BY '{quoted}'")
            with place.session(odd, Tls(insecure=True) if requires else None) as session:
                engine = engine_of(session)
                work = work_of(ADD_COLUMN)
                handle = begun(engine, work)
                assert carried_out(engine, handle, work) == Applied()
        finally:
            place.run("SET GLOBAL log_bin_trust_function_creators = 0")
    assert place.helpers() == set()


def test_it_ends_at_its_limit(place: Place) -> None:
    place.fill()
    work = work_of(ADD_COLUMN, run_limit_s=1, lock_wait_s=int(PATIENCE_S))
    with place.session() as session:
        engine = engine_of(session)
        with kept_from_copying(place):
            handle = begun(engine, work)
            answer = ended(engine, handle, work)
        assert isinstance(answer, Failed)
        assert "longer than its limit of 1 s" in answer.error.message
        assert engine.discard(handle, work) is None


def test_the_old_table_is_kept_where_somebody_wants_it(place: Place) -> None:
    place.fill()
    work = work_of(ADD_COLUMN, keep_old_s=3600)
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        assert carried_out(engine, handle, work) == Applied()
        assert place.helpers() == {"_t_old"}
        assert engine.discard(handle, work) is None
        assert place.helpers() == {"_t_old"}, "rows are there that are nowhere else"
        assert engine.discard(handle, replace(work, keep_old_s=0)) is None
    assert place.helpers() == set()


def parent(place: Place, rule: str = "ON DELETE CASCADE") -> str:
    place.fill().run(
        "CREATE TABLE child (id int PRIMARY KEY, t_id int,"
        f" CONSTRAINT `the key` FOREIGN KEY (t_id) REFERENCES t (id) {rule})",
        "INSERT INTO child SELECT id, id FROM t WHERE id <= 100",
    )
    return place.definition("child")


def foreign_key_holds(place: Place) -> None:
    with pytest.raises(pymysql.err.IntegrityError):
        place.run("INSERT INTO child VALUES (100000, 100000)")
    place.run(
        "INSERT INTO child VALUES (100000, 200)", "DELETE FROM t WHERE id IN (3, 200)", "COMMIT"
    )
    assert place.run("SELECT COUNT(*) FROM child") == ((99,),)


@pytest.mark.invariant("EN-41")
def test_foreign_keys_of_children_stay_as_they_were(place: Place) -> None:
    before, work = parent(place), work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        assert carried_out(engine, handle, work) == Applied()
        assert ended(engine, handle, work) == Gone(), "nothing is left to do"
    assert place.definition("child") == before
    assert "`b` int" in place.definition()
    assert place.helpers() == set()
    foreign_key_holds(place)


@pytest.mark.invariant("EN-41")
@pytest.mark.parametrize("steps", [1, 2, 3], ids=["swapped", "old table dropped", "keys moved"])
def test_a_swap_that_ended_between_its_steps_is_taken_up(place: Place, steps: int) -> None:
    before, work = parent(place), work_of(ADD_COLUMN)
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, work)
        assert isinstance(ended(engine, handle, work), ReadyToCutOver)
        stopped_after(place, steps)
    with place.session() as session:
        engine = engine_of(session)
        assert ended(engine, handle, work) == Applied()
        if steps < 3:
            with pytest.raises(pymysql.err.MySQLError, match="the table is being swapped"):
                place.run("DELETE FROM t WHERE id = 3")
            with pytest.raises(pymysql.err.MySQLError, match="the table is being swapped"):
                place.run("UPDATE t SET id = 77777 WHERE id = 3")
        place.run("UPDATE t SET a = 5 WHERE id = 3", "INSERT INTO t (a, code) VALUES (1, 'new')")
        wait_for_claim(session)
        assert engine.discard(handle, work) is None
        assert engine.discard(handle, work) is None
    assert place.definition("child") == before
    assert place.helpers() == set()
    foreign_key_holds(place)


def stopped_after(place: Place, steps: int) -> None:
    """What `cut_over` sends, as far as somebody let it."""
    names = names_of(place.database, "t")
    with place.session() as session:
        children = session.dependents(["t"]).references
    later = ["DROP TABLE `_t_old`", "RENAME TABLE t TO `_t_old`, `_t_old` TO t"]
    place.run(
        *guards(place.database, names, children),
        swap(names),
        "SET foreign_key_checks = 0",
        *later[: steps - 1],
    )


ORDERS = """CREATE TABLE orders (
  id bigint NOT NULL,
  item_id bigint NOT NULL,
  PRIMARY KEY (id),
  KEY of_item (item_id),
  CONSTRAINT of_item FOREIGN KEY (item_id) REFERENCES items (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""
ITEMS = """CREATE TABLE items (
  id bigint NOT NULL,
  a int DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
"""


@pytest.mark.invariant("EN-41")
@pytest.mark.parametrize("server", SERVERS)
def test_a_reviewed_plan_rebuilds_a_table_that_others_refer_to(
    server: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on = request.getfixturevalue(server)
    tables = {"items": ITEMS, "orders": ORDERS}
    fleet = Fleet(tmp_path / "shop", [on], fresh_database, monkeypatch).found(2, tables)
    for shard_name in fleet.databases:
        fleet.sql(shard_name, "INSERT INTO items VALUES (1, 1), (2, 2)")
        fleet.sql(shard_name, "INSERT INTO orders VALUES (1, 1), (2, 2)")
    before = fleet.all_definitions()
    fleet.spec["engine"] = {"rebuild": {"use": "pt-osc"}}
    fleet.edit("schemas/shop/items.sql", "  a int DEFAULT NULL", "  a bigint DEFAULT NULL")
    fleet.write_spec()
    assert (planned := fleet.run("plan", "--write")).code == 0, planned.said
    fleet.commit("wider")
    assert (applied := fleet.run("apply")).code == 0, applied.said
    for shard_name, definitions in fleet.all_definitions().items():
        assert definitions["orders"] == before[shard_name]["orders"]
        assert "`a` bigint" in definitions["items"]
        assert [*definitions] == ["items", "orders"]
        fleet.sql(shard_name, "DELETE FROM items WHERE id = 1")
        assert fleet.sql(shard_name, "SELECT id FROM orders") == ((2,),)
    assert fleet.run("drift").code == 0
