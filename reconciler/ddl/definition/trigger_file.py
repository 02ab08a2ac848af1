"""The triggers of a table, which stand behind it in its file, in the order in which they fire.

One begins where CREATE TRIGGER stands, which no body can hold; so that a file reads alike with
DELIMITER lines and without them. Heads are read here, bodies by the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.definition.program_checks import (
    cannot_stand,
    client_problems,
    may_be_a_name,
    outside_problems,
    secret_problems,
)
from reconciler.ddl.definition.program_file import (
    ProgramFile,
    at,
    definer_named,
    read_created_with,
)
from reconciler.ddl.definition.program_file import file_problem as problem
from reconciler.ddl.lexer import UNREADABLE, Token, TokenKind, tokenize
from reconciler.ddl.programs.names import outside_names_in_body
from reconciler.ddl.programs.trigger import body_of_text, is_one_statement
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.statement.parts import identifier, is_word_at
from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith, ManagedKind, Security, trigger_id

_TIMINGS, _EVENTS = ("BEFORE", "AFTER"), ("INSERT", "UPDATE", "DELETE")
_ACCOUNT_TOKENS = 8
"""At most, of DEFINER = account."""


def where_triggers_begin(tokens: Sequence[Token]) -> int | None:
    """The offset of the first CREATE TRIGGER among a file's tokens, None if there is none."""
    return next((tokens[at].offset for at in _beginnings(tokens)), None)


def read_triggers(text: str, path: str, table: str, begins: int) -> tuple[ProgramFile, ...]:
    """Those that stand in a file's text from the offset `begins` on, without DELIMITER lines.
    Raises InvalidInput with all problems found."""
    every = [token for token in tokenize(text) if token.offset >= begins]
    code = [token for token in every if token.kind is not TokenKind.COMMENT]
    starts = list(_beginnings(code))
    files, problems = [], []
    behind = begins
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        own = _without_end(code[start:end])
        comments = [
            token
            for token in every
            if token.kind is TokenKind.COMMENT and behind <= token.offset < own[0].offset
        ]
        behind = own[-1].offset
        head = _Head(own, path, table)
        head.read()
        created_with, wrong = read_created_with(comments, path, ObjectKind.TRIGGER)
        problems += [*head.problems, *wrong]
        if not head.problems:
            problems += _body_problems(own, head, text, path, created_with)
        if head.problems:
            continue
        name, last = own[head.name_at], own[-1]
        body = body_of_text(text[own[head.at].offset : last.offset + len(last.text)])
        files.append(
            ProgramFile(
                path=path,
                object_id=trigger_id(name.value),
                head="CREATE TRIGGER ",
                security=Security.DEFINER,
                rest=f"{quote_identifier(name.value)} {head.timing} {head.event} ON"
                f" {quote_identifier(table)} FOR EACH ROW {body}",
                first_line=own[0].line,
                rest_line=own[head.at].line,
                created_with=created_with,
                table=table,
            )
        )
    if problems:
        raise InvalidInput(*first_problems(problems, path))
    return tuple(files)


def _beginnings(code: Sequence[Token]) -> Iterator[int]:
    """CREATE [OR REPLACE] [DEFINER = account] TRIGGER"""
    for start, token in enumerate(code):
        if not token.is_word("CREATE"):
            continue
        at_word = start + 1
        if is_word_at(code, at_word, "OR"):
            at_word += 2
        if is_word_at(code, at_word, "DEFINER"):
            ahead = range(at_word, at_word + _ACCOUNT_TOKENS)
            at_word = next((i for i in ahead if is_word_at(code, i, "TRIGGER")), at_word)
        if is_word_at(code, at_word, "TRIGGER"):
            yield start


def _without_end(own: Sequence[Token]) -> list[Token]:
    kept = list(own)
    while len(kept) > 1 and kept[-1].text == ";":
        kept.pop()
    return kept


class _Head:
    """CREATE [OR REPLACE] TRIGGER name timing event ON table FOR EACH ROW; `at` is where the body
    stands."""

    def __init__(self, own: Sequence[Token], path: str, table: str) -> None:
        self._own, self._path, self._table = own, path, table
        self.at = 1
        self.name_at = 0
        self.timing = self.event = ""
        self.problems: list[Problem] = []

    def read(self) -> None:
        if self._takes("OR") and not self._takes("REPLACE"):
            return self._expected(expected="REPLACE", recovery="write CREATE TRIGGER")
        if is_word_at(self._own, self.at, "DEFINER"):
            message = "the file names a DEFINER"
            self.problems.append(definer_named(message, ManagedKind.TRIGGERS, self._where()))
            return None
        self._takes("TRIGGER")
        if is_word_at(self._own, self.at, "IF"):
            return self._expected(expected="the trigger's name", recovery="remove IF NOT EXISTS")
        if not self._name():
            return None
        self.timing = self._one_of(_TIMINGS)
        self.event = self._one_of(_EVENTS)
        if not self.timing or not self.event or not self._takes("ON"):
            return self._expected(
                expected="BEFORE or AFTER, one of INSERT, UPDATE and DELETE, and ON",
                recovery="write the head of one trigger for one event",
            )
        if not self._on_table():
            return None
        if not (self._takes("FOR") and self._takes("EACH") and self._takes("ROW")):
            return self._expected(expected="FOR EACH ROW", recovery="write what each row does")
        if is_word_at(self._own, self.at, "FOLLOWS", "PRECEDES"):
            return self._expected(
                expected="what the trigger does",
                recovery="remove the clause: triggers fire in the order in which they stand here",
            )
        if self.at >= len(self._own):
            return self._expected(expected="what the trigger does", recovery="write it")
        return None

    def _name(self) -> bool:
        name = identifier(self._token())
        if name is None:
            self._expected(expected="the trigger's name", recovery="put it in backquotes")
            return False
        if not may_be_a_name(name):
            self._tell(
                code="definition-view-name",
                message=f"a trigger's name has 1 to {IDENTIFIER_CHARS_MAX} characters and no blank"
                " at its ends",
                recovery="shorten or trim the name",
            )
            return False
        self.name_at = self.at
        self.at += 1
        return self._is_unqualified("the trigger's name")

    def _on_table(self) -> bool:
        if identifier(self._token()) != self._table:
            self._expected(
                expected=f"the table of the file, {self._table}",
                recovery="triggers stand in the file of the table that they fire on",
            )
            return False
        self.at += 1
        return self._is_unqualified("the table's name")

    def _is_unqualified(self, what: str) -> bool:
        following = self._token()
        if following is None or not following.is_punctuation("."):
            return True
        self._tell(
            code="definition-other-database",
            message=f"{what} says a database",
            recovery="write the name alone: the shard says the database",
        )
        return False

    def _one_of(self, words: Sequence[str]) -> str:
        token = self._token()
        if token is None or not token.is_word(*words):
            return ""
        self.at += 1
        return token.text.upper()

    def _takes(self, word: str) -> bool:
        taken = is_word_at(self._own, self.at, word)
        self.at += taken
        return taken

    def _token(self) -> Token | None:
        return self._own[self.at] if self.at < len(self._own) else None

    def _expected(self, *, expected: str, recovery: str) -> None:
        token = self._token()
        found = repr(token.text[:60]) if token is not None else "the end"
        message = f"{expected} is expected, not {found}"
        self._tell(code="definition-not-create-trigger", message=message, recovery=recovery)

    def _tell(self, *, code: str, message: str, recovery: str) -> None:
        self.problems.append(problem(code, message, recovery, self._where()))

    def _where(self) -> Location:
        return at(self._token() or self._own[-1], self._path)


def _body_problems(
    own: Sequence[Token], head: _Head, text: str, path: str, made: CreatedWith | None
) -> Iterator[Problem]:
    where = at(own[head.at], path)
    for token in own:
        if token.kind in UNREADABLE:
            recovery = "write the clause plainly, and close what was opened"
            yield cannot_stand(token, path, where="here", recovery=recovery)
            return
    body = body_of_text(text[own[head.at].offset : own[-1].offset + len(own[-1].text)])
    if not is_one_statement(body):
        yield problem(
            "definition-second-statement",
            "something stands behind the trigger's statement that is no trigger",
            "put several statements between BEGIN and END; in a table's file nothing but its"
            " triggers stands behind it",
            where,
        )
    yield from secret_problems(
        "trigger",
        body,
        where,
        recovery="take it out of the body; a trigger that must have it is not managed: leave it"
        " alone by its name with `policy.ignore_tables`",
    )
    yield from outside_problems(
        "trigger",
        outside_names_in_body(body),
        where,
        recovery="write names of the shard's own database alone; a trigger that uses another"
        " database is not managed: leave it alone by its name with `policy.ignore_tables`",
    )
    yield from client_problems("a trigger", made, body, where)
