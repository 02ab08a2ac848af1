"""Managed events, from the files to the shards and back, on real servers of both flavors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from reconciler.ddl.definition.event_file import read_event_file
from reconciler.edges.server.process import RunningServer
from reconciler.model.policy import Policy
from reconciler.model.programs import Event, ManagedKind
from reconciler.observe.programs import read_programs_back
from tests.fleet import Fleet
from tests.integration.proving import bench_on
from tests.integration.test_views import PLAN, allow, applied, sql_account, statements
from tests.waiting import until

PATH = "schemas/shop/events/tidy.sql"
TIDY = """-- What nobody has bought for a year goes.
DELIMITER //
CREATE EVENT tidy
  ON SCHEDULE EVERY 1 DAY -- at any time of it
  COMMENT 'tidies; daily'
DO BEGIN
  -- nothing of it is ours
  DELETE FROM orders WHERE id < 0;
END//
DELIMITER ;
"""
NEW = (
    {"event": "tidy", "hazard": "runs-by-itself"},
    {"event": "tidy", "hazard": "runs-as"},
)
LATER = (
    "CREATE EVENT later ON SCHEDULE EVERY 1 WEEK STARTS '2030-01-01 03:00:00' DISABLE"
    " COMMENT 'it''s one' DO BEGIN SELECT 1; SELECT 2; END"
)
LIVE = (
    "CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY DO DELETE FROM orders WHERE id < 0",
    LATER,
    "CREATE EVENT finale ON SCHEDULE AT '2035-01-01' ON COMPLETION PRESERVE DO SELECT 1",
    "CREATE EVENT passing ON SCHEDULE AT '2035-01-01' DO SELECT 1",
    "CREATE EVENT login ON SCHEDULE EVERY 1 DAY DO CREATE USER u IDENTIFIED BY 'geheim'",
)
ASKED = (
    "SELECT EVENT_NAME, EVENT_DEFINITION, STATUS, STARTS, EVENT_COMMENT, TIME_ZONE"
    " FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE() ORDER BY 1"
)


def manage_events(fleet: Fleet, account: str | None = None) -> None:
    """With the rights of whoever applies, who may always give them."""
    ((own,),) = fleet.sql("-80", "SELECT CURRENT_USER()")
    fleet.spec["manage"] = ["tables", "events"]
    fleet.spec["definer"] = {"events": {"account": account or str(own)}}
    fleet.write_spec()


@contextmanager
def scheduler(fleet: Fleet, state: str) -> Iterator[None]:
    """Of every server; as it was at the end."""
    servers = {server.port: shard for shard, (server, _) in fleet.databases.items()}
    was = {shard: fleet.sql(shard, "SELECT @@event_scheduler") for shard in servers.values()}
    for shard in was:
        fleet.sql(shard, f"SET GLOBAL event_scheduler = {state}")
    try:
        yield
    finally:
        for shard, ((before,),) in was.items():
            fleet.sql(shard, f"SET GLOBAL event_scheduler = {before}")


def altered(fleet: Fleet, how: str) -> None:
    """By hand, on one shard, in the time zone that it was made in."""
    with fleet.connected("80-") as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        cursor.execute(f"ALTER EVENT tidy {how}")


@pytest.mark.invariant("PG-26")
@pytest.mark.invariant("PG-29")
def test_events_come_change_and_come_back_by_plans(small_fleet: Fleet) -> None:
    """With a start that each server has filled in: no difference, and it stays where it is."""
    fleet = small_fleet
    fleet.write(PATH, TIDY)
    ended = fleet.run("plan")
    assert (ended.code, "[kind-not-managed]" in ended.said) == (1, True), ended.said
    manage_events(fleet)
    ended = fleet.run("plan", "--write")
    assert ended.code == 3, ended.said
    assert "runs-by-itself" in ended.said
    assert "runs-as" in ended.said
    allow(fleet, *NEW)
    with scheduler(fleet, "ON"):
        (made,) = applied(fleet)
        assert made.startswith("CREATE DEFINER="), made
        was = {shard: fleet.sql(shard, ASKED) for shard in fleet.databases}
        assert "STARTS" not in made
        assert all(seen[0][3] is not None for seen in was.values())
        fleet.edit(PATH, "id < 0", "id < -1")
        fleet.plan_and_commit()
        plan_id = str(json.loads(fleet.read(PLAN))["plan_id"])
        (changed,) = statements(fleet)
        assert changed.startswith("ALTER DEFINER="), changed
        assert "ON SCHEDULE" not in changed, "it would begin anew"
        assert fleet.run("apply").code == 0
        assert "id < -1" in str(fleet.sql("80-", ASKED))
        assert fleet.run("plan", "--revert", plan_id).code == 0
        fleet.commit("the way back")
        ended = fleet.run("apply")
        assert ended.code == 0, ended.said
        assert {shard: fleet.sql(shard, ASKED) for shard in fleet.databases} == was
        fleet.sql("80-", "ALTER EVENT tidy DISABLE ON SLAVE")
        assert fleet.run("drift").code == 0, "the status of a replica is no difference"
        ended = fleet.run("doctor", "--identity", "changes")
        assert "off as they are on a replica" in " ".join(ended.said.split()), ended.said
        fleet.edit(PATH, "id < 0", "id < -2")
        (changed,) = applied(fleet)
        assert "id < -2" in changed
        assert "SIDE_DISABLED" in str(fleet.sql("80-", ASKED)), "nobody has turned it on"
        altered(fleet, "ON SCHEDULE EVERY 2 DAY DISABLE")
        ended = fleet.run("drift")
        said = " ".join(ended.said.split())
        assert (ended.code, "its schedule, being on or off differ" in said) == (2, True), said
        altered(fleet, "ON SCHEDULE EVERY 1 DAY ENABLE")
        assert fleet.run("drift").code == 0, "another start is no difference"
        (fleet.root / PATH).unlink()
        ended = fleet.run("plan", "--write")
        assert (ended.code, "drop-program" in ended.said) == (3, True), ended.said
        allow(fleet, {"event": "tidy", "hazard": "drop-program"})
        assert applied(fleet) == ["DROP EVENT `tidy`"]


@pytest.mark.invariant("PG-26")
@pytest.mark.invariant("PG-28")
def test_pull_adopts_events_and_the_plan_is_empty_then(small_fleet: Fleet) -> None:
    """But for one that goes by itself, which is nobody's; and one that says a login."""
    fleet = small_fleet
    for shard in fleet.databases:
        for statement in LIVE:
            fleet.sql(shard, statement)
    manage_events(fleet)
    ended = fleet.run("pull")
    said = " ".join(ended.said.split())
    assert (ended.code, "event login: a password may stand in it" in said) == (3, True), said
    assert "geheim" not in said
    fleet.spec["policy"]["ignore_tables"] = ["_*", "login"]
    fleet.write_spec()
    ended = fleet.run("pull")
    assert ended.code == 0, ended.said
    folder = fleet.root / "schemas/shop/events"
    assert sorted(path.name for path in folder.iterdir()) == [
        "finale.sql",
        "later.sql",
        "tidy.sql",
    ]
    assert "STARTS" not in fleet.read(PATH)
    assert "STARTS '2030-01-01 0" in fleet.read("schemas/shop/events/later.sql")
    fleet.commit("adopted")
    ended = fleet.run("plan", "--write")
    assert ended.code == 0, ended.said
    assert not (fleet.root / PLAN).exists()
    fleet.write("schemas/shop/events/passing.sql", TIDY.replace("tidy", "passing"))
    ended = fleet.run("plan", "--write")
    assert (ended.code, "it goes by itself when it is over" in ended.said) == (3, True), ended.said
    (folder / "passing.sql").unlink()
    fleet.sql("-80", "DROP EVENT passing")
    assert fleet.run("drift").code == 0
    fleet.sql("-80", "ALTER EVENT later COMMENT 'another'")
    ended = fleet.run("drift")
    said = " ".join(ended.said.split())
    assert (ended.code, "its comment or completion differs" in said) == (2, True), said
    assert fleet.run("pull", "--from", "-80").code == 0
    assert "another" in fleet.read("schemas/shop/events/later.sql")


@pytest.mark.invariant("PG-30")
def test_scheduler_and_rights_are_asked_for_before_anything_is_sent(small_fleet: Fleet) -> None:
    fleet = small_fleet
    account = "shop_events@%"
    manage_events(fleet, account)
    allow(fleet, *NEW)
    fleet.write(PATH, TIDY)
    fleet.plan_and_commit()
    ((database,),) = fleet.sql("-80", "SELECT DATABASE()")
    with scheduler(fleet, "OFF"):
        ended = fleet.run("apply")
        assert ended.code == 3, ended.said
        assert "[event-scheduler-off]" in ended.said
        assert "[definer-missing]" in ended.said
        ended = fleet.run("doctor", "--identity", "changes")
        assert "event_scheduler is not ON" in " ".join(ended.said.split()), ended.said
    try:
        fleet.sql("-80", f"CREATE USER {sql_account(account)}")
        with scheduler(fleet, "ON"):
            ended = fleet.run("apply")
            assert (ended.code, "[definer-lacks-rights]" in ended.said) == (3, True), ended.said
            for shard in fleet.databases:
                ((database,),) = fleet.sql(shard, "SELECT DATABASE()")
                fleet.sql(shard, f"GRANT EVENT ON `{database}`.* TO {sql_account(account)}")
            ended = fleet.run("apply")
            assert ended.code == 0, ended.said
        assert "shop_events" in str(fleet.sql("80-", "SHOW CREATE EVENT tidy"))
        assert fleet.run("drift").code == 0
    finally:
        fleet.sql("-80", f"DROP USER IF EXISTS {sql_account(account)}")


@pytest.mark.invariant("PG-26")
@pytest.mark.invariant("PG-28")
@pytest.mark.invariant("PG-31")
@pytest.mark.invariant("PG-32")
def test_what_no_file_may_say_is_said_by_name(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_events(fleet)
    plain = "CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY"
    for text, code in {
        f"{plain} DO SELECT 1;\nCREATE EVENT b ON SCHEDULE EVERY 1 DAY DO SELECT 1;": "second",
        f"{plain} DO SELECT 1;\nSELECT 2;": "definition-second-statement",
        plain.replace("CREATE", "CREATE DEFINER=a@b") + " DO SELECT 1;": "definition-definer",
        plain.replace("tidy", "shop.tidy") + " DO SELECT 1;": "definition-other-database",
        f"{plain} DO DELETE FROM other.t;": "definition-other-database",
        f"{plain} DO CREATE USER u IDENTIFIED BY 'geheim';": "definition-secret",
        f"{plain} DO CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h');": "secret",
        "CREATE TABLE tidy (id int);": "definition-not-create-event",
        "CREATE VIEW tidy AS SELECT 1;": "definition-not-create-event",
        f"{plain} DO /*!80000 SELECT 1 */;": "definition-unreadable",
        f"{plain} STARTS CURRENT_TIMESTAMP DO SELECT 1;": "event-moment",
        "CREATE EVENT tidy ON SCHEDULE AT NOW() + INTERVAL 1 DAY DO SELECT 1;": "event-moment",
        "CREATE EVENT tidy ON SCHEDULE AT '2035-01-01' DO SELECT 1;": "event-goes-by-itself",
        f"{plain} ENDS '2035-01-01' DO SELECT 1;": "event-goes-by-itself",
        f"{plain} DISABLE ON SLAVE DO SELECT 1;": "event-of-a-replica",
        f"{plain};": "definition-not-create-event",
        "": "definition-empty",
        f"{plain}\nDO\nSELEC 1;": f"{PATH}:3",
    }.items():
        fleet.write(PATH, text)
        ended = fleet.run("plan")
        assert (ended.code, code in ended.said) == (1, True), (text, ended.said)
        assert "geheim" not in ended.said
    (fleet.root / PATH).unlink()
    fleet.write("schemas/shop/routines/tidy.sql", f"{plain} DO SELECT 1;")
    assert "definition-not-create-routine" in fleet.run("plan").said
    (fleet.root / "schemas/shop/routines/tidy.sql").unlink()
    fleet.write(PATH, f"{plain} DO SELECT 1;")
    fleet.write(PATH, f"{plain} ENDS '2021-01-01' ON COMPLETION PRESERVE DO SELECT 1;")
    ended = fleet.run("plan")
    assert (ended.code, "[event-over]" in ended.said) == (3, True), ended.said
    fleet.write(PATH, f"{plain} DO SELECT 1;")
    fleet.write("schemas/shop/events/T2.sql", f"{plain.replace('tidy', 'TIDY')} DO SELECT 1;")
    assert "[program-twice]" in fleet.run("plan").said
    (fleet.root / "schemas/shop/events/T2.sql").unlink()
    fleet.sql("80-", f"{plain.replace('tidy', 'TIDY')} DISABLE DO SELECT 1")
    ended = fleet.run("plan")
    said = " ".join(ended.said.split())
    assert (ended.code, "[name-of-another-case]" in said) == (3, True), said
    assert f"shard 80-, event tidy ({PATH}:1): the shard has it as TIDY" in said
    fleet.sql("80-", "DROP EVENT TIDY")
    del fleet.spec["definer"]
    fleet.write_spec()
    ended = fleet.run("plan")
    assert (ended.code, "[definer-not-named]" in ended.said) == (1, True), ended.said


@pytest.mark.invariant("PG-27")
def test_no_scratch_server_runs_an_event(mysql_server: RunningServer) -> None:
    """Also where its scheduler is on, as on one that somebody has given: another database's event
    runs meanwhile, again and again."""
    text = "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND ENABLE DO INSERT INTO ran VALUES (1);"
    own = text.replace("ENABLE", "STARTS '2001-01-01 00:00:00'").removesuffix(";")
    definers = ((ManagedKind.EVENTS, "reconciler@127.0.0.1"),)
    policy = Policy(manage=tuple(ManagedKind), definers=definers)
    table = "CREATE TABLE ran (id int)"
    file = read_event_file(text, "events/e.sql")
    with bench_on(mysql_server) as bench, bench.database([table]) as here:
        settings = bench.observe(here).settings

        def count(database: str) -> int:
            with bench.connection.cursor() as cursor:
                cursor.execute(f"SELECT COUNT(*) FROM `{database}`.ran")
                ((rows,),) = cursor.fetchall()
            return int(rows)

        with bench.world.scratch.database(settings) as database:
            assert database.execute(table) is None
            read = read_programs_back(database, [file], settings, policy)
            assert not read.problems
            bench.execute(f"USE `{here}`")
            bench.execute(own)
            until(lambda: count(here) > 2, "the shard's own event has run")
            with bench.connection.cursor() as cursor:
                cursor.execute(
                    "SELECT EVENT_SCHEMA, STATUS FROM information_schema.EVENTS"
                    " WHERE EVENT_NAME = 'e' AND EVENT_SCHEMA <> DATABASE()"
                )
                ((scratch, status),) = cursor.fetchall()
            assert (status, count(scratch)) == ("DISABLED", 0)
    (program,) = read.programs.values()
    assert isinstance(program.value, Event)
    assert (program.value.is_on, program.value.starts) == (True, "")
