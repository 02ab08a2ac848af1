"""A file of desired state: exactly one plain CREATE TABLE, renames in its comments, and behind it
the table's triggers.

What the definition means, the server says; this only makes sure that creating it in a scratch
database creates one table there and does nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.ddl.definition.annotations import read_renames
from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.ddl.definition.program_file import ProgramFile, at, file_problem
from reconciler.ddl.definition.trigger_file import read_triggers, where_triggers_begin
from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.statement.forbidden import Forbidden, forbidden_parts
from reconciler.ddl.statement.parts import StatementText, closing, identifier, split_statement
from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.renames import Rename


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionFile:
    """`statement` is verbatim, from CREATE to its end without `;`; it begins on `first_line`,
    `offset` characters from the beginning of the file. `triggers` stand behind it, in the order in
    which they fire; `own_text` is the file up to there."""

    path: str
    table: str
    statement: str
    first_line: int
    renames: tuple[Rename, ...] = ()
    offset: int = 0
    triggers: tuple[ProgramFile, ...] = ()
    own_text: str = ""


def read_definition_file(text: str, path: str) -> DefinitionFile:
    """`text` has LF line endings. Raises InvalidInput with all problems found."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        where = Location(path=path, line=line, column=1)
        raise InvalidInput(
            file_problem("definition-unreadable", "a NUL character", "remove it", where)
        )
    whole = without_delimiters(text)
    parts, triggers_begin = _parts(whole)
    if not parts.tokens:
        where = Location(path=path, line=1, column=1)
        message = "the file holds no statement"
        recovery = "write a CREATE TABLE; to drop the table, delete the file"
        raise InvalidInput(file_problem("definition-empty", message, recovery, where))
    problems = first_problems(_problems(parts, path), path)
    if problems:
        raise InvalidInput(*problems)
    table = identifier(parts.token(2))
    assert table is not None, "checked with the head"
    first, last = parts.tokens[0], parts.tokens[-1]
    return DefinitionFile(
        path=path,
        table=table,
        statement=whole[first.offset : last.offset + len(last.text)],
        first_line=first.line,
        offset=first.offset,
        renames=read_renames(parts, table=table, path=path),
        triggers=()
        if triggers_begin is None
        else read_triggers(whole, path, table, triggers_begin),
        own_text=whole[:triggers_begin],
    )


def _parts(text: str) -> tuple[StatementText, int | None]:
    """The table's own statement and comments, and where what stands behind it begins."""
    whole = split_statement(text)
    if not whole.behind or where_triggers_begin(whole.behind) != whole.behind[0].offset:
        return whole, None
    last = whole.tokens[-1] if whole.tokens else whole.behind[0]
    # What stands on the line of the table's end is the table's.
    begins = text.find("\n", last.offset + len(last.text))
    begins = min(begins, whole.behind[0].offset) if begins >= 0 else whole.behind[0].offset
    return split_statement(text[:begins]), begins


def _problems(parts: StatementText, path: str) -> Iterator[Problem]:
    tokens = parts.tokens
    body_end = closing(tokens, 3) if len(tokens) > 3 else None
    found = tuple(forbidden_parts(tokens, body=range(3, body_end or 0)))
    unreadable = [part for part in found if part.file_code == "definition-unreadable"]
    if unreadable:  # whatever else is said of such a text is a guess
        yield from (_forbidden(part, path) for part in unreadable)
        return
    head = _head_problem(parts, path)
    if head is not None:
        yield head
        # What a text that is no CREATE TABLE holds is beside the point.
        found = tuple(part for part in found if part.file_code != "definition-query")
        if not parts.is_word(0, "CREATE") or _is_of_another_kind(parts):
            return
    elif body_end is not None and (filled := _fill_problem(tokens, body_end, path)):
        yield filled
        found = tuple(part for part in found if part.file_code != "definition-query")
    yield from (_forbidden(part, path) for part in found)
    if parts.behind:
        recovery = "keep one CREATE TABLE in a file"
        if parts.behind[0].kind is TokenKind.EXECUTABLE_OPEN:  # as dumps have triggers
            recovery = (
                "write a trigger plainly behind its table, without the comments of a dump around it"
                " and without its DEFINER; anything else has no place in the file"
            )
        yield file_problem(
            "definition-second-statement",
            "a second statement follows the first",
            recovery,
            at(parts.behind[0], path),
        )


def _is_of_another_kind(parts: StatementText) -> bool:
    """Such as a routine, whose body has statements of its own."""
    return not any(parts.is_word(1, word) for word in ("TABLE", "TEMPORARY", "OR"))


def _head_problem(parts: StatementText, path: str) -> Problem | None:
    """CREATE TABLE name ( column"""
    if not parts.is_word(0, "CREATE"):
        return _expected(parts, 0, path, "CREATE TABLE", "state what the table should be")
    if parts.is_word(1, "TEMPORARY"):
        return _expected(parts, 1, path, "TABLE", "remove TEMPORARY")
    if parts.is_word(1, "OR"):
        return _expected(parts, 1, path, "TABLE", "remove OR REPLACE")
    if not parts.is_word(1, "TABLE"):
        recovery = (
            "keep tables alone here; a view, routine, trigger, sequence or event has a folder of"
            " its own (`views/`, `routines/`, …) once its kind is in `manage` of the spec"
        )
        return _expected(parts, 1, path, "TABLE", recovery)
    if parts.is_word(2, "IF"):
        return _expected(parts, 2, path, "the table's name", "remove IF NOT EXISTS")
    name = identifier(parts.token(2))
    if name is None:
        return _expected(parts, 2, path, "the table's name", "put it in backquotes")
    if not 0 < len(name) <= IDENTIFIER_CHARS_MAX or name != name.strip():
        return file_problem(
            "definition-table-name",
            f"a table's name has 1 to {IDENTIFIER_CHARS_MAX} characters and no blank at its ends",
            "shorten or trim the name",
            at(parts.tokens[2], path),
        )
    following = parts.token(3)
    if following is not None and following.is_punctuation("."):
        return file_problem(
            "definition-other-database",
            "the table's name says a database",
            "write the table's name alone: the shard says the database",
            at(parts.tokens[2], path),
        )
    if following is None or not following.is_punctuation("("):
        return _expected(parts, 3, path, "a list of columns in brackets", "define the columns")
    if parts.is_word(4, "LIKE"):
        return _expected(parts, 4, path, "a column", "define the columns instead of LIKE")
    if closing(parts.tokens, 3) is None:
        return file_problem(
            "definition-syntax", "the bracket is not closed", "close it", at(following, path)
        )
    return None


def _fill_problem(tokens: tuple[Token, ...], body_end: int, path: str) -> Problem | None:
    """CREATE TABLE ... [IGNORE | REPLACE] [AS] query"""
    depth = 0
    for token in tokens[body_end + 1 :]:
        depth += token.is_punctuation("(") - token.is_punctuation(")")
        if depth == 0 and not token.executable and token.is_word("AS", "IGNORE", "REPLACE"):
            return file_problem(
                "definition-query",
                f"{token.text.upper()} would fill the table from a query",
                "define the columns; copy rows by other means",
                at(token, path),
            )
    return None


def _forbidden(part: Forbidden, path: str) -> Problem:
    return file_problem(part.file_code, part.message, part.recovery, at(part.token, path))


def _expected(parts: StatementText, place: int, path: str, expected: str, recovery: str) -> Problem:
    token = parts.token(place)
    where = at(token or parts.tokens[-1], path)
    if token is not None and token.kind is TokenKind.EXECUTABLE_OPEN:
        recovery = "write the clause plainly, without the comment around it"
    found = repr(token.text[:60]) if token is not None else "the end"
    message = f"{expected} is expected, not {found}"
    return file_problem("definition-not-create-table", message, recovery, where)
