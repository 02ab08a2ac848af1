"""What git says, read back from a server: the scratch server is the parser.

The files are loaded once per distinct server setting; a file that two shards' settings would read
as two different tables refuses, because there is no one desired state then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.ddl.definition.engine import names_its_engine
from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.ddl.foreign import ForeignDefinition
from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.programs.event import SaidOfEvent, said_of_events
from reconciler.ddl.zero_dates import INVALID_DEFAULT
from reconciler.diff.session import UNCHECKED
from reconciler.errors import InvalidInput, Location, Problem, Refused
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.schema import OtherObject, Schema
from reconciler.model.server import ServerError, ServerSettings
from reconciler.observe.programs import read_programs_back
from reconciler.observe.sequences import sequences_for
from reconciler.observe.shards import DefinitionReader, ReadDefinition, ReadProgram, objects_of
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.spec.load import DesiredFiles

_USUAL_ENGINE = "InnoDB"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """The desired schema as one server setting reads it."""

    definitions: Mapping[str, ReadDefinition]
    programs: Mapping[ObjectId, ReadProgram] = field(default_factory=dict)

    @property
    def fingerprints(self) -> dict[ObjectId, str]:
        return {object_id: read.fingerprint for object_id, read in self.objects.items()}

    @property
    def objects(self) -> dict[ObjectId, ReadDefinition | ReadProgram]:
        return objects_of(self.definitions, self.programs)

    @property
    def schema(self) -> Schema:
        return Schema(tables=tuple(read.table for _, read in sorted(self.definitions.items())))

    @property
    def events(self) -> dict[str, SaidOfEvent]:
        """What its files say of events."""
        return said_of_events(read.value for read in self.programs.values())


def load_desired(
    scratch: Scratch,
    files: DesiredFiles,
    settings: Sequence[ServerSettings],
    reader: DefinitionReader,
    others: Iterable[OtherObject] = (),
) -> dict[ServerSettings, Desired]:
    """The desired schema per distinct setting. `others` are the objects around the shards' tables:
    a file may use a sequence among them. Raises InvalidInput for a definition the server rejects,
    with its file; Refused where two settings give the files two meanings."""
    found: dict[ServerSettings, Desired] = {}
    by_name = {other.name: other for other in others if not reader.manages(other.object_id)}
    texts = [*(file.statement for file in files.files), *(one.rest for one in files.programs)]
    sequences = sequences_for(by_name.values(), texts)
    for distinct in dict.fromkeys(settings):
        found[distinct] = _load(scratch, files, distinct, reader, sequences)
    _check_one_meaning(found)
    return found


def _load(
    scratch: Scratch,
    files: DesiredFiles,
    settings: ServerSettings,
    reader: DefinitionReader,
    sequences: Iterable[ForeignDefinition],
) -> Desired:
    read = read_back(scratch, files.files, settings, reader, sequences, files.programs)
    if read.problems:
        raise InvalidInput(*read.problems.values())
    return Desired(definitions=read.definitions, programs=read.programs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBack:
    """What one server setting makes of definition files; each is on one of both sides."""

    definitions: Mapping[str, ReadDefinition]
    problems: Mapping[ObjectId, Problem]
    programs: Mapping[ObjectId, ReadProgram] = field(default_factory=dict)


def read_back(
    scratch: Scratch,
    files: Sequence[DefinitionFile],
    settings: ServerSettings,
    reader: DefinitionReader,
    sequences: Iterable[ForeignDefinition],
    programs: Sequence[ProgramFile] = (),
) -> ReadBack:
    """Make the tables, and then the programs, and look at what came of them."""
    problems: dict[ObjectId, Problem] = {}
    with scratch.database(settings) as database:
        for sequence in sequences:  # one that cannot be made is missed by the table that uses it
            database.make(sequence)
        for one in programs:  # a table may take its values from one
            if one.object_id.kind is ObjectKind.SEQUENCE:
                database.execute(one.statement)
        for file in files:
            if (problem := made_from(file, database, settings)) is not None:
                problems[table_id(file.table)] = problem
        texts = database.definitions()
        programs_read = read_programs_back(database, programs, settings, reader.policy)
    for file in files:
        if table_id(file.table) in problems:
            continue
        if file.table not in texts:  # lower_case_table_names folds what the file spells otherwise
            problems[table_id(file.table)] = _renamed_by_server(file, settings)
        elif gone := _not_read_back(file, texts[file.table]):
            problems[table_id(file.table)] = _lost_characters(file, gone, settings)
    definitions = {
        table: reader.read(text, settings.version)
        for table, text in sorted(texts.items())
        if table_id(table) not in problems and reader.is_managed(table)
    }
    return ReadBack(
        definitions=definitions,
        problems={**problems, **programs_read.problems},
        programs=programs_read.programs,
    )


def made_from(
    file: DefinitionFile, database: ScratchDatabase, settings: ServerSettings
) -> Problem | None:
    """Make the table of a definition file, or say why not."""
    default = settings.variable("default_storage_engine") or _USUAL_ENGINE
    if default.upper() != _USUAL_ENGINE.upper() and not names_its_engine(file.statement):
        return _engine_left_open(file, default)
    error = create_defined(database, file)
    return definition_rejected(file, error, settings) if error is not None else None


def create_defined(database: ScratchDatabase, file: DefinitionFile) -> ServerError | None:
    """Make the table of a definition file; the server's refusal is a value."""
    # Without checks, a child may come before its parent; the proof runs with checks on.
    error = database.execute(file.statement, UNCHECKED)
    if error is None or error.number != INVALID_DEFAULT:
        return error
    # A session that takes zero dates may have made the table; the plan's will be one as well.
    again = database.execute(file.statement, replace(UNCHECKED, zero_dates=True))
    return error if again else None


def definition_rejected(
    file: DefinitionFile, error: ServerError, settings: ServerSettings
) -> Problem:
    return Problem(
        code="definition-rejected",
        message=f"table {file.table}: {settings.version} rejects the definition: {error}",
        recovery="fix the definition; the server's answer says what it does not accept",
        where=Location(path=file.path, line=_line_of(error, file)),
    )


def _engine_left_open(file: DefinitionFile, default: str) -> Problem:
    """Servers come with InnoDB, and files are written for it; what another one rejects or makes of
    them would look like a mistake, or like a change, of the file."""
    return Problem(
        code="engine-left-open",
        message=f"table {file.table}: the file names no engine, and the shards' servers would make"
        f" it {default} because their default_storage_engine is {default}",
        recovery=f"write the engine that the table is to have into the file, ENGINE={_USUAL_ENGINE}"
        f" or ENGINE={default}; or set default_storage_engine={_USUAL_ENGINE} on the shards'"
        " servers",
        where=Location(path=file.path, line=file.first_line),
    )


def _line_of(error: ServerError, file: DefinitionFile) -> int:
    """A syntax error tells its line within the statement; others are about the whole of it."""
    told = re.search(r" at line (\d+)$", error.message)
    return file.first_line + (int(told[1]) - 1 if told else 0)


def _not_read_back(file: DefinitionFile, text: str) -> str:
    """Characters that the server does not show again: SHOW CREATE TABLE prints `?` for those beyond
    U+FFFF in comments, value lists, defaults and expressions, and for those beyond ASCII in the
    expression of a generated column that is not of utf8 (MySQL 9.7, MariaDB 11.8), with sjis the
    backslash, too (MySQL 9.7). A difference there would never be seen."""
    tokens = () if file.statement.isascii() else tokenize(file.statement)
    written = {
        character
        for token in tokens
        if token.kind is not TokenKind.COMMENT
        for character in token.text
        if not character.isascii()
    }
    shown = set(text) | set(text.upper()) | set(text.lower())  # names may come back folded
    some_became_marks = text.count("?") > file.statement.count("?")
    if some_became_marks and "\\" in file.statement:  # alone, one that is gone was an escape
        written.add("\\")
    return "".join(sorted(written - shown))


def _lost_characters(file: DefinitionFile, gone: str, settings: ServerSettings) -> Problem:
    return Problem(
        code="definition-character-lost",
        message=f"table {file.table}: {settings.version} takes {gone!r} where it stands but does"
        " not show it again, so no later change of it would ever be seen",
        recovery="write the comment, value or expression without that character (no emoji; only"
        " ASCII in the expression of a generated column that is not of utf8; no backslash in one"
        " of sjis)",
        where=Location(path=file.path, line=file.first_line),
    )


def _renamed_by_server(file: DefinitionFile, settings: ServerSettings) -> Problem:
    folding = settings.variable("lower_case_table_names")
    return Problem(
        code="table-name-folded",
        message=f"table {file.table}: the shards' servers store this name in another case"
        f" (lower_case_table_names={folding})",
        recovery="write the table's name in lower case, as the shards store it",
        where=Location(path=file.path),
    )


def _check_one_meaning(found: Mapping[ServerSettings, Desired]) -> None:
    """Fingerprints of the whole desired schema must agree between all settings of the fleet."""
    (first, expected), *others = found.items()
    for settings, desired in others:
        for object_id, fingerprint in desired.fingerprints.items():
            if expected.fingerprints.get(object_id) == fingerprint:
                continue
            raise Refused(
                Problem(
                    code="two-meanings",
                    message=f"{object_id.titled}: the shards' servers would read its file in two"
                    f" different ways, because {_setting_differences(first, settings)}",
                    recovery="make the servers' settings equal, or write in the file what they"
                    " leave open (character set, collation, DEFAULT, ROW_FORMAT)",
                )
            )


def _setting_differences(one: ServerSettings, other: ServerSettings) -> str:
    """Both settings named, e.g. "sql_mode is 'A' on some and 'B' on others"."""
    pairs = [
        ("the server version", str(one.version), str(other.version)),
        ("the database's character set", one.database_charset, other.database_charset),
        ("the database's collation", one.database_collation, other.database_collation),
        ("DEFAULT ENCRYPTION", str(one.database_encrypted), str(other.database_encrypted)),
    ]
    names = sorted(dict(one.variables).keys() | dict(other.variables).keys())
    pairs += [(name, str(one.variable(name)), str(other.variable(name))) for name in names]
    differing = [f"{name} is {a!r} on some and {b!r} on others" for name, a, b in pairs if a != b]
    return "; ".join(differing)
