"""Reads programs that may be managed, whole: as SHOW CREATE prints them, with what the server keeps
of their making.

No text keeps its DEFINER: that is an account, which is compared by its digest. Nor does it keep its
own database, which is another one on each shard.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

from reconciler.ddl.programs.names import with_own_names_bare, with_own_names_bare_in_body
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.scan import is_too_large
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.events import read_event
from reconciler.edges.mysql.events import read_heads as read_event_heads
from reconciler.edges.mysql.limits import TEXTS_KNOWN_MAX
from reconciler.edges.mysql.reading import Listing, list_names, text
from reconciler.edges.mysql.shown_ahead import Asked, ShowsRows, spelled
from reconciler.edges.mysql.shown_program import shown_row, shown_text, without_definer
from reconciler.edges.mysql.triggers import read_heads, read_triggers
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ROUTINES, CreatedWith, event_id, trigger_id, view_id
from reconciler.model.schema import OtherObject

_ROUTINES = """
SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES
 WHERE ROUTINE_SCHEMA = %s AND ROUTINE_TYPE IN ('PROCEDURE', 'FUNCTION')
"""


def list_programs(
    link: Link, database: str, kinds: Collection[ObjectKind], listing: Listing | None = None
) -> tuple[ObjectId, ...]:
    """Those of these kinds that are there. Raises ServerRefusal or LinkLost."""
    found: list[ObjectId] = []
    if ObjectKind.VIEW in kinds:
        listing = listing or list_names(link, database)
        found += map(view_id, listing.of_type("VIEW"))
    if ObjectKind.SEQUENCE in kinds:
        listing = listing or list_names(link, database)
        found += [ObjectId(ObjectKind.SEQUENCE, name) for name in listing.of_type("SEQUENCE")]
    wanted = [kind for kind in ROUTINES if kind in kinds]
    if wanted:
        for row in link.query(_ROUTINES, [database], width=2):
            kind = ObjectKind(text(row[0]).lower())
            found += [ObjectId(kind, text(row[1]))] if kind in wanted else []
    if ObjectKind.TRIGGER in kinds:
        heads = read_heads(link, database)
        found += (trigger_id(head.name) for head in heads if not head.is_helper)
    if ObjectKind.EVENT in kinds:
        found += (event_id(head.name) for head in read_event_heads(link, database))
    return tuple(sorted(found))


def read_program(link: Link, database: str, about: ObjectId) -> OtherObject | None:
    """None where there is none of that name, or the login may not see it, and for one that is
    longer than anything that is read. The session must be in its database. Raises ServerRefusal or
    LinkLost."""
    if about.kind in ROUTINES:
        return read_routine(link, database, about)
    if about.kind is ObjectKind.TRIGGER:
        every = read_triggers(link, database, [about.name])
        return next((trigger for _, trigger in every), None)
    if about.kind is ObjectKind.SEQUENCE:
        return _read_sequence(link, about)
    if about.kind is ObjectKind.EVENT:
        return read_event(link, database, about.name)
    assert about.kind is ObjectKind.VIEW, "a kind that can be managed"
    return read_view(link, database, about.name)


@lru_cache(maxsize=TEXTS_KNOWN_MAX)
def asked_of_view(name: str) -> Asked:
    return Asked(name, f"SHOW CREATE VIEW {quote_identifier(name)}", 4)


@lru_cache(maxsize=TEXTS_KNOWN_MAX)
def asked_of_routine(about: ObjectId) -> Asked:
    return Asked(about.name, f"SHOW CREATE {about.kind.upper()} {quote_identifier(about.name)}", 6)


def asked_of_sequence(name: str) -> Asked:
    return Asked(name, f"SHOW CREATE SEQUENCE {quote_identifier(name)}", 2)


def _read_sequence(link: Link, about: ObjectId) -> OtherObject | None:
    row = shown_row(link, asked_of_sequence(about.name))
    if row is None:
        return None
    return OtherObject(kind=about.kind, name=about.name, definition=text(row[1]))


def read_routine(link: ShowsRows, database: str, about: ObjectId) -> OtherObject | None:
    """As `read_program` says."""
    row = shown_row(link, asked_of_routine(about))
    if row is None or row[2] is None:  # there, and not for this login to see
        return None
    definition = shown_text(row[2])
    if is_too_large(definition):
        return None
    bare, definer = without_definer(about.kind, definition)
    return OtherObject(
        kind=about.kind,
        name=about.name,
        definition=with_own_names_bare_in_body(bare, spelled(link, database)),
        definer=definer,
        created_with=CreatedWith(
            character_set_client=text(row[3]),
            collation_connection=text(row[4]),
            sql_mode=text(row[1]),
            database_collation=text(row[5]),
        ),
    )


def read_view(link: ShowsRows, database: str, name: str) -> OtherObject | None:
    """None where there is no view of that name, or the login may not see it, and for one that is
    longer than anything that is read. Its own database is left out of its text, as everywhere (the
    session must be in it), and its definer told by a digest. Raises ServerRefusal or LinkLost."""
    row = shown_row(link, asked_of_view(name))
    if row is None:
        return None
    definition = shown_text(row[1])
    if is_too_large(definition):
        return None
    bare, definer = without_definer(ObjectKind.VIEW, definition)
    return OtherObject(
        kind=ObjectKind.VIEW,
        name=name,
        definition=with_own_names_bare(bare, spelled(link, database)),
        definer=definer,
        created_with=CreatedWith(
            character_set_client=text(row[2]), collation_connection=text(row[3])
        ),
    )
