"""A file of a view: exactly one CREATE VIEW."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.ddl.definition.program_checks import (
    cannot_stand,
    client_problems,
    empty_file,
    may_be_a_name,
    outside_problems,
    refuse_nul,
    secret_problems,
)
from reconciler.ddl.definition.program_file import (
    ProgramFile,
    at,
    definer_named,
    file_problem,
    read_created_with,
)
from reconciler.ddl.foreign import acts
from reconciler.ddl.lexer import UNREADABLE
from reconciler.ddl.programs.names import outside_names
from reconciler.ddl.statement.parts import StatementText, identifier, split_statement
from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import ManagedKind, Security, view_id

_ALGORITHMS = ("UNDEFINED", "MERGE", "TEMPTABLE")


def read_view_file(text: str, path: str) -> ProgramFile:
    """`text` has LF line endings. Raises InvalidInput with all problems found."""
    refuse_nul(text, path, "a NUL character")
    text = without_delimiters(text)
    parts = split_statement(text)
    if not parts.tokens:
        recovery = "write a CREATE VIEW; to drop the view, delete the file"
        raise empty_file(path, "the file holds no statement", recovery)
    head = _Head(parts, path)
    head.read()
    problems = [*head.problems, *_body_problems(parts, head, text, path)]
    created_with, wrong = read_created_with(parts.comments, path, ObjectKind.VIEW)
    problems += wrong
    statement = "".join(token.text for token in parts.tokens)
    problems += client_problems("a view", created_with, statement, at(parts.tokens[0], path))
    if problems:
        raise InvalidInput(*first_problems(problems, path))
    first, name, last = parts.tokens[0], parts.tokens[head.at], parts.tokens[-1]
    return ProgramFile(
        path=path,
        object_id=view_id(name.value),
        head=f"CREATE ALGORITHM={head.algorithm} SQL SECURITY {Security.INVOKER} VIEW ",
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
            message = "the file names a DEFINER"
            self.problems.append(definer_named(message, ManagedKind.VIEWS, self._where()))
            return None
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
        if not may_be_a_name(name):
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
        return self._parts.is_word(self.at, *words)

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
        self.problems.append(file_problem(code, message, recovery, self._where()))

    def _where(self) -> Location:
        return at(self._parts.token(self.at) or self._parts.tokens[-1], self._path)


def _body_problems(parts: StatementText, head: _Head, text: str, path: str) -> Iterator[Problem]:
    for token in parts.tokens:
        if token.kind in UNREADABLE:
            recovery = "write the clause plainly, and close what was opened"
            yield cannot_stand(token, path, where="here", recovery=recovery)
            return
        if token.is_word("INTO", "PROCEDURE"):
            yield file_problem(
                "definition-query",
                f"{token.text.upper()} would make the view's query do more than read",
                "remove the clause",
                at(token, path),
            )
    if head.problems:
        return
    if parts.behind:
        yield file_problem(
            "definition-second-statement",
            "a second statement follows the first",
            "keep one CREATE VIEW in a file",
            at(parts.behind[0], path),
        )
    rest = text[parts.tokens[head.at].offset : parts.tokens[-1].offset + len(parts.tokens[-1].text)]
    where = at(parts.tokens[head.at], path)
    yield from outside_problems(
        "view",
        outside_names(rest),
        where,
        recovery="write names of the shard's own database alone; a view on another database is not"
        " managed: delete the file and leave the view alone with `policy.ignore_tables`",
    )
    yield from secret_problems(
        "view",
        rest,
        where,
        recovery="take it out of the query; a view that must have it is not managed: delete the"
        " file and leave the view alone with `policy.ignore_tables`",
    )
    if acts(rest):
        yield file_problem(
            "definition-acts",
            "the view calls a function that takes time, waits for somebody, or reaches out of the"
            " database",
            "remove the call: such a view is never run on scratch, so nothing could be proven",
            where,
        )
