"""What goes around a split's triggers is seen: TRUNCATE, ALTER, a swapped table, a dropped trigger;
and what could go around them for ever is told before anything is made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.errors import Refused
from reconciler.ports.split_servers import SplitSource, TableSeen
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import account, admin_cursor, connection_to, shard
from tests.split_stands import SplitStand, armed, done, servers, split_stand, work_for

PARTITIONED = (
    "CREATE TABLE orders (id bigint NOT NULL, customer bigint NOT NULL, PRIMARY KEY (id))"
    " ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 4"
)


@pytest.fixture
def stand(server: RunningServer, fresh_database: FreshDatabase) -> SplitStand:
    return split_stand(server, fresh_database)


def seen(source: SplitSource) -> TableSeen:
    found = source.facts().table("orders")
    assert found is not None
    return found


BYPASSES = {
    "truncate": ["TRUNCATE TABLE orders"],
    "a new column": ["ALTER TABLE orders ADD COLUMN more int"],
    "a new index": ["ALTER TABLE orders ADD INDEX more (note)"],
    "a rebuild": ["ALTER TABLE orders FORCE"],
    "a copy that was swapped in": [
        "CREATE TABLE other LIKE orders",
        "RENAME TABLE orders TO old, other TO orders",
    ],
    "a dropped trigger": ["DROP TRIGGER _reconciler_split_17_1_track_update"],
    "a trigger that was dropped for a moment": [
        "DROP TRIGGER _reconciler_split_17_1_track_delete",
        "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES'",
        (
            "CREATE TRIGGER _reconciler_split_17_1_track_delete AFTER DELETE ON orders FOR EACH ROW"
            " INSERT INTO `_reconciler_split_17_queue_1` (`changed_at`, `key_1`)"
            " VALUES (UTC_TIMESTAMP(6), OLD.`id`)"
        ),
    ],
}


@pytest.mark.invariant("SP-37")
@pytest.mark.parametrize("bypass", BYPASSES)
def test_what_goes_around_the_triggers_is_seen(stand: SplitStand, bypass: str) -> None:
    with stand.source() as source:
        armed(source)
        before = seen(source)
    stand.run(*BYPASSES[bypass])
    with stand.source() as source:
        assert seen(source) != before


@pytest.mark.invariant("SP-37")
def test_what_leaves_a_table_as_it_is_changes_nothing(stand: SplitStand) -> None:
    with stand.source() as source:
        armed(source)
        before = seen(source)
        stand.run(
            "INSERT INTO orders (customer) VALUES (1), (2)",
            "ANALYZE TABLE orders",
            "ALTER TABLE orders AUTO_INCREMENT = 500",
            "CREATE TABLE other (id int PRIMARY KEY)",
        )
        assert seen(source) == before


@pytest.mark.invariant("SP-37")
def test_a_partition_that_is_emptied_is_seen(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    stand = split_stand(server, fresh_database, PARTITIONED)
    with stand.source() as source:
        armed(source)
        before = seen(source)
        stand.run("ALTER TABLE orders TRUNCATE PARTITION p1")
        assert seen(source) != before


@pytest.mark.invariant("SP-37")
def test_a_table_whose_name_is_beyond_ascii_is_watched(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    stand = split_stand(
        server,
        fresh_database,
        "CREATE TABLE `b-ü` (id bigint PRIMARY KEY, customer bigint NOT NULL) ENGINE=InnoDB",
    )
    stand = replace(stand, work=work_for("b-ü"))
    with stand.source() as source:
        armed(source, "b-ü")
        before = source.facts().table("b-ü")
        assert before is not None
        stand.run("TRUNCATE TABLE `b-ü`")
        assert source.facts().table("b-ü") != before


# What is told before anything is made

IN_THE_WAY = {
    "no primary key": ("CREATE TABLE orders (customer int NOT NULL) ENGINE=InnoDB", "primary key"),
    "another engine": (
        "CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL) ENGINE=MyISAM",
        "MyISAM",
    ),
    "a shard column that may be NULL": (
        "CREATE TABLE orders (id int PRIMARY KEY, customer int) ENGINE=InnoDB",
        "may be NULL",
    ),
    "no shard column": ("CREATE TABLE orders (id int PRIMARY KEY) ENGINE=InnoDB", "no column"),
    "a prefix of a column": (
        (
            "CREATE TABLE orders (id varchar(20) NOT NULL, customer int NOT NULL,"
            " PRIMARY KEY (id(5))) ENGINE=InnoDB"
        ),
        "beginning of a column",
    ),
    "a cascade": (
        (
            "CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, parent int,"
            " CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders (id) ON DELETE CASCADE)"
            " ENGINE=InnoDB"
        ),
        "foreign key up",
    ),
    "a cascade of an update": (
        (
            "CREATE TABLE orders (id int PRIMARY KEY, customer int NOT NULL, parent int,"
            " CONSTRAINT up FOREIGN KEY (parent) REFERENCES orders (id) ON UPDATE SET NULL)"
            " ENGINE=InnoDB"
        ),
        "foreign key up",
    ),
    "no table": ("CREATE TABLE another (id int PRIMARY KEY) ENGINE=InnoDB", "no such table"),
}


@pytest.mark.invariant("SP-39")
@pytest.mark.parametrize("case", IN_THE_WAY)
def test_a_table_that_cannot_be_moved_is_named(
    server: RunningServer, fresh_database: FreshDatabase, case: str
) -> None:
    definition, why = IN_THE_WAY[case]
    stand = split_stand(server, fresh_database, definition)
    with stand.source() as source:
        (problem,) = source.ground().problems
        assert problem.code == "split-table-unfit"
        assert why in problem.message


@pytest.mark.invariant("SP-36")
def test_a_target_that_is_the_source_is_told_and_not_touched(stand: SplitStand) -> None:
    with replace(stand, target_database=stand.source_database).target() as target:
        assert {one.code for one in target.ground().problems} == {"split-target-not-empty"}
        with pytest.raises(Refused):
            target.claim()
        assert target.identity() is None


@pytest.mark.invariant("SP-39")
def test_a_table_and_servers_that_are_fit_have_no_problem(stand: SplitStand) -> None:
    stand.run("INSERT INTO orders (customer) VALUES (1)", "ANALYZE TABLE orders")
    with stand.source() as source, stand.target() as target:
        ground = source.ground()
        assert ground.problems == ()
        assert ground.rows_bytes > 0
        assert target.ground().problems == ()
        assert target.ground().settings == ground.settings
        assert dict(ground.settings)["lower_case_table_names"] == "0"
    with stand.target_cursor() as cursor:
        cursor.execute("CREATE TABLE there (id int PRIMARY KEY)")
    with stand.target() as target:
        assert [one.code for one in target.ground().problems] == ["split-target-not-empty"]


@pytest.mark.invariant("SP-39")
def test_what_a_login_lacks_is_named(stand: SplitStand) -> None:
    database = stand.source_database
    with account(stand.server, f"SELECT ON `{database}`.*") as login:
        place = shard(connection_to(stand.server, database, login))
        with servers().source(place, stand.work) as source:
            ground = source.ground()
    messages = " ".join(problem.message for problem in ground.of_login)
    assert not [one for one in ground.problems if "login" in one.message]
    for missing in ("TRIGGER", "DROP", "PROCESS", "may not make triggers", "is a replica"):
        assert missing in messages


@pytest.mark.invariant("SP-39")
def test_a_log_that_is_not_by_rows_is_named(stand: SplitStand) -> None:
    with admin_cursor(stand.server) as cursor:
        cursor.execute("SET GLOBAL binlog_format = 'STATEMENT'")
        try:
            with stand.source() as source:
                messages = [problem.message for problem in source.ground().problems]
        finally:
            cursor.execute("SET GLOBAL binlog_format = 'ROW'")
    assert [message for message in messages if "binary log is not by rows" in message]


# What stands there that is not the split's


@pytest.mark.runbook("split-helper-foreign")
def test_a_trigger_of_our_name_and_another_text_is_not_taken_for_ours(stand: SplitStand) -> None:
    stand.run(
        "CREATE TRIGGER _reconciler_split_17_1_track_insert AFTER INSERT ON orders"
        " FOR EACH ROW SET @nothing = 1"
    )
    with stand.source() as source:
        done(source.make_helpers())
        assert seen(source).tracker is None
        with pytest.raises(Refused) as refused:
            source.arm_tracker("orders")
        assert refused.value.problems[0].code == "split-helper-foreign"
        stand.run("DROP TRIGGER _reconciler_split_17_1_track_insert")
        done(source.arm_tracker("orders"))
        assert seen(source).tracker is not None


def test_a_table_of_our_name_and_another_form_is_not_used(stand: SplitStand) -> None:
    stand.run("CREATE TABLE _reconciler_split_17_queue_1 (seq int PRIMARY KEY)")
    with stand.source() as source:
        with pytest.raises(Refused) as refused:
            source.make_helpers()
        assert refused.value.problems[0].code == "split-helper-foreign"


@pytest.mark.invariant("SP-35")
def test_what_a_source_prints_is_read_before_a_target_runs_it(stand: SplitStand) -> None:
    stand.run("ALTER TABLE orders COMMENT = 'it''s; DROP TABLE x'")
    with stand.source() as source, stand.target() as target:
        done(target.claim())
        definition = source.definition("orders")
        done(target.make_table(source.shape("orders"), definition))
        assert target.is_as(definition)
