"""A file of a routine: exactly one CREATE PROCEDURE or CREATE FUNCTION. What stands behind its name
is for the server to read, and stays as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.ddl.definition.program_file import (
    ProgramFile,
    at,
    file_problem,
    read_created_with,
)
from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.programs.facts import may_hold_any_text
from reconciler.ddl.programs.names import outside_names_in_body
from reconciler.ddl.programs.secrets import holds_secret
from reconciler.ddl.statement.parts import identifier
from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import Security

_KINDS = ("PROCEDURE", "FUNCTION")
_NEVER = (
    TokenKind.EXECUTABLE_OPEN,
    TokenKind.EXECUTABLE_CLOSE,
    TokenKind.UNTERMINATED,
    TokenKind.UNKNOWN,
)


def read_routine_file(text: str, path: str) -> ProgramFile:
    """`text` has LF line endings. Raises InvalidInput with all problems found."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        where = Location(path=path, line=line, column=1)
        message = "a NUL character in a routine"
        raise InvalidInput(file_problem("definition-unreadable", message, "remove it", where))
    text = without_delimiters(text)
    every = [*tokenize(text)]
    tokens = [token for token in every if token.kind is not TokenKind.COMMENT]
    while tokens and tokens[-1].is_punctuation(";"):
        tokens.pop()
    if not tokens:
        where = Location(path=path, line=1, column=1)
        recovery = "write a CREATE PROCEDURE or CREATE FUNCTION; to drop one, delete the file"
        message = "the file holds no routine"
        raise InvalidInput(file_problem("definition-empty", message, recovery, where))
    head = _head(tokens, path)
    rest = text[tokens[head.at].offset : tokens[-1].offset + len(tokens[-1].text)]
    problems = [*_body_problems(tokens[head.at + 1 :], rest, path)]
    comments = [token for token in every if token.kind is TokenKind.COMMENT]
    created_with, wrong = read_created_with(comments, path, head.kind)
    problems += wrong
    if created_with is not None and not may_hold_any_text(created_with, rest):
        client = created_with.character_set_client
        message = f"text beyond ASCII, in a routine that is made with character_set_client={client}"
        recovery = "have it made with character_set_client=utf8mb4, or write it in ASCII"
        where = at(tokens[0], path)
        problems.append(file_problem("annotation-invalid", message, recovery, where))
    if problems:
        raise InvalidInput(*first_problems(problems, path))
    return ProgramFile(
        path=path,
        object_id=ObjectId(head.kind, identifier(tokens[head.at]) or ""),
        head=f"CREATE {head.aggregate}{head.kind.upper()} ",
        security=_security(tokens[head.at :]),
        rest=rest,
        first_line=tokens[0].line,
        rest_line=tokens[head.at].line,
        created_with=created_with,
    )


class _Head:
    """CREATE [OR REPLACE] [AGGREGATE] PROCEDURE | FUNCTION name; `at` is where the name stands."""

    def __init__(self, kind: ObjectKind, aggregate: str, at: int) -> None:
        self.kind, self.aggregate, self.at = kind, aggregate, at


def _head(tokens: Sequence[Token], path: str) -> _Head:
    place = 1
    if not tokens[0].is_word("CREATE"):
        raise _expected(tokens, 0, path)
    if _is(tokens, place, "OR") and _is(tokens, place + 1, "REPLACE"):
        place += 2
    if _is(tokens, place, "DEFINER"):
        where = at(tokens[place], path)
        recovery = "remove it: `definer` in the spec says whose rights routines have"
        message = "the file of a routine names a DEFINER"
        raise InvalidInput(file_problem("definition-definer", message, recovery, where))
    aggregate = "AGGREGATE " if _is(tokens, place, "AGGREGATE") else ""
    place += bool(aggregate)
    if not _is(tokens, place, *_KINDS):
        raise _expected(tokens, place, path)
    kind = ObjectKind(tokens[place].text.lower())
    place += 1
    token = tokens[place] if place < len(tokens) else tokens[-1]
    name = identifier(token)
    if name is None or (_is(tokens, place, "IF") and _is(tokens, place + 1, "NOT")):
        raise _expected(tokens, place, path)
    if not 0 < len(name) <= IDENTIFIER_CHARS_MAX or name != name.strip():
        message = f"a {kind}'s name has 1 to {IDENTIFIER_CHARS_MAX} characters and no blank at ends"
        where = at(token, path)
        recovery = "shorten or trim the name"
        raise InvalidInput(file_problem("definition-routine-name", message, recovery, where))
    if place + 1 < len(tokens) and tokens[place + 1].is_punctuation("."):
        message = f"the {kind}'s name says a database"
        recovery = "write its name alone: the shard says the database"
        where = at(token, path)
        raise InvalidInput(file_problem("definition-other-database", message, recovery, where))
    return _Head(kind, aggregate, place)


def _is(tokens: Sequence[Token], place: int, *words: str) -> bool:
    return place < len(tokens) and tokens[place].is_word(*words)


def _expected(tokens: Sequence[Token], place: int, path: str) -> InvalidInput:
    token = tokens[place] if place < len(tokens) else tokens[-1]
    recovery = (
        "state what the routine should be; tables stand one folder above, other kinds in folders of"
        " their own"
    )
    if token.kind is TokenKind.EXECUTABLE_OPEN:
        recovery = "write it plainly, without the comments of a dump around it"
    return InvalidInput(
        file_problem(
            "definition-not-create-routine",
            f"CREATE PROCEDURE or FUNCTION, and a name, is expected, not {token.text[:60]!r}",
            recovery,
            at(token, path),
        )
    )


def _body_problems(tokens: Sequence[Token], rest: str, path: str) -> Iterator[Problem]:
    for place, token in enumerate(tokens):
        if token.kind in _NEVER:
            yield file_problem(
                "definition-unreadable",
                f"{token.text[:30]!r} cannot stand in a routine: an executable comment, or text"
                " that has no end",
                "write it plainly, and close what was opened",
                at(token, path),
            )
            return
        is_shown = place > 0 and tokens[place - 1].is_word("SHOW")
        if token.is_word("CREATE") and not is_shown and _makes_another(tokens[place + 1 :]):
            yield file_problem(
                "definition-second-statement",
                "a second routine or trigger is made behind the first",
                "keep one routine in a file",
                at(token, path),
            )
    if outside := outside_names_in_body(rest):
        yield file_problem(
            "definition-other-database",
            f"the routine uses {', '.join(outside)[:200]}, which says a database",
            "write names of the shard's own database alone; a routine on another database is not"
            " managed: delete the file and leave it alone with `policy.ignore_tables`",
            at(tokens[0], path),
        )
    if holds_secret(rest):
        yield file_problem(
            "definition-secret",
            "a password may stand in the routine, which every plan and report would show",
            "take it out of the body; a routine that must have it is not managed: delete the file"
            " and leave it alone with `policy.ignore_tables`",
            at(tokens[0], path),
        )


def _makes_another(following: Sequence[Token]) -> bool:
    """No body can make one of these: a server refuses it there."""
    for token in following[:7]:
        if token.is_word(*_KINDS, "TRIGGER", "PACKAGE"):
            return True
        if token.is_word("TABLE", "VIEW", "INDEX", "TEMPORARY", "DATABASE", "USER", "EVENT"):
            return False
    return False


def _security(tokens: Sequence[Token]) -> Security:
    """As far as a text can tell; what the server says of it is what holds."""
    for place, token in enumerate(tokens):
        if token.is_word("SQL") and _is(tokens, place + 1, "SECURITY"):
            return Security.INVOKER if _is(tokens, place + 2, "INVOKER") else Security.DEFINER
    return Security.DEFINER
