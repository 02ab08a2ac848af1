"""Reads triggers: what the catalogue says of their heads and their order, and from SHOW CREATE what
they do, for the catalogue takes the escapes out of strings (MySQL 9.7, MariaDB 10.11 and 11.8).
Where a fleet is looked at, MySQL's is believed of texts in which it can have changed nothing.

Which one a trigger follows leaves out what engines and splits put on a table for a while.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from reconciler.ddl.programs.accounts import read_account
from reconciler.ddl.programs.names import with_own_names_bare_in_body
from reconciler.ddl.programs.trigger import Beside, read_shown, with_beside
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.scan import is_too_large
from reconciler.edges.client.row_packets import RawRow
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.limits import TEXTS_KNOWN_MAX
from reconciler.edges.mysql.problems import misread
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.shown_ahead import Asked, ShowsRows, spelled
from reconciler.edges.mysql.shown_program import shown_row, shown_text
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith
from reconciler.model.schema import OtherObject
from reconciler.model.shadow_tables import is_passing_trigger

_HEADS = (
    "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_ORDER, ACTION_TIMING, EVENT_MANIPULATION"
    " FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s"
)
_WITHOUT_SESSION = 7
# In the catalogue, literals are without escapes and without the character sets in front of them,
# and quoted names may have a sign too many (MySQL 9.7): a text without any is as it was written.
_OTHERWISE_IN_CATALOGUE = re.compile(r"""['"`\\]|/\*|0[xXbB]""")
_TIMINGS = frozenset({"BEFORE", "AFTER"})
_EVENTS = frozenset({"INSERT", "UPDATE", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the catalogue says of one trigger."""

    name: str
    table: str
    order: int
    timing: str
    event: str
    follows: str | None = None

    @property
    def moment(self) -> tuple[str, str, str]:
        return (self.table, self.timing, self.event)

    @property
    def is_helper(self) -> bool:
        return is_passing_trigger(self.name)


def heads_of(rows: Iterable[Sequence[object]]) -> tuple[Head, ...]:
    """By table and moment, in the order in which they fire; each with the one that it follows."""
    heads = sorted((_head(row) for row in rows), key=lambda one: (one.moment, one.order))
    last: dict[tuple[str, str, str], str] = {}
    found = []
    for head in heads:
        found.append(replace(head, follows=last.get(head.moment)))
        if not head.is_helper:
            last[head.moment] = head.name
    return tuple(found)


def read_heads(link: Link, database: str) -> tuple[Head, ...]:
    """Raises ServerRefusal or LinkLost."""
    return heads_of(link.query(_HEADS, [database], width=5))


def read_trigger(link: ShowsRows, database: str, head: Head) -> OtherObject | None:
    """None where it is gone, or the login may not see it, and for one that is longer than anything
    that is read. Raises ServerRefusal or LinkLost."""
    row = shown_row(link, asked_of_trigger(head.name))
    if row is None:
        return None
    definition = shown_text(row[2])
    shown = None if is_too_large(definition) else read_shown(definition)
    if shown is None:
        return None
    account = read_account(shown.definer)
    name, table = quote_identifier(head.name), quote_identifier(head.table)
    body = with_own_names_bare_in_body(shown.body, spelled(link, database))
    return OtherObject(
        kind=ObjectKind.TRIGGER,
        name=head.name,
        definition=f"CREATE TRIGGER {name} {shown.moments} ON {table} FOR EACH ROW {body}",
        table=head.table,
        action_order=head.order,
        definer=account.digest if account else None,
        created_with=CreatedWith(
            character_set_client=text(row[3]),
            collation_connection=text(row[4]),
            database_collation=text(row[5]),
            sql_mode=text(row[1]),
        ),
        follows=head.follows,
    )


@lru_cache(maxsize=TEXTS_KNOWN_MAX)
def asked_of_trigger(name: str) -> Asked:
    made_at = 6  # where the row says when
    return Asked(name, f"SHOW CREATE TRIGGER {quote_identifier(name)}", 7, frozenset({made_at}))


def as_shown(row: Row) -> tuple[RawRow, ...]:
    """What SHOW CREATE TRIGGER answers, for which its server opens the table, of one of which
    MySQL's catalogue has all to the letter: name, table, order, timing, event, body and the session
    of its making, behind its kind. Nothing where it may have another text."""
    if len(row) == _WITHOUT_SESSION or row[6] is None:
        return ()
    body = text(row[6])
    if not body.isascii() or _OTHERWISE_IN_CATALOGUE.search(body):
        return ()
    user, at, host = text(row[7]).rpartition("@")
    name, table = quote_identifier(text(row[1])), quote_identifier(text(row[2]))
    account = f"{quote_identifier(user)}{at}{quote_identifier(host)}"
    made = f"CREATE DEFINER={account} TRIGGER {name} {text(row[4])} {text(row[5])} ON {table}"
    values = (row[1], row[8], f"{made} FOR EACH ROW {body}", *row[9:12])
    return ((*(text(value).encode() for value in values), None),)


def hidden_trigger(head: Head) -> OtherObject:
    """One whose text the login may not see."""
    name, table = quote_identifier(head.name), quote_identifier(head.table)
    return OtherObject(
        kind=ObjectKind.TRIGGER,
        name=head.name,
        definition=f"CREATE TRIGGER {name} {head.timing} {head.event} ON {table} FOR EACH ROW ",
        table=head.table,
        action_order=head.order,
    )


def read_triggers(
    link: Link, database: str, names: Iterable[str] | None = None
) -> Iterator[tuple[Head, OtherObject | None]]:
    """Every trigger, or those of the names that there are. Raises ServerRefusal or LinkLost."""
    wanted = None if names is None else frozenset(names)
    for head in read_heads(link, database):
        if wanted is None or head.name in wanted:
            yield head, read_trigger(link, database, head)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToPutBack:
    """A trigger as it stands, so that it can be made again to the letter and in its place."""

    sql: str
    session: tuple[tuple[str, str], ...]


def as_it_stands(link: Link, database: str, name: str) -> ToPutBack | None:
    """None: there is none of that name. Raises ServerRefusal or LinkLost."""
    heads = read_heads(link, database)
    head = next((one for one in heads if one.name == name), None)
    if head is None:
        return None
    asked = asked_of_trigger(name)
    row = link.row(asked.sql, width=asked.width)
    line = [one.name for one in heads if one.moment == head.moment]
    place = line.index(name)
    beside = Beside(
        follows=line[place - 1] if place else None,
        precedes=line[place + 1] if place + 1 < len(line) else None,
    )
    session = (
        ("sql_mode", text(row[1])),
        ("character_set_client", text(row[3])),
        ("collation_connection", text(row[4])),
    )
    return ToPutBack(sql=with_beside(shown_text(row[2]), beside), session=session)


def _head(row: Sequence[object]) -> Head:
    name, table, order, timing, event = row
    # MariaDB 12 has triggers for several events: their readers refuse them by name.
    if text(timing) not in _TIMINGS or not _EVENTS.issuperset(re.split(r" OR |,", text(event))):
        raise misread()
    return Head(
        name=text(name),
        table=text(table),
        order=number(order) or 0,
        timing=text(timing),
        event=text(event),
    )
