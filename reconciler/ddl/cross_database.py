"""Foreign keys that leave their database: `REFERENCES other.parent (...)`, wherever SQL says so."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier

# Nearly no text has one: most need not be split into tokens.
_LIKELY = re.compile(r"(?i)\bREFERENCES\s*(?:`(?:[^`]|``)*`|[^\s`'\"(]+)\s*\.")
# The shards of a fleet have the same texts: those of a keyspace's tables.
_TEXTS_REMEMBERED = 4_096
_NAMES = (TokenKind.QUOTED_IDENTIFIER, TokenKind.WORD)


@lru_cache(maxsize=_TEXTS_REMEMBERED)
def cross_database_references(sql: str) -> frozenset[tuple[str, str]]:
    """(database, table) of each parent in another database."""
    return frozenset((database.value, table.value) for database, table in _references(sql))


def with_outside_databases(sql: str, named: Callable[[str], str]) -> str:
    """The same with each of those databases called what `named` makes of its name."""
    for database, _ in reversed([*_references(sql)]):
        behind = sql[database.offset + len(database.text) :]
        sql = f"{sql[: database.offset]}{quote_identifier(named(database.value))}{behind}"
    return sql


def _references(sql: str) -> Iterator[tuple[Token, Token]]:
    if _LIKELY.search(sql) is None:
        return
    tokens = [token for token in tokenize(sql) if token.kind is not TokenKind.COMMENT]
    for word, database, dot, table in zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False):
        names = database.kind in _NAMES and table.kind in _NAMES
        if word.is_word("REFERENCES") and dot.is_punctuation(".") and names:
            yield database, table
