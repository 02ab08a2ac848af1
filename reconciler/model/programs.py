"""What stands beside the tables and is managed like them: programs, each a value of its own kind.

A value holds everything by which two programs differ and nothing that says on which shard they
are: the shard's own database is left out of their texts, and an account is a digest (PL-12).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.object_id import ObjectId, ObjectKind


class ManagedKind(StrEnum):
    """The words of `manage` in a spec."""

    TABLES = "tables"
    VIEWS = "views"
    ROUTINES = "routines"
    TRIGGERS = "triggers"
    SEQUENCES = "sequences"
    EVENTS = "events"


class Security(StrEnum):
    """Whose rights a program has when somebody uses it."""

    DEFINER = "DEFINER"
    INVOKER = "INVOKER"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedWith:
    """What a server keeps of the session that made a program, and gives its text meaning by.
    `sql_mode` and `database_collation`, which is that of the database at the time, are kept of
    programs with a body, and `time_zone` of events; None: of the others."""

    character_set_client: str
    collation_connection: str
    sql_mode: str | None = None
    database_collation: str | None = None
    time_zone: str | None = None

    def __str__(self) -> str:
        said = (
            f"character_set_client={self.character_set_client}"
            f" collation_connection={self.collation_connection}"
        )
        if self.sql_mode is None:
            return said
        said = f"{said} sql_mode={self.sql_mode} database_collation={self.database_collation}"
        return said if self.time_zone is None else f"{said} time_zone={self.time_zone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`columns` are its list of names, where the server prints one; `query` is the server's text
    behind AS, with its CHECK OPTION. `definer` is the digest of the account whose rights it has;
    None where it has those of whoever asks."""

    name: str
    algorithm: str
    security: Security
    definer: str | None
    columns: tuple[str, ...]
    query: str
    created_with: CreatedWith

    @property
    def object_id(self) -> ObjectId:
        return view_id(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Routine:
    """A procedure or a function. `signature` is the server's text of its parameters and of what it
    returns, `traits` what is said between them and the body but for whose rights it has, `body`
    verbatim. `definer` as for a view."""

    kind: ObjectKind
    name: str
    security: Security
    definer: str | None
    signature: str
    traits: tuple[str, ...]
    body: str
    created_with: CreatedWith
    aggregate: bool = False  # MariaDB

    @property
    def object_id(self) -> ObjectId:
        return ObjectId(self.kind, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """`follows` is the trigger that fires before it at the same moment; None: it is the first.
    `definer` is the digest of the account whose rights it has, as all triggers have an account's;
    `body` what it does, as it was written."""

    name: str
    table: str
    timing: str
    event: str
    follows: str | None
    definer: str | None
    body: str
    created_with: CreatedWith
    security: Security = Security.DEFINER

    @property
    def object_id(self) -> ObjectId:
        return trigger_id(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """MariaDB. `options` is the server's text of where it starts, its bounds, its step, its cache
    and whether it begins again; `value_type` '' before 11.5; `engine` with its comment, if it has
    one. What its next value is, is data."""

    name: str
    value_type: str
    options: str
    engine: str

    @property
    def object_id(self) -> ObjectId:
        return ObjectId(ObjectKind.SEQUENCE, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a server runs by itself: once, `at` a moment, or `every` so often, from `starts` to
    `ends`; '' where there is none. Moments are local to the time zone that it was made with. Where
    nobody has said when it starts, which is then the moment at which each shard was given it,
    `starts` is ''; `is_stamped`, as long as that is not known: its server may have filled that in.
    `is_over`, as long as it is not known what its file says: some servers turn off what is over.
    `comment` is the server's literal, or ''."""

    name: str
    at: str
    every: str
    starts: str
    ends: str
    preserve: bool
    is_on: bool
    comment: str
    definer: str | None
    body: str
    created_with: CreatedWith
    is_stamped: bool = False
    is_over: bool = False
    security: Security = Security.DEFINER

    @property
    def object_id(self) -> ObjectId:
        return event_id(self.name)

    @property
    def schedule(self) -> tuple[str | None, ...]:
        return (self.at, self.every, self.starts, self.ends, self.created_with.time_zone)


ManagedProgram = View | Routine | Trigger | Sequence | Event
"""Any program that can be managed."""

UNREAD_BODIES = (Routine, Event)
"""What no server looks through before it runs."""

ROUTINES = (ObjectKind.PROCEDURE, ObjectKind.FUNCTION)

WITH_BODIES = (*ROUTINES, ObjectKind.TRIGGER, ObjectKind.EVENT)
"""What has one or more statements for its body, and keeps more of the session that made it."""

MANAGED_AS = {
    ObjectKind.VIEW: ManagedKind.VIEWS,
    ObjectKind.PROCEDURE: ManagedKind.ROUTINES,
    ObjectKind.FUNCTION: ManagedKind.ROUTINES,
    ObjectKind.TRIGGER: ManagedKind.TRIGGERS,
    ObjectKind.SEQUENCE: ManagedKind.SEQUENCES,
    ObjectKind.EVENT: ManagedKind.EVENTS,
}
"""The word of `manage` for each kind of program."""

LIKE_TABLES = frozenset({ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.SEQUENCE})
"""Kinds that share their names."""

FOLDERS = {
    ManagedKind.VIEWS: "views",
    ManagedKind.ROUTINES: "routines",
    ManagedKind.SEQUENCES: "sequences",
    ManagedKind.EVENTS: "events",
}
"""Where the files of each kind stand, in the schema folder; triggers stand in their table's."""


def view_id(name: str) -> ObjectId:
    return ObjectId(ObjectKind.VIEW, name)


def trigger_id(name: str) -> ObjectId:
    return ObjectId(ObjectKind.TRIGGER, name)


def event_id(name: str) -> ObjectId:
    return ObjectId(ObjectKind.EVENT, name)
