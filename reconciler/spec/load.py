"""Spec files and definition files of a tree -> what every keyspace should be.

A view that may be partial is never used (PL-10): a directory that is missing or empty, or a file
that cannot be read in full, is an error of its keyspace, and of no other keyspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.ddl.definition_file import DefinitionFile, read_definition_file
from reconciler.errors import InvalidInput, Location, Problem, ReconcilerError, Refused
from reconciler.limits import DEFINITION_BYTES_MAX, SPEC_BYTES_MAX
from reconciler.model.fleet import is_keyspace_name
from reconciler.model.renames import Rename, RenameKind
from reconciler.spec.model import SpecFile
from reconciler.spec.read import spec_from_document
from reconciler.spec.text import digest_of, text_of
from reconciler.spec.tree import EntryKind, FileTree
from reconciler.spec.yaml_text import Document, read_yaml

SPECS_DIRECTORY = "specs"
_SPEC_SUFFIXES = (".yaml", ".yml")
_DEFINITION_SUFFIX = ".sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredFiles:
    """A keyspace as the files say it: sound by itself, not yet seen by any server.

    `files` are sorted by table; `digests` are (path, sha256) of every file read, sorted by path.
    """

    spec: SpecFile
    files: tuple[DefinitionFile, ...]
    digests: tuple[tuple[str, str], ...]

    @property
    def renames(self) -> tuple[Rename, ...]:
        return tuple(rename for file in self.files for rename in file.renames)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """One spec file: the name it gives, if it could be read that far, and what became of it."""

    keyspace: str | None
    where: Location
    result: DesiredFiles | ReconcilerError


def load_keyspace(tree: FileTree, spec_path: str) -> DesiredFiles:
    """Raise InvalidInput or Refused with every problem of the spec, or of all its definitions."""
    text = text_of(tree.read(spec_path, bytes_max=SPEC_BYTES_MAX), spec_path)
    return _with_definitions(tree, spec_from_document(read_yaml(text, spec_path)), text)


def load_repository(tree: FileTree) -> Mapping[str, DesiredFiles | ReconcilerError]:
    """Every keyspace of specs/ by name, or what is wrong with it; a spec whose keyspace cannot be
    read goes by its path. Empty if there are no specs."""
    loaded = [_load(tree, path) for path in spec_paths(tree)]
    by_name: dict[str, list[_Loaded]] = {}
    for one in loaded:
        # Plans go to files named after the keyspace, and some file systems ignore case.
        by_name.setdefault((one.keyspace or one.where.path).lower(), []).append(one)
    result: dict[str, DesiredFiles | ReconcilerError] = {}
    for group in by_name.values():
        name = group[0].keyspace or group[0].where.path
        result[name] = group[0].result if len(group) == 1 else _keyspace_twice(group)
    return dict(sorted(result.items()))


def spec_paths(tree: FileTree) -> tuple[str, ...]:
    """Raises InvalidInput for a directory inside specs/: its specs would not be seen."""
    paths = []
    for entry in tree.list_directory(SPECS_DIRECTORY) or ():
        path = f"{SPECS_DIRECTORY}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.kind is EntryKind.DIRECTORY:
            raise InvalidInput(_nested_directory(path, "spec-directory-nested"))
        if entry.name.lower().endswith(_SPEC_SUFFIXES):
            paths.append(path)
    return tuple(paths)


def _load(tree: FileTree, path: str) -> _Loaded:
    keyspace, where = None, Location(path=path)
    try:
        text = text_of(tree.read(path, bytes_max=SPEC_BYTES_MAX), path)
        document = read_yaml(text, path)
        keyspace, where = _stated_keyspace(document), document.where(("keyspace",))
        result: DesiredFiles | ReconcilerError = _with_definitions(
            tree, spec_from_document(document), text
        )
    except ReconcilerError as error:
        result = error
    return _Loaded(keyspace=keyspace, where=where, result=result)


def _stated_keyspace(document: Document) -> str | None:
    """The name that even a spec with errors gives."""
    stated = document.value.get("keyspace") if isinstance(document.value, dict) else None
    return stated if isinstance(stated, str) and is_keyspace_name(stated) else None


def _with_definitions(tree: FileTree, spec: SpecFile, spec_text: str) -> DesiredFiles:
    files: list[DefinitionFile] = []
    digests = {spec.path: digest_of(spec_text)}
    errors: list[ReconcilerError] = []
    for path in _definition_paths(tree, spec):
        try:
            text = text_of(tree.read(path, bytes_max=DEFINITION_BYTES_MAX), path)
            files.append(read_definition_file(text, path))
            digests[path] = digest_of(text)
        except ReconcilerError as error:
            errors.append(error)
    problems = tuple(_problems_between(files, spec))
    if problems:
        errors.append(InvalidInput(*problems))
    if errors:
        raise _one_error(errors)
    return DesiredFiles(
        spec=spec,
        files=tuple(sorted(files, key=lambda file: file.table)),
        digests=tuple(sorted(digests.items())),
    )


def _definition_paths(tree: FileTree, spec: SpecFile) -> tuple[str, ...]:
    entries = tree.list_directory(spec.schema_dir)
    if entries is None:
        raise Refused(_no_definitions(spec, "does not exist", "schema-directory-missing"))
    paths, problems = [], []
    for entry in entries:
        path = f"{spec.schema_dir}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.kind is EntryKind.DIRECTORY:
            problems.append(_nested_directory(path, "schema-directory-nested"))
        elif entry.name.endswith(_DEFINITION_SUFFIX):
            paths.append(path)
        elif entry.name.lower().endswith(_DEFINITION_SUFFIX):
            problems.append(_suffix_in_capitals(path))
    if problems:
        raise InvalidInput(*problems)
    if not paths:
        raise Refused(_no_definitions(spec, "holds no .sql file", "schema-directory-empty"))
    return tuple(paths)


def _problems_between(files: Iterable[DefinitionFile], spec: SpecFile) -> Iterator[Problem]:
    """What is wrong with definitions that are sound by themselves."""
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
                if other is not file:
                    yield _renamed_and_defined(file, rename.old, other)


def _one_error(errors: list[ReconcilerError]) -> ReconcilerError:
    """All problems in one error, of the kind that ends with the highest exit code."""
    worst = max(errors, key=lambda error: error.exit_code)
    return type(worst)(*(problem for error in errors for problem in error.problems))


def _keyspace_twice(group: list[_Loaded]) -> InvalidInput:
    paths = ", ".join(one.where.path for one in group)
    return InvalidInput(
        *(
            Problem(
                code="keyspace-twice",
                message=f"keyspace {one.keyspace!r} has several specs: {paths}",
                recovery="keep one spec for each keyspace; names differ by more than case",
                where=one.where,
            )
            for one in group
        )
    )


def _no_definitions(spec: SpecFile, what: str, code: str) -> Problem:
    return Problem(
        code=code,
        message=f"the schema directory {spec.schema_dir!r} {what}; every table would be dropped",
        recovery="check `schema` in the spec; `reconciler pull` writes the files from live",
        where=Location(path=spec.path),
    )


def _nested_directory(path: str, code: str) -> Problem:
    return Problem(
        code=code,
        message=f"{path} is a directory, and directories inside are not read",
        recovery="move its files one level up, or the directory elsewhere",
        where=Location(path=path),
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
