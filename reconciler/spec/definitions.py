"""The definition files of a schema directory: read one by one, then held against each other.

A view that may be partial is never used (PL-10): a directory that is missing or empty, or a file
that cannot be read in full, is an error. Errors are values here, so that all are shown together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.ddl.definition.file import DefinitionFile, read_definition_file
from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.ddl.definition.program_files import read_program_file
from reconciler.errors import InvalidInput, Location, Problem, ReconcilerError, Refused
from reconciler.limits import DEFINITION_BYTES_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import FOLDERS, ManagedKind
from reconciler.model.renames import RenameKind
from reconciler.spec.model import SpecFile
from reconciler.spec.text import digest_of, text_of
from reconciler.spec.tree import (
    Entry,
    EntryKind,
    FileTree,
    nested_directory,
    path_is_a_link,
    unreadable,
)

_SUFFIX = ".sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """`seen` counts the files, sound or not; `digests` are (path, sha256) of the sound ones."""

    seen: int = 0
    files: tuple[DefinitionFile, ...] = ()
    programs: tuple[ProgramFile, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    errors: tuple[ReconcilerError, ...] = ()


def read_definitions(tree: FileTree, directory: str, spec_path: str) -> Definitions:
    """Never raises; `spec_path` is the file that names the directory."""
    try:
        kinds = _definition_paths(tree, directory, spec_path)
    except ReconcilerError as error:
        return Definitions(errors=(error,))
    files: list[DefinitionFile] = []
    programs: list[ProgramFile] = []
    digests: list[tuple[str, str]] = []
    errors: list[ReconcilerError] = []
    for path in kinds:
        try:
            text = text_of(tree.read(path, bytes_max=DEFINITION_BYTES_MAX), path)
            if (kind := kinds[path]) is not ManagedKind.TABLES:
                programs.append(read_program_file(kind, text, path))
            else:
                files.append(read_definition_file(text, path))
                programs += files[-1].triggers
            digests.append((path, digest_of(text)))
        except ReconcilerError as error:
            errors.append(error)
    return Definitions(
        seen=sum(kind is ManagedKind.TABLES for kind in kinds.values()),
        files=tuple(sorted(files, key=lambda file: file.table)),
        # Triggers stay in the order of their file, which is that in which they fire.
        programs=tuple(sorted(programs, key=_order)),
        digests=tuple(digests),
        errors=tuple(errors),
    )


def _order(file: ProgramFile) -> tuple[str, str]:
    kind = file.object_id.kind
    return kind, "" if kind is ObjectKind.TRIGGER else file.name


def contradictions(files: Iterable[DefinitionFile], spec: SpecFile) -> Iterator[Problem]:
    """What is wrong between definitions that are sound by themselves."""
    first: dict[str, DefinitionFile] = {}
    for file in files:
        other = first.setdefault(file.table.lower(), file)
        if other is not file:
            yield _table_twice(file, other)
        for pattern in spec.policy.ignore_tables:
            if fnmatchcase(file.table, pattern):
                yield _table_ignored(file, pattern, spec)
    for file in files:
        for rename in file.renames:
            if rename.kind is RenameKind.TABLE and rename.old.lower() in first:
                other = first[rename.old.lower()]
                if other is not file and not _is_renamed(other):
                    yield _renamed_and_defined(file, rename.old, other)


def _is_renamed(file: DefinitionFile) -> bool:
    """Then the name it has now was another table's, which may be renamed in its turn."""
    return any(rename.kind is RenameKind.TABLE for rename in file.renames)


def _definition_paths(tree: FileTree, directory: str, spec_path: str) -> dict[str, ManagedKind]:
    """What each file defines one of."""
    entries = tree.list_directory(directory)
    if entries is None:
        raise Refused(_nothing(directory, "does not exist", "schema-directory-missing", spec_path))
    of_tables, folders = _sql_files(entries, directory, programs=True)
    if not of_tables:
        raise Refused(_nothing(directory, "has no .sql file", "schema-directory-empty", spec_path))
    found = dict.fromkeys(of_tables, ManagedKind.TABLES)
    for folder, kind in folders.items():
        paths, _ = _sql_files(tree.list_directory(folder) or (), folder, programs=False)
        found |= dict.fromkeys(paths, kind)
    return found


def _sql_files(
    entries: Iterable[Entry], directory: str, *, programs: bool
) -> tuple[list[str], dict[str, ManagedKind]]:
    """The files of a folder, and the folders that programs may have in it. Raises InvalidInput for
    any other folder, whose files would not be seen, and Refused for what is no file."""
    paths: list[str] = []
    folders: dict[str, ManagedKind] = {}
    problems: list[Problem] = []
    kinds = {folder: kind for kind, folder in FOLDERS.items()} if programs else {}
    for entry in entries:
        path = f"{directory}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.kind is EntryKind.LINK:
            raise Refused(path_is_a_link(path))
        if entry.kind is EntryKind.OTHER:
            raise Refused(unreadable(path, "it is neither a file nor a directory"))
        if entry.kind is EntryKind.DIRECTORY and entry.name in kinds:
            folders[path] = kinds[entry.name]
        elif entry.kind is EntryKind.DIRECTORY:
            problems.append(nested_directory(path, "schema-directory-nested"))
        elif entry.name.endswith(_SUFFIX):
            paths.append(path)
        elif entry.name.lower().endswith(_SUFFIX):
            problems.append(_suffix_in_capitals(path))
    if problems:
        raise InvalidInput(*first_problems(problems, directory))
    return paths, folders


def _nothing(directory: str, what: str, code: str, spec_path: str) -> Problem:
    return Problem(
        code=code,
        message=f"the schema directory {directory!r} {what}; every table would be dropped",
        recovery="check `schema` in the spec; `reconciler pull` writes the files from live; a new"
        " keyspace begins with the first file there",
        where=Location(path=spec_path),
    )


def _suffix_in_capitals(path: str) -> Problem:
    return Problem(
        code="definition-file-suffix",
        message=f"{path} ends in .sql only if case is ignored",
        recovery="rename it to end in .sql",
        where=Location(path=path),
    )


def _table_twice(file: DefinitionFile, other: DefinitionFile) -> Problem:
    exactly = "" if file.table == other.table else f" as {other.table!r}: only the case differs"
    return Problem(
        code="table-twice",
        message=f"table {file.table!r} is also defined in {other.path}{exactly}",
        recovery="keep one of the two files",
        where=Location(path=file.path, line=file.first_line),
    )


def _table_ignored(file: DefinitionFile, pattern: str, spec: SpecFile) -> Problem:
    return Problem(
        code="table-ignored",
        message=f"table {file.table!r} is defined here, but policy ignores {pattern!r}",
        recovery=f"delete the file, or change `ignore_tables` in {spec.path}",
        where=Location(path=file.path, line=file.first_line),
    )


def _renamed_and_defined(file: DefinitionFile, old: str, other: DefinitionFile) -> Problem:
    return Problem(
        code="rename-of-defined-table",
        message=f"table {old!r} is to be renamed to {file.table!r}, but {other.path} defines it",
        recovery=f"delete {other.path}, or the annotation",
        where=Location(path=file.path, line=file.first_line),
    )
