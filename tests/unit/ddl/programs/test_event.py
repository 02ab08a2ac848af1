"""An event's text: strictly read, written back to the letter, and made into statements and files,
none of which lets scratch run it."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from reconciler.ddl.definition.event_file import read_event_file
from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.event import (
    SaidOfEvent,
    alter_event_sql,
    as_event_on_scratch,
    as_observed,
    create_event_sql,
    event_as_shown,
    event_file_text,
    event_fingerprint,
    event_text,
    is_passing,
    read_event,
    said_of_events,
    scratch_event_sql,
    told_by_files,
)
from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.statement.event import EventStatement, read_event_statement
from reconciler.errors import InvalidInput, Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith, Event, Security
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor

HERE = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="",
    database_collation="utf8mb4_bin",
    time_zone="+00:00",
)
EVENT = Event(
    name="e",
    at="",
    every="1 DAY",
    starts="'2030-01-01 00:00:00'",
    ends="",
    preserve=False,
    is_on=True,
    comment="",
    definer="1" * 64,
    body="DELETE FROM t",
    created_with=HERE,
)
OPEN = replace(EVENT, starts="")
ONCE = replace(EVENT, at="'2035-01-01 00:00:00'", every="", starts="", preserve=True)
ANOTHER: dict[str, Any] = {
    "name": "f",
    "at": "'2035-01-01 00:00:00'",
    "every": "2 DAY",
    "starts": "'2031-01-01 00:00:00'",
    "ends": "'2032-01-01 00:00:00'",
    "preserve": True,
    "is_on": False,
    "comment": "'it''s'",
    "definer": "another",
    "body": "SELECT 1",
    "created_with": replace(HERE, time_zone="SYSTEM"),
    "is_stamped": True,
    "is_over": True,
    "security": Security.INVOKER,
}
APP = Account(user="app", host="%")


@pytest.mark.invariant("PG-26")
@pytest.mark.parametrize("field", [field.name for field in fields(Event)])
def test_every_field_is_compared(field: str) -> None:
    assert event_fingerprint(replace(EVENT, **{field: ANOTHER[field]})) != event_fingerprint(EVENT)


@pytest.mark.parametrize(
    "event",
    [
        EVENT,
        OPEN,
        ONCE,
        replace(
            EVENT, ends="'2032-01-01 00:00:00'", preserve=True, comment="'a\\n ON COMPLETION '"
        ),
        replace(EVENT, every="'1:30' HOUR_MINUTE", is_on=False),
        replace(EVENT, name="a ON COMPLETION `b", body="BEGIN SELECT 1; SELECT 2; END"),
    ],
)
def test_a_text_is_read_and_written_to_the_letter(event: Event) -> None:
    assert read_event(event_text(event), event.name) == event
    assert text_of(event_as_shown(event)) == event_text(event)
    sent = create_event_sql(event, APP)
    assert read_event_statement(sent) == EventStatement(
        name=event.name, is_on=event.is_on, definer=APP
    )
    file = read_event_file(event_file_text(event, None), "events/e.sql")
    assert file.object_id == event.object_id
    assert file.event is not None
    said = (file.event.starts or bool(event.at), file.event.preserve, file.event.is_on)
    assert said == (bool(event.starts or event.at), event.preserve, event.is_on)


@pytest.mark.invariant("PG-26")
def test_a_start_that_nobody_wrote_is_no_difference() -> None:
    stamped = replace(EVENT, is_stamped=True)
    unread, nothing = SaidOfEvent(starts=None, is_on=True), SaidOfEvent(starts="", is_on=True)
    assert told_by_files(stamped, None) == told_by_files(stamped, unread) == OPEN
    assert told_by_files(EVENT, None) == told_by_files(EVENT, unread) == EVENT
    assert told_by_files(EVENT, nothing) == OPEN
    (own,) = said_of_events([EVENT]).values()
    assert told_by_files(stamped, own) == told_by_files(EVENT, own) == EVENT
    other = replace(own, starts="'2031-01-01 00:00:00'")
    assert told_by_files(EVENT, other) == EVENT
    assert told_by_files(stamped, other) == OPEN, "each shard would be another before-state"
    (once,) = said_of_events([ONCE]).values()
    assert (told_by_files(EVENT, once), told_by_files(stamped, once)) == (EVENT, OPEN)


@pytest.mark.invariant("PG-26")
@pytest.mark.invariant("PG-28")
def test_what_only_the_catalogue_knows_is_read() -> None:
    """The status of a replica is that of an event that is on, and one that is over is neither."""
    shown = event_as_shown(replace(ONCE, is_on=False)).definition

    def read(definition: str) -> Event:
        other = OtherObject(
            kind=ObjectKind.EVENT,
            name="e",
            definition=definition,
            definer=EVENT.definer,
            created_with=HERE,
        )
        return read_event(text_of(other), "e")

    assert not read(as_observed(shown, is_stamped=False, is_over=False)).is_on
    over = read(as_observed(shown, is_stamped=True, is_over=True))
    assert (over.is_over, over.is_stamped) == (True, True)
    for status in ("ENABLE", "DISABLE"):
        over = read(as_observed(shown.replace("DISABLE", status), is_stamped=False, is_over=True))
        for is_on in (True, False):
            said = SaidOfEvent(starts=None, is_on=is_on)
            assert told_by_files(over, said) == replace(ONCE, is_on=is_on), "as its file says"
        assert told_by_files(over, None) == ONCE
    assert read(as_observed(shown, is_stamped=True, is_over=False)).is_stamped
    assert read(shown.replace(" DISABLE ", " DISABLE ON SLAVE ")).is_on
    assert read(shown.replace(" DISABLE ", " DISABLE ON REPLICA ")).is_on
    passing = event_as_shown(replace(ONCE, preserve=False))
    assert (is_passing(passing), is_passing(event_as_shown(ONCE))) == (True, False)
    assert not is_passing(event_as_shown(EVENT))
    with pytest.raises(Refused, match="goes by itself"):
        read(passing.definition)


@pytest.mark.invariant("PG-29")
def test_a_schedule_is_said_again_only_where_it_changes() -> None:
    after = replace(OPEN, body="SELECT 2")
    sent = alter_event_sql(OPEN, after, APP, Flavor.MYSQL)
    assert "ON SCHEDULE" not in sent
    assert "ABLE" not in sent, "one that is off as on a replica would run from then on"
    read = read_event_statement(sent)
    assert read == EventStatement(name="e", alters=True, is_on=True, definer=APP)
    assert "ON SCHEDULE" in alter_event_sql(OPEN, EVENT, APP, Flavor.MARIADB)
    zone = replace(OPEN, created_with=replace(HERE, time_zone="SYSTEM"))
    assert "ON SCHEDULE" in alter_event_sql(OPEN, zone, APP, Flavor.MYSQL)
    ends = replace(EVENT, ends="'2032-01-01 00:00:00'", preserve=True)
    assert alter_event_sql(ends, EVENT, APP, Flavor.MYSQL).startswith("ALTER ")
    replaced = alter_event_sql(ends, EVENT, APP, Flavor.MARIADB)
    assert replaced.startswith("CREATE OR REPLACE ")
    assert read_event_statement(replaced) == read


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE DEFINER=`a`@`b` EVENT `e` DO SELECT 1",
        "CREATE DEFINER=`a`@`b` EVENT `e` ON COMPLETION PRESERVE ENABLE DO SELECT 1",
        "ALTER DEFINER=`a`@`b` EVENT `e` RENAME TO `f`",
        "ALTER DEFINER=`a`@`b` EVENT `e` ON SCHEDULE AT '2035' ON COMPLETION PRESERVE DO CALL p",
        "ALTER DEFINER=`a`@`b` EVENT `e` ON COMPLETION PRESERVE DISABLE ON SLAVE DO SELECT 1",
        "ALTER DEFINER=`a`@`b` EVENT `e` ON COMPLETION PRESERVE ENABLE DO SELECT 1; SELECT 2",
        "DROP EVENT `e`; DROP TABLE `t`",
        "DROP EVENT `d`.`e`",
    ],
)
def test_no_other_statement_is_one_of_a_plan(sql: str) -> None:
    with pytest.raises(Refused):
        read_event_statement(sql)


_SCHEDULES = (
    "AT '2035-01-01'",
    "EVERY 1 SECOND",
    "EVERY 1 SECOND STARTS '2001-01-01'",
    "EVERY 1 SECOND\n ENDS '2035-01-01'",
    "EVERY '1:30' MINUTE_SECOND STARTS '2001-01-01' ENDS '2035-01-01' -- ENABLE\n",
)


@pytest.mark.invariant("PG-27")
@given(
    schedule=some.sampled_from(_SCHEDULES),
    completion=some.sampled_from(["", "ON COMPLETION PRESERVE", "ON\nCOMPLETION NOT PRESERVE"]),
    status=some.sampled_from(["", "ENABLE", "enable", "/* DISABLE */ ENABLE", "DISABLE"]),
    comment=some.sampled_from(["", "COMMENT ' ENABLE '"]),
    body=some.sampled_from(["DELETE FROM t", "BEGIN\nSELECT 1; END"]),
)
def test_scratch_is_given_each_turned_off(
    schedule: str, completion: str, status: str, comment: str, body: str
) -> None:
    text = (
        f"-- why\nCREATE EVENT e ON SCHEDULE {schedule} {completion} {status} {comment} DO {body};"
    )
    if "PRESERVE" not in completion.replace("NOT PRESERVE", "") and "'2035" in schedule:
        with pytest.raises(InvalidInput, match="goes by itself"):
            read_event_file(text, "events/e.sql")
        return
    file = read_event_file(text, "events/e.sql")
    plain = re.sub(r"--[^\n]*\n|/\*.*?\*/|' ENABLE '", "", file.statement)
    assert "ON COMPLETION PRESERVE DISABLE" in plain
    assert "ENABLE" not in plain.upper()
    assert file.statement.endswith(body)
    lines = text.count("\n", 0, text.index(" DO ")), text.count("\n", 0, text.index("CREATE"))
    assert file.statement.count("\n", 0, file.statement.index("DO ")) == lines[0] - lines[1]


@pytest.mark.invariant("PG-27")
@pytest.mark.parametrize("event", [EVENT, OPEN, ONCE, replace(EVENT, is_on=False)])
def test_so_is_what_a_shard_has(event: Event) -> None:
    _, made = scratch_event_sql(event)
    assert " ON COMPLETION PRESERVE DISABLE " in made
    assert as_event_on_scratch(as_event_on_scratch(event)) == as_event_on_scratch(event)


@pytest.mark.invariant("PG-26")
@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("-8:00", "-08:00"),
        ("+05:30", "+05:30"),
        ("system", "SYSTEM"),
        ("Europe/Rome", "Europe/Rome"),
    ],
)
def test_a_file_says_a_zone_as_servers_print_it(said: str, zone: str) -> None:
    """Otherwise each shard that has it would differ from the file for ever."""
    text = event_file_text(replace(EVENT, created_with=replace(HERE, time_zone=said)), None)
    made = read_event_file(text, "events/e.sql").created_with
    assert made is not None
    assert made.time_zone == zone
