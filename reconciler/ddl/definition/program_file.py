"""A file of a program: one statement that makes it, whatever its kind. Its head is read here, what
is behind its name by the server.

Whose rights it has is for the spec to say, not for the file: an account in it would be another one
in each environment. What a server keeps of the session that makes a program no SQL says; a comment
`-- reconciler: created with character_set_client=... collation_connection=...` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.programs.event import SaidOfEvent
from reconciler.errors import Location, Problem
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ROUTINES, CreatedWith, ManagedKind, Security

_ANNOTATION = re.compile(r"--\s*reconciler\s*:\s*(.*)", re.IGNORECASE | re.DOTALL)
_CREATED_WITH = re.compile(
    r"created with character_set_client=(\w+) collation_connection=(\w+)"
    r"(?: sql_mode=(''|[\w,]+))?(?: time_zone=([\w:+/-]+))?\s*",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"([+-])(\d{1,2}):(\d\d)")
# What servers keep of the session that made it, beside two character sets.
_OF_BODIES = frozenset({"sql_mode"})
_KEPT = {
    ObjectKind.VIEW: frozenset[str](),
    **dict.fromkeys((*ROUTINES, ObjectKind.TRIGGER), _OF_BODIES),
    ObjectKind.EVENT: _OF_BODIES | {"time_zone"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSaid:
    """What a file says of an event that scratch is not told: whether it is on, and kept when it is
    over. `starts`: whether it says when it starts."""

    starts: bool
    preserve: bool
    is_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFile:
    """`rest` is verbatim, from the program's name to its end without `;`; it begins on `rest_line`.
    `head` is what stands before it for a scratch server: without anybody's rights. `table` is that
    of a trigger, in whose file it stands; `event`, of an event, is what was taken out of `rest`, so
    that scratch never runs it."""

    path: str
    object_id: ObjectId
    head: str
    security: Security
    rest: str
    first_line: int
    rest_line: int
    created_with: CreatedWith | None = None
    table: str = ""
    event: EventSaid | None = None

    @property
    def name(self) -> str:
        return self.object_id.name

    @property
    def statement(self) -> str:
        """For a scratch server."""
        return f"{self.head}{self.rest}"


def said_of_events_by(files: Iterable[ProgramFile]) -> dict[str, SaidOfEvent]:
    """Of the events among them, by folded name, before any server has read them."""
    return {
        file.name.lower(): SaidOfEvent(starts=None if said.starts else "", is_on=said.is_on)
        for file in files
        if (said := file.event) is not None
    }


def code_and_comments(text: str) -> tuple[list[Token], list[Token]]:
    """Of a file that has one program, without the `;` at its end."""
    every = [*tokenize(text)]
    code = [token for token in every if token.kind is not TokenKind.COMMENT]
    while code and code[-1].is_punctuation(";"):
        code.pop()
    return code, [token for token in every if token.kind is TokenKind.COMMENT]


def read_created_with(
    comments: Iterable[Token], path: str, kind: ObjectKind
) -> tuple[CreatedWith | None, list[Problem]]:
    """As a server spells it. What none keeps of this kind would be missed in every look."""
    found: CreatedWith | None = None
    problems = []
    for comment in comments:
        annotation = _ANNOTATION.fullmatch(comment.text)
        if annotation is None:
            continue
        said = _CREATED_WITH.fullmatch(annotation[1])
        if said is None or found is not None:
            message = f"unknown or second annotation {annotation[1].strip()[:60]!r}"
            recovery = (
                "write it once, as -- reconciler: created with character_set_client=utf8mb4"
                " collation_connection=utf8mb4_general_ci; a program cannot be renamed"
            )
            problems.append(
                file_problem("annotation-invalid", message, recovery, at(comment, path))
            )
            continue
        found = CreatedWith(
            character_set_client=said[1].lower(),
            collation_connection=said[2].lower(),
            sql_mode=said[3].strip("'").upper() if said[3] is not None else None,
            time_zone=_zone(said[4]),
        )
        problems += _kept_by_none(found, kind, at(comment, path))
    return found, problems


def _kept_by_none(found: CreatedWith, kind: ObjectKind, where: Location) -> Iterator[Problem]:
    said = {"sql_mode": found.sql_mode, "time_zone": found.time_zone}
    for name in (name for name, value in said.items() if value is not None):
        if name not in _KEPT[kind]:
            message = f"a server keeps no {name} of a {kind}"
            recovery = f"leave {name} out of the annotation"
            yield file_problem("annotation-invalid", message, recovery, where)


def _zone(said: str | None) -> str | None:
    """'-8:00' is '-08:00' to a server, and 'system' is 'SYSTEM'."""
    offset = _OFFSET.fullmatch(said or "")
    if offset is not None:
        return f"{offset[1]}{offset[2]:0>2}:{offset[3]}"
    return "SYSTEM" if said is not None and said.upper() == "SYSTEM" else said


def at(token: Token, path: str) -> Location:
    return Location(path=path, line=token.line, column=token.column)


def file_problem(code: str, message: str, recovery: str, where: Location) -> Problem:
    return Problem(code=code, message=message, recovery=recovery, where=where)


def definer_named(message: str, kind: ManagedKind, where: Location) -> Problem:
    """Of a file that names an account."""
    said = f"`definer: {{{kind}: {{account: user@host}}}}`"
    recovery = f"remove it: {said} in the spec says whose rights {kind} have"
    return file_problem("definition-definer", message, recovery, where)
