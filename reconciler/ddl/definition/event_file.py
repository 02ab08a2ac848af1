"""A file of an event: exactly one CREATE EVENT.

What a scratch server is given of it is never on, and never goes by itself: those two are read here
and taken out, so that no body runs there, and what is read back is the same at any time (PG-27).
Moments are written out: one that is worked out is another one on each server.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    EventSaid,
    ProgramFile,
    at,
    code_and_comments,
    definer_named,
    file_problem,
    read_created_with,
)
from reconciler.ddl.lexer import UNREADABLE, Token, TokenKind
from reconciler.ddl.programs.event import SOME_START
from reconciler.ddl.programs.trigger import is_one_statement
from reconciler.ddl.statement.parts import identifier, is_word_at
from reconciler.errors import InvalidInput, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ManagedKind, Security, event_id

_UNITS = frozenset(
    {
        "YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "WEEK", "SECOND", "YEAR_MONTH",
        "DAY_HOUR", "DAY_MINUTE", "DAY_SECOND", "HOUR_MINUTE", "HOUR_SECOND", "MINUTE_SECOND",
    }
)  # fmt: skip
# Of a moment that is the same on every server, whenever it is asked.
_OF_MOMENTS = _UNITS | {"TIMESTAMP", "DATE", "INTERVAL"}
_OF_HEADS = ("STARTS", "ENDS", "ON", "ENABLE", "DISABLE", "COMMENT", "DO")
_MAKES = ("EVENT", "PROCEDURE", "FUNCTION", "TRIGGER", "PACKAGE")
_OTHERS = ("TABLE", "VIEW", "INDEX", "TEMPORARY", "DATABASE", "USER")


def read_event_file(text: str, path: str) -> ProgramFile:
    """`text` has LF line endings. Raises InvalidInput with all problems found."""
    refuse_nul(text, path, "a NUL character in an event")
    text = without_delimiters(text)
    tokens, comments = code_and_comments(text)
    if not tokens:
        recovery = "write a CREATE EVENT; to drop the event, delete the file"
        raise empty_file(path, "the file holds no event", recovery)
    head = _Reader(tokens, path).head()
    end = tokens[-1].offset + len(tokens[-1].text)
    body = text[head.body.offset : end]
    problems = [*head.problems, *_body_problems(head, tokens, body, path)]
    created_with, wrong = read_created_with(comments, path, ObjectKind.EVENT)
    problems += wrong
    problems += client_problems("an event", created_with, text, at(tokens[0], path))
    if problems:
        raise InvalidInput(*first_problems(problems, path))
    return ProgramFile(
        path=path,
        object_id=head.about,
        head="CREATE EVENT ",
        security=Security.DEFINER,
        rest=_for_scratch(text, head, end),
        first_line=tokens[0].line,
        rest_line=head.name.line,
        created_with=created_with,
        event=EventSaid(starts=head.says_start, preserve=head.preserve, is_on=head.is_on),
    )


@dataclass(slots=True, kw_only=True)
class _Head:
    """CREATE [OR REPLACE] EVENT name ON SCHEDULE ... DO. The clauses of whether it is kept and on
    stand between `behind`, the token of the schedule that is last, and `before`; `ends_at` is where
    ENDS stands, 0 where it does not."""

    about: ObjectId
    name: Token
    behind: Token
    before: Token
    body: Token
    body_at: int
    is_once: bool
    says_start: bool
    ends_at: int
    preserve: bool
    is_on: bool
    problems: tuple[Problem, ...]


def _for_scratch(text: str, head: _Head, end: int) -> str:
    """With every line where it was, for a server tells mistakes by line."""
    schedule = text[head.name.offset : head.behind.offset + len(head.behind.text)]
    if not head.is_once and not head.says_start:
        split = (head.ends_at or head.behind.offset + len(head.behind.text)) - head.name.offset
        schedule = f"{schedule[:split].rstrip(' ')} STARTS {SOME_START} {schedule[split:]}"
    cut = text[head.behind.offset + len(head.behind.text) : head.before.offset]
    lines = "\n" * cut.count("\n")
    return f"{schedule} ON COMPLETION PRESERVE DISABLE {lines}{text[head.before.offset : end]}"


class _Reader:
    """Raises InvalidInput at what makes the rest unreadable; collects every other problem."""

    def __init__(self, tokens: Sequence[Token], path: str) -> None:
        self._tokens, self._path = tokens, path
        self._at = 0
        self._problems: list[Problem] = []

    def head(self) -> _Head:
        name = self._made()
        is_once, says_start, ends_at, behind = self._schedule()
        preserve, is_on = self._state()
        before = self._token()
        if self._takes("COMMENT"):
            self._at += 1
        if not self._takes("DO") or self._at >= len(self._tokens):
            raise self._expected("DO and what the event does")
        if not preserve and (is_once or ends_at):
            self._problems.append(_goes_by_itself(name, self._path))
        return _Head(
            about=event_id(identifier(name) or ""),
            name=name,
            behind=behind,
            before=before,
            body=self._token(),
            body_at=self._at,
            is_once=is_once,
            says_start=says_start,
            ends_at=ends_at,
            preserve=preserve,
            is_on=is_on,
            problems=tuple(self._problems),
        )

    def _made(self) -> Token:
        if not self._takes("CREATE"):
            raise self._expected("CREATE EVENT and a name")
        if self._takes("OR") and not self._takes("REPLACE"):
            raise self._expected("CREATE EVENT and a name")
        if self._token().is_word("DEFINER"):
            message = "the file of an event names a DEFINER"
            where = at(self._token(), self._path)
            raise InvalidInput(definer_named(message, ManagedKind.EVENTS, where))
        if not self._takes("EVENT"):
            raise self._expected("CREATE EVENT and a name")
        token = self._token()
        name = identifier(token)
        if name is None or (token.is_word("IF") and is_word_at(self._tokens, self._at + 1, "NOT")):
            raise self._expected("CREATE EVENT and a name")
        if not may_be_a_name(name):
            message = (
                f"an event's name has 1 to {IDENTIFIER_CHARS_MAX} characters, no blank at ends"
            )
            recovery = "shorten or trim the name"
            where = at(token, self._path)
            raise InvalidInput(file_problem("definition-event-name", message, recovery, where))
        self._at += 1
        if self._token().is_punctuation("."):
            raise says_a_database("the event's", at(self._token(), self._path))
        return token

    def _schedule(self) -> tuple[bool, bool, int, Token]:
        """Whether it runs once, says when it starts, where ENDS stands, and its last token."""
        if not (self._takes("ON") and self._takes("SCHEDULE")):
            raise self._expected("ON SCHEDULE")
        ends_at = 0
        if self._takes("AT"):
            return True, True, 0, self._moment()
        if not self._takes("EVERY"):
            raise self._expected("AT or EVERY")
        behind, says_start = self._interval(), False
        if self._takes("STARTS"):
            behind, says_start = self._moment(), True
        if self._token().is_word("ENDS"):
            ends_at = self._token().offset
            self._at += 1
            behind = self._moment()
        return False, says_start, ends_at, behind

    def _state(self) -> tuple[bool, bool]:
        """Whether it is kept when it is over, and on."""
        preserve, is_on = False, True
        if self._takes("ON"):
            preserve = self._takes("COMPLETION") and not self._takes("NOT")
            if not self._takes("PRESERVE"):
                raise self._expected("ON COMPLETION [NOT] PRESERVE")
        if self._takes("DISABLE"):
            is_on = False
            if self._token().is_word("ON"):
                self._problems.append(_of_a_replica(self._token(), self._path))
                self._at += 2
        elif self._takes("ENABLE"):
            pass
        return preserve, is_on

    def _interval(self) -> Token:
        return self._literal(_UNITS, "an interval such as 1 DAY")

    def _moment(self) -> Token:
        return self._literal(_OF_MOMENTS, "a moment such as '2030-01-01 03:00:00'")

    def _literal(self, words: frozenset[str], wanted: str) -> Token:
        """Up to the next clause; the last token of it."""
        first = self._at
        while self._at < len(self._tokens) and not self._token().is_word(*_OF_HEADS):
            token = self._token()
            if token.kind in (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER) and not (
                token.is_word(*words)
            ):
                self._problems.append(_worked_out(token, wanted, self._path))
                self._skip()
                break
            self._at += 1
        if self._at == first or self._at >= len(self._tokens):
            raise self._expected(wanted)
        return self._tokens[self._at - 1]

    def _skip(self) -> None:
        while self._at < len(self._tokens) and not self._token().is_word(*_OF_HEADS):
            self._at += 1

    def _token(self) -> Token:
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def _takes(self, word: str) -> bool:
        taken = is_word_at(self._tokens, self._at, word)
        self._at += taken
        return taken

    def _expected(self, what: str) -> InvalidInput:
        message = f"{what} is expected, not {self._token().text[:60]!r}"
        recovery = (
            "state what the event should be; tables stand one folder above, other kinds in folders"
            " of their own"
        )
        where = at(self._token(), self._path)
        return InvalidInput(file_problem("definition-not-create-event", message, recovery, where))


def _goes_by_itself(name: Token, path: str) -> Problem:
    return file_problem(
        "event-goes-by-itself",
        f"event {name.value!r} goes by itself when it is over: nobody can tell that from one that"
        " somebody dropped, and it would be made again",
        "write ON COMPLETION PRESERVE, or make it without a file",
        at(name, path),
    )


def _of_a_replica(token: Token, path: str) -> Problem:
    return file_problem(
        "event-of-a-replica",
        "an event is off on replicas by itself: that is no state to write into a file",
        "write ENABLE or DISABLE",
        at(token, path),
    )


def _worked_out(token: Token, wanted: str, path: str) -> Problem:
    return file_problem(
        "event-moment",
        f"{wanted} is expected, not {token.text[:60]!r}: worked out, it would be another one on"
        " each server and at each time",
        "write it out",
        at(token, path),
    )


def _body_problems(head: _Head, tokens: Sequence[Token], body: str, path: str) -> Iterator[Problem]:
    if unreadable := next((token for token in tokens if token.kind in UNREADABLE), None):
        recovery = "write it plainly, and close what was opened"
        yield cannot_stand(unreadable, path, where="in an event", recovery=recovery)
        return
    second = next(
        (
            token
            for place, token in enumerate(tokens)
            if place >= head.body_at and token.is_word("CREATE") and _makes(tokens[place + 1 :])
        ),
        None if is_one_statement(body) else head.body,
    )
    if second is not None:
        yield file_problem(
            "definition-second-statement",
            "something is made behind the event, or it does more than one statement",
            "keep one event in a file, and write what it does as BEGIN ... END",
            at(second, path),
        )
    yield from body_problems("event", "an event", body, at(head.body, path))


def _makes(following: Sequence[Token]) -> bool:
    """No body can make one of these: a server refuses it there."""
    for token in following[:8]:
        if token.is_word(*_MAKES):
            return True
        if token.is_word(*_OTHERS):
            return False
    return False
