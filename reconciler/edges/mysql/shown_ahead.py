"""Texts that are asked for all at once, before the first is answered.

Rule: what is out of the ordinary in an answer (a refusal, a warning, another form) is asked again
alone, so that it is told as it is everywhere else (FZ-13). The text of a program that many shards
have is read once: it is known by its bytes, in which a mark stands for the shard's own database
(FZ-12).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from reconciler.ddl.programs.names import Spellings
from reconciler.ddl.quote import quote_identifier
from reconciler.edges.client.ahead import Answered
from reconciler.edges.client.row_packets import RawRow
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.limits import SHARDS_PER_BATCH_MAX, TEXTS_KNOWN_MAX
from reconciler.edges.mysql.problems import ServerRefusal, misread
from reconciler.model.schema import OtherObject

# For a database, where an identifier stands: none holds a NUL.
_MARK = b"`\0`."

Answer = Answered | ServerRefusal
_Key = tuple[Hashable, str | None, tuple[bytes | None, ...]]
_What = TypeVar("_What")


class ShowsRows(Protocol):
    """A link, or what it has been asked ahead."""

    @property
    def folds_names(self) -> bool:
        """As `Link.folds_names`."""

    def row(self, sql: str, *, width: int) -> Row:
        """As `Link.row`."""


def spelled(link: ShowsRows, database: str) -> Spellings:
    """How the server prints the name of a database. One that folds no names may have another beside
    it, of the name in small letters."""
    return (database, database.lower()) if link.folds_names else (database,)


class KnownRows(Generic[_What]):
    """What was read of rows that catalogues have of many shards. Safe as below."""

    def __init__(self) -> None:
        self._read: dict[Hashable, _What] = {}

    def of(self, rows: Hashable, read: Callable[[], _What]) -> _What:
        """What `read` makes of the rows, which rests on them alone. Raises what reading raises."""
        found = self._read.get(rows)
        if found is None:
            found = read()
            if len(self._read) < TEXTS_KNOWN_MAX:
                self._read[rows] = found
        return found


@dataclass(frozen=True, slots=True)
class KnownPrograms:
    """What was read of programs, for the length of one look at a fleet. Safe to use from several
    threads."""

    _read: dict[_Key, OtherObject] = field(default_factory=dict)

    def of(
        self,
        about: Hashable,
        shown: RawRow,
        database: str,
        read: Callable[[], OtherObject | None],
    ) -> OtherObject | None:
        """What `read` makes of the row, which rests on `about`, the row and the database alone.
        Raises what reading raises."""
        marked = _marked(shown, database)
        key = (about, database, shown) if marked is None else (about, None, marked)
        found = self._read.get(key)
        if found is not None:
            return found
        found = read()
        if found is None or len(self._read) >= TEXTS_KNOWN_MAX:
            return found
        if marked is not None and _names(found, database):
            key = (about, database, shown)  # its name means something else there
        self._read[key] = found
        return found


def _marked(shown: RawRow, database: str) -> tuple[bytes | None, ...] | None:
    """The row with a mark in place of the database, where it stands before a dot; None where its
    letters stand anywhere else, and may be an account's, a string's or another name's."""
    letters, qualifier, small = _forms(database)
    marked = []
    for value in shown:
        if value is not None:
            if _MARK in value or (small != letters and small in value):
                return None
            if letters in value:
                if value.count(letters) != value.count(qualifier):
                    return None
                value = value.replace(qualifier, _MARK)
        marked.append(value)
    return tuple(marked)


@lru_cache(maxsize=SHARDS_PER_BATCH_MAX)
def _forms(database: str) -> tuple[bytes, bytes, bytes]:
    """Its letters, the name before a dot, and in small letters, as which a server may print it."""
    quoted = quote_identifier(database)
    return quoted[1:-1].encode(), f"{quoted}.".encode(), quoted[1:-1].lower().encode()


def _names(found: OtherObject, database: str) -> bool:
    return quote_identifier(database)[1:-1] in found.definition


@dataclass(slots=True)
class ShownAhead:
    """Of one database. `is_there`: whether the session is in it."""

    _link: Link
    database: str
    _answers: Mapping[str, RawRow]
    _known: KnownPrograms
    _is_there: bool = True

    def row(self, sql: str, *, width: int) -> Row:
        """Raises ServerRefusal or LinkLost."""
        answer = self._answers.get(sql)
        if answer is not None:
            assert len(answer) == width, "of what was asked for"
            return answer
        if not self._is_there:
            try:
                self._link.use(self.database)
            except ServerRefusal:  # it let the session in before: no text of it is hidden by that
                raise misread() from None
            self._is_there = True
        return self._link.row(sql, width=width)

    @property
    def folds_names(self) -> bool:
        return self._link.folds_names

    def program(
        self,
        about: Hashable,
        asked: Asked,
        read: Callable[[], OtherObject | None],
    ) -> OtherObject | None:
        """What `read` makes of the row that the statement shows, or what was made of it on another
        shard. Raises as `row`."""
        answer = self._answers.get(asked.sql)
        if answer is None:
            return read()
        return self._known.of((about, self.folds_names), answer, self.database, read)


@dataclass(frozen=True, slots=True)
class Asked:
    """A statement that shows one row, of so many values, the first of which is the name. What is
    `unread` of them is each shard's own, as the moment at which a trigger was made."""

    name: str
    sql: str
    width: int
    unread: frozenset[int] = frozenset()

    def read(self, row: RawRow) -> RawRow:
        """Without what nobody is to read."""
        if not self.unread:
            return row
        return tuple(None if at in self.unread else value for at, value in enumerate(row))


def ask_for(link: Link, database: str, asked: Sequence[Asked], known: KnownPrograms) -> ShownAhead:
    """The session is in the database. Raises LinkLost."""
    statements = [one.sql for one in asked]
    answers = link.ask_ahead(statements) if statements else ()
    return ShownAhead(link, database, _ordinary(asked, answers), known)


def as_asked(
    link: Link,
    database: str,
    asked: Sequence[Asked],
    answers: Sequence[Answer],
    known: KnownPrograms,
    beside: Mapping[str, RawRow],
) -> ShownAhead:
    """The same, where somebody has asked already, and the session is in another database. `beside`
    is what other statements show, which nobody had to ask."""
    return ShownAhead(link, database, {**_ordinary(asked, answers), **beside}, known, False)


def _ordinary(asked: Sequence[Asked], answers: Iterable[Answer]) -> dict[str, RawRow]:
    """By statement. An answer about another object is one to another question."""
    found = {}
    for one, answer in zip(asked, answers, strict=True):
        rows = ordinary_rows(answer) or ()
        if len(rows) == 1 and len(rows[0]) == one.width and rows[0][0] == one.name.encode():
            found[one.sql] = one.read(rows[0])
    return found


def ordinary_rows(answer: Answer) -> tuple[RawRow, ...] | None:
    """None where it is a refusal, or anything was warned of."""
    return None if isinstance(answer, ServerRefusal) or answer.warnings else answer.rows


def ask_each(
    link: Link, questions: Mapping[str, str], *, width: int
) -> dict[str, tuple[RawRow, ...]]:
    """A question about each database, answered; without those whose answer is out of the ordinary.
    Raises LinkLost."""
    answers = link.ask_ahead([*questions.values()])
    return {
        database: rows
        for database, answer in zip(questions, answers, strict=True)
        if (rows := ordinary_rows(answer)) is not None and {*map(len, rows)} <= {width}
    }
