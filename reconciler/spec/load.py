"""Spec files and definition files of a tree -> what every keyspace should be.

One broken keyspace hides no other, and one broken file hides no other's problems.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.errors import (
    InvalidInput,
    Location,
    Problem,
    ReconcilerError,
    Refused,
    Unavailable,
)
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.fleet import is_keyspace_name
from reconciler.model.renames import Rename
from reconciler.spec.addresses import Reaching, shared_databases
from reconciler.spec.definitions import Definitions, contradictions, read_definitions
from reconciler.spec.keyspace_order import ListFault, list_faults, order_faults
from reconciler.spec.limits import KEYSPACE_PROBLEMS_MAX
from reconciler.spec.model import SpecFile
from reconciler.spec.program_checks import program_contradictions
from reconciler.spec.read import spec_document, spec_from_document
from reconciler.spec.table_classes import class_problems
from reconciler.spec.text import digest_of, text_of
from reconciler.spec.tree import (
    EntryKind,
    FileTree,
    nested_directory,
    outside_reason,
    path_is_a_link,
    unreadable,
)
from reconciler.spec.vschema_file import VSchemaFile, read_vschema_file
from reconciler.spec.yaml_text import Document

SPECS_DIRECTORY = "specs"
_SPEC_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredFiles:
    """A keyspace as the files say it: sound by itself, not yet seen by any server.

    `files` are sorted by table; `digests` are (path, sha256) of every file read, sorted by path.
    """

    spec: SpecFile
    files: tuple[DefinitionFile, ...]
    digests: tuple[tuple[str, str], ...]
    vschema: VSchemaFile | None = None  # of a Vitess keyspace, and of no other
    programs: tuple[ProgramFile, ...] = ()  # sorted; of kinds that are managed
    lists: tuple[str, ...] = ()  # files that list shards, sorted; what they say is the spec's

    @property
    def spec_digests(self) -> tuple[tuple[str, str], ...]:
        """Of the files that say where shards are: the spec, and the lists that it names."""
        paths = {self.spec.path, *self.lists}
        return tuple((path, digest) for path, digest in self.digests if path in paths)

    @property
    def spec_sha256(self) -> str:
        """Of all that these files say together; of a spec without lists, its own."""
        digests = dict(self.spec_digests)
        return digest_of("\n".join(digests.values())) if self.lists else digests[self.spec.path]

    @property
    def renames(self) -> tuple[Rename, ...]:
        return tuple(rename for file in self.files for rename in file.renames)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedKeyspace:
    """What became of a keyspace. `name` is the spec's path where the spec does not tell it;
    `tables` counts the definition files that were seen, sound or not."""

    name: str
    tables: int
    result: DesiredFiles | ReconcilerError


@dataclass(frozen=True, slots=True, kw_only=True)
class _LoadedSpec:
    """One spec file: the name it gives, if it could be read that far, and what became of it."""

    keyspace: str | None
    where: Location
    tables: int
    result: DesiredFiles | ReconcilerError
    document: Document | None = None


def load_keyspace(tree: FileTree, spec_path: str) -> DesiredFiles:
    """Raise InvalidInput or Refused with every problem of the spec and of its definitions."""
    result = _load(tree, spec_path).result
    if isinstance(result, ReconcilerError):
        raise result
    return result


def load_tables(tree: FileTree, spec_path: str) -> DesiredFiles:
    """The same but for the VSchema, which is left out: for what is about to write it. Raises as
    `load_keyspace`."""
    result = _load(tree, spec_path, vschema_of=_left_out).result
    if isinstance(result, ReconcilerError):
        raise result
    return result


def load_repository(tree: FileTree) -> Mapping[str, DesiredFiles | ReconcilerError]:
    """Every keyspace of specs/ by name, or what is wrong with it. Empty if there are no specs."""
    return {keyspace.name: keyspace.result for keyspace in load_keyspaces(tree)}


def load_keyspaces(tree: FileTree) -> tuple[LoadedKeyspace, ...]:
    """Every keyspace of specs/, sorted by name; a broken one hides no other."""
    by_name: dict[str, list[_LoadedSpec]] = {}
    loaded = _apart([_load(tree, path) for path in spec_paths(tree)])
    for one in loaded:
        # Plans go to files named after the keyspace, and some file systems ignore case.
        by_name.setdefault((one.keyspace or one.where.path).lower(), []).append(one)
    keyspaces = (
        LoadedKeyspace(
            name=group[0].keyspace or group[0].where.path,
            tables=sum(one.tables for one in group),
            result=group[0].result if len(group) == 1 else _keyspace_twice(group),
        )
        for group in by_name.values()
    )
    return _ordered(tuple(sorted(keyspaces, key=lambda keyspace: keyspace.name)), loaded)


def _ordered(
    keyspaces: tuple[LoadedKeyspace, ...], loaded: Sequence[_LoadedSpec]
) -> tuple[LoadedKeyspace, ...]:
    """A spec whose `after` cannot be kept is no spec: nobody knows when its turn is."""
    documents = {one.where.path: one.document for one in loaded if one.document}
    specs = {one.name: one.result.spec for one in keyspaces if isinstance(one.result, DesiredFiles)}
    known = [keyspace.name for keyspace in keyspaces]
    problems: dict[str, list[Problem]] = {}
    after = {name: spec.after for name, spec in specs.items()}
    for turned in list_faults({name: _listed(spec) for name, spec in specs.items()}):
        document = documents[specs[turned.keyspace].path]
        where = document.where(("environments", turned.deployment))
        others = [specs[name].path for name in turned.others]
        problems.setdefault(turned.keyspace, []).append(_other_order(turned, others, where))
    for fault in order_faults(after, known):
        document = documents[specs[fault.keyspace].path]
        problems.setdefault(fault.keyspace, []).append(
            Problem(
                code="spec-after",
                message=fault.message,
                recovery=f"take it out of `after`, or {fault.instead}",
                where=document.where(("after", fault.index)),
            )
        )
    return tuple(
        replace(one, result=InvalidInput(*problems[one.name])) if one.name in problems else one
        for one in keyspaces
    )


def _listed(spec: SpecFile) -> dict[str, tuple[str, ...]]:
    """Its deployments, each with those that it lists before it."""
    return {one.name: one.earlier for one in spec.environments if one.deployment_of is not None}


def _other_order(fault: ListFault, others: Sequence[str], where: Location) -> Problem:
    return Problem(
        code="spec-deployments-order",
        message=f"{fault.deployment} comes after {fault.earlier} here, and before it by"
        f" {', '.join(others)}: one deployment is done with in all keyspaces before the next",
        recovery="list the deployments of an environment in one order in all specs",
        where=where,
    )


def spec_paths(tree: FileTree) -> tuple[str, ...]:
    """Raises InvalidInput for a directory inside specs/, whose specs would not be seen, and Refused
    for a link or a submodule there."""
    paths = []
    for entry in tree.list_directory(SPECS_DIRECTORY) or ():
        path = f"{SPECS_DIRECTORY}/{entry.name}"
        if entry.name.startswith("."):
            continue
        if entry.kind is EntryKind.LINK:
            raise Refused(path_is_a_link(path))
        if entry.kind is EntryKind.OTHER:
            raise Refused(unreadable(path, "it is neither a file nor a directory"))
        if entry.kind is EntryKind.DIRECTORY:
            raise InvalidInput(nested_directory(path, "spec-directory-nested"))
        if is_spec_name(entry.name):
            paths.append(path)
    return tuple(paths)


def is_spec_name(name: str) -> bool:
    return not name.startswith(".") and name.lower().endswith(_SPEC_SUFFIXES)


_ReadsVSchema = Callable[
    [FileTree, SpecFile, Definitions, list[ReconcilerError]], VSchemaFile | None
]


def _vschema_of(
    tree: FileTree, spec: SpecFile, definitions: Definitions, errors: list[ReconcilerError]
) -> VSchemaFile | None:
    """Held against the tables only where all of their files were read: what is said of the others
    is enough to begin with."""
    if definitions.errors:
        return None
    try:
        return read_vschema_file(tree, spec, {file.table for file in definitions.files})
    except ReconcilerError as error:
        errors.append(error)
        return None


def _left_out(
    _tree: FileTree, _spec: SpecFile, _definitions: Definitions, _errors: list[ReconcilerError]
) -> None:
    return None


def _load(tree: FileTree, path: str, *, vschema_of: _ReadsVSchema = _vschema_of) -> _LoadedSpec:
    try:
        text = text_of(tree.read(path, bytes_max=SPEC_BYTES_MAX), path)
        document = spec_document(text, path, tree)
    except ReconcilerError as error:
        return _LoadedSpec(keyspace=None, where=Location(path=path), tables=0, result=error)
    definitions = _definitions_of(tree, document)
    errors = list(definitions.errors)
    result: DesiredFiles | ReconcilerError
    try:
        spec = spec_from_document(document)
        problems = [
            *contradictions(definitions.files, spec),
            *program_contradictions(definitions.programs, definitions.files, spec),
        ]
        if not definitions.errors:
            problems += class_problems(document, spec, {file.table for file in definitions.files})
        if problems:
            errors.append(InvalidInput(*problems))
        lists = [(listed, digest_of(text)) for listed, text in document.lists.items()]
        digests = [(path, digest_of(text)), *lists, *definitions.digests]
        vschema = vschema_of(tree, spec, definitions, errors)
        if vschema is not None:
            digests.append((vschema.path, digest_of(vschema.text)))
        result = DesiredFiles(
            spec=spec,
            files=definitions.files,
            programs=definitions.programs,
            digests=tuple(sorted(digests)),
            lists=tuple(sorted(document.lists)),
            vschema=vschema,
        )
    except ReconcilerError as error:
        errors.insert(0, error)
    return _LoadedSpec(
        keyspace=_stated_keyspace(document),
        where=document.where(("keyspace",)),
        tables=definitions.seen,
        result=_one_error(errors, path) if errors else result,
        document=document,
    )


def _apart(loaded: Sequence[_LoadedSpec]) -> list[_LoadedSpec]:
    """Specs that reach one database are no specs, either of them: nobody can tell which is the one
    that was meant."""
    problems: dict[str, list[Problem]] = {}
    documents = {one.where.path: one.document for one in loaded if one.document}
    sound = (one.result.spec for one in loaded if isinstance(one.result, DesiredFiles))
    for pair in shared_databases(sound):
        for here, other in (pair, pair[::-1]):
            where = documents[here.spec_path].where(("environments", here.environment))
            problems.setdefault(here.spec_path, []).append(_shared(here, other, where))
    return [
        replace(one, result=InvalidInput(*problems[one.where.path]))
        if one.where.path in problems
        else one
        for one in loaded
    ]


def _shared(here: Reaching, other: Reaching, where: Location) -> Problem:
    if here.shard is None:
        return Problem(
            code="spec-same-keyspace",
            message=f"{here.environment} has the vtgate and the keyspace of {other.environment} in"
            f" {other.spec_path}",
            recovery="keep one of the two, or name another keyspace in one: what one plan changes,"
            " another must not",
            where=where,
        )
    return Problem(
        code="spec-same-database",
        message=f"shard {here.shard} of {here.environment} has the server and the database of shard"
        f" {other.shard} of {other.environment} in {other.spec_path}",
        recovery="keep one of the two, or give each a database of its own: what one plan changes,"
        " another must not",
        where=where,
    )


def _definitions_of(tree: FileTree, document: Document) -> Definitions:
    """Of a spec with errors too, if it says where they are."""
    stated = _stated(document, "schema")
    if stated is None or outside_reason(stated) is not None:
        return Definitions()
    return read_definitions(tree, posixpath.normpath(stated), document.path)


def _stated_keyspace(document: Document) -> str | None:
    stated = _stated(document, "keyspace")
    return stated if stated is not None and is_keyspace_name(stated) else None


def _stated(document: Document, key: str) -> str | None:
    stated = document.value.get(key) if isinstance(document.value, dict) else None
    return stated if isinstance(stated, str) and stated else None


def _one_error(errors: Sequence[ReconcilerError], path: str) -> ReconcilerError:
    """Their problems in one error, of the kind that ends with the highest exit code; what could
    not be read comes before what is wrong with what was."""
    worst = max(errors, key=lambda error: (error.exit_code, isinstance(error, Unavailable)))
    problems = (problem for error in errors for problem in error.problems)
    return type(worst)(*first_problems(problems, path, most=KEYSPACE_PROBLEMS_MAX))


def _keyspace_twice(group: Sequence[_LoadedSpec]) -> InvalidInput:
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
