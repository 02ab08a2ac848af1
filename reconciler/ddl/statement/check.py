"""Is this text exactly one statement of a kind that may be sent, on a table that is managed?

The last check before a socket (DS-5). It allows what it knows and refuses the rest: a kind of
statement, a clause or a name that is not understood here is never sent. Nor are two statements
ever compared (GD-3) of which one would not pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn

from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.limits import STATEMENTS_KEPT_MAX
from reconciler.ddl.rendering.options import ENGINE_DEFINED
from reconciler.ddl.second_reader import sees_one_statement
from reconciler.ddl.statement.canonical import canonical_text
from reconciler.ddl.statement.forbidden import forbidden_parts
from reconciler.ddl.statement.parts import (
    StatementText,
    closing,
    commas,
    identifier,
    split_statement,
)
from reconciler.ddl.statement.program import ProgramStatement, read_program_statement
from reconciler.ddl.statement.refused import statement_refused
from reconciler.model.object_id import ObjectId, ObjectKind

# What a clause of ALTER TABLE may begin with. Not here: CONVERT, DISCARD, IMPORT, EXCHANGE,
# TRUNCATE, ORDER and the like, which touch rows or other tables, and MariaDB's WAIT and IF EXISTS.
_CLAUSES = frozenset(
    """
    ADD ALTER CHANGE DROP MODIFY RENAME PARTITION REMOVE REORGANIZE COALESCE ALGORITHM LOCK FORCE
    WITH WITHOUT AUTOEXTEND_SIZE AUTO_INCREMENT AVG_ROW_LENGTH CHARACTER CHARSET CHECKSUM COLLATE
    COMMENT COMPRESSION CONNECTION DEFAULT DELAY_KEY_WRITE ENCRYPTED ENCRYPTION ENCRYPTION_KEY_ID
    ENGINE ENGINE_ATTRIBUTE IETF_QUOTES INSERT_METHOD KEY_BLOCK_SIZE MAX_ROWS MIN_ROWS PACK_KEYS
    PAGE_CHECKSUM PAGE_COMPRESSED PAGE_COMPRESSION_LEVEL ROW_FORMAT SECONDARY_ENGINE
    SECONDARY_ENGINE_ATTRIBUTE STATS_AUTO_RECALC STATS_PERSISTENT STATS_SAMPLE_PAGES STORAGE
    TABLESPACE TRANSACTIONAL
    """.strip().split()
)
_PARTITION_LISTS = ("DROP", "REORGANIZE")


class StatementKind(StrEnum):
    CREATE_TABLE = "create table"
    ALTER_TABLE = "alter table"
    DROP_TABLE = "drop table"
    RENAME_TABLE = "rename table"
    CREATE_VIEW = "create view"
    DROP_VIEW = "drop view"
    CREATE_ROUTINE = "create routine"
    DROP_ROUTINE = "drop routine"
    CREATE_TRIGGER = "create trigger"
    DROP_TRIGGER = "drop trigger"
    CREATE_SEQUENCE = "create sequence"
    ALTER_SEQUENCE = "alter sequence"
    DROP_SEQUENCE = "drop sequence"
    CREATE_EVENT = "create event"
    ALTER_EVENT = "alter event"
    DROP_EVENT = "drop event"


_OF_ROUTINES = (StatementKind.CREATE_ROUTINE, StatementKind.DROP_ROUTINE)
_OF_PROGRAMS = {
    ObjectKind.VIEW: (StatementKind.CREATE_VIEW, StatementKind.DROP_VIEW),
    ObjectKind.PROCEDURE: _OF_ROUTINES,
    ObjectKind.FUNCTION: _OF_ROUTINES,
    ObjectKind.TRIGGER: (StatementKind.CREATE_TRIGGER, StatementKind.DROP_TRIGGER),
    ObjectKind.SEQUENCE: (StatementKind.CREATE_SEQUENCE, StatementKind.DROP_SEQUENCE),
    ObjectKind.EVENT: (StatementKind.CREATE_EVENT, StatementKind.DROP_EVENT),
}
_ALTERS = {
    StatementKind.CREATE_SEQUENCE: StatementKind.ALTER_SEQUENCE,
    StatementKind.CREATE_EVENT: StatementKind.ALTER_EVENT,
}
_OF_TABLES = frozenset(StatementKind).difference(_ALTERS.values(), *_OF_PROGRAMS.values())


def kind_of(program: ProgramStatement) -> StatementKind:
    made, dropped = _OF_PROGRAMS[program.about.kind]
    if program.replaces and made in _ALTERS:
        return _ALTERS[made]
    return dropped if program.drops else made


@lru_cache(maxsize=STATEMENTS_KEPT_MAX)
def check_statement(
    sql: str, *, tables: frozenset[str], programs: frozenset[ObjectId] = frozenset()
) -> StatementKind:
    """Raise Refused unless `sql` is one statement of a known kind that changes one of `tables`, or
    makes or drops one of `programs`.

    Both names of a rename must be in `tables`. Names compare by their letters, case included.
    """
    if (program := read_program_statement(sql)) is not None:
        about = program.about
        if about not in programs:
            article = "an" if about.kind is ObjectKind.EVENT else "a"
            told = f"{about.name[:80]!r} is not {article} {about.kind} that is managed"
            raise statement_refused("statement-table", told)
        return kind_of(program)
    kind, text = read_statement(sql)
    for token in changed_tables(kind, text):
        if identifier(token) not in tables:
            raise statement_refused(
                "statement-table", f"{token.text[:80]} is not a table that is managed", token
            )
    return kind


def read_statement(sql: str) -> tuple[StatementKind, StatementText]:
    """Raise Refused unless `sql` is one statement of a known kind on a table, whichever it is."""
    if "\0" in sql:
        raise statement_refused("statement-unreadable", "the text holds a NUL character")
    text = split_statement(sql)
    kind = _kind(text)
    body = range(0)
    if kind is StatementKind.CREATE_TABLE:
        body = range(3, closing(text.tokens, 3) or 0)
    for forbidden in forbidden_parts(text.tokens, body=body):
        raise statement_refused(forbidden.statement_code, forbidden.message, forbidden.token)
    if text.behind:
        raise statement_refused(
            "statement-second", "a second statement follows the first", text.behind[0]
        )
    if not sees_one_statement(sql):
        raise statement_refused(
            "statement-second", "a second reader finds more, or less, than one statement"
        )
    if identifier(text.token(2)) is None:
        _not_understood(text, 2, "the name of a table")
    match kind:
        case StatementKind.CREATE_TABLE:
            _check_create(text)
        case StatementKind.ALTER_TABLE:
            _check_alter(text)
        case StatementKind.DROP_TABLE:
            _check_end(text, 3)
        case StatementKind.RENAME_TABLE:
            _check_rename_table(text)
        case _:
            raise AssertionError("read by `read_program_statement`")
    return kind, text


def canonical_statement(sql: str) -> str:
    """The text with its white space, quoting of names, case of keywords and last `;` made equal.

    Everything else stays as it is: comments, literals, the case of names. Raises Refused for text
    that is not one statement of a known kind. A program's statement has one form only, and nothing
    of a server's text is forgiven.
    """
    if read_program_statement(sql) is not None:
        return sql
    read_statement(sql)
    return canonical_text(tuple(tokenize(sql)))


def changed_tables(kind: StatementKind, text: StatementText) -> Iterator[Token]:
    """The names of what is changed; tables that foreign keys refer to are not changed."""
    yield text.tokens[2]
    if kind is StatementKind.RENAME_TABLE:
        yield text.tokens[4]
    if kind is StatementKind.ALTER_TABLE:
        for start in clause_starts(text):
            name = _renamed_to(text, start)
            if name is not None:
                yield text.tokens[name]


def _kind(text: StatementText) -> StatementKind:
    words = " ".join(token.text.lower() for token in text.tokens[:2])
    bare = all(token.kind is TokenKind.WORD for token in text.tokens[:2])
    if not bare or words not in _OF_TABLES:
        first = text.token(0)
        raise statement_refused(
            "statement-kind",
            "not a CREATE TABLE, ALTER TABLE, DROP TABLE or RENAME TABLE of one plain table",
            first,
        )
    return StatementKind(words)


def _check_create(text: StatementText) -> None:
    end = closing(text.tokens, 3)
    opening, first = text.token(3), text.token(4)
    if end is None or opening is None or not opening.is_punctuation("("):
        _not_understood(text, 3, "a list of columns in brackets")
    if first is not None and first.is_word("LIKE"):
        raise statement_refused("statement-query", "LIKE copies another table", first)
    if commas(text.tokens, end + 1) is None:
        _not_understood(text, end + 1, "options with matching brackets")
    depth = 0
    for token in text.tokens[end + 1 :]:
        depth += token.is_punctuation("(") - token.is_punctuation(")")
        if depth == 0 and token.is_word("AS", "IGNORE", "REPLACE"):
            raise statement_refused(
                "statement-query", "rows of a query would fill the table", token
            )


def _check_alter(text: StatementText) -> None:
    for start in clause_starts(text):
        token = text.token(start)
        if token is None or not (token.is_word(*_CLAUSES) or _is_engine_option(token)):
            _not_understood(text, start, "a clause that is known to be safe")
        if token.is_word("WITH", "WITHOUT") and not text.is_word(start + 1, "VALIDATION"):
            _not_understood(text, start + 1, "VALIDATION")
        if token.is_word("PARTITION") and not text.is_word(start + 1, "BY"):
            _not_understood(text, start + 1, "BY")
        name = _renamed_to(text, start)
        if name is not None:
            _check_unqualified(text, name)


def _is_engine_option(token: Token) -> bool:
    """MariaDB prints InnoDB's own options in backquotes."""
    quoted = token.kind is TokenKind.QUOTED_IDENTIFIER
    return quoted and token.value.lower() in ENGINE_DEFINED


def clause_starts(text: StatementText) -> list[int]:
    """Where the clauses of an ALTER TABLE begin; a list of partitions is one clause."""
    found = commas(text.tokens, 3)
    if found is None:
        _not_understood(text, 3, "clauses with matching brackets")
    starts = [3]
    for comma in found:
        start = starts[-1]
        is_partition_list = text.is_word(start, *_PARTITION_LISTS) and (
            text.is_word(start + 1, "PARTITION")
        )
        if is_partition_list and _is_partition_name(text, comma + 1):
            continue
        starts.append(comma + 1)
    return starts


def _is_partition_name(text: StatementText, at: int) -> bool:
    following = text.token(at + 1)
    ends = following is None or following.is_punctuation(",") or following.is_word("INTO")
    return ends and identifier(text.token(at)) is not None


def _renamed_to(text: StatementText, start: int) -> int | None:
    """Where the new name stands, if the clause at `start` renames the table itself."""
    if not text.is_word(start, "RENAME"):
        return None
    if text.is_word(start + 1, "COLUMN", "INDEX", "KEY"):
        return None
    return start + 2 if text.is_word(start + 1, "TO", "AS") else start + 1


def _check_rename_table(text: StatementText) -> None:
    if not text.is_word(3, "TO"):
        _not_understood(text, 3, "TO")
    _check_unqualified(text, 4)
    _check_end(text, 5)


def _check_unqualified(text: StatementText, at: int) -> None:
    if identifier(text.token(at)) is None:
        _not_understood(text, at, "the name of a table")
    following = text.token(at + 1)
    if following is not None and following.is_punctuation("."):
        raise statement_refused("statement-table", "the table is of another database", following)


def _check_end(text: StatementText, at: int) -> None:
    if text.token(at) is not None:
        _not_understood(text, at, "the end of the statement")


def _not_understood(text: StatementText, at: int, expected: str) -> NoReturn:
    token = text.token(at)
    if at == 3 and token is not None and token.is_punctuation("."):
        raise statement_refused("statement-table", "the table is of another database", token)
    found = repr(token.text[:60]) if token is not None else "the end"
    raise statement_refused(
        "statement-not-understood", f"{expected} is expected, not {found}", token
    )
