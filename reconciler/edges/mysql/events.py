"""Reads events, whole: as SHOW CREATE EVENT prints them, with what only the catalogue tells.

A server lists none of a database on which the login has not EVENT.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.ddl.programs.accounts import read_account
from reconciler.ddl.programs.event import as_observed
from reconciler.ddl.programs.names import with_own_names_bare_in_body
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.scan import is_too_large
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import NO_SUCH_EVENT, ServerRefusal, is_of_the_moment
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.shown_ahead import ShowsRows
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
# One row at least: the setting is the server's, and in each.
_GROUND = """
SELECT @@event_scheduler, e.EVENT_NAME FROM (SELECT 1) one
  LEFT JOIN information_schema.EVENTS e ON e.EVENT_SCHEMA = %s
   AND e.STATUS IN ('SLAVESIDE_DISABLED', 'REPLICA_SIDE_DISABLED')
"""
_DEFINER = re.compile(
    r"\A(CREATE )DEFINER=((?:`(?:[^`]|``)*`|[^\s@]+)(?:@(?:`(?:[^`]|``)*`|\S+))?) "
)


@dataclass(frozen=True, slots=True)
class EventHead:
    name: str
    is_over: bool
    is_stamped: bool


def read_heads(link: Link, database: str, name: str | None = None) -> tuple[EventHead, ...]:
    """Those that the login may see. Raises ServerRefusal or LinkLost."""
    asked = _EVENTS if name is None else f"{_EVENTS}{_ONE}"
    rows = link.query(asked, [database] if name is None else [database, name], width=3)
    return tuple(EventHead(text(row[0]), number(row[1]) == 1, number(row[2]) == 1) for row in rows)


def read_event(link: Link, database: str, name: str) -> OtherObject | None:
    """As `read_program` says."""
    found = _whole(link, database, read_heads(link, database, name))
    return next((event for _, event in found), None)


def read_events(
    link: Link, database: str, ahead: ShowsRows | None = None
) -> dict[str, OtherObject | None]:
    """All that there are, by name; None for one whose text the login may not see. `ahead`: what it
    has been asked already. Raises ServerRefusal or LinkLost."""
    return dict(_whole(ahead or link, database, read_heads(link, database)))


def shown_by(database: str, name: str) -> str:
    """The statement that shows one, wherever the session is."""
    return f"SHOW CREATE EVENT {quote_identifier(database)}.{quote_identifier(name)}"


def read_event_ground(link: Link, database: str) -> EventGround:
    """Raises ServerRefusal or LinkLost."""
    rows = link.query(_GROUND, [database], width=2)
    return EventGround(
        runs=bool(rows) and text(rows[0][0]).upper() == "ON",
        off_as_on_replicas=tuple(sorted(text(row[1]) for row in rows if row[1] is not None)),
    )


def _whole(
    link: ShowsRows, database: str, heads: tuple[EventHead, ...]
) -> Iterator[tuple[str, OtherObject | None]]:
    """As `read_events`: one that has gone by itself meanwhile is none."""
    for head in heads:
        try:
            row = link.row(shown_by(database, head.name), width=7)
        except ServerRefusal as refusal:
            if is_of_the_moment(refusal.error):
                raise
            if refusal.error.number != NO_SUCH_EVENT:
                yield head.name, None
            continue
        shown = row[3].decode(errors="replace") if isinstance(row[3], bytes) else str(row[3])
        if row[3] is None or is_too_large(shown):
            yield head.name, None
            continue
        definer = _DEFINER.match(shown)
        account = read_account(definer[2]) if definer is not None else None
        bare = with_own_names_bare_in_body(_DEFINER.sub(r"\1", shown), database)
        event = OtherObject(
            kind=ObjectKind.EVENT,
            name=head.name,
            definition=as_observed(bare, is_stamped=head.is_stamped, is_over=head.is_over),
            definer=account.digest if account else None,
            created_with=CreatedWith(
                character_set_client=text(row[4]),
                collation_connection=text(row[5]),
                sql_mode=text(row[1]),
                database_collation=text(row[6]),
                time_zone=text(row[2]),
            ),
        )
        yield head.name, event
