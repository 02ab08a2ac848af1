"""What every source and target of a split promises, asked of real servers; what stands in for them
in a simulation is to be given to the same questions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pymysql
import pytest

from reconciler.ddl.counter import without_counter
from reconciler.edges.server.process import RunningServer
from reconciler.errors import Refused, Unavailable
from reconciler.model.server import Flavor
from reconciler.ports.split_servers import Ack, Busy, OutOfTurn, SplitSource, SplitTarget
from reconciler.reshard.helper_tables import FenceState, GuardState
from reconciler.reshard.rows import NO_ROWS, Chunk, Digest, Dirty, Key
from reconciler.reshard.triggers import CLOSED_ERROR
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    SERVERS,
    account,
    connection_to,
    shard,
    wait_until_waiting,
)
from tests.split_stands import SplitStand, armed, done, servers, split_stand, work_for


@pytest.fixture(params=SERVERS)
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> SplitStand:
    server: RunningServer = request.getfixturevalue(request.param)
    made = split_stand(server, fresh_database)
    made.run(
        "INSERT INTO orders (id, customer, note) VALUES (1, 10, 'a'), (2, 20, NULL), (5, 50, '')"
    )
    return made


def key(number: int) -> Key:
    return (str(number).encode(),)


def keys_of(chunk: Chunk) -> list[Key]:
    return [row.key for row in chunk.rows]


def claimed(source: SplitSource, target: SplitTarget) -> None:
    done(target.claim())
    done(target.make_table(source.shape("orders"), source.definition("orders")))


def take_all(source: SplitSource, target: SplitTarget, *, batch: int = 1) -> None:
    chunk = source.read_chunk("orders", None, rows=100)
    shape = source.shape("orders")
    answer = target.take(1, batch, chunk.end, shape, replaced=chunk.rows, deleted=())
    assert answer is None


# Whose turn it is


@pytest.mark.invariant("SP-57")
def test_who_takes_over_cuts_off_who_did_before(stand: SplitStand) -> None:
    with stand.source() as source, stand.target() as target:
        source.take_over()
        target.take_over()
        source.take_over()
        armed(source)
        claimed(source, target)
        chunk, shape = source.read_chunk("orders", None, rows=100), source.shape("orders")
        with stand.source() as looks:
            assert looks.facts().identity is not None
        done(target.claim())
        with stand.source() as later, stand.target() as later_target:
            later.take_over()
            later_target.take_over()
            for late in (
                source.make_helpers,
                source.drop_helpers,
                lambda: source.drop_tracker("orders"),
                target.claim,
                target.drop_made,
                lambda: target.take(1, 1, chunk.end, shape, replaced=chunk.rows, deleted=()),
            ):
                with pytest.raises(Unavailable):
                    late()
            take_all(later, later_target)
            assert later.facts().queues == ("orders",)
    with stand.source() as source, stand.target() as target:
        source.take_over()
        target.take_over()
        assert target.acks()[1].batch == 1


@pytest.mark.invariant("SP-57")
def test_who_takes_over_waits_for_the_end_of_what_was_on_its_way(stand: SplitStand) -> None:
    """Of a statement that waits for a lock, which it may do for a second."""
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        target.take_over()
        with stand.target_cursor() as cursor, ThreadPoolExecutor(1) as other:
            cursor.execute("LOCK TABLES orders WRITE")
            late = other.submit(target.drop_made)
            wait_until_waiting(stand.server, "DROP TABLE")
            with stand.target() as later:
                later.take_over()
                cursor.execute("SHOW FULL PROCESSLIST")
                assert not any("DROP TABLE" in str(row[7]) for row in cursor.fetchall())
                cursor.execute("UNLOCK TABLES")
                with suppress(Unavailable):
                    assert isinstance(late.result(), Busy)
                assert later.missing() == ()


def test_what_is_gone_is_told(stand: SplitStand) -> None:
    with stand.source() as source, stand.target() as target:
        armed(source)
        assert len(target.missing()) == 4
        claimed(source, target)
        assert target.missing() == ()
        assert source.facts().queues == ("orders",)
        with stand.target_cursor() as cursor:
            cursor.execute("DROP TABLE orders, _reconciler_split_17_acks")
        stand.run("DROP TABLE _reconciler_split_17_queue_1")
        assert target.missing() == ("orders", "_reconciler_split_17_acks")
        assert source.facts().queues == ()


@pytest.mark.invariant("SP-126")
def test_events_that_run_at_a_target_are_told(stand: SplitStand) -> None:
    with stand.target() as target, stand.target_cursor() as cursor:
        cursor.execute("SELECT @@global.event_scheduler")
        ((before,),) = cursor.fetchall()
        for name, status in (("a", "DISABLE"), ("b", "ENABLE"), ("c", "DISABLE ON SLAVE")):
            cursor.execute(f"CREATE EVENT {name} ON SCHEDULE EVERY 1 DAY {status} DO SELECT 1")
        try:
            cursor.execute("SET GLOBAL event_scheduler = ON")
            assert target.running_events() == ("b",)
            cursor.execute("SET GLOBAL event_scheduler = OFF")
            assert target.running_events() == ()
        finally:
            cursor.execute(f"SET GLOBAL event_scheduler = {before}")


@pytest.mark.invariant("SP-107")
def test_tables_that_were_made_meanwhile_are_told(stand: SplitStand) -> None:
    with stand.source() as source:
        before = source.facts().others
        done(source.make_helpers())
        assert source.facts().others == before
        is_mariadb = stand.server.version.flavor is Flavor.MARIADB
        kept = " WITH SYSTEM VERSIONING" if is_mariadb else ""
        stand.run(
            f"CREATE TABLE `größe` (id INT PRIMARY KEY){kept}",
            "CREATE TABLE _reconciler_split_1_fence (id INT PRIMARY KEY)",
            "CREATE VIEW seen AS SELECT id FROM orders",
        )
        made = {*source.facts().others} - {*before}
        assert made == {"größe", "_reconciler_split_1_fence"}


# Reading


def test_chunks_follow_the_key_and_end(stand: SplitStand) -> None:
    with stand.source() as source:
        first = source.read_chunk("orders", None, rows=2)
        assert (keys_of(first), first.end) == ([key(1), key(2)], key(2))
        assert [row.owner for row in first.rows] == [b"10", b"20"]
        second = source.read_chunk("orders", first.end, rows=2)
        assert (keys_of(second), second.end) == ([key(5)], key(5))
        assert source.read_chunk("orders", second.end, rows=2) == Chunk(rows=(), end=None)


def test_rows_are_read_by_their_keys_as_far_as_they_are_there(stand: SplitStand) -> None:
    with stand.source() as source:
        rows = source.read_rows("orders", [key(5), key(3), key(1)])
        assert sorted(row.key for row in rows) == [key(1), key(5)]
        assert source.read_rows("orders", []) == ()


def test_a_digest_is_of_rows_and_adds_up(stand: SplitStand) -> None:
    with stand.source() as source:
        whole = source.digest("orders", None, None)
        assert whole.rows == 3
        parts = [source.digest("orders", None, key(1)), source.digest("orders", key(1), None)]
        assert parts[0] + parts[1] == whole
        assert source.digest("orders", key(5), None) == NO_ROWS
        each = source.digests("orders", None, None)
        assert sum(each.values(), NO_ROWS) == whole
        assert source.digests("orders", key(1), key(2)) == {key(2): each[key(2)]}
        some = source.digests_of("orders", [key(5), key(3), key(1)])
        assert some == {key(1): each[key(1)], key(5): each[key(5)]}
        assert source.digests_of("orders", []) == {}
        assert source.end_of_range("orders", None, rows=2) == key(2)
        assert source.end_of_range("orders", key(2), rows=1) == key(5)
        assert source.end_of_range("orders", key(2), rows=2) is None
        stand.run("UPDATE orders SET note = 'A' WHERE id = 1")
        assert source.digest("orders", None, None) != whole


# Tracking


@pytest.mark.invariant("SP-30")
def test_what_is_written_is_queued_and_forgotten_by_its_place_alone(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        stand.run(
            "INSERT INTO orders (id, customer) VALUES (7, 1)",
            "UPDATE orders SET id = 8 WHERE id = 1",
            "DELETE FROM orders WHERE id = 2",
        )
        queued = source.read_queue("orders", keys=10)
        assert [dirty.key for dirty in queued] == [key(7), key(1), key(8), key(2)]
        seen = source.queue("orders")
        assert seen.last == queued[-1].seq
        assert seen.depth == 4
        assert seen.oldest_s is not None
        assert seen.oldest_s >= 0
        source.forget("orders", [queued[0].seq, queued[2].seq])
        assert source.read_queue("orders", keys=1) == (queued[1],)
        assert [dirty.key for dirty in source.read_queue("orders", keys=9)] == [key(1), key(2)]
        assert source.queue("orders").depth == 2


@pytest.mark.invariant("SP-36")
def test_what_is_made_is_made_once_and_may_be_asked_for_again(stand: SplitStand) -> None:
    with stand.source() as source:
        assert source.facts().identity is None
        assert source.fence() is None
        armed(source)
        before = source.facts()
        armed(source)
        assert source.facts() == before
        assert before.identity == stand.work.identity
        (seen,) = before.tables
        assert seen.tracker is not None
        assert seen.fence is not None
        done(source.drop_fence("orders"))
        done(source.drop_fence("orders"))
        done(source.drop_tracker("orders"))
        done(source.drop_helpers())
        done(source.drop_helpers())
        assert source.fence() is None
        assert source.facts().table("orders") == replace(seen, tracker=None, fence=None)


@pytest.mark.invariant("SP-36")
def test_a_shard_of_another_split_is_told(stand: SplitStand) -> None:
    other = replace(stand.work, identity="another")
    with stand.source() as source:
        armed(source)
    with stand.source(other) as source:
        with pytest.raises(Refused) as refused:
            source.make_helpers()
        assert refused.value.problems[0].code == "split-wrong-shard"
        with pytest.raises(Refused):
            source.drop_tracker("orders")


# The fence


@pytest.mark.invariant("SP-38")
def test_an_epoch_closes_the_fence_once(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        assert source.flip(1, budget_s=60) is True
        assert source.flip(1, budget_s=60) is True
        fence = source.fence()
        assert fence is not None
        assert (fence.state, fence.epoch, fence.is_closed) == (FenceState.FENCED, 1, True)
        assert fence.left_s is not None
        assert 0 < fence.left_s <= 60
        assert source.flip(2, budget_s=60) is False
        assert source.reopen(2) is False
        assert source.reopen(1) is True
        assert source.reopen(1) is True
        assert source.flip(1, budget_s=60) is False
        assert source.flip(2, budget_s=60) is True


@pytest.mark.invariant("SP-38")
def test_a_fence_opens_by_itself_and_is_then_not_sealed(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        source.flip(1, budget_s=0)
        fence = source.fence()
        assert fence is not None
        assert not fence.is_closed
        assert source.seal(1) is False
        stand.run("UPDATE orders SET note = 'late' WHERE id = 1")
        assert [dirty.key for dirty in source.read_queue("orders", keys=5)] == [key(1)]
        assert source.flip(2, budget_s=60) is True
        assert source.seal(1) is False
        assert source.seal(2) is True
        assert source.seal(2) is True
        assert source.fence() is not None
        assert source.flip(3, budget_s=60) is False


@pytest.mark.invariant("SP-38")
def test_only_a_sealed_source_retires_and_it_takes_all_its_tables(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        assert source.retire(1) is False
        assert source.flip(1, budget_s=60) is True
        assert source.retire(1) is False
        assert source.seal(1) is True
        assert source.retire(1) is True
        assert source.retire(1) is True
        facts = source.facts()
        assert (facts.tables, facts.retired) == ((), ("orders",))
        assert source.reopen(1) is False
        done(source.drop_retired())
        done(source.drop_retired())
        done(source.drop_helpers())


# Taking


@pytest.mark.invariant("SP-32")
def test_a_batch_is_taken_if_it_is_the_next_one_and_else_nothing_is(stand: SplitStand) -> None:
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        assert target.acks() == {}
        shape = source.shape("orders")
        rows = source.read_chunk("orders", None, rows=2).rows
        assert target.take(1, 2, key(2), shape, replaced=rows, deleted=()) == OutOfTurn(0)
        assert target.take(1, 1, key(2), shape, replaced=rows, deleted=()) is None
        assert target.take(1, 1, key(2), shape, replaced=(), deleted=[key(1)]) == OutOfTurn(1)
        assert target.take(1, 3, key(2), shape, replaced=(), deleted=[key(1)]) == OutOfTurn(1)
        assert target.acks() == {1: Ack(batch=1, cursor=key(2), rows=2)}
        assert target.digest(shape, None, None) == source.digest("orders", None, key(2))
        found = target.digests_of(shape, [key(1), key(9)])
        assert found == source.digests_of("orders", [key(1)])
        assert target.digests(shape, None, key(1)) == found
        assert target.end_of_range(shape, None, rows=1) == key(1)
        assert target.take(1, 2, None, shape, replaced=(), deleted=[key(1), key(9)]) is None
        assert target.digest(shape, None, None).rows == 1


@pytest.mark.invariant("SP-32")
def test_a_batch_that_fails_leaves_nothing_behind(stand: SplitStand) -> None:
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        shape = source.shape("orders")
        good = source.read_chunk("orders", None, rows=2).rows
        bad = replace(good[0], values=(b"9", b"1", b"not a number' OR", None))
        other = replace(shape, name="nothing")
        with pytest.raises(Unavailable):
            target.take(1, 1, key(2), other, replaced=good, deleted=())
        assert target.take(1, 2, key(2), shape, replaced=[bad], deleted=()) == OutOfTurn(0)
        assert target.acks() == {}
        take_all(source, target)
        assert target.digest(shape, None, None) == source.digest("orders", None, None)


def test_a_unique_value_that_moved_between_rows_arrives_in_any_order(stand: SplitStand) -> None:
    stand.run("UPDATE orders SET slot = id")
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        shape = source.shape("orders")
        take_all(source, target)
        stand.run(
            "UPDATE orders SET slot = 99 WHERE id = 1",
            "UPDATE orders SET slot = 1 WHERE id = 2",
            "UPDATE orders SET slot = 2 WHERE id = 1",
        )
        (two,) = source.read_rows("orders", [key(2)])
        assert target.take(1, 2, None, shape, replaced=[two], deleted=()) is None
        (one,) = source.read_rows("orders", [key(1)])
        assert target.take(1, 3, None, shape, replaced=[one], deleted=()) is None
        assert target.digest(shape, None, None) == source.digest("orders", None, None)


def test_misplaced_rows_are_counted(stand: SplitStand) -> None:
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        take_all(source, target)
        shape = source.shape("orders")
        seen = target.misplaced(shape, lambda owner: int(owner) < 30, None, rows=2)
        assert (seen.misplaced, seen.scanned, seen.end) == (0, 2, key(2))
        seen = target.misplaced(shape, lambda owner: int(owner) < 30, seen.end, rows=2)
        assert (seen.misplaced, seen.scanned, seen.end) == (1, 1, key(5))
        assert target.misplaced(shape, lambda owner: True, seen.end, rows=2).end is None


# A target's life


@pytest.mark.invariant("SP-36")
def test_only_an_empty_database_is_claimed(stand: SplitStand) -> None:
    with stand.target_cursor() as cursor:
        cursor.execute("CREATE VIEW v AS SELECT 1")
    with stand.target() as target:
        with pytest.raises(Refused) as refused:
            target.claim()
        assert refused.value.problems[0].code == "split-target-not-empty"
        assert target.identity() is None


@pytest.mark.invariant("SP-36")
def test_a_target_that_was_given_up_loses_what_was_made_and_nothing_else(
    stand: SplitStand,
) -> None:
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        claimed(source, target)
        take_all(source, target)
        with stand.target_cursor() as cursor:
            cursor.execute("CREATE TABLE somebodys (id int PRIMARY KEY)")
        done(target.drop_made())
        done(target.drop_made())
        done(target.drop_helpers())
        done(target.drop_helpers())
        assert stand.target_rows("SHOW TABLES") == [("somebodys",)]


@pytest.mark.runbook("split-target-serves")
@pytest.mark.invariant("SP-36")
def test_a_target_that_serves_is_never_dropped(stand: SplitStand) -> None:
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        take_all(source, target)
        assert target.guard() is GuardState.CLOSED
        target.open_guard()
        target.open_guard()
        assert target.guard() is GuardState.OPEN
        with pytest.raises(Refused) as refused:
            target.drop_made()
        assert refused.value.problems[0].code == "split-target-serves"
        assert target.digest(source.shape("orders"), None, None).rows == 3


def test_the_counter_goes_up_and_never_down(stand: SplitStand) -> None:
    stand.run("ALTER TABLE orders AUTO_INCREMENT = 1000")
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        assert source.counter("orders") == 1000
        done(target.raise_counter("orders", at_least=1000))
        done(target.raise_counter("orders", at_least=7))
        with stand.target_cursor() as cursor:
            cursor.execute("INSERT INTO orders (customer) VALUES (1)")
        assert stand.target_rows("SELECT id FROM orders") == [(1000,)]


@pytest.mark.invariant("SP-40")
def test_a_target_ends_with_the_definition_of_its_source(stand: SplitStand) -> None:
    stand.run(
        "CREATE TABLE parts (id int PRIMARY KEY, orders_id bigint, CONSTRAINT of_order"
        " FOREIGN KEY (orders_id) REFERENCES orders (id)) ENGINE=InnoDB",
        "CREATE TRIGGER `its own` BEFORE INSERT ON parts FOR EACH ROW SET NEW.id = NEW.id + 0",
        "INSERT INTO parts VALUES (1, 5), (2, NULL)",
    )
    work = replace(work_for("orders", "parts"), tables=work_for("orders", "parts").tables)
    work = replace(work, tables=(work.tables[0], replace(work.tables[1], shard_by=None)))
    with stand.source(work) as source, stand.target(work) as target:
        done(target.claim())
        definitions = [source.definition(table) for table in ("parts", "orders")]
        for definition in definitions:
            shape = source.shape(definition.table)
            done(target.make_table(shape, definition))
            rows = source.read_chunk(definition.table, None, rows=9).rows
            assert target.take(shape.number, 1, None, shape, replaced=rows, deleted=()) is None
        for definition in definitions:
            done(target.add_foreign_keys(definition))
            done(target.add_triggers(definition))
            done(target.add_foreign_keys(definition))
            done(target.add_triggers(definition))
        for definition in definitions:
            assert target.is_as(definition)
            asked = f"SHOW CREATE TABLE {definition.table}"
            (_, ours), *_ = stand.rows(asked)
            (_, theirs), *_ = stand.target_rows(asked)
            assert without_counter(str(theirs)) == without_counter(str(ours))
        assert [row[0] for row in stand.target_rows("SHOW TRIGGERS")] == ["its own"]


@pytest.mark.invariant("SP-40")
@pytest.mark.invariant("SP-62")
def test_a_foreign_key_without_its_parents_is_refused(stand: SplitStand) -> None:
    stand.run(
        "CREATE TABLE parts (id int PRIMARY KEY, orders_id bigint, CONSTRAINT of_order"
        " FOREIGN KEY (orders_id) REFERENCES orders (id)) ENGINE=InnoDB",
        "INSERT INTO parts VALUES (1, 5)",
    )
    tables = work_for("orders", "parts").tables
    work = replace(stand.work, tables=(tables[0], replace(tables[1], shard_by=None)))
    with stand.source(work) as source, stand.target(work) as target:
        done(target.claim())
        for table in ("orders", "parts"):
            done(target.make_table(source.shape(table), source.definition(table)))
        rows = source.read_chunk("parts", None, rows=9).rows
        shape = source.shape("parts")
        assert target.orphans(source.definition("parts")) == ()
        assert target.take(2, 1, None, shape, replaced=rows, deleted=()) is None
        (problem,) = target.orphans(source.definition("parts"))
        assert problem.code == "split-orphans"
        with pytest.raises(Refused) as refused:
            target.add_foreign_keys(source.definition("parts"))
        assert refused.value.problems[0].code == "split-orphans"


@pytest.mark.invariant("SP-59")
def test_a_reader_that_would_keep_a_source_from_retiring_is_told(stand: SplitStand) -> None:
    with stand.source() as source, stand.cursor() as reader:
        armed(source)
        assert source.may_retire() is None
        reader.execute("START TRANSACTION")
        reader.execute("SELECT COUNT(*) FROM orders")
        assert isinstance(source.may_retire(), Busy)
        reader.execute("COMMIT")
        assert source.may_retire() is None
        stand.run("UPDATE orders SET note = 'serves on' WHERE id = 1")


@pytest.mark.invariant("SP-60")
def test_a_copy_that_somebody_altered_is_told(stand: SplitStand) -> None:
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        take_all(source, target)
        done(target.raise_counter("orders", at_least=400))
        definition = source.definition("orders")
        assert target.is_as(definition)
        with stand.target_cursor() as cursor:
            cursor.execute("ALTER TABLE orders ADD COLUMN extra int DEFAULT NULL")
        assert not target.is_as(definition)


@pytest.mark.invariant("SP-58")
def test_a_trigger_with_the_rights_of_an_account_that_is_not_there_is_told(
    stand: SplitStand,
) -> None:
    """As on a source whose accounts are others than the target's."""
    name = "x BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = 'y'"
    stand.run(f"CREATE TRIGGER {name}")
    with stand.source() as source, stand.target() as target:
        definition = source.definition("orders")
        assert target.trigger_problems(definition) == ()
        gone = replace(definition.triggers[0], definer="nobody_here@%")
        (problem,) = target.trigger_problems(replace(definition, triggers=(gone,)))
    assert problem.code == "split-server-unfit"
    assert "trigger x has on the source is not there" in problem.message
    assert "nobody_here" not in problem.message


@pytest.mark.invariant("SP-58")
def test_a_login_that_may_not_make_a_trigger_of_another_account_is_told(stand: SplitStand) -> None:
    stand.run("CREATE TRIGGER x BEFORE INSERT ON orders FOR EACH ROW SET NEW.note = 'y'")
    with stand.source() as source:
        definition = source.definition("orders")
    with account(stand.server, f"ALL ON `{stand.target_database}`.*") as login:
        place = shard(connection_to(stand.server, stand.target_database, login), "-80")
        with servers().target(place, stand.work) as target:
            problems = target.trigger_problems(definition)
    said = " ".join(problem.message for problem in problems)
    assert "its login may not make the application's trigger x" in said
    assert "its login may not see whether the account" in said


def test_a_lock_that_somebody_has_is_an_answer(stand: SplitStand) -> None:
    with stand.source() as source, stand.cursor() as writer:
        done(source.make_helpers())
        writer.execute("BEGIN")
        writer.execute("UPDATE orders SET note = 'x' WHERE id = 1")
        assert isinstance(source.arm_tracker("orders"), Busy)
        writer.execute("COMMIT")
        armed(source)
        writer.execute("BEGIN")
        writer.execute("UPDATE orders SET note = 'y' WHERE id = 1")
        assert isinstance(source.flip(1, budget_s=60), Busy)
        fence = source.fence()
        assert fence is not None
        assert fence.state is FenceState.OPEN
        writer.execute("ROLLBACK")
        assert source.flip(1, budget_s=60) is True


def test_a_dirty_key_is_what_the_port_says() -> None:
    assert Dirty(1, key(2)).key == key(2)
    assert Digest(1, 5) + Digest(2, 4) == Digest(3, 1)


@pytest.mark.invariant("SP-41")
def test_a_guarded_target_takes_the_splits_rows_alone_until_it_is_opened(stand: SplitStand) -> None:
    def stranger(sql: str) -> int:
        with stand.target_cursor() as cursor:
            try:
                cursor.execute(sql)
            except pymysql.err.MySQLError as error:
                return int(error.args[0])
        return 0

    writes = (
        "INSERT INTO orders (customer) VALUES (1)",
        "UPDATE orders SET customer = 1",
        "DELETE FROM orders",
    )
    with stand.source() as source, stand.target() as target:
        claimed(source, target)
        shape = source.shape("orders")
        done(target.arm_guard(shape))
        done(target.arm_guard(shape))
        take_all(source, target)
        assert [stranger(sql) for sql in writes] == [CLOSED_ERROR] * 3
        assert target.take(1, 2, None, shape, replaced=(), deleted=[key(1)]) is None
        assert target.digest(shape, None, None) == source.digest("orders", key(1), None)
        with stand.target_cursor() as cursor:
            cursor.execute("DELETE FROM _reconciler_split_17_guard")
        assert stranger(writes[0]) == CLOSED_ERROR
        for ask in (target.guard, target.drop_made, lambda: target.drop_guard("orders")):
            with pytest.raises(Refused) as refused:
                ask()
            assert {one.code for one in refused.value.problems} == {"split-mark-gone"}
        done(target.claim())
        target.open_guard()
        assert [stranger(sql) for sql in writes] == [0] * 3
        done(target.drop_guard("orders"))
        done(target.drop_guard("orders"))
        assert stand.target_rows("SHOW TRIGGERS") == []
