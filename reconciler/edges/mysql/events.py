"""Reads events, whole: as SHOW CREATE EVENT prints them, with what only the catalogue tells.

A server lists none of a database on which the login has not EVENT.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from reconciler.ddl.programs.event import as_observed
from reconciler.ddl.programs.names import with_own_names_bare_in_body
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.scan import is_too_large
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.problems import NO_SUCH_EVENT, ServerRefusal, is_of_the_moment, misread
from reconciler.edges.mysql.reading import number, of_databases, text
from reconciler.edges.mysql.shown_ahead import Asked, ShowsRows, spelled
from reconciler.edges.mysql.shown_program import shown_text, without_definer
from reconciler.model.access import EventGround
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith
from reconciler.model.schema import OtherObject

# Moments are shown in the event's own time zone, those of its making in the session's, +00:00. Of a
# zone that the server does not know, all is unknown.
_EVENTS = """
SELECT EVENT_NAME,
       COALESCE(EXECUTE_AT, ENDS) <= CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', TIME_ZONE),
       STARTS IN (CONVERT_TZ(CREATED, '+00:00', TIME_ZONE),
                  CONVERT_TZ(LAST_ALTERED, '+00:00', TIME_ZONE))
  FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s
"""
_ONE = " AND EVENT_NAME = %s"
_EVENTS_WITH_SCHEMA = _EVENTS.replace("SELECT ", "SELECT EVENT_SCHEMA, ", 1)
# One row at least: the setting is the server's, and in each.
_GROUND = """
SELECT @@event_scheduler, e.EVENT_SCHEMA, e.EVENT_NAME FROM (SELECT 1) one
  LEFT JOIN information_schema.EVENTS e ON e.EVENT_SCHEMA = %s
   AND e.STATUS IN ('SLAVESIDE_DISABLED', 'REPLICA_SIDE_DISABLED')
"""


class EventIsGone(Exception):
    """It has ended by itself since it was listed."""


@dataclass(frozen=True, slots=True)
class EventHead:
    name: str
    is_over: bool
    is_stamped: bool


def read_heads(link: Link, database: str, name: str | None = None) -> tuple[EventHead, ...]:
    """Those that the login may see. Raises ServerRefusal or LinkLost."""
    asked = _EVENTS if name is None else f"{_EVENTS}{_ONE}"
    rows = link.query(asked, [database] if name is None else [database, name], width=3)
    return tuple(map(_head, rows))


def heads_by_database(link: Link, databases: Sequence[str]) -> dict[str, tuple[EventHead, ...]]:
    """The same of each database in which there are any, by its name as the server has it."""
    rows = link.query(of_databases(_EVENTS_WITH_SCHEMA, databases), databases, width=4)
    found: dict[str, list[EventHead]] = {}
    for row in rows:
        found.setdefault(text(row[0]), []).append(_head(row[1:]))
    return {database: tuple(heads) for database, heads in found.items()}


def _head(row: Row) -> EventHead:
    return EventHead(text(row[0]), number(row[1]) == 1, number(row[2]) == 1)


def read_event(link: Link, database: str, name: str) -> OtherObject | None:
    """As `read_program` says."""
    for head in read_heads(link, database, name):
        with suppress(EventIsGone):
            return read_event_with(link, database, head)
    return None


def asked_of_event(database: str, name: str) -> Asked:
    """Wherever the session is."""
    shown = f"SHOW CREATE EVENT {quote_identifier(database)}.{quote_identifier(name)}"
    return Asked(name, shown, 7)


def read_event_grounds(link: Link, databases: Sequence[str]) -> dict[str, EventGround]:
    """Of each of the databases. Raises ServerRefusal or LinkLost."""
    rows = link.query(of_databases(_GROUND, databases), databases, width=3)
    runs = bool(rows) and text(rows[0][0]).upper() == "ON"
    off: dict[str, list[str]] = {database: [] for database in databases}
    for _, schema, name in rows:
        if name is not None:
            off[_one_of(databases, text(schema))].append(text(name))
    return {
        database: EventGround(runs=runs, off_as_on_replicas=tuple(sorted(names)))
        for database, names in off.items()
    }


def _one_of(databases: Sequence[str], name: str) -> str:
    """Which of the databases that were asked for a catalogue calls so. Raises LinkLost."""
    if len(databases) == 1:
        return databases[0]
    for database in databases:
        if name in (database, database.lower()):
            return database
    raise misread()


def read_event_with(link: ShowsRows, database: str, head: EventHead) -> OtherObject | None:
    """None where the login may not see it, and for one that is longer than anything that is read.
    Raises EventIsGone, ServerRefusal or LinkLost."""
    asked = asked_of_event(database, head.name)
    try:
        row = link.row(asked.sql, width=asked.width)
    except ServerRefusal as refusal:
        if is_of_the_moment(refusal.error):
            raise
        if refusal.error.number == NO_SUCH_EVENT:
            raise EventIsGone from None
        return None
    shown = shown_text(row[3])
    if row[3] is None or is_too_large(shown):
        return None
    bare, definer = without_definer(ObjectKind.EVENT, shown)
    bare = with_own_names_bare_in_body(bare, spelled(link, database))
    return OtherObject(
        kind=ObjectKind.EVENT,
        name=head.name,
        definition=as_observed(bare, is_stamped=head.is_stamped, is_over=head.is_over),
        definer=definer,
        created_with=CreatedWith(
            character_set_client=text(row[4]),
            collation_connection=text(row[5]),
            sql_mode=text(row[1]),
            database_collation=text(row[6]),
            time_zone=text(row[2]),
        ),
    )
