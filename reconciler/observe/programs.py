"""What git's files say of programs, read back from a server beside the tables they are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Sequence as Several
from dataclasses import dataclass, replace

from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.programs.facts import USUAL_ZONE, text_of
from reconciler.ddl.programs.kinds import account_for, read_program
from reconciler.diff.session import StatementSession
from reconciler.errors import Location, Problem, ReconcilerError
from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Policy
from reconciler.model.programs import (
    CreatedWith,
    Event,
    ManagedProgram,
    Security,
    Sequence,
    View,
    trigger_id,
    view_id,
)
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerError, ServerSettings
from reconciler.observe.shards import ReadProgram, as_read
from reconciler.ports.scratch import Scratch, ScratchDatabase


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramsReadBack:
    """Each on one of both sides."""

    programs: Mapping[ObjectId, ReadProgram]
    problems: Mapping[ObjectId, Problem]


def read_programs_back(
    database: ScratchDatabase,
    files: Several[ProgramFile],
    settings: ServerSettings,
    policy: Policy,
) -> ProgramsReadBack:
    """Make the programs behind their tables: again and again, as long as one more can be made, for
    a view may stand on another."""
    refused = _made(database, files)
    problems = {
        file.object_id: _rejected(file, refused[file.object_id], settings)
        for file in files
        if file.object_id in refused
    }
    shown = database.programs({file.object_id.kind for file in files}) if files else {}
    programs: dict[ObjectId, ReadProgram] = {}
    for file in files:
        if file.object_id in problems:
            continue
        found = _as_shown(file, shown.get(file.object_id), settings, policy)
        if isinstance(found, Problem):
            problems[file.object_id] = found
        else:
            programs[file.object_id] = found
    return ProgramsReadBack(programs=programs, problems=problems)


_PROBE = ProgramFile(
    path="",
    object_id=view_id("reconciler_probe"),
    head="CREATE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW ",
    security=Security.INVOKER,
    rest="`reconciler_probe` AS select 1 AS `one`",
    first_line=1,
    rest_line=1,
)


def usually_created_with(scratch: Scratch, settings: ServerSettings) -> CreatedWith | None:
    """What a server of these settings keeps of a session that says nothing of it."""
    with scratch.database(settings) as database:
        database.execute(_PROBE.statement)
        shown = database.program(_PROBE.object_id)
    return shown.created_with if shown is not None else None


_TABLE = "CREATE TABLE reconciler_probe (id int PRIMARY KEY)"
_TRIGGER = (
    "CREATE TRIGGER reconciler_probe BEFORE INSERT ON reconciler_probe FOR EACH ROW SET @a = 1"
)


def bodies_usually_created_with(scratch: Scratch, settings: ServerSettings) -> CreatedWith | None:
    """The same of routines and triggers, of which a server keeps more."""
    with scratch.database(settings) as database:
        database.execute(_TABLE)
        database.execute(_TRIGGER)
        shown = database.program(trigger_id("reconciler_probe"))
    return shown.created_with if shown is not None else None


def _made(database: ScratchDatabase, files: Several[ProgramFile]) -> dict[ObjectId, ServerError]:
    """What the server says of those that cannot be made."""
    left = list(files)
    while left:
        answers = {file.object_id: _make(database, file) for file in left}
        refused = {about: error for about, error in answers.items() if error is not None}
        if len(refused) == len(left):
            return refused
        left = [file for file in left if file.object_id in refused]
    return {}


def _make(database: ScratchDatabase, file: ProgramFile) -> ServerError | None:
    made = file.created_with
    if made is not None and file.event is not None:
        made = replace(made, time_zone=None)  # scratch may not know it
    return database.execute(file.statement, StatementSession(created_with=made))


def _as_shown(
    file: ProgramFile, shown: OtherObject | None, settings: ServerSettings, policy: Policy
) -> ReadProgram | Problem:
    if shown is None:  # lower_case_table_names folds what the file spells otherwise
        return _renamed_by_server(file, settings)
    if gone := _not_shown_again(file, shown.definition):
        return _lost_characters(file, gone, settings)
    try:
        read = read_program(file.object_id, text_of(shown))
    except ReconcilerError as unread:
        return replace(unread.problems[0], where=Location(path=file.path, line=file.first_line))
    program = _with_rights(read, file, policy)
    if isinstance(program, Sequence):
        return as_read(program)
    if program.security is Security.DEFINER and program.definer is None:
        return _definer_not_named(file)
    return as_read(program)


def _with_rights(program: ManagedProgram, file: ProgramFile, policy: Policy) -> ManagedProgram:
    if isinstance(program, Sequence):
        return program
    if isinstance(program, View):  # made without anybody's rights
        kept = file.created_with or program.created_with
        program = replace(program, security=file.security, created_with=kept)
    if isinstance(program, Event):
        program = _as_file_says(program, file)
    account = account_for(program, policy)
    return replace(program, definer=account.digest if account else None)


def _as_file_says(event: Event, file: ProgramFile) -> Event:
    """Scratch has it off, kept, with some start where the file says none, and in a zone that it
    knows, in which another hour may be over."""
    said, kept = file.event, file.created_with
    assert said is not None, "the file of an event"
    zone = kept.time_zone if kept is not None else None
    return replace(
        event,
        starts=event.starts if said.starts else "",
        is_stamped=False,
        is_over=False,
        preserve=said.preserve,
        is_on=said.is_on,
        created_with=replace(event.created_with, time_zone=zone or USUAL_ZONE),
    )


def _definer_not_named(file: ProgramFile) -> Problem:
    return Problem(
        code="definer-not-named",
        message=f"{file.object_id.titled} has its definer's rights, and the spec names no account"
        " for them",
        recovery="write SQL SECURITY INVOKER into the file, or `definer` into the spec",
        where=Location(path=file.path, line=file.first_line),
    )


def _rejected(file: ProgramFile, error: ServerError, settings: ServerSettings) -> Problem:
    told = re.search(r" at line (\d+)$", error.message)
    line = file.rest_line + int(told[1]) - 1 if told else file.first_line
    return Problem(
        code="definition-rejected",
        message=f"{file.object_id.titled}: {settings.version} rejects the definition: {error}",
        recovery="fix the definition; the server's answer says what it does not accept. It can"
        " use tables, views and, where they are managed, routines of this keyspace's files",
        where=Location(path=file.path, line=line),
    )


def _renamed_by_server(file: ProgramFile, settings: ServerSettings) -> Problem:
    folding = settings.variable("lower_case_table_names")
    return Problem(
        code="table-name-folded",
        message=f"{file.object_id.titled}: the shards' servers store this name in another case"
        f" (lower_case_table_names={folding})",
        recovery=f"write the {file.object_id.kind}'s name in lower case, as the shards store it",
        where=Location(path=file.path),
    )


def _not_shown_again(file: ProgramFile, text: str) -> str:
    written = {
        character
        for token in tokenize(file.rest)
        if token.kind is not TokenKind.COMMENT
        for character in token.text
        if not character.isascii()
    }
    return "".join(sorted(written - set(text) - set(text.lower()) - set(text.upper())))


def _lost_characters(file: ProgramFile, gone: str, settings: ServerSettings) -> Problem:
    return Problem(
        code="definition-character-lost",
        message=f"{file.object_id.titled}: {settings.version} takes {gone!r} where it stands but"
        " does not show it again, so no later change of it would ever be seen",
        recovery=f"write the {file.object_id.kind} without that character",
        where=Location(path=file.path, line=file.first_line),
    )
