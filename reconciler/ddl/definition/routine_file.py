"""A file of a routine: exactly one CREATE PROCEDURE or CREATE FUNCTION. What stands behind its name
is for the server to read, and stays as its author wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.ddl.definition.program_checks import (
    body_problems,
    cannot_stand,
    client_problems,
    empty_file,
    may_be_a_name,
    refuse_nul,
    says_a_database,
)
from reconciler.ddl.definition.program_file import (
    ProgramFile,
    at,
    code_and_comments,
    definer_named,
    file_problem,
    read_created_with,
)
from reconciler.ddl.lexer import UNREADABLE, Token, TokenKind
from reconciler.ddl.statement.parts import identifier, is_word_at
from reconciler.errors import InvalidInput, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ManagedKind, Security

_KINDS = ("PROCEDURE", "FUNCTION")


def read_routine_file(text: str, path: str) -> ProgramFile:
    """`text` has LF line endings. Raises InvalidInput with all problems found."""
    refuse_nul(text, path, "a NUL character in a routine")
    text = without_delimiters(text)
    tokens, comments = code_and_comments(text)
    if not tokens:
        recovery = "write a CREATE PROCEDURE or CREATE FUNCTION; to drop one, delete the file"
        raise empty_file(path, "the file holds no routine", recovery)
    head = _head(tokens, path)
    rest = text[tokens[head.at].offset : tokens[-1].offset + len(tokens[-1].text)]
    problems = [*_body_problems(tokens[head.at + 1 :], rest, path)]
    created_with, wrong = read_created_with(comments, path, head.kind)
    problems += wrong
    problems += client_problems("a routine", created_with, rest, at(tokens[0], path))
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
    if is_word_at(tokens, place, "OR") and is_word_at(tokens, place + 1, "REPLACE"):
        place += 2
    if is_word_at(tokens, place, "DEFINER"):
        message = "the file of a routine names a DEFINER"
        where = at(tokens[place], path)
        raise InvalidInput(definer_named(message, ManagedKind.ROUTINES, where))
    aggregate = "AGGREGATE " if is_word_at(tokens, place, "AGGREGATE") else ""
    place += bool(aggregate)
    if not is_word_at(tokens, place, *_KINDS):
        raise _expected(tokens, place, path)
    kind = ObjectKind(tokens[place].text.lower())
    place += 1
    token = tokens[place] if place < len(tokens) else tokens[-1]
    name = identifier(token)
    if name is None or (is_word_at(tokens, place, "IF") and is_word_at(tokens, place + 1, "NOT")):
        raise _expected(tokens, place, path)
    if not may_be_a_name(name):
        message = f"a {kind}'s name has 1 to {IDENTIFIER_CHARS_MAX} characters and no blank at ends"
        where = at(token, path)
        recovery = "shorten or trim the name"
        raise InvalidInput(file_problem("definition-routine-name", message, recovery, where))
    if place + 1 < len(tokens) and tokens[place + 1].is_punctuation("."):
        raise says_a_database(f"the {kind}'s", at(token, path))
    return _Head(kind, aggregate, place)


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
        if token.kind in UNREADABLE:
            recovery = "write it plainly, and close what was opened"
            yield cannot_stand(token, path, where="in a routine", recovery=recovery)
            return
        is_shown = place > 0 and tokens[place - 1].is_word("SHOW")
        if token.is_word("CREATE") and not is_shown and _makes_another(tokens[place + 1 :]):
            yield file_problem(
                "definition-second-statement",
                "a second routine or trigger is made behind the first",
                "keep one routine in a file",
                at(token, path),
            )
    yield from body_problems("routine", "a routine", rest, at(tokens[0], path))


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
        if token.is_word("SQL") and is_word_at(tokens, place + 1, "SECURITY"):
            return (
                Security.INVOKER if is_word_at(tokens, place + 2, "INVOKER") else Security.DEFINER
            )
    return Security.DEFINER
