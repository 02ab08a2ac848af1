"""A file of a view: exactly one CREATE VIEW. Its head is read here, its query by the server.

Whose rights it has is for the spec to say, not for the file: an account in it would be another one
in each environment. What a server keeps of the session that makes a view no SQL says; a comment
`-- reconciler: created with character_set_client=... collation_connection=...` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.ddl.foreign import acts
from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.programs.names import outside_names
from reconciler.ddl.programs.view import may_hold_any_text
from reconciler.ddl.statement.parts import StatementText, identifier, split_statement
from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.object_id import ObjectId
from reconciler.model.programs import CreatedWith, Security, view_id

_ANNOTATION = re.compile(r"--\s*reconciler\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_CREATED_WITH = re.compile(
    r"created with character_set_client=(\w+) collation_connection=(\w+)\s*", re.IGNORECASE
)
_ALGORITHMS = ("UNDEFINED", "MERGE", "TEMPTABLE")
_NEVER = (TokenKind.EXECUTABLE_OPEN, TokenKind.UNTERMINATED, TokenKind.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewFile:
    """`rest` is verbatim, from the view's name to its end without `;`; it begins on `rest_line`."""

    path: str
    name: str
    algorithm: str
    security: Security
    rest: str
    first_line: int
    rest_line: int
    created_with: CreatedWith | None = None

    @property
    def object_id(self) -> ObjectId:
        return view_id(self.name)

    @property
    def statement(self) -> str:
        """For a scratch server: without anybody's rights."""
        return f"CREATE ALGORITHM={self.algorithm} SQL SECURITY {Security.INVOKER} VIEW {self.rest}"


def read_view_file(text: str, path: str) -> ViewFile:
    """`text` has LF line endings. Raises InvalidInput with all problems found."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        where = Location(path=path, line=line, column=1)
        raise InvalidInput(_problem("definition-unreadable", "a NUL character", "remove it", where))
    text = without_delimiters(text)
    parts = split_statement(text)
    if not parts.tokens:
        where = Location(path=path, line=1, column=1)
        recovery = "write a CREATE VIEW; to drop the view, delete the file"
        message = "the file holds no statement"
        raise InvalidInput(_problem("definition-empty", message, recovery, where))
    head = _Head(parts, path)
    head.read()
    problems = [*head.problems, *_body_problems(parts, head, text, path)]
    created_with, wrong = _created_with(parts, path)
    problems += wrong
    statement = "".join(token.text for token in parts.tokens)
    if created_with is not None and not may_hold_any_text(created_with, statement):
        where = _at(parts.tokens[0], path)
        client = created_with.character_set_client
        message = f"text beyond ASCII, in a view that is made with character_set_client={client}"
        recovery = "have it made with character_set_client=utf8mb4, or write it in ASCII"
        problems.append(_problem("annotation-invalid", message, recovery, where))
    if problems:
        raise InvalidInput(*first_problems(problems, path))
    first, name, last = parts.tokens[0], parts.tokens[head.at], parts.tokens[-1]
    return ViewFile(
        path=path,
        name=name.value,
        algorithm=head.algorithm,
        security=head.security,
        rest=text[name.offset : last.offset + len(last.text)],
        first_line=first.line,
        rest_line=name.line,
        created_with=created_with,
    )


class _Head:
    """CREATE [OR REPLACE] [ALGORITHM = x] [DEFINER = x] [SQL SECURITY x] VIEW name; `at` is where
    the name stands."""

    def __init__(self, parts: StatementText, path: str) -> None:
        self._parts, self._path = parts, path
        self.at = 0
        self.algorithm, self.security = "UNDEFINED", Security.DEFINER
        self.problems: list[Problem] = []

    def read(self) -> None:
        if not self._takes("CREATE"):
            return self._expected(expected="CREATE VIEW", recovery="state what the view should be")
        if self._takes("OR") and not self._takes("REPLACE"):
            return self._expected(
                expected="REPLACE", recovery="write CREATE OR REPLACE VIEW, or CREATE VIEW"
            )
        if self._takes("ALGORITHM"):
            self._equals()
            if not self._is_word(*_ALGORITHMS):
                return self._expected(
                    expected="an algorithm", recovery=f"write one of {', '.join(_ALGORITHMS)}"
                )
            self.algorithm = self._parts.tokens[self.at].text.upper()
            self.at += 1
        if self._is_word("DEFINER"):
            return self._tell(
                code="definition-definer",
                message="the file names a DEFINER",
                recovery="remove it: `definer` in the spec says whose rights views have",
            )
        if self._takes("SQL"):
            if not self._takes("SECURITY") or not self._is_word(*Security):
                return self._expected(
                    expected="SECURITY DEFINER or INVOKER", recovery="write one of the two"
                )
            self.security = Security(self._parts.tokens[self.at].text.upper())
            self.at += 1
        if not self._takes("VIEW"):
            return self._expected(
                expected="CREATE VIEW",
                recovery="a file in views/ defines one view; tables stand one folder above",
            )
        self._name()
        return None

    def _name(self) -> None:
        if self._is_word("IF"):
            return self._expected(expected="the view's name", recovery="remove IF NOT EXISTS")
        name = identifier(self._parts.token(self.at))
        if name is None:
            return self._expected(expected="the view's name", recovery="put it in backquotes")
        if not 0 < len(name) <= IDENTIFIER_CHARS_MAX or name != name.strip():
            return self._tell(
                code="definition-view-name",
                message=f"a view's name has 1 to {IDENTIFIER_CHARS_MAX} characters and no blank at"
                " its ends",
                recovery="shorten or trim the name",
            )
        following = self._parts.token(self.at + 1)
        if following is not None and following.is_punctuation("."):
            return self._tell(
                code="definition-other-database",
                message="the view's name says a database",
                recovery="write the view's name alone: the shard says the database",
            )
        return None

    def _takes(self, word: str) -> bool:
        taken = self._is_word(word)
        self.at += taken
        return taken

    def _is_word(self, *words: str) -> bool:
        token = self._parts.token(self.at)
        return token is not None and token.is_word(*words)

    def _equals(self) -> None:
        token = self._parts.token(self.at)
        self.at += token is not None and token.is_punctuation("=")

    def _expected(self, *, expected: str, recovery: str) -> None:
        token = self._parts.token(self.at)
        found = repr(token.text[:60]) if token is not None else "the end"
        self._tell(
            code="definition-not-create-view",
            message=f"{expected} is expected, not {found}",
            recovery=recovery,
        )

    def _tell(self, *, code: str, message: str, recovery: str) -> None:
        token = self._parts.token(self.at) or self._parts.tokens[-1]
        self.problems.append(_problem(code, message, recovery, _at(token, self._path)))


def _body_problems(parts: StatementText, head: _Head, text: str, path: str) -> Iterator[Problem]:
    for token in parts.tokens:
        if token.kind in _NEVER:
            yield _problem(
                "definition-unreadable",
                f"{token.text[:30]!r} cannot stand here: an executable comment, or text that has no"
                " end",
                "write the clause plainly, and close what was opened",
                _at(token, path),
            )
            return
        if token.is_word("INTO", "PROCEDURE"):
            yield _problem(
                "definition-query",
                f"{token.text.upper()} would make the view's query do more than read",
                "remove the clause",
                _at(token, path),
            )
    if head.problems:
        return
    if parts.behind:
        yield _problem(
            "definition-second-statement",
            "a second statement follows the first",
            "keep one CREATE VIEW in a file",
            _at(parts.behind[0], path),
        )
    rest = text[parts.tokens[head.at].offset : parts.tokens[-1].offset + len(parts.tokens[-1].text)]
    if outside := outside_names(rest):
        yield _problem(
            "definition-other-database",
            f"the view uses {', '.join(outside)[:200]}, which says a database",
            "write names of the shard's own database alone; a view on another database is not"
            " managed: delete the file and leave the view alone with `policy.ignore_tables`",
            _at(parts.tokens[head.at], path),
        )
    if acts(rest):
        yield _problem(
            "definition-acts",
            "the view calls a function that takes time, waits for somebody, or reaches out of the"
            " database",
            "remove the call: such a view is never run on scratch, so nothing could be proven",
            _at(parts.tokens[head.at], path),
        )


def _created_with(parts: StatementText, path: str) -> tuple[CreatedWith | None, list[Problem]]:
    found: CreatedWith | None = None
    problems = []
    for comment in parts.comments:
        annotation = _ANNOTATION.fullmatch(comment.text)
        if annotation is None:
            continue
        said = _CREATED_WITH.fullmatch(annotation[1])
        if said is None or found is not None:
            message = f"unknown or second annotation {annotation[1].strip()[:60]!r}"
            recovery = (
                "write it once, as -- reconciler: created with character_set_client=utf8mb4"
                " collation_connection=utf8mb4_general_ci; a view cannot be renamed"
            )
            problems.append(_problem("annotation-invalid", message, recovery, _at(comment, path)))
            continue
        found = CreatedWith(
            character_set_client=said[1].lower(), collation_connection=said[2].lower()
        )
    return found, problems


def _at(token: Token, path: str) -> Location:
    return Location(path=path, line=token.line, column=token.column)


def _problem(code: str, message: str, recovery: str, where: Location) -> Problem:
    return Problem(code=code, message=message, recovery=recovery, where=where)
