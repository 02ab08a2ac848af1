"""Looks at several shards of one server over one connection. What is asked of the server and of the
login is asked once, catalogues are asked for several databases in one question, and definitions are
asked for ahead of the answers; every text is read.

Rule: nothing is decided here about a shard that is out of the ordinary in any way (refused, hidden,
warned of, not at rest): it is left out, and looked at by itself as if nobody had asked (FZ-11).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TypeVar

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.sequences import uses_sequence
from reconciler.edges.client.ahead import Answered
from reconciler.edges.client.row_packets import RawRow
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.access import (
    access_to,
    read_login,
    read_only_databases,
    read_program_grounds,
)
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.deadline import Patience
from reconciler.edges.mysql.grants import shows_tables
from reconciler.edges.mysql.limits import (
    BATCHES_PER_SERVER,
    LOOK_BYTES_MAX,
    SHARDS_PER_BATCH_MAX,
    TEXTS_KNOWN_MAX,
)
from reconciler.edges.mysql.others import (
    Listed,
    asked_of,
    events_by_database,
    listed_of,
    read_cross_database_parents,
    read_others,
    rows_by_database,
)
from reconciler.edges.mysql.problems import ServerRefusal, as_unavailable, misread
from reconciler.edges.mysql.reach import Reach
from reconciler.edges.mysql.reading import (
    Listing,
    TablesRead,
    facts_by_database,
    facts_of_each,
    names_by_database,
    names_of_each,
    row_of_table,
    show_of_table,
    shown_definition,
)
from reconciler.edges.mysql.server_settings import (
    ServerLook,
    asks_of_database,
    is_answered_by,
    is_same_server,
    look_at_server,
    settings_of_database,
)
from reconciler.edges.mysql.session_settings import session_variables
from reconciler.edges.mysql.shown_ahead import Answer, ShownAhead, as_asked, ordinary_rows, spelled
from reconciler.edges.mysql.whole_shard import ServerWide, Within, whole_shard
from reconciler.model.access import ShardAccess
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import ObservedShard
from reconciler.model.server import Flavor, ServerSettings
from reconciler.spec.model import ShardSpec

# How a server that keeps names as they are written, or folds them all, says so: of any other it is
# not known by which name a catalogue calls a database.
_TELLS_NAMES = ("0", "1")

_Read = tuple[ServerSettings, tuple[tuple[str, str], ...]]
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Shards that one connection can look at, the first of whose targets leads there: address,
    login, TLS and limits of time are the same for all of them."""

    target: Target
    shards: tuple[ShardSpec, ...]
    databases: tuple[str, ...]  # of each


def batches_of(targets: Sequence[tuple[ShardSpec, Target]]) -> list[Batch]:
    """Of servers with several shards, each with some connections at work. Two names of one database
    are for looks at each: they are told as what they are."""
    groups: dict[object, list[tuple[ShardSpec, Target]]] = {}
    for shard, target in targets:
        like = (
            target.address, target.user, target.password, target.tls, target.named_by_a_server,
            target.connect_timeout_s, target.read_timeout_s, shard.definers, shard.programs,
        )  # fmt: skip
        groups.setdefault(like, []).append((shard, target))
    return [batch for group in groups.values() for batch in _split(group)]


def _split(group: Sequence[tuple[ShardSpec, Target]]) -> Iterator[Batch]:
    named = [(shard, target) for shard, target in group if target.database]
    if len({(target.database or "").casefold() for _, target in named}) < len(named):
        return
    size = min(SHARDS_PER_BATCH_MAX, -(-len(named) // BATCHES_PER_SERVER))
    for at in range(0, len(named), max(2, size)):
        part = named[at : at + max(2, size)]
        if len(part) > 1:
            yield Batch(
                target=part[0][1],
                shards=tuple(shard for shard, _ in part),
                databases=tuple(target.database or "" for _, target in part),
            )


def look_at_batch(
    batch: Batch, servers: ServerWide, patience: Patience, reach: Reach
) -> list[ObservedShard]:
    """Those of whom all was seen. Raises whatever a server makes of it."""
    with (
        reach.open(batch.target, program="reconciler, looking") as link,
        as_unavailable(batch.target.label),
    ):
        patience.when_over(link.cut)
        link.try_again_on_deadlock()
        link.take_at_most(LOOK_BYTES_MAX)
        server = look_at_server(link)
        if server.settings.variable("lower_case_table_names") not in _TELLS_NAMES:
            return []
        reach.set_session(link, session_variables(server.settings))
        look = _Look(link, batch, server, servers)
        seen = look.seen()
        return seen if is_same_server(look_at_server(link), server) else []


@dataclass(slots=True)
class _Look:
    link: Link
    batch: Batch
    server: ServerLook
    servers: ServerWide
    _settings: dict[tuple[bytes | None, ...], ServerSettings] = field(default_factory=dict)

    def seen(self) -> list[ObservedShard]:
        accesses = self._accesses()
        shards = [s for s in self.batch.shards if shows_tables(accesses[s.name])]
        arounds = {
            shard.name: self.servers.around(self.link, self.server, accesses[shard.name])
            for shard in shards
        }
        databases = [accesses[shard.name].database for shard in shards]
        before = self._listed(databases, with_facts=False)
        asked = {one: before[one].tables for one in databases if one in before}
        read = self._definitions(asked)
        after = self._listed(list(read), with_facts=True)
        calm = {
            database: after[database]
            for database in read
            if database in after and before[database].types == after[database].types
        }
        programs = self._programs(list(calm))
        shows = self._shows(calm, programs)
        found = []
        for shard in shards:
            access = accesses[shard.name]
            database = access.database
            if database not in shows:
                continue
            settings, definitions = read[database]
            tables = TablesRead(definitions=definitions, broken=(), listing=calm[database])
            with suppress(ServerRefusal):  # of a program
                within = self._within(tables, programs[database], shows[database])
                server = replace(self.server, settings=settings)
                found.append(whole_shard(shard, server, access, within, arounds[shard.name]))
        return found

    def _within(self, tables: TablesRead, listed: Listed, shows: ShownAhead) -> Within:
        version = self.server.settings.version
        return Within(
            tables=tables,
            others=read_others(shows, tables.listing, listed, self._managed),
            parents=read_cross_database_parents(self.link, tables.definitions, version),
        )

    def _accesses(self) -> dict[str, ShardAccess]:
        link, server, databases = self.link, self.server, self.batch.databases
        login = read_login(link, server, self.batch.shards[0].definers)
        shown = self.servers.shown.of(link, server)
        closed = read_only_databases(link, databases) if self._is_mysql else frozenset()
        grounds = read_program_grounds(link, databases, server, self._managed)
        return {
            shard.name: access_to(
                link,
                database,
                server,
                login,
                shown=shown,
                is_read_only=database in closed,
                ground=grounds[database],
            )
            for shard, database in zip(self.batch.shards, databases, strict=True)
        }

    @property
    def _managed(self) -> tuple[ObjectKind, ...]:
        """The same of all of them (`batches_of`)."""
        return self.batch.shards[0].programs

    @property
    def _is_mysql(self) -> bool:
        return self.server.settings.version.flavor is Flavor.MYSQL

    def _listed(self, databases: Sequence[str], *, with_facts: bool) -> dict[str, Listing]:
        """Of each database in which there is anything. One that nobody asked for makes all of it
        worthless: whose rows are whose is not known."""
        if not databases:
            return {}
        if not self._is_mysql:
            ask_each = facts_of_each if with_facts else names_of_each
            fold = self.server.settings.fold
            return ask_each(self.link, {one: fold(one) for one in databases})
        ask_all = facts_by_database if with_facts else names_by_database
        return self._by_own_name(ask_all(self.link, databases), databases)

    def _programs(self, databases: Sequence[str]) -> dict[str, Listed]:
        """Of each database about which nothing out of the ordinary is said."""
        if not databases:
            return {}
        rows = rows_by_database(self.link, databases, self.server.settings.version.flavor)
        if self._is_mysql:
            rows = {**dict.fromkeys(databases, ()), **self._by_own_name(rows, databases)}
        listed = {one: listed_of(of_it, self.servers.listings) for one, of_it in rows.items()}
        found = events_by_database(self.link, listed, self._managed)
        events = self._by_own_name(found, databases)
        return {one: replace(of_it, events=events.get(one, ())) for one, of_it in listed.items()}

    def _shows(
        self, listings: Mapping[str, Listing], programs: Mapping[str, Listed]
    ) -> dict[str, ShownAhead]:
        """Of each database that the session could be in, what is shown of its programs."""
        asked = {
            database: [*asked_of(database, listings[database], listed, self._managed)]
            for database, listed in programs.items()
        }
        statements = [
            [_use(database), *(one.sql for one in ones)] for database, ones in asked.items() if ones
        ]
        answers = self.link.ask_ahead([*chain.from_iterable(statements)])
        found = {}
        for database, ones in asked.items():
            used = next(answers) if ones else None
            shown = [next(answers) for _ in ones]
            if used is None or _is_done(used):
                beside, known = programs[database].shown, self.servers.known
                found[database] = as_asked(self.link, database, ones, shown, known, beside)
        return found

    def _by_own_name(
        self, found: Mapping[str, _Found], databases: Sequence[str]
    ) -> dict[str, _Found]:
        """By the names that the spec has. Raises LinkLost for what is of none of them."""
        fold = self.server.settings.fold
        own = {fold(database): database for database in databases}
        if not found.keys() <= own.keys():
            raise misread()
        return {own[name]: rows for name, rows in found.items()}

    def _definitions(self, tables: Mapping[str, Sequence[str]]) -> dict[str, _Read]:
        """Of each database of which all could be had."""
        about, _ = asks_of_database(self.server.settings.version.flavor)
        asked = [
            [_use(database), about, *map(show_of_table, names)]
            for database, names in tables.items()
        ]
        answers = self.link.ask_ahead([*chain.from_iterable(asked)])
        found = {}
        for (database, names), questions in zip(tables.items(), asked, strict=True):
            used, about_it, *shown = [answer for _, answer in zip(questions, answers, strict=False)]
            if _is_done(used):
                read = self._read(database, names, about_it, shown)
                if read is not None:
                    found[database] = read
        return found

    def _read(
        self, database: str, names: Sequence[str], about_it: Answer, shown: Sequence[Answer]
    ) -> _Read | None:
        _, width = asks_of_database(self.server.settings.version.flavor)
        own = _only_row(about_it, width=width)
        if own is not None and not is_answered_by(self.server, own):
            raise misread()
        rows = [row_of_table(answer) for answer in shown]
        if own is None or None in rows:
            return None
        if own not in self._settings:
            of_server = self.server.settings
            self._settings[own] = settings_of_database(of_server.version, of_server.variables, own)
        definitions = []
        for name, row in zip(names, rows, strict=True):
            if row is None or row[1] is None:
                return None
            try:
                definitions.append((name, self._definition(name, row[1], database)))
            except ServerRefusal:  # what it printed is no text
                return None
        return self._settings[own], tuple(definitions)

    def _definition(self, table: str, printed: bytes, database: str) -> str:
        """One text for all shards that show the same. Raises as `shown_definition`."""
        known = self.servers.texts.get((table, printed))
        if known is None:
            known = shown_definition(printed, table, spelled(self.link, database))
            # One that uses sequences may be another text for another database.
            if len(self.servers.texts) < TEXTS_KNOWN_MAX and not uses_sequence(known):
                self.servers.texts[table, printed] = known
        return known


def _use(database: str) -> str:
    return f"USE {quote_identifier(database)}"


def _is_done(answer: Answer) -> bool:
    """Whether it is that of a statement without rows, and nothing was warned of."""
    return isinstance(answer, Answered) and answer.rows is None and not answer.warnings


def _only_row(answer: Answer, *, width: int) -> RawRow | None:
    """None where anything is out of the ordinary."""
    rows = ordinary_rows(answer) or ()
    return rows[0] if [len(row) for row in rows] == [width] else None
