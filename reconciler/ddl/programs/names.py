"""Names with a database in front of them, in the text of a program.

MariaDB prints a view's own database in subqueries, in views that are broken, and in views whose
definer is not there; MySQL prints it before stored functions only. The text of one view must be the
same on every shard, whatever the shard's database is called: there, own names stand bare (PG-2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from hashlib import sha256

from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.limits import PROGRAM_TEXTS_KEPT_MAX

_NAMES = (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER)
# MariaDB: what stands behind is a sequence, which it prints with its database.
_OF_SEQUENCES = ("NEXTVAL", "LASTVAL", "SETVAL")
# MariaDB prints these, bare, before functions of its own; a database is printed in quotes.
_BUILT_IN = ("ORACLE_SCHEMA", "MARIADB_SCHEMA")
# The row at hand, in what a trigger does: no table, and no database.
_ROWS = ("NEW", "OLD")
_WRITES = ("INSERT", "REPLACE", "UPDATE", "DELETE")
# Between one of these and the table.
_HOW = ("LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK", "IGNORE")
_IF_THERE = ("IF", "NOT", "EXISTS")  # between TABLE and a name
_MADE_LIKE = ("TABLE", "EXISTS")  # before the name of a table that is made LIKE another
_INDEX = ("INDEX",)  # before the name of one that is made or dropped ON a table
# Behind FROM, and no longer a list of tables.
_BEHIND_TABLES = (
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "UNION",
    "EXCEPT",
    "INTERSECT",
)

# How a server may print the name of the own database: where it folds names, in small letters, too.
Spellings = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Qualified:
    """A table, a column's table or a function, by its database: the tokens of both."""

    database: Token
    name: Token


@dataclass(frozen=True, slots=True)
class _Named:
    """`names` in a row with dots between them; `at_table`: where a table stands; `called`: before
    an opening bracket."""

    names: tuple[Token, ...]
    at_table: bool
    called: bool


def with_own_names_bare(text: str, own: Spellings) -> str:
    """The text without the database that is the program's own."""
    return _bare(text, own, is_body=False)


def with_own_names_bare_in_body(text: str, own: Spellings) -> str:
    """The same of a text of statements."""
    return _bare(text, own, is_body=True)


def _bare(text: str, spellings: Spellings, *, is_body: bool) -> str:
    if not any(_may_say(text, database) for database in spellings):
        return text
    read = _Read(text)
    own = _own_names(read, spellings, is_body=is_body)
    read.forget()
    for start, end in reversed(own):
        text = text[:start] + text[end:]
    return text


class _Read:
    """A text by its digest: what is remembered of one that may hold a secret is not the text."""

    __slots__ = ("digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha256(text.encode(errors="surrogatepass")).digest()

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Read) and self.digest == other.digest

    def forget(self) -> None:
        """Once it was read."""
        self.text = ""


@lru_cache(maxsize=PROGRAM_TEXTS_KEPT_MAX)
def _own_names(read: _Read, own: Spellings, *, is_body: bool) -> tuple[tuple[int, int], ...]:
    """From where to where the database stands in front of what is its own."""
    return tuple(
        (found.database.offset, found.name.offset)
        for found in _qualified(_names(read.text, is_body=is_body))
        if found.database.value in own
    )


def _may_say(text: str, database: str) -> bool:
    """Whether its letters are in it at all: most texts need not be read for it."""
    return database.replace("`", "``") in text


def outside_names(text: str) -> tuple[str, ...]:
    """What a text in which own names stand bare uses of other databases, as `database.name`."""
    found = (f"{one.database.value}.{one.name.value}" for one in qualified_names(text))
    return tuple(dict.fromkeys(found))


def outside_names_in_body(text: str) -> tuple[str, ...]:
    """The same of a text of statements."""
    names = _qualified(_names(text, is_body=True))
    return tuple(dict.fromkeys(f"{one.database.value}.{one.name.value}" for one in names))


class _Clause(Enum):
    """Where a reader is: FROM belongs to a SELECT, or to a function such as EXTRACT; STRAIGHT_JOIN
    is a join, or an option of SELECT."""

    NONE = "none"
    SELECT = "select"
    FROM = "from"


def tables_read(text: str) -> tuple[str, ...]:
    """Tables and views of the own database that a server's text reads from, by name."""
    found = (
        one.names[0]
        for one in _names(text)
        if len(one.names) == 1 and one.at_table and not one.called
    )
    names = (token.value for token in found if token.kind is TokenKind.QUOTED_IDENTIFIER)
    return tuple(sorted({*names}.difference(named_by_with([*tokenize(text)]))))


def named_by_with(tokens: Sequence[Token]) -> Iterator[str]:
    """`x` AS (, or `x` (`a`,`b`) AS (, are a table for the length of the query."""
    for at in range(1, len(tokens) - 1):
        if not (tokens[at].is_word("AS") and tokens[at + 1].is_punctuation("(")):
            continue
        name = at - 1
        if tokens[name].is_punctuation(")"):
            while name > 0 and not tokens[name].is_punctuation("("):
                name -= 1
            name -= 1
        yield tokens[name].value


def qualified_names(text: str) -> Iterator[Qualified]:
    """Of three names in a row the first is a database. Of two it is one where a table stands, and
    before a function, but for one that the server brings; elsewhere the first is a table or an
    alias."""
    names = _names(text)
    yield from _qualified(one for one in names if not _is_built_in(one))


def _is_built_in(one: _Named) -> bool:
    return one.called and len(one.names) == 2 and one.names[0].is_word(*_BUILT_IN)


def _qualified(names: Iterable[_Named]) -> Iterator[Qualified]:
    for one in names:
        length = len(one.names)
        if length == 2 and one.names[0].is_word(*_ROWS):
            continue
        if length >= 3 or (length == 2 and (one.at_table or one.called)):
            yield Qualified(one.names[0], one.names[1])


def _names(text: str, *, is_body: bool = False) -> Iterator[_Named]:
    """Names in a row, and where a table stands also one that is alone. `is_body`: of a text of
    statements."""
    tokens = [token for token in tokenize(text) if token.kind is not TokenKind.COMMENT]
    clauses = [_Clause.NONE]  # of each open bracket
    at_table = False
    at = 0
    while at < len(tokens):
        token = tokens[at]
        length = _chain(tokens, at)
        is_quoted = token.kind is TokenKind.QUOTED_IDENTIFIER
        if length > 1 or (length == 1 and at_table and is_quoted):
            behind = at + 2 * length - 1
            called = behind < len(tokens) and tokens[behind].text == "("
            yield _Named(tuple(tokens[at:behind:2]), at_table, called)
            at = behind
            at_table = False
            continue
        if token.is_punctuation("("):
            clauses.append(_Clause.FROM if at_table else _Clause.NONE)
            at_table = at_table or (at > 0 and tokens[at - 1].is_word(*_OF_SEQUENCES))
        else:
            was_at_table = at_table
            at_table = _leads_to_a_table(token, clauses)
            if is_body:
                goes_on = was_at_table and token.is_word(*_IF_THERE)
                at_table = _leads_in_body(tokens, at, clauses) or at_table or goes_on
        at += 1


def _leads_to_a_table(token: Token, clauses: list[_Clause]) -> bool:
    """Whether a table stands behind the token; notes what clause begins or ends with it."""
    if token.is_punctuation(")") and len(clauses) > 1:
        clauses.pop()
    if token.is_word("SELECT"):
        clauses[-1] = _Clause.SELECT
    elif token.is_word(*_BEHIND_TABLES):
        clauses[-1] = _Clause.NONE
    elif token.is_word("FROM") and clauses[-1] is not _Clause.NONE:
        clauses[-1] = _Clause.FROM
        return True
    elif token.is_word("TABLE"):
        return True
    if clauses[-1] is not _Clause.FROM:
        return False
    return token.is_word("JOIN", "STRAIGHT_JOIN") or token.is_punctuation(",")


def _leads_in_body(tokens: Sequence[Token], at: int, clauses: list[_Clause]) -> bool:
    """The same of statements that write: INSERT x, UPDATE IGNORE x, DELETE x FROM x, CALL x."""
    token, before, behind = tokens[at], tokens[max(at - 1, 0)], tokens[min(at + 1, len(tokens) - 1)]
    if token.is_punctuation(";") or token.is_word("SET", "VALUES", "DO", "THEN", "END"):
        clauses[-1] = _Clause.NONE
    if token.is_word("UPDATE", "DELETE", "TABLE"):
        if before.is_word("KEY", "FOR", "ON"):
            clauses[-1] = _Clause.NONE
            return False
        clauses[-1] = _Clause.FROM
        return True
    if token.is_word("FROM") and len(clauses) == 1:
        clauses[-1] = _Clause.FROM
        return True
    if token.is_word("INSERT", "REPLACE"):
        return not behind.is_punctuation("(")  # there are functions of these names
    if token.is_word(*_HOW):
        return before.is_word(*_WRITES, *_HOW)
    if token.is_word("INTO") and not before.is_word(*_WRITES, *_HOW):
        clauses[-1] = _Clause.SELECT  # variables, and fields of them
        return False
    if token.is_word("FOR"):
        return before.is_word("VALUE")  # of a sequence
    if token.is_word("LIKE", "ON"):
        return at > 1 and tokens[at - 2].is_word(*(_MADE_LIKE if token.is_word("LIKE") else _INDEX))
    return token.is_word("INTO", "CALL", "TRUNCATE", "VIEW", "TO")


def _chain(tokens: Sequence[Token], at: int) -> int:
    """How many names stand in a row here, with dots between them."""
    length = 0
    while at < len(tokens) and tokens[at].kind in _NAMES:
        length += 1
        if at + 1 >= len(tokens) or not tokens[at + 1].is_punctuation("."):
            break
        at += 2
    return length
