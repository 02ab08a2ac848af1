"""Rows that gh-ost would lose: it is not asked, or it ends, or it is not let swap."""

from __future__ import annotations

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName, Handle
from reconciler.ports.engine import Applied, Failed, ReadyToCutOver, Running
from tests.conftest import FreshDatabase
from tests.contract.engines.gh_ost import show_waiting_locks
from tests.integration.engines.shard import TABLE, Shard, begun, to_the_end, until_ready, work

pytestmark = pytest.mark.engine("gh-ost")

GH_OST = EngineName.GH_OST


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def empty(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Shard:
    server = request.getfixturevalue(request.param)
    show_waiting_locks(server)
    return Shard(server=server, database=fresh_database(server))


def refused(shard: Shard, clauses: str) -> Failed:
    """At any time: before it starts, or at its end."""
    before, change = shard.run("SHOW CREATE TABLE t"), work(clauses)
    with shard.open() as session:
        engine = session.engine(GH_OST)
        handle = engine.prepare(change, None)
        if isinstance(handle, Failed):
            failed = handle
        else:
            ended = to_the_end(engine, handle, change, engine.start(handle, change))
            assert isinstance(ended, Failed), ended
            assert engine.discard(handle, change) is None
            failed = ended
    assert not failed.transient
    assert shard.run("SHOW CREATE TABLE t") == before
    assert shard.tables == {"t"}
    return failed


def test_a_unique_key_over_duplicates_ends_it(empty: Shard) -> None:
    shard = empty.made(2_000)
    shard.run("UPDATE t SET v = 'v1' WHERE id = 1500")
    failed = refused(shard, "ADD UNIQUE KEY `u` (`v`)")
    assert "Duplicate entry" in failed.error.message
    assert "v1" not in failed.error.message, "what rows hold is not told"


def test_a_narrowing_that_cuts_values_ends_it(empty: Shard) -> None:
    refused(empty.made(200), "MODIFY COLUMN `v` varchar(2)")


@pytest.mark.invariant("EN-20")
def test_a_key_whose_values_would_merge_is_never_swapped_in(empty: Shard) -> None:
    """Without a warning: gh-ost takes 'a' for the 'A' that it has copied already."""
    shard = empty.made(0, "CREATE TABLE t (id VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY, v INT)")
    shard.run("INSERT INTO t VALUES ('a', 1), ('A', 2)")
    failed = refused(shard, "MODIFY COLUMN `id` varchar(9) COLLATE utf8mb4_general_ci NOT NULL")
    assert "id" in failed.error.message
    assert len(shard.run("SELECT * FROM t")) == 2


@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize(
    "clauses", ["DROP PARTITION p0", "RENAME COLUMN `v` TO `w`", "CHANGE `v` `w` varchar(40)"]
)
def test_what_means_something_else_by_a_copy_is_never_begun(empty: Shard, clauses: str) -> None:
    partitioned = (
        f"{TABLE} PARTITION BY RANGE (id)"
        " (PARTITION p0 VALUES LESS THAN (100), PARTITION p1 VALUES LESS THAN MAXVALUE)"
    )
    failed = refused(empty.made(200, partitioned), clauses)
    assert "nothing was begun" in failed.error.message


def test_a_duplicate_that_is_written_while_it_waits_ends_it(empty: Shard) -> None:
    """It comes by the binary log, and the copy is complete by then."""
    shard, change = empty.made(50), work("ADD UNIQUE KEY `u` (`v`)")
    with shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, change)
        assert isinstance(until_ready(engine, handle, change, answer), ReadyToCutOver)
        shard.run("INSERT INTO t VALUES (1000, 'v1')")
        while isinstance(answer := engine.look(handle, change), ReadyToCutOver | Running):
            pass
        assert isinstance(answer, Failed), answer
        assert "Duplicate entry" in answer.error.message
        assert engine.discard(handle, change) is None
    assert len(shard.rows) == 51
    assert shard.tables == {"t"}


def test_integers_may_grow_in_the_key_it_copies_by(empty: Shard) -> None:
    shard, change = empty.made(50), work("MODIFY COLUMN `id` bigint NOT NULL")
    with shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, change)
        assert to_the_end(engine, handle, change, answer) == Applied()
        assert engine.discard(handle, change) is None
    assert len(shard.rows) == 50


def test_other_names_for_constraints_are_refused(
    fresh_database: FreshDatabase, mysql_server: RunningServer
) -> None:
    """MySQL's CREATE TABLE ... LIKE gives them names of its own."""
    shard = Shard(server=mysql_server, database=fresh_database(mysql_server))
    shard.made(5, TABLE.replace("utf8mb4_bin)", "utf8mb4_bin, CONSTRAINT ck CHECK (id >= 0))"))
    assert "by another name" in refused(shard, "ADD COLUMN `a` int").error.message


def test_a_check_that_was_given_no_name_is_no_hindrance(empty: Shard) -> None:
    shard = empty.made(5, TABLE.replace("utf8mb4_bin)", "utf8mb4_bin, CHECK (id >= 0))"))
    change = work("ADD COLUMN `a` int")
    with shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, change)
        assert to_the_end(engine, handle, change, answer) == Applied()
        assert engine.discard(handle, change) is None
    assert shard.tables == {"t"}


@pytest.mark.invariant("EN-12")
@pytest.mark.parametrize("name", ["_t_gho", "_t_ghc", "_t_ghk", "_t_del"])
def test_tables_of_somebody_else_are_told_and_never_touched(empty: Shard, name: str) -> None:
    shard = empty.made(5)
    shard.run(f"CREATE TABLE {name} (precious INT)", f"INSERT INTO {name} VALUES (42)")
    with shard.open() as session:
        engine, change = session.engine(GH_OST), work("ADD COLUMN `a` int")
        failed = engine.prepare(change, None)
        assert isinstance(failed, Failed)
        assert not failed.transient
        assert name in failed.error.message
    assert shard.run(f"SELECT * FROM {name}") == [(42,)]


@pytest.mark.invariant("EN-12")
def test_a_table_that_is_older_than_the_handle_is_not_discarded(empty: Shard) -> None:
    shard, change = empty.made(5), work("ADD COLUMN `a` int")
    with shard.open() as session:
        engine = session.engine(GH_OST)
        handle = engine.prepare(change, None)
        assert isinstance(handle, Handle)
        shard.run("RENAME TABLE t TO _t_del", "CREATE TABLE t LIKE _t_del")
        shard.run("ALTER TABLE _t_del ADD COLUMN other INT")
        failed = engine.discard(handle, change)
        assert isinstance(failed, Failed)
        assert "_t_del" in failed.error.message
    assert len(shard.run("SELECT * FROM _t_del")) == 5


@pytest.mark.threat("TM-ACCOUNT-21")
@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize("written", ["before", "while it waits"])
def test_a_value_that_quotes_the_words_it_looks_for_loses_no_row(
    empty: Shard, written: str
) -> None:
    """gh-ost forgives a warning in which it reads that the key it copies by has the duplicate, and
    looks for that in all of the warning: in the value, too."""
    shard, change = empty.made(50), work("ADD UNIQUE KEY `u` (`v`)")
    twice = """INSERT INTO t VALUES (1000, "for key 'PRIMARY'"), (1001, "for key 'PRIMARY'")"""
    if written == "before":
        shard.run(twice)
    with shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, change)
        answer = until_ready(engine, handle, change, answer)
        if written == "while it waits":
            shard.run(twice)
        ended = to_the_end(engine, handle, change, answer)
        assert isinstance(ended, Failed), ended
        assert engine.discard(handle, change) is None
    assert len(shard.rows) == 52


@pytest.mark.invariant("EN-23")
def test_a_server_that_does_not_show_who_waits_for_the_table_is_refused(empty: Shard) -> None:
    """gh-ost would swap while writes may still come in between."""
    show_waiting_locks(empty.server, "NO")
    try:
        failed = refused(empty.made(5), "ADD COLUMN `a` int")
    finally:
        show_waiting_locks(empty.server)
    assert "wait/lock/metadata/sql/mdl" in failed.error.message


@pytest.mark.threat("TM-ACCOUNT-21")
@pytest.mark.invariant("EN-20")
def test_text_becomes_no_number(empty: Shard) -> None:
    """The warning about such a value quotes it, and gh-ost reads there what it looks for."""
    shard = empty.made(5)
    shard.run("""UPDATE t SET v = "Duplicate entry for key 'PRIMARY'" WHERE id = 1""")
    shard.run("UPDATE t SET v = '7' WHERE id <> 1")
    assert "values of v" in refused(shard, "MODIFY COLUMN `v` int").error.message
    assert shard.rows[1] == "Duplicate entry for key 'PRIMARY'"


@pytest.mark.invariant("EN-20")
def test_the_table_as_it_was_is_kept_while_it_has_rows_that_are_nowhere_else(empty: Shard) -> None:
    """One that was written in the very moment of the swap."""
    shard, change = empty.made(5), work("ADD UNIQUE KEY `u` (`v`)")
    with shard.open() as session:
        engine, handle, answer = begun(session, GH_OST, change)
        assert to_the_end(engine, handle, change, answer) == Applied()
        shard.run("INSERT INTO _t_del VALUES (1000, 'v1')")
        for _ in range(2):
            failed = engine.discard(handle, change)
            assert isinstance(failed, Failed)
            assert "_t_del" in failed.error.message
        shard.run("DELETE FROM _t_del WHERE id = 1000")
        assert engine.discard(handle, change) is None
    assert shard.tables == {"t"}
