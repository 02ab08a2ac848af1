"""Reads the tables of one database: the one piece of code for live shards and for scratch.

Rule: all of it or nothing. The list of tables is read before the definitions and after them; when
the two differ it is all read again, and a shard that does not come to rest is given up (GD-5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.ddl.scan import defined_table, is_too_large
from reconciler.ddl.sequences import with_own_sequences_bare
from reconciler.edges.client.row_packets import RawRow
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.limits import READ_ATTEMPTS_MAX, SHOWN_SOON_MAX
from reconciler.edges.mysql.problems import (
    NO_SUCH_TABLE,
    NO_TEXT,
    ServerRefusal,
    concerns_one_table,
    keeps_changing,
    misread,
)
from reconciler.edges.mysql.shown_ahead import Answer, ask_each, ordinary_rows, spelled
from reconciler.errors import Unavailable
from reconciler.model.observation import TableFacts
from reconciler.model.server import ServerError

# Values in a row of SHOW CREATE TABLE, which shows views too.
_OF_A_TABLE, _OF_A_VIEW = 2, 4
_NOT_TABLES = frozenset({"VIEW", "SYSTEM VIEW", "SEQUENCE", "TEMPORARY"})
_NAMES = "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s"
_NO_TEXT = "the definition that it shows holds bytes that are no text"
_FACTS = (
    "SELECT TABLE_NAME, TABLE_TYPE, TABLE_ROWS, DATA_LENGTH, INDEX_LENGTH, ROW_FORMAT,"
    " UNIX_TIMESTAMP(CREATE_TIME)"
    " FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Every table-like object by name, with its TABLE_TYPE; facts of base tables if asked for."""

    types: dict[str, str]
    facts: dict[str, TableFacts] = field(default_factory=dict)

    @property
    def tables(self) -> list[str]:
        return sorted(name for name, kind in self.types.items() if kind not in _NOT_TABLES)

    def of_type(self, kind: str) -> list[str]:
        return sorted(name for name, found in self.types.items() if found == kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class TablesRead:
    """`definitions` are (table, text), sorted by table; `broken` those that the server lists and
    cannot show, with its answer."""

    definitions: tuple[tuple[str, str], ...]
    broken: tuple[tuple[str, ServerError], ...]
    listing: Listing

    @property
    def whole(self) -> tuple[tuple[str, str], ...]:
        """The definitions; raises ServerRefusal if one is missing."""
        for _, error in self.broken:
            raise ServerRefusal(error)
        return self.definitions


def list_names(link: Link, database: str) -> Listing:
    return _named(link, link.query(_NAMES, [database], width=2))


def list_with_facts(link: Link, database: str) -> Listing:
    return _with_facts(link, link.query(_FACTS, [database], width=7))


def names_by_database(link: Link, databases: Sequence[str]) -> dict[str, Listing]:
    """As `list_names`, of each database in which there is anything, by its name as the server has
    it. MySQL alone: MariaDB would go through every database for such a question."""
    return _by_database(link, _NAMES, databases, 2, _named)


def names_of_each(link: Link, databases: Mapping[str, str]) -> dict[str, Listing]:
    """Asked about one after the other, as MariaDB wants it, and ahead of the answers: of each
    database whose answer is nothing out of the ordinary. `databases` have the names by which the
    server's catalogues know them. Raises LinkLost where an answer is about another one: whose the
    others are is not known then."""
    return _of_each(link, _NAMES, databases, 2, _named)


def facts_of_each(link: Link, databases: Mapping[str, str]) -> dict[str, Listing]:
    """The same with facts."""
    return _of_each(link, _FACTS, databases, 7, _with_facts)


def _of_each(
    link: Link,
    question: str,
    databases: Mapping[str, str],
    width: int,
    listed: Callable[[Link, Iterable[Row]], Listing],
) -> dict[str, Listing]:
    named = _with_database(question)
    asked = {database: named % quote_string(database) for database in databases}
    answers = ask_each(link, asked, width=width + 1)
    if any(text(row[0]) != databases[one] for one, rows in answers.items() for row in rows):
        raise misread()
    return {one: listed(link, [row[1:] for row in rows]) for one, rows in answers.items()}


def _with_database(question: str) -> str:
    return question.replace("SELECT", "SELECT TABLE_SCHEMA,", 1)


def facts_by_database(link: Link, databases: Sequence[str]) -> dict[str, Listing]:
    """The same with facts."""
    return _by_database(link, _FACTS, databases, 7, _with_facts)


def of_databases(question: str, databases: Sequence[str]) -> str:
    """A question about one database, asked about several: its condition comes last."""
    return question.replace("= %s", f"IN ({', '.join(['%s'] * len(databases))})")


def _by_database(
    link: Link,
    question: str,
    databases: Sequence[str],
    width: int,
    listed: Callable[[Link, Iterable[Row]], Listing],
) -> dict[str, Listing]:
    asked = _with_database(of_databases(question, databases))
    rows: dict[str, list[Row]] = {}
    for row in link.query(asked, databases, width=width + 1):
        rows.setdefault(text(row[0]), []).append(row[1:])
    return {database: listed(link, found) for database, found in rows.items()}


def _named(link: Link, rows: Iterable[Row]) -> Listing:
    found = ((text(name), text(kind)) for name, kind in rows)
    return Listing(types={name: kind for name, kind in found if not link.leaves_out(name)})


def _with_facts(link: Link, listed: Iterable[Row]) -> Listing:
    types: dict[str, str] = {}
    facts: dict[str, TableFacts] = {}
    for name, kind, rows, data, indexes, row_format, created in listed:
        if link.leaves_out(text(name)):
            continue
        types[text(name)] = text(kind)
        facts[text(name)] = TableFacts(
            rows=count(rows),
            size_bytes=None if data is None else (count(data) or 0) + (count(indexes) or 0),
            row_format=None if row_format is None else text(row_format).upper(),
            created_s=unix_s(created),
        )
    return Listing(types=types, facts=facts)


def read_tables(
    link: Link,
    database: str,
    *,
    list_again: Callable[[Link, str], Listing] = list_names,
    ahead: bool = False,
) -> TablesRead:
    """`ahead`: all definitions are asked for at once. Raises ServerRefusal, LinkLost, or
    Unavailable if tables keep coming and going."""
    for _ in range(READ_ATTEMPTS_MAX):
        before = list_names(link, database)
        shown = dict(_shown_ahead(link, before.tables)) if ahead else {}
        read = [
            (table, shown[table] if table in shown else _definition_or_error(link, table))
            for table in before.tables
        ]
        after = list_again(link, database)
        if before.types == after.types and all(found is not None for _, found in read):
            return TablesRead(
                definitions=tuple((t, found) for t, found in read if isinstance(found, str)),
                broken=tuple((t, found) for t, found in read if isinstance(found, ServerError)),
                listing=after,
            )
    raise Unavailable(keeps_changing(link.target.label))


def read_expected(
    link: Link, database: str, tables: Sequence[str], ask_soon: Callable[..., None]
) -> TablesRead | None:
    """As `read_tables`, of a database that is expected to have these tables and no others: they are
    read without a list of them, and the list behind tells whether they are all. None: they are not.
    `ask_soon` sends what is asked next."""
    found: dict[str, str] = {}
    listing = link.filled_in(_NAMES, [database])
    shows = [show_of_table(table) for table in tables]
    for at in range(0, len(tables), SHOWN_SOON_MAX):
        is_last = at + SHOWN_SOON_MAX >= len(tables)
        ask_soon(*shows[at : at + SHOWN_SOON_MAX], *([listing] if is_last else []))
        for table in tables[at : at + SHOWN_SOON_MAX]:
            definition = _definition_or_error(link, table)
            if not isinstance(definition, str):
                return None
            found[table] = definition
    after = _named(link, link.query(listing, width=2))
    if after.tables != [*found]:
        return None
    return TablesRead(definitions=tuple(found.items()), broken=(), listing=after)


def _shown_ahead(link: Link, tables: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The definitions of the tables of which nothing out of the ordinary is said."""
    answers = link.ask_ahead([show_of_table(table) for table in tables])
    for table, answer in zip(tables, answers, strict=True):
        row = row_of_table(answer)
        with suppress(ServerRefusal):  # what it printed is no text
            if row is not None and row[0] == table.encode() and row[1] is not None:
                yield table, shown_definition(row[1], table, spelled(link, link.database or ""))


def _definition_or_error(link: Link, table: str) -> str | ServerError | None:
    try:
        return read_definition(link, table)
    except ServerRefusal as refusal:
        if concerns_one_table(refusal.error):
            return refusal.error
        raise


def show_of_table(table: str) -> str:
    return f"SHOW CREATE TABLE {quote_identifier(table)}"


def row_of_table(answer: Answer) -> RawRow | None:
    """None where anything is out of the ordinary."""
    rows = ordinary_rows(answer) or ()
    return rows[0] if [len(row) for row in rows] == [_OF_A_TABLE] else None


def read_definition(link: Link, table: str) -> str | None:
    """SHOW CREATE TABLE; None if there is no such table, though there may be a view of that name.
    The session must be in its database, for only then are the names of its own tables bare."""
    try:
        rows = link.query(show_of_table(table))
    except ServerRefusal as refusal:
        if refusal.error.number == NO_SUCH_TABLE:
            return None
        raise
    if [len(row) for row in rows] == [_OF_A_VIEW]:
        return None
    if [len(row) for row in rows] != [_OF_A_TABLE]:
        raise misread()
    return shown_definition(rows[0][1], table, spelled(link, link.database or ""))


def shown_definition(value: object, table: str, own: tuple[str, ...]) -> str:
    """What SHOW CREATE TABLE of this table said. Raises ServerRefusal for what is no text, and
    LinkLost for that of another table."""
    definition = shown(value)
    if definition is None:
        raise ServerRefusal(ServerError(number=NO_TEXT, message=_NO_TEXT))
    if defined_table(definition) not in (table, None):
        raise misread()  # what is no CREATE TABLE is for its reader to refuse
    if is_too_large(definition):
        return definition  # as it is: its reader refuses it
    return with_own_sequences_bare(definition, own)


def column(rows: tuple[Row, ...]) -> list[str]:
    return [text(row[0]) for row in rows]


def text(value: object) -> str:
    """Catalogue columns with a binary collation arrive as bytes. Raises LinkLost for no text."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        raise misread() from None


def shown(value: object) -> str | None:
    """A definition; None where it holds bytes that are no text: servers print some literals as
    they are (`_binary'..'` in a view, a binary DEFAULT on MariaDB 10.11)."""
    try:
        return value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        return None


def count(value: object) -> int | None:
    """Raises LinkLost for what is none."""
    found = number(value)
    if found is not None and found < 0:
        raise misread()
    return found


def unix_s(value: object) -> int | None:
    """Of UNIX_TIMESTAMP, which has a fraction where the time has one. Raises LinkLost for what is
    none."""
    return None if value is None else number(text(value).partition(".")[0])


def number(value: object) -> int | None:
    """Raises LinkLost for what is none, or of more bits than a server counts with."""
    try:
        found = None if value is None else int(text(value))
    except ValueError:
        raise misread() from None
    if found is not None and abs(found) >= 1 << 64:
        raise misread()
    return found
