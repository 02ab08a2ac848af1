"""Reads what stands around the tables: views, triggers, routines, events, sequences, and the tables
of other databases that foreign keys refer to.

What cannot be read is said in words and never taken for absent. No text keeps its DEFINER: that is
an account, and shards differ in it without differing in schema; where the kind is managed, the
policy says whose it shall be, and accounts are compared by their digests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.ddl.cross_database import cross_database_references
from reconciler.ddl.foreign import foreign_table
from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.ddl.scan import is_too_large
from reconciler.edges.client.row_packets import RawRow
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.dependents import body_of
from reconciler.edges.mysql.events import (
    EventHead,
    EventIsGone,
    asked_of_event,
    heads_by_database,
    read_event_with,
    read_heads,
)
from reconciler.edges.mysql.problems import ServerRefusal, misread
from reconciler.edges.mysql.programs import (
    asked_of_routine,
    asked_of_sequence,
    asked_of_view,
    read_routine,
    read_view,
)
from reconciler.edges.mysql.reading import Listing, of_databases, shown, text
from reconciler.edges.mysql.shown_ahead import (
    Asked,
    KnownRows,
    ShownAhead,
    ShowsRows,
    ask_each,
)
from reconciler.edges.mysql.triggers import (
    Head,
    as_shown,
    asked_of_trigger,
    heads_of,
    hidden_trigger,
    read_trigger,
)
from reconciler.model.dependents import Program
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import CrossDatabaseParent
from reconciler.model.programs import ROUTINES, view_id
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor, ServerVersion

# One round trip for four catalogues. A routine's text is its body: nothing more is needed to tell
# which tables it uses.
_UNION = """
SELECT {trigger}'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_ORDER,
       ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT{made}
  FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s
UNION ALL
SELECT {routine}LOWER(ROUTINE_TYPE), ROUTINE_NAME, NULL, NULL, NULL, NULL, ROUTINE_DEFINITION{no}
  FROM information_schema.ROUTINES
 WHERE ROUTINE_SCHEMA = %s AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')
UNION ALL
SELECT {event}'event', EVENT_NAME, NULL, NULL, NULL, NULL, EVENT_DEFINITION{no}
  FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s
UNION ALL
SELECT {view}'view', TABLE_NAME, NULL, NULL, NULL, NULL, VIEW_DEFINITION{no}
  FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s
"""
_PROGRAMS = _UNION.format(trigger="", routine="", event="", view="", made="", no="")
_PROGRAMS_WITH_SCHEMA = _UNION.format(
    made=", DEFINER, SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, DATABASE_COLLATION",
    no=", NULL, NULL, NULL, NULL, NULL",
    trigger="TRIGGER_SCHEMA, ",
    routine="ROUTINE_SCHEMA, ",
    event="EVENT_SCHEMA, ",
    view="TABLE_SCHEMA, ",
)
_PROGRAM_KINDS = frozenset({"trigger", "procedure", "function", "event", "view"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OthersRead:
    """`programs` are the same objects, with their texts as the catalogue has them."""

    objects: tuple[OtherObject, ...]
    programs: tuple[Program, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentsRead:
    parents: tuple[CrossDatabaseParent, ...]
    unseen: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the catalogues say of the programs of a database, of its triggers in the order in which
    they fire, and of its events where they are managed. `shown`: what statements would show, where
    the catalogue has it to the letter."""

    programs: Sequence[Program] = ()
    triggers: Sequence[Head] = ()
    events: Sequence[EventHead] = ()
    shown: Mapping[str, RawRow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownListings:
    """For the length of one look at a fleet."""

    programs: KnownRows[Program] = field(default_factory=KnownRows)
    triggers: KnownRows[tuple[Head, ...]] = field(default_factory=KnownRows)
    shown: KnownRows[tuple[RawRow, ...]] = field(default_factory=KnownRows)


def list_others(
    link: Link, database: str, managed: Collection[ObjectKind], known: KnownListings
) -> Listed:
    """Raises ServerRefusal or LinkLost."""
    listed = listed_of(link.query(_PROGRAMS, [database] * 4, width=7), known)
    has_events = _has_events(listed, managed)
    return replace(listed, events=read_heads(link, database)) if has_events else listed


def listed_of(rows: Iterable[Row], known: KnownListings) -> Listed:
    """Without events' own. Rows that many shards have are read once. Raises LinkLost."""
    programs: list[Program] = []
    heads: list[Row] = []
    shown: dict[str, RawRow] = {}
    for row in rows:
        one = known.programs.of(row, partial(_program, row))
        programs.append(one)
        if one.kind is ObjectKind.TRIGGER:
            heads.append(row[1:6])
            for answer in known.shown.of(row, partial(as_shown, row)):
                shown[asked_of_trigger(one.name).sql] = answer
    line = tuple(heads)
    triggers = known.triggers.of(line, partial(heads_of, line))
    return Listed(programs=programs, triggers=triggers, shown=shown)


def _program(row: Row) -> Program:
    return Program(
        kind=_kind(row[0]),
        name=text(row[1]),
        text=body_of(row[6]),
        table=None if row[2] is None else text(row[2]),
    )


def rows_by_database(
    link: Link, databases: Sequence[str], flavor: Flavor
) -> dict[str, Sequence[Row]]:
    """The rows of each database, by its name as the server has it. MariaDB goes through all of its
    databases unless one is named; there, those are left out whose rows are out of the ordinary.
    Raises ServerRefusal or LinkLost."""
    if flavor is Flavor.MARIADB:
        names = {database: (quote_string(database),) * 4 for database in databases}
        questions = {database: _PROGRAMS % name for database, name in names.items()}
        return {**ask_each(link, questions, width=7)}
    found: dict[str, list[Row]] = {}
    asked = of_databases(_PROGRAMS_WITH_SCHEMA, databases)
    for row in link.query(asked, [*databases] * 4, width=13):
        found.setdefault(text(row[0]), []).append(row[1:])
    return {**found}


def events_by_database(
    link: Link, listed: Mapping[str, Listed], managed: Collection[ObjectKind]
) -> dict[str, tuple[EventHead, ...]]:
    """Of those of the databases that have any, as `Listed` wants them, by the server's names for
    them. Raises ServerRefusal or LinkLost."""
    databases = [database for database, found in listed.items() if _has_events(found, managed)]
    return heads_by_database(link, databases) if databases else {}


def _has_events(listed: Listed, managed: Collection[ObjectKind]) -> bool:
    every = listed.programs
    return ObjectKind.EVENT in managed and any(one.kind is ObjectKind.EVENT for one in every)


def read_others(
    shows: ShownAhead, listing: Listing, listed: Listed, managed: Collection[ObjectKind] = ()
) -> OthersRead:
    """Programs of `managed` kinds are read whole. Raises ServerRefusal or LinkLost."""
    objects: list[OtherObject] = []
    programs: list[Program] = []
    unseen: list[str] = []
    events = dict(_events(shows, listed.events))
    for one in listed.programs:
        kind, name, body = one.kind, one.name, one.text
        if kind is ObjectKind.EVENT and kind in managed and name not in events:
            continue  # it has gone by itself since
        programs.append(one)
        if kind in (ObjectKind.VIEW, ObjectKind.TRIGGER):
            continue  # SHOW CREATE tells the whole of it
        whole = None
        if kind in ROUTINES and kind in managed:
            whole = _routine(shows, ObjectId(kind, name))
            body = None
        elif kind is ObjectKind.EVENT and kind in managed:
            whole = events[name]
        if whole is None and body is None:
            unseen.append(f"the text of {kind} {name}")
        objects.append(whole or OtherObject(kind=kind, name=name, definition=body or ""))
    for head in listed.triggers:
        trigger = _trigger(shows, head)
        if trigger is None:
            unseen.append(f"the text of {ObjectKind.TRIGGER} {head.name}")
        objects.append(trigger or hidden_trigger(head))
    for found in (*_views(shows, listing), *_sequences(shows, listing)):
        if not found.definition:
            unseen.append(f"the text of {found.kind} {found.name}")
        objects.append(found)
    return OthersRead(
        objects=tuple(sorted(objects, key=lambda found: (found.kind, found.name))),
        programs=tuple(programs),
        unseen=tuple(sorted(unseen)),
    )


def _routine(shows: ShownAhead, about: ObjectId) -> OtherObject | None:
    return shows.program(
        about, asked_of_routine(about), lambda: read_routine(shows, shows.database, about)
    )


def _events(
    shows: ShownAhead, heads: Iterable[EventHead]
) -> Iterator[tuple[str, OtherObject | None]]:
    """By name, without those that have gone by themselves since; None for one whose text the login
    may not see."""
    for head in heads:
        asked = asked_of_event(shows.database, head.name)
        read = partial(read_event_with, shows, shows.database, head)
        with suppress(EventIsGone):
            yield head.name, shows.program(head, asked, read)


def _trigger(shows: ShownAhead, head: Head) -> OtherObject | None:
    asked = asked_of_trigger(head.name)
    return shows.program(head, asked, lambda: read_trigger(shows, shows.database, head))


def _views(shows: ShownAhead, listing: Listing) -> Iterator[OtherObject]:
    """One that may not be seen has no text."""
    for name in listing.of_type("VIEW"):
        yield _view(shows, name) or OtherObject(kind=ObjectKind.VIEW, name=name, definition="")


def _view(shows: ShownAhead, name: str) -> OtherObject | None:
    return shows.program(
        view_id(name), asked_of_view(name), lambda: read_view(shows, shows.database, name)
    )


def _sequences(shows: ShowsRows, listing: Listing) -> Iterator[OtherObject]:
    """The same of MariaDB's sequences."""
    for name in listing.of_type("SEQUENCE"):
        definition = _shown(shows, asked_of_sequence(name).sql)
        yield OtherObject(kind=ObjectKind.SEQUENCE, name=name, definition=definition or "")


def asked_of(
    database: str, listing: Listing, listed: Listed, managed: Collection[ObjectKind]
) -> Iterator[Asked]:
    """The statements that show the texts."""
    yield from map(asked_of_view, listing.of_type("VIEW"))
    yield from map(asked_of_sequence, listing.of_type("SEQUENCE"))
    for one in listed.programs:
        if one.kind is ObjectKind.TRIGGER:
            asked = asked_of_trigger(one.name)
            if asked.sql not in listed.shown:
                yield asked
        elif one.kind in ROUTINES and one.kind in managed:
            yield asked_of_routine(ObjectId(one.kind, one.name))
        elif one.kind is ObjectKind.EVENT and one.kind in managed:
            yield asked_of_event(database, one.name)


def read_cross_database_parents(
    link: Link, definitions: Iterable[tuple[str, str]], version: ServerVersion
) -> ParentsRead:
    """Those whose definition is understood. Raises ServerRefusal or LinkLost."""
    parents, unseen = [], []
    wanted = {
        pair
        for _, definition in definitions
        if not is_too_large(definition)  # its reader refuses it
        for pair in cross_database_references(definition)
    }
    for database, table in sorted(wanted):
        name = f"{quote_identifier(database)}.{quote_identifier(table)}"
        definition = _shown(link, f"SHOW CREATE TABLE {name}")
        if definition is None or foreign_table(definition, table, version) is None:
            # Missing (made with foreign_key_checks off), hidden, or in a form that nobody knows.
            unseen.append(f"table {table} of another database, which a foreign key refers to")
        else:
            parents.append(
                CrossDatabaseParent(database=database, table=table, definition=definition)
            )
    return ParentsRead(parents=tuple(parents), unseen=tuple(unseen))


def _shown(link: ShowsRows, statement: str) -> str | None:
    """The text; None where the server refuses (no privilege, or what it is made of is gone), and
    for one that is no text, or longer than anything that is read."""
    try:
        row = link.row(statement, width=2)
    except ServerRefusal:
        return None
    found = shown(row[1])
    return None if found is None or is_too_large(found) else found


def _kind(value: object) -> ObjectKind:
    return ObjectKind(_one_of(_PROGRAM_KINDS, value))


def _one_of(known: frozenset[str], value: object) -> str:
    found = text(value)
    if found not in known:
        raise misread()
    return found
