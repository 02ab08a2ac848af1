"""Reads what uses the tables of a shard, on all of its server: views, triggers, routines, events
and foreign keys, as far as the login sees them.

Rule: texts come from the catalogue, which keeps them as they were made: SHOW CREATE VIEW of MariaDB
prints another text once a view is broken. What the login may not see is said in words.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from reconciler.ddl.lexer import names_of
from reconciler.ddl.scan import is_too_large
from reconciler.ddl.usage import words_of, words_of_name
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.cross_database_children import read_references
from reconciler.edges.mysql.grants import SHOWS_TABLES, unseen_with
from reconciler.edges.mysql.limits import PROGRAMS_ELSEWHERE_BYTES_MAX, VIEWS_ON_VIEWS_MAX
from reconciler.edges.mysql.once_per_server import OncePerServer
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import column, number, text
from reconciler.edges.mysql.scratch_server import is_scratch_name
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.model.access import Privileges
from reconciler.model.dependents import Dependents, Program
from reconciler.model.object_id import SERVER_KINDS, ObjectKind
from reconciler.model.server import Fold, ServerSettings

# In the words of `ObservedShard.unseen`.
ELSEWHERE = (
    "views, triggers, routines and events of other databases (needs SELECT, SHOW VIEW, TRIGGER,"
    " EXECUTE and EVENT on *.*)"
)
_SYSTEM = frozenset({"information_schema", "mysql", "ndbinfo", "performance_schema", "sys"})
_DATABASES = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
_KINDS = SERVER_KINDS - {ObjectKind.SEQUENCE, ObjectKind.TABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Catalogue:
    """A catalogue of programs, with what its columns are called; `on` is the table of a trigger."""

    name: str
    kind: str
    schema: str
    program: str
    body: str
    on: str = "NULL"

    def select(self, where: str) -> str:
        columns = (self.kind, self.schema, self.program, self.on, self.body)
        return f"SELECT {', '.join(columns)} FROM information_schema.{self.name} WHERE {where}"


_VIEWS = _Catalogue(
    name="VIEWS",
    kind="'view'",
    schema="TABLE_SCHEMA",
    program="TABLE_NAME",
    body="VIEW_DEFINITION",
)
_CATALOGUES = (
    _VIEWS,
    _Catalogue(
        name="TRIGGERS",
        kind="'trigger'",
        schema="TRIGGER_SCHEMA",
        program="TRIGGER_NAME",
        body="ACTION_STATEMENT",
        on="EVENT_OBJECT_TABLE",
    ),
    _Catalogue(
        name="ROUTINES",
        kind="LOWER(ROUTINE_TYPE)",
        schema="ROUTINE_SCHEMA",
        program="ROUTINE_NAME",
        body="ROUTINE_DEFINITION",
    ),
    _Catalogue(
        name="EVENTS",
        kind="'event'",
        schema="EVENT_SCHEMA",
        program="EVENT_NAME",
        body="EVENT_DEFINITION",
    ),
)


def body_of(value: object) -> str | None:
    """None: hidden, for which a view has an empty text, or longer than anything that is read. A
    body that was sent in a batch of statements was stored with the `;` that ended it."""
    body = "" if value is None else text(value).rstrip("; \n\t")
    return None if is_too_large(body) else body or None


def read_dependents(link: Link, settings: ServerSettings, tables: Collection[str]) -> Dependents:
    """What uses one of the tables by name, now: of the session's own database, and of others as
    far as the login sees them. Raises ServerRefusal or LinkLost."""
    own, fold = link.database, settings.fold
    assert own is not None, "a session of a shard is in its database"
    found = _named(link, _CATALOGUES, sorted(tables), fold, other_than=own)
    asked = set(tables)
    for _ in range(VIEWS_ON_VIEWS_MAX):
        more = {p.name for p in found if p.kind is ObjectKind.VIEW} - asked
        if not more:
            break
        asked |= more
        found |= _named(link, (_VIEWS,), sorted(more), fold, other_than=None)
    elsewhere = by_name(p for p in found if p.database is not None)
    # One of another database whose text is too long to be read is here because it names a table.
    certain = (p for p in found if p.database is None or p.text is None)
    return Dependents(
        programs=(*certain, *elsewhere.using(own, fold)),
        references=read_references(link, settings.version.flavor, own, tables),
    )


def _named(
    link: Link,
    catalogues: Sequence[_Catalogue],
    names: Sequence[str],
    fold: Fold,
    *,
    other_than: str | None,
) -> dict[Program, None]:
    """Programs whose text may name one of the names; with `other_than`, those of other databases
    must name that one as well. A text of the own database that is hidden may name anything."""
    assert link.database is not None
    patterns = [_pattern(name) for name in names]
    own = [_pattern(other_than)] if other_than is not None else []
    selects, parameters = [], []
    for catalogue in catalogues:
        any_name = " OR ".join([f"{catalogue.body} LIKE %s"] * len(patterns))
        here = f"{catalogue.schema} = DATABASE()"
        hidden = f"COALESCE({catalogue.body}, '') = ''"
        fires = f" OR {catalogue.on} IN ({', '.join(['%s'] * len(names))})"
        is_trigger = catalogue.on != "NULL"
        names_own = f"{catalogue.body} LIKE %s AND " if own else ""
        selects.append(
            catalogue.select(
                f"({here} AND ({hidden} OR {any_name}{fires if is_trigger else ''}))"
                f" OR ({names_own}({any_name}))"
            )
        )
        parameters += [*patterns, *(names if is_trigger else ()), *own, *patterns]
    rows = link.query(" UNION ALL ".join(selects), parameters, width=5)
    own_name = fold(link.database)
    return {
        replace(one, database=None) if fold(one.database or "") == own_name else one: None
        for one in _programs(rows)
    }


def _pattern(name: str) -> str:
    """For LIKE: what is quoted or escaped in some texts may be anything."""
    return f"%{''.join('%' if sign in '`%' + chr(92) + chr(39) else sign for sign in name)}%"


def _programs(rows: Sequence[Row]) -> Iterator[Program]:
    for kind, schema, name, table, body in rows:
        database = text(schema)
        if text(kind) not in _KINDS or is_scratch_name(database):
            continue
        yield Program(
            kind=ObjectKind(text(kind)),
            name=text(name),
            text=body_of(body),
            database=database,
            table=None if table is None else text(table),
        )


# By address and user: databases in which each look reads the programs itself.
LookedAt = Mapping[tuple[tuple[str, int, str], str], frozenset[str]]


class ProgramsElsewhere:
    """Of databases that are not looked at themselves, asked for once per server, login and look: a
    program of any database may use any shard, and each login sees others."""

    def __init__(self, looked_at: LookedAt = MappingProxyType({})) -> None:
        self.looked_at = looked_at
        self._named = OncePerServer(self._beside)
        self._databases = OncePerServer(_databases)
        self._guard = threading.Lock()
        self._closed: dict[tuple[tuple[str, ...], Privileges], frozenset[str]] = {}

    def of(
        self, link: Link, server: ServerLook, database: str, privileges: Privileges | None
    ) -> tuple[tuple[Program, ...], tuple[str, ...]]:
        """Those that may use the database's tables, and what was not seen, in words.
        Raises LinkLost."""
        every = self._named.of(link, _login(server.identity, link.target.user))
        if every is None:
            return (), (ELSEWHERE,)
        fold = server.settings.fold
        hides = not every.is_open_but(database, fold)
        is_blind = hides or not self._sees_all(link, server, database, privileges)
        return every.using(database, fold), (ELSEWHERE,) if is_blind else ()

    def beside(self, identity: str, target: Target) -> tuple[Program, ...]:
        """All of them, as they were asked for."""
        found = self._named.told(_login(identity, target.user), target.address)
        return found.programs if found is not None else ()

    def _beside(self, link: Link) -> ProgramsByName | None:
        looked_at = self.looked_at.get((link.target.address, link.target.user), frozenset())
        return _all_programs(link, looked_at)

    def _sees_all(
        self, link: Link, server: ServerLook, database: str, privileges: Privileges | None
    ) -> bool:
        """Whether the list of databases is whole, and every other one of them open to the login."""
        if privileges is None:
            return True
        if not _lists_all(privileges):
            return False
        listed = self._databases.of(link, _login(server.identity, link.target.user))
        if listed is None:
            return False
        with self._guard:
            if (listed, privileges) not in self._closed:
                self._closed[listed, privileges] = _closed_to(privileges, listed)
            closed = self._closed[listed, privileges]
        fold = server.settings.fold
        return {*map(fold, closed)} <= {fold(database)}


def _login(identity: str, user: str) -> str:
    return f"{identity}/{user}"


def _all_programs(link: Link, but_of: Collection[str]) -> ProgramsByName | None:
    """None where they are too many to look through."""
    return _programs_where(link, "NOT IN", {*_SYSTEM, *but_of})


def programs_of(link: Link, databases: Collection[str]) -> ProgramsByName | None:
    """The same of these databases alone. Raises LinkLost."""
    return _programs_where(link, "IN", databases)


def _programs_where(link: Link, is_in: str, databases: Collection[str]) -> ProgramsByName | None:
    # To the letter: names that differ by case alone are equal to some catalogues.
    named = ", ".join(f"'{name.encode().hex().upper()}'" for name in sorted(databases))
    wanted = {one: f"HEX({one.schema}) {is_in} ({named})" for one in _CATALOGUES}
    union = " UNION ALL ".join(one.select(where) for one, where in wanted.items())
    size = " UNION ALL ".join(
        f"SELECT SUM(LENGTH({one.body})) FROM information_schema.{one.name} WHERE {where}"
        for one, where in wanted.items()
    )
    try:
        sizes = [number(row[0]) or 0 for row in link.query(size, width=1)]
        if sum(sizes) > PROGRAMS_ELSEWHERE_BYTES_MAX:
            return None
        rows = link.query(union, width=5)
    except ServerRefusal:
        return None
    return by_name(_programs(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramsByName:
    """Programs of many databases, in which texts each word is, and where each text: a fleet asks
    for one shard after the other. `hidden` are databases of which a text was not seen. Whether
    two names of databases are one, the server says (`fold`)."""

    programs: tuple[Program, ...]
    texts: Mapping[str, Sequence[str]]
    places: Mapping[str, Sequence[int]]
    hidden: frozenset[str]

    def using(self, database: str, fold: Fold) -> tuple[Program, ...]:
        """Those of other databases that name this one, and views that stand on such views."""
        found: dict[int, None] = {}
        names = {fold(database)}
        for _ in range(VIEWS_ON_VIEWS_MAX + 1):
            more = [at for at in self._naming(names, fold(database), fold) if at not in found]
            if found:
                more = [at for at in more if self.programs[at].kind is ObjectKind.VIEW]
            if not more:
                break
            found |= dict.fromkeys(more)
            views = (p for p in map(self.programs.__getitem__, found) if p.kind is ObjectKind.VIEW)
            names = {fold(view.name) for view in views}
        return tuple(map(self.programs.__getitem__, found))

    def is_open_but(self, database: str, fold: Fold) -> bool:
        """Whether every text of every other database was seen."""
        return {*map(fold, self.hidden)} <= {fold(database)}

    def _naming(self, names: Collection[str], own: str, fold: Fold) -> list[int]:
        texts = dict.fromkeys(text for name in names for text in self._with_words_of(name))
        places = {
            at: text
            for text in texts
            for at in self.places[text]
            if fold(self.programs[at].database or "") != own
        }
        used = {text: {*map(fold, names_of(text))} for text in {*places.values()}}
        return sorted(at for at, text in places.items() if not used[text].isdisjoint(names))

    def _with_words_of(self, name: str) -> Collection[str]:
        """Among them are all that name it: who has not its rarest word, has not the name."""
        words = words_of_name(name)
        found = (self.texts.get(word, ()) for word in words)
        return min(found, key=len) if words else self.places


def by_name(programs: Iterable[Program]) -> ProgramsByName:
    """A text that many databases have is split into its words once."""
    every = tuple(programs)
    places: dict[str, list[int]] = {}
    for at, program in enumerate(every):
        if program.text is not None:
            places.setdefault(program.text, []).append(at)
    texts: dict[str, list[str]] = {}
    for one in places:
        for word in words_of(one):
            texts.setdefault(word, []).append(one)
    hidden = frozenset(program.database or "" for program in every if program.text is None)
    return ProgramsByName(programs=every, texts=texts, places=places, hidden=hidden)


def _databases(link: Link) -> tuple[str, ...]:
    return tuple(column(link.query(_DATABASES, width=1)))


def _lists_all(privileges: Privileges) -> bool:
    return "SHOW DATABASES" in privileges.everywhere or (
        not privileges.everywhere.isdisjoint(SHOWS_TABLES)
        and not any(grant.is_revoked for grant in privileges.grants)
    )


def _closed_to(privileges: Privileges, databases: Iterable[str]) -> frozenset[str]:
    """Those in which a program may be that the login does not see."""
    return frozenset(
        name
        for name in databases
        if name.lower() not in _SYSTEM
        and not is_scratch_name(name)
        and not _is_open(privileges.on_database(name))
    )


def _is_open(may: frozenset[str]) -> bool:
    return "SELECT" in may and not unseen_with(may)
