"""What no definition and no statement may hold, wherever in the text it stands.

Both readers share this, so that what a file may not say cannot come in through a plan either. Words
count only where they are bare; between backquotes or behind a dot they are names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.local_engines import LOCAL_ENGINES

# The words that the checks below look for.
_WATCHED = frozenset(
    {"SELECT", "TABLE", "VALUES", "UNION", "ENGINE", "CONNECTION", "DATA", "INDEX", "START"}
)
_OPTION_VALUES = frozenset({TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER, TokenKind.STRING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """A finding at a token: `message` says what it is, `recovery` what to do instead in a file."""

    file_code: str
    statement_code: str
    message: str
    recovery: str
    token: Token


def forbidden_parts(tokens: Sequence[Token], *, body: range = range(0)) -> Iterator[Forbidden]:
    """`tokens` without comments; `body` are those of a CREATE TABLE's list of columns and keys,
    in which a bare ENGINE, CONNECTION, DATA or START is a name."""
    for i, token in enumerate(tokens):
        if token.kind is TokenKind.EXECUTABLE_OPEN:
            yield _executable_comment(token)
        if token.executable:
            continue
        if token.kind in (TokenKind.UNTERMINATED, TokenKind.UNKNOWN):
            yield _unreadable(token)
        if token.kind is not TokenKind.WORD or token.text.upper() not in _WATCHED:
            continue
        if i and tokens[i - 1].is_punctuation("."):
            continue
        following = tokens[i + 1 : i + 4]
        yield from _queries(token, following, i)
        if i not in body:
            yield from _options(token, following)


def _queries(token: Token, following: Sequence[Token], at: int) -> Iterator[Forbidden]:
    """All four words are reserved: bare, they are never a name."""
    is_query = (
        token.is_word("SELECT")
        # CREATE TABLE, DROP TABLE ... have it second; `TABLE t` alone is a query from MySQL 8.0.19.
        or (token.is_word("TABLE") and at != 1)
        or (token.is_word("VALUES") and not (following and following[0].is_word("LESS", "IN")))
        or (token.is_word("UNION") and not (following and _assigned(following)))
    )
    if is_query:
        yield Forbidden(
            file_code="definition-query",
            statement_code="statement-query",
            message=f"{token.text.upper()} would read or write other tables",
            recovery="define the columns; copy rows by other means",
            token=token,
        )


def _options(token: Token, following: Sequence[Token]) -> Iterator[Forbidden]:
    value = _assigned(following)
    if token.is_word("ENGINE") and value and value.kind in _OPTION_VALUES:
        if value.value.lower() not in LOCAL_ENGINES:
            yield Forbidden(
                file_code="definition-engine",
                statement_code="statement-engine",
                message=f"engine {value.value[:64]!r} is not known to keep its rows on this server",
                recovery="use InnoDB",
                token=token,
            )
    elif token.is_word("UNION") and value and value.is_punctuation("("):
        yield _elsewhere(token, "UNION")
    elif token.is_word("CONNECTION") and value and value.kind is TokenKind.STRING:
        if value.value:  # an empty one takes the option away
            yield _elsewhere(token, "CONNECTION")
    elif token.is_word("DATA", "INDEX") and following and following[0].is_word("DIRECTORY"):
        directory = _assigned(following[1:])
        if directory and directory.kind is TokenKind.STRING:
            yield _elsewhere(token, f"{token.text.upper()} DIRECTORY")
    elif token.is_word("START") and following and following[0].is_word("TRANSACTION"):
        yield Forbidden(
            file_code="definition-transaction",
            statement_code="statement-transaction",
            message="START TRANSACTION leaves the new table unfinished (MySQL 8.0.21)",
            recovery="remove the clause",
            token=token,
        )


def _assigned(following: Sequence[Token]) -> Token | None:
    """The value of an option: `= x` or just `x`."""
    if following and following[0].is_punctuation("="):
        following = following[1:]
    return following[0] if following else None


def _executable_comment(token: Token) -> Forbidden:
    return Forbidden(
        file_code="definition-executable-comment",
        statement_code="statement-executable-comment",
        message=f"the executable comment {token.text} means something on some servers only",
        recovery="write the clause plainly, without the comment around it",
        token=token,
    )


def _unreadable(token: Token) -> Forbidden:
    if token.kind is TokenKind.UNKNOWN:
        message = f"the character U+{ord(token.text):04X} cannot stand here"
        recovery = "remove it, or put the name that holds it in backquotes"
    else:
        message = "a string, a quoted name or a comment has no end"
        recovery = "close it"
    return Forbidden(
        file_code="definition-unreadable",
        statement_code="statement-unreadable",
        message=message,
        recovery=recovery,
        token=token,
    )


def _elsewhere(token: Token, clause: str) -> Forbidden:
    return Forbidden(
        file_code="definition-elsewhere",
        statement_code="statement-elsewhere",
        message=f"{clause} puts rows of the table at another place",
        recovery="remove the clause",
        token=token,
    )
