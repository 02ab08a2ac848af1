"""Reads what stands around the tables: views, triggers, routines, events, sequences, and the tables
of other databases that foreign keys refer to.

What cannot be read is said in words and never taken for absent. No text keeps its DEFINER: that is
an account, and shards differ in it without differing in schema; where the kind is managed, the
policy says whose it shall be, and accounts are compared by their digests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.ddl.cross_database import cross_database_references
from reconciler.ddl.foreign import foreign_table
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.scan import is_too_large
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.dependents import body_of
from reconciler.edges.mysql.events import read_events, shown_by
from reconciler.edges.mysql.problems import ServerRefusal, misread
from reconciler.edges.mysql.programs import read_program, read_view
from reconciler.edges.mysql.reading import Listing, of_databases, shown, text
from reconciler.edges.mysql.shown_ahead import ShowsRows, ask_for
from reconciler.edges.mysql.triggers import heads_of, hidden_trigger, read_trigger
from reconciler.model.dependents import Program
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import CrossDatabaseParent
from reconciler.model.programs import ROUTINES
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerVersion

# One round trip for four catalogues. A routine's text is its body: nothing more is needed to tell
# which tables it uses.
_UNION = """
SELECT {trigger}'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_ORDER,
       ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT
  FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = %s
UNION ALL
SELECT {routine}LOWER(ROUTINE_TYPE), ROUTINE_NAME, NULL, NULL, NULL, NULL, ROUTINE_DEFINITION
  FROM information_schema.ROUTINES
 WHERE ROUTINE_SCHEMA = %s AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')
UNION ALL
SELECT {event}'event', EVENT_NAME, NULL, NULL, NULL, NULL, EVENT_DEFINITION
  FROM information_schema.EVENTS WHERE EVENT_SCHEMA = %s
UNION ALL
SELECT {view}'view', TABLE_NAME, NULL, NULL, NULL, NULL, VIEW_DEFINITION
  FROM information_schema.VIEWS WHERE TABLE_SCHEMA = %s
"""
_PROGRAMS = _UNION.format(trigger="", routine="", event="", view="")
_PROGRAMS_WITH_SCHEMA = _UNION.format(
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


def programs_by_database(link: Link, databases: Sequence[str]) -> dict[str, list[Row]]:
    """Of each database in which there are any, what `read_others` goes by. MySQL alone. Raises
    ServerRefusal or LinkLost."""
    asked = of_databases(_PROGRAMS_WITH_SCHEMA, databases)
    found: dict[str, list[Row]] = {}
    for row in link.query(asked, [*databases] * 4, width=8):
        found.setdefault(text(row[0]), []).append(row[1:])
    return found


def read_others(
    link: Link,
    database: str,
    listing: Listing,
    managed: Collection[ObjectKind] = (),
    rows: Sequence[Row] | None = None,
    *,
    ahead: bool = False,
) -> OthersRead:
    """Programs of `managed` kinds are read whole. `rows`: what the catalogues say of programs,
    where somebody has asked; `ahead`: all texts are asked for at once. Raises ServerRefusal or
    LinkLost."""
    objects: list[OtherObject] = []
    programs: list[Program] = []
    unseen: list[str] = []
    heads: list[tuple[object, ...]] = []
    events: Mapping[str, OtherObject | None] | None = None  # asked for where there is one
    if rows is None:
        rows = link.query(_PROGRAMS, [database] * 4, width=7)
    asked = tuple(_shown_by(database, listing, rows, managed)) if ahead else ()
    shows: ShowsRows = ask_for(link, asked) if asked else link
    for row in rows:
        kind, name = _kind(row[0]), text(row[1])
        event = None
        if kind is ObjectKind.EVENT and kind in managed:
            events = read_events(link, database, shows) if events is None else events
            if name not in events:
                continue  # it has gone by itself since
            event = events[name]
        table = None if row[2] is None else text(row[2])
        programs.append(Program(kind=kind, name=name, text=body_of(row[6]), table=table))
        if kind is ObjectKind.VIEW:
            continue  # SHOW CREATE VIEW tells the whole of it
        if kind in ROUTINES and kind in managed:
            whole = read_program(link, database, ObjectId(kind, name), shows)
            if whole is None:
                unseen.append(f"the text of {kind} {name}")
            objects.append(whole or OtherObject(kind=kind, name=name, definition=""))
            continue
        if kind is ObjectKind.TRIGGER:
            heads.append(row[1:6])
            continue
        if event is not None:
            objects.append(event)
            continue
        body = body_of(row[6])
        if body is None:
            unseen.append(f"the text of {kind} {name}")
        objects.append(OtherObject(kind=kind, name=name, definition=body or ""))
    for head in heads_of(heads):
        trigger = read_trigger(shows, database, head)
        if trigger is None:
            unseen.append(f"the text of {ObjectKind.TRIGGER} {head.name}")
        objects.append(trigger or hidden_trigger(head))
    for listed in (*_views(shows, database, listing), *_sequences(link, listing)):
        if not listed.definition:
            unseen.append(f"the text of {listed.kind} {listed.name}")
        objects.append(listed)
    return OthersRead(
        objects=tuple(sorted(objects, key=lambda found: (found.kind, found.name))),
        programs=tuple(programs),
        unseen=tuple(sorted(unseen)),
    )


def _views(shows: ShowsRows, database: str, listing: Listing) -> Iterator[OtherObject]:
    """One that may not be seen has no text."""
    for name in listing.of_type("VIEW"):
        view = read_view(shows, database, name)
        yield view or OtherObject(kind=ObjectKind.VIEW, name=name, definition="")


def _sequences(link: Link, listing: Listing) -> Iterator[OtherObject]:
    """The same of MariaDB's sequences."""
    for name in listing.of_type("SEQUENCE"):
        definition = _shown(link, f"SHOW CREATE SEQUENCE {quote_identifier(name)}")
        yield OtherObject(kind=ObjectKind.SEQUENCE, name=name, definition=definition or "")


def _shown_by(
    database: str, listing: Listing, rows: Iterable[Row], managed: Collection[ObjectKind]
) -> Iterator[str]:
    """The statements that show the texts."""
    for name in listing.of_type("VIEW"):
        yield f"SHOW CREATE VIEW {quote_identifier(name)}"
    for row in rows:
        kind, name = _kind(row[0]), text(row[1])
        if kind is ObjectKind.TRIGGER or (kind in ROUTINES and kind in managed):
            yield f"SHOW CREATE {kind.upper()} {quote_identifier(name)}"
        elif kind is ObjectKind.EVENT and kind in managed:
            yield shown_by(database, name)


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


def _shown(link: Link, statement: str) -> str | None:
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
