"""Online DDL of one shard, on a real cluster: rows that are written meanwhile, other people's
migrations, locks, and programs of Vitess that are killed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pymysql
import pytest

from reconciler.edges.client.opening import open_wire
from reconciler.edges.mysql.row_check import OngoingCheck, begin_check
from reconciler.edges.shard_session import MysqlShardSession, MysqlShardSessions
from reconciler.edges.vitess.keyspaces import VitessKeyspaces
from reconciler.edges.vitess.local.cluster import VTCTLD, VTGATE
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.edges.workers import ThreadWorkers
from reconciler.model.engine import EngineName, Handle
from reconciler.ports.engine import (
    Answer,
    Applied,
    Engine,
    EngineWork,
    Failed,
    Gone,
    ReadyToCutOver,
    Running,
    Unknown,
)
from reconciler.ports.shards import RowsAlike, RowsDiffer
from tests.contract.engines.stand import work_of
from tests.contract.engines.vitess import copying_nothing, shard_of
from tests.integration.mysql_edges import ROOT, planned
from tests.vitess import Vitess, cluster_of
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.vitess

WIDEN = "ALTER TABLE `t` MODIFY COLUMN `n` bigint NOT NULL"
HERE, ELSEWHERE = "-80", "80-"


@dataclass(frozen=True)
class Place:
    """A keyspace of two shards, with a table `t` on each; the engine works on one of them."""

    vitess: Vitess
    keyspace: str

    @contextmanager
    def session(self) -> Iterator[MysqlShardSession]:
        sessions = MysqlShardSessions(environ={}, root=ROOT, reach=OverVtgate())
        with sessions.open(shard_of(self.vitess, self.keyspace, HERE)) as session:
            yield session

    def sql(self, *statements: str) -> tuple[tuple[Any, ...], ...]:
        """On the server of the shard, past Vitess."""
        return self.vitess.on_server(self.keyspace, HERE, *statements)

    def over_vtgate(self, *statements: str) -> tuple[tuple[Any, ...], ...]:
        return self.vitess.sql(f"{self.keyspace}/{HERE}", *statements)

    @property
    def type_of_n(self) -> str:
        asked = "SELECT DATA_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
        return str(self.sql(f"{asked} AND TABLE_NAME = 't' AND COLUMN_NAME = 'n'")[0][0])

    def migrations(self, what: str) -> list[Any]:
        """Of the shard, in the order in which they were begun."""
        rows = self.sql(
            f"SELECT {what} FROM {self.sidecar}.schema_migrations"
            f" WHERE keyspace = '{self.keyspace}' ORDER BY id"
        )
        return [row[0] if len(row) == 1 else row for row in rows]

    @property
    def sidecar(self) -> str:
        made = next(k for k in self.vitess._added if k.name == self.keyspace)
        return made.sidecar

    @property
    def tablet(self) -> str:
        return self.vitess.tablet(self.keyspace, HERE).name


@pytest.fixture
def place(vitess: Vitess) -> Place:
    made = Place(vitess, vitess.keyspace(2))
    for shard in (HERE, ELSEWHERE):
        vitess.on_server(
            made.keyspace,
            shard,
            "CREATE TABLE t (id bigint NOT NULL PRIMARY KEY AUTO_INCREMENT, n int NOT NULL)",
            "INSERT INTO t (n) VALUES (1), (2), (3), (4), (5), (6), (7), (8)",
        )
    return made


def work(sql: str = WIDEN, **given: Any) -> EngineWork:
    return replace(work_of(planned(sql, "t")), lock_wait_s=5, apply_id=7, shard=HERE, **given)


def engine_of(session: MysqlShardSession) -> Engine:
    return session.engine(EngineName.VITESS)


def begun(engine: Engine, todo: EngineWork, earlier: Handle | None = None) -> Handle:
    handle = engine.prepare(todo, earlier)
    assert isinstance(handle, Handle), handle
    assert isinstance(engine.start(handle, todo), Running | ReadyToCutOver)
    return handle


def until_ready(engine: Engine, handle: Handle, todo: EngineWork) -> ReadyToCutOver:
    answer = looked_until(engine, handle, todo, ReadyToCutOver)
    assert isinstance(answer, ReadyToCutOver)
    return answer


def looked_until(engine: Engine, handle: Handle, todo: EngineWork, kind: type[object]) -> Answer:
    give_up_s = time.monotonic() + PATIENCE_S
    answer = engine.look(handle, todo)
    while not isinstance(answer, kind):
        assert time.monotonic() < give_up_s, answer
        assert isinstance(answer, Running | ReadyToCutOver | Unknown), answer
        answer = engine.look(handle, todo)
    return answer


def swapped(engine: Engine, handle: Handle, todo: EngineWork) -> Answer:
    answer = engine.cut_over(handle, todo)
    while isinstance(answer, Running):
        answer = engine.look(handle, todo)
    return answer


@contextmanager
def writing(place: Place) -> Iterator[list[int]]:
    """Somebody writes over vtgate all the time, and remembers what was said to be written."""
    stop, written = threading.Event(), [0, 0]
    login = place.vitess.cluster.logins.admin

    def write() -> None:
        while not stop.is_set():
            try:
                with pymysql.connect(
                    host="127.0.0.1",
                    port=place.vitess.cluster.vtgate_port,
                    user=login.user,
                    password=login.password,
                    database=f"{place.keyspace}/{HERE}",
                    autocommit=True,
                ) as connection:
                    cursor = connection.cursor()
                    while not stop.is_set():
                        cursor.execute("INSERT INTO t (n) VALUES (100)")
                        written[0] += 1
                        cursor.execute("UPDATE t SET n = n + 1 WHERE id = 1")
                        written[1] += 1
            except pymysql.MySQLError:
                continue

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


@pytest.mark.invariant("EN-71")
def test_nothing_that_is_written_meanwhile_is_lost(place: Place) -> None:
    todo = work()
    with place.session() as session, writing(place) as written:
        engine = engine_of(session)
        handle = begun(engine, todo)
        ready = until_ready(engine, handle, todo)
        assert isinstance(session.compare_rows(todo.statement, ready.copy), RowsAlike)
        assert place.type_of_n == "int", "nothing took effect before it was told to"
        assert swapped(engine, handle, todo) == Applied()
        enough = written[0] + 20
        until(lambda: written[0] > enough, "writes behind the swap")
    inserted, updated = written
    count, first = place.sql("SELECT (SELECT COUNT(*) FROM t), (SELECT n FROM t WHERE id = 1)")[0]
    # One of each may have been done and not answered, as a tablet held it back.
    assert 0 <= count - 8 - inserted <= 1
    assert 0 <= first - 1 - updated <= 1
    assert place.type_of_n == "bigint"
    on_other = place.vitess.on_server(place.keyspace, ELSEWHERE, "SHOW CREATE TABLE t")
    assert "`n` int NOT NULL" in on_other[0][1], "the other shard was not touched"


@pytest.mark.invariant("EN-7")
def test_texts_are_compared_to_the_byte_over_vtgate(place: Place) -> None:
    place.sql(
        "ALTER TABLE t ADD COLUMN v varchar(20) NOT NULL DEFAULT 'a'",
        "CREATE TABLE c LIKE t",
        "INSERT INTO c SELECT * FROM t",
    )
    statement = work().statement
    with place.session() as session:
        assert session.compare_rows(statement, "c") == RowsAlike(compared=8)
        check = session._shard.looked(lambda link: begin_check(link, statement, "c"))
        assert isinstance(check, OngoingCheck)
        assert check.next_equal(rows=5, has_end=True)
        place.sql("UPDATE c SET v = 'A' WHERE id = 7", "UPDATE c SET v = 'a ' WHERE id = 8")
        assert not check.next_equal(rows=5, has_end=True)
        found = session.compare_rows(statement, "c")
    assert found == RowsDiffer(compared=8, differing=2, missing=0, extra=0)


@pytest.mark.invariant("EN-70")
def test_its_id_and_context_are_of_the_apply_and_each_try_has_its_own(place: Place) -> None:
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        first = begun(engine, todo)
        engine.stop(first, todo)
        assert isinstance(looked_until(engine, first, todo, Failed), Failed)
        second = begun(engine, todo, first)
        until_ready(engine, second, todo)
        assert swapped(engine, second, todo) == Applied()
        assert isinstance(engine.look(first, todo), Failed), "the first one is not run again"
    rows = place.migrations("migration_uuid, migration_context, migration_status, retries")
    assert [(row[2], row[3]) for row in rows] == [("cancelled", 0), ("complete", 0)]
    assert len({row[0] for row in rows}) == len({row[1] for row in rows}) == 2
    assert all(row[1].startswith(f"reconciler:7:{row[0]}:") for row in rows)


@pytest.mark.invariant("EN-70")
def test_what_was_done_and_undone_is_done_again(place: Place) -> None:
    """Vitess takes a statement for done that an older migration of the same context has done."""
    todo, back = work(), work("ALTER TABLE `t` MODIFY COLUMN `n` int NOT NULL")
    with place.session() as session:
        engine = engine_of(session)
        for wanted, kind in ((todo, "bigint"), (back, "int"), (todo, "bigint")):
            handle = begun(engine, wanted)
            until_ready(engine, handle, wanted)
            assert swapped(engine, handle, wanted) == Applied()
            assert place.type_of_n == kind


@pytest.mark.invariant("EN-72")
def test_another_s_migration_of_the_table_is_named_and_left_alone(place: Place) -> None:
    with place.session() as session, copying_nothing(place.vitess, place.keyspace):
        started = place.vitess.sql(
            place.keyspace,
            "SET @@ddl_strategy = 'vitess --postpone-completion'",
            "ALTER TABLE t ADD COLUMN theirs int",
        )
        uuid = str(started[0][0])
        engine, todo = engine_of(session), work()
        refused = engine.prepare(todo, None)
        assert isinstance(refused, Failed)
        assert not refused.transient
        assert uuid in refused.error.message
        assert place.migrations("migration_uuid") == [uuid]
        assert place.migrations("cancelled_timestamp") == [None]


@pytest.mark.invariant("EN-72")
def test_one_that_comes_in_between_is_refused_by_the_tablet(place: Place) -> None:
    with place.session() as session, copying_nothing(place.vitess, place.keyspace):
        engine, todo = engine_of(session), work()
        handle = engine.prepare(todo, None)
        assert isinstance(handle, Handle)
        place.vitess.sql(
            place.keyspace,
            "SET @@ddl_strategy = 'vitess --postpone-completion'",
            "ALTER TABLE t ADD COLUMN theirs int",
        )
        refused = engine.start(handle, todo)
        assert isinstance(refused, Failed), refused
        assert len(place.migrations("migration_uuid")) == 1


@pytest.mark.invariant("VT-35")
def test_one_that_never_begins_to_copy_is_ended_and_begun_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a server leaves it that dies just when its tablet begins; here a throttle holds it."""
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        with copying_nothing(place.vitess, place.keyspace):
            first = begun(engine, todo)
            assert isinstance(engine.look(first, todo), Running), "it is given its time"
            monkeypatch.setattr("reconciler.edges.engines.vitess.engine.MIGRATION_BEGINS_S", 0.2)
            ended = looked_until(engine, first, todo, Failed)
            assert isinstance(ended, Failed)
            assert ended.transient
            monkeypatch.undo()
        second = begun(engine, todo, first)
        until_ready(engine, second, todo)
        assert swapped(engine, second, todo) == Applied()
    found = place.migrations("migration_status, cleanup_timestamp IS NOT NULL")
    assert found == [("cancelled", 1), ("complete", 0)]


@pytest.mark.invariant("VT-37")
def test_one_that_cannot_begin_says_what_vitess_says_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside such a table the plan gives nothing to Online DDL: this one was made since."""
    place.sql("CREATE TABLE `o``dd` (id bigint NOT NULL PRIMARY KEY)")
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_it_says_something(place)
        monkeypatch.setattr("reconciler.edges.engines.vitess.engine.MIGRATION_BEGINS_S", 0.2)
        ended = looked_until(engine, handle, todo, Failed)
    assert isinstance(ended, Failed)
    assert "never copied: Vitess says: UnescapeID" in ended.error.message
    assert "o`dd" in ended.error.message
    assert place.migrations("migration_status") == ["cancelled"]
    assert place.type_of_n == "int"


def until_it_says_something(place: Place) -> None:
    asked = f"SELECT COUNT(*) FROM {place.sidecar}.vreplication WHERE message <> ''"
    until(lambda: place.sql(asked) != ((0,),), "the stream to say why it does not copy")


@contextmanager
def read_by_somebody(place: Place) -> Iterator[None]:
    """The table cannot be swapped meanwhile."""
    tablet = place.vitess.tablet(place.keyspace, HERE)
    target = place.vitess.cluster.server_target(tablet.server)
    with open_wire(target, program="reader", database=tablet.database) as reader:
        reader.cursor().execute("BEGIN")
        reader.cursor().execute("SELECT * FROM t")
        yield
        reader.cursor().execute("ROLLBACK")


@pytest.mark.invariant("EN-71")
def test_a_swap_that_gets_no_lock_after_its_driver_was_killed_is_held_back(place: Place) -> None:
    """Nobody is left who knows how often it had been tried before it was let go."""
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_ready(engine, handle, todo)
    with read_by_somebody(place):
        # The last thing that the driver did.
        place.over_vtgate(f"ALTER VITESS_MIGRATION '{handle_uuid(place)}' COMPLETE")
        give_up_s = time.monotonic() + PATIENCE_S
        while not place.migrations("cutover_attempts > 0 AND message <> ''")[0]:
            assert time.monotonic() < give_up_s
            time.sleep(0.2)
        with place.session() as session:
            answer = until_ready(engine_of(session), handle, todo)
            assert answer.progress.waits_for
        assert place.migrations("postpone_completion") == [1]
    with place.session() as session:
        engine = engine_of(session)
        assert place.type_of_n == "int"
        until_ready(engine, handle, todo)
        assert swapped(engine, handle, todo) == Applied()
    assert place.type_of_n == "bigint"


@pytest.mark.invariant("EN-71")
def test_a_swap_that_gets_no_lock_is_held_back_until_it_is_let_go_again(place: Place) -> None:
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_ready(engine, handle, todo)
        with read_by_somebody(place):
            answer = swapped(engine, handle, todo)
            assert isinstance(answer, ReadyToCutOver), answer
            assert answer.progress.waits_for
            assert place.migrations("postpone_completion, cutover_attempts > 0") == [(1, 1)]
        assert isinstance(engine.look(handle, todo), Running | ReadyToCutOver)
        assert place.type_of_n == "int"
        until_ready(engine, handle, todo)
        assert swapped(engine, handle, todo) == Applied()
    assert place.type_of_n == "bigint"


def kill_at(place: Place, stage: str) -> None:
    """The tablet, as soon as its migration is at that stage of the swap; behind it, where that has
    gone by between two looks."""
    vitess = place.vitess
    target = vitess.cluster.server_target(vitess.tablet(place.keyspace, HERE).server)
    asked = (
        f"SELECT stage, migration_status FROM {place.sidecar}.schema_migrations"
        f" WHERE keyspace = '{place.keyspace}' ORDER BY id DESC LIMIT 1"
    )
    give_up_s, seen, status = time.monotonic() + PATIENCE_S, "", ""
    with open_wire(target, program="tests", database=None) as watching:
        while not seen.startswith(stage) and status != "complete":
            assert time.monotonic() < give_up_s, seen
            with watching.cursor() as cursor:
                cursor.execute(asked)
                seen, status = (str(told) for told in cursor.fetchall()[0])
    vitess.kill(place.tablet)


def killed_in_the_swap(place: Place, todo: EngineWork, stage: str) -> Handle:
    """The tablet dies at that stage of the swap, and is started again."""
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_ready(engine, handle, todo)
        killing = threading.Thread(target=kill_at, args=(place, stage))
        killing.start()
        engine.cut_over(handle, todo)
        killing.join()
    place.vitess.start_again(place.tablet)
    return handle


@pytest.mark.invariant("EN-73")
@pytest.mark.parametrize("stage", ["dropping sentry", "re-enabling"])
def test_a_swap_that_its_tablet_did_not_live_to_tell_is_seen(place: Place, stage: str) -> None:
    todo = work()
    handle = killed_in_the_swap(place, todo, stage)
    with place.session() as session:
        engine = engine_of(session)
        assert looked_until(engine, handle, todo, Applied) == Applied()
        assert place.type_of_n == "bigint"
        assert engine.discard(handle, todo) is None
        assert place.migrations("migration_status")[0] in ("cancelled", "complete")


@pytest.mark.invariant("EN-73")
@pytest.mark.parametrize("stage", ["waiting for post-sentry", "waiting for post-lock"])
def test_a_swap_that_was_cut_off_is_tried_again(place: Place, stage: str) -> None:
    todo = work()
    handle = killed_in_the_swap(place, todo, stage)
    with place.session() as session:
        assert looked_until(engine_of(session), handle, todo, Applied) == Applied()
    assert place.type_of_n == "bigint"
    assert place.migrations("migration_uuid, retries") == [(handle_uuid(place), 0)], "nothing twice"


def handle_uuid(place: Place) -> str:
    return str(place.migrations("migration_uuid")[0])


@pytest.mark.invariant("EN-73")
@pytest.mark.parametrize("program", [VTGATE, VTCTLD])
def test_it_goes_on_without_the_program_that_was_killed(place: Place, program: str) -> None:
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        place.vitess.kill(program)
        place.vitess.start_again(program)
        looked_until(engine, handle, todo, ReadyToCutOver)
    with place.session() as session:
        engine = engine_of(session)
        until_ready(engine, handle, todo)
        wait_for_the_claim(session)
        assert swapped(engine, handle, todo) == Applied()


def wait_for_the_claim(session: MysqlShardSession) -> None:
    """A tablet keeps the connection that a dead vtgate had, with its locks, for 30 s."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not session.claim():
        assert time.monotonic() < give_up_s
        time.sleep(0.5)


@pytest.mark.invariant("EN-74")
def test_a_failure_is_told_without_what_rows_hold(place: Place) -> None:
    place.sql("ALTER TABLE t ADD COLUMN s varchar(20)", "UPDATE t SET s = 'secret-value'")
    todo = work("ALTER TABLE `t` ADD UNIQUE KEY `s` (`s`)")
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        failed = looked_until(engine, handle, todo, Failed)
        assert isinstance(failed, Failed)
        assert failed.error.number == 1062
        assert "secret" not in failed.error.message
        assert "insert into" not in failed.error.message
        assert not failed.transient
        assert engine.discard(handle, todo) is None


def test_what_was_given_up_is_taken_away_by_vitess(place: Place) -> None:
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_ready(engine, handle, todo)
        engine.stop(handle, todo)
        assert isinstance(engine.look(handle, todo), Failed)
        assert engine.discard(handle, todo) is None
    give_up_s = time.monotonic() + PATIENCE_S
    while place.migrations("artifacts") != [""]:
        assert time.monotonic() < give_up_s
        time.sleep(0.2)


@pytest.mark.parametrize("keep_old_s", [0, 7200])
def test_the_old_table_is_kept_where_somebody_wants_it(place: Place, keep_old_s: int) -> None:
    todo = work(keep_old_s=keep_old_s)
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_ready(engine, handle, todo)
        assert swapped(engine, handle, todo) == Applied()
        assert engine.discard(handle, todo) is None
    assert place.migrations("retain_artifacts_seconds") == [keep_old_s or -1]


def test_without_the_claim_nothing_is_told_to_vitess(place: Place) -> None:
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_ready(engine, handle, todo)
    with place.session() as holder, place.session() as session:
        assert holder.claim()
        engine = engine_of(session)
        assert isinstance(engine.cut_over(handle, todo), ReadyToCutOver)
        assert isinstance(engine.discard(handle, todo), Failed)
        assert place.migrations("migration_status, postpone_completion") == [("running", 1)]


def test_nobody_s_handle_finds_nothing(place: Place) -> None:
    todo = work()
    with place.session() as session:
        engine = engine_of(session)
        handle = engine.prepare(todo, None)
        assert isinstance(handle, Handle)
        assert engine.look(handle, todo) == Gone()
        damaged = replace(handle, content="{}")
        assert isinstance(engine.look(damaged, todo), Unknown)


@pytest.mark.invariant("EN-34")
def test_what_is_kept_comes_back_with_its_rows_and_those_written_since(place: Place) -> None:
    place.sql("ALTER TABLE t ALTER COLUMN n SET DEFAULT 3")  # else a row written since has none
    todo = work(
        "ALTER TABLE `t` DROP COLUMN `n`, ADD COLUMN `m` int NOT NULL DEFAULT 5", keep_old_s=7200
    )
    keyspaces = VitessKeyspaces(environ={}, root=ROOT, workers=ThreadWorkers())
    cluster = cluster_of(place.vitess, place.keyspace)
    with place.session() as session:
        engine = engine_of(session)
        handle = begun(engine, todo)
        until_ready(engine, handle, todo)
        assert swapped(engine, handle, todo) == Applied()
        assert engine.discard(handle, todo) is None
    (kept,) = keyspaces.tables_kept(cluster)
    assert (kept.shard, kept.table, kept.apply_id) == (HERE, "t", 7)
    place.over_vtgate("INSERT INTO t (id) VALUES (99)", "DELETE FROM t WHERE id = 1")
    place.over_vtgate(f"REVERT VITESS_MIGRATION '{kept.uuid}'")
    give_up_s = time.monotonic() + PATIENCE_S
    while place.migrations("migration_status") != ["complete", "complete"]:
        assert time.monotonic() < give_up_s, place.migrations("migration_status, message")
        time.sleep(0.2)
    rows = dict(place.sql("SELECT id, n FROM t"))
    assert rows == {number: number for number in range(2, 9)} | {99: 3}
    assert [one.apply_id for one in keyspaces.tables_kept(cluster)] == [None], "the revert's own"
