"""`vschema.json` beside the schema files of a Vitess keyspace: read, held against the tables, and
every mistake told at its line and column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice

from reconciler.errors import InvalidInput, Location, Problem, Refused
from reconciler.limits import FILE_PROBLEMS_MAX, VSCHEMA_BYTES_MAX
from reconciler.model.file_problems import first_problems
from reconciler.model.schema import Table
from reconciler.spec.model import KeyspaceKind, SpecFile
from reconciler.spec.text import text_of
from reconciler.spec.tree import EntryKind, FileTree, path_is_a_link, unreadable
from reconciler.vschema.against_tables import column_faults, name_faults
from reconciler.vschema.checks import faults_in
from reconciler.vschema.document import VSchema
from reconciler.vschema.places import places_of
from reconciler.vschema.read import Fault, read_vschema

VSCHEMA_NAME = "vschema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class VSchemaFile:
    """`text` is the file's, which places are told in."""

    path: str
    text: str
    vschema: VSchema


def vschema_path(schema_dir: str) -> str:
    return f"{schema_dir}/{VSCHEMA_NAME}"


def read_vschema_file(
    tree: FileTree, spec: SpecFile, tables: Collection[str]
) -> VSchemaFile | None:
    """None for a keyspace that is not of Vitess. Raises InvalidInput with every problem of it, or
    Refused where it is missing: nobody would know what was meant to go (PL-10)."""
    path = vschema_path(spec.schema_dir)
    kinds = [e.kind for e in tree.list_directory(spec.schema_dir) or () if e.name == VSCHEMA_NAME]
    if spec.kind is not KeyspaceKind.VITESS:
        if kinds:
            raise InvalidInput(_of_no_vitess(path))
        return None
    if not kinds:
        raise Refused(_missing(path, spec.path))
    if kinds[0] is EntryKind.LINK:
        raise Refused(path_is_a_link(path))
    if kinds[0] is not EntryKind.FILE:
        raise Refused(unreadable(path, "it is not a file"))
    text = text_of(tree.read(path, bytes_max=VSCHEMA_BYTES_MAX), path)
    read = read_vschema(text.encode())
    _raise(path, text, read.faults)
    _raise(path, text, faults_in(read.vschema))
    found = VSchemaFile(path=path, text=text, vschema=read.vschema)
    _raise(path, text, _name_faults(found.vschema, spec, tables))
    return found


def check_columns(file: VSchemaFile, tables: Iterable[Table]) -> None:
    """The VSchema against the tables as a server reads their files. Raises InvalidInput."""
    _raise(file.path, file.text, column_faults(file.vschema, tuple(tables)))


def _name_faults(vschema: VSchema, spec: SpecFile, tables: Collection[str]) -> Iterator[Fault]:
    def is_ignored(name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in spec.policy.ignore_tables)

    names = {one.vitess.keyspace for one in spec.environments if one.vitess is not None}
    return name_faults(vschema, tables, keyspaces=names, is_ignored=is_ignored)


def _raise(path: str, text: str, faults: Iterable[Fault]) -> None:
    """All of them, as far as anybody reads."""
    some = tuple(islice(faults, FILE_PROBLEMS_MAX + 1))
    if not some:
        return
    places = places_of(text, {fault.at for fault in some}) if some[0].at else {}
    problems = (_problem(path, fault, places.get(fault.at, (1, 1))) for fault in some)
    raise InvalidInput(*first_problems(problems, path))


def _problem(path: str, fault: Fault, place: tuple[int, int]) -> Problem:
    line, column = place
    where = Location(path=path, line=line, column=column)
    return Problem(code=fault.code, message=fault.message, recovery=fault.recovery, where=where)


def _missing(path: str, spec_path: str) -> Problem:
    return Problem(
        code="vschema-missing",
        message=f"{path} is not there, and {spec_path} is of kind vitess: nobody could tell what of"
        " the VSchema is to stay",
        recovery="`reconciler pull` writes it from Vitess; one that says nothing is `{}`",
        where=Location(path=spec_path),
    )


def _of_no_vitess(path: str) -> Problem:
    return Problem(
        code="vschema-of-no-vitess",
        message=f"{path} is there, and the keyspace is not of Vitess: nothing would come of it",
        recovery="say `kind: vitess` in the spec, or delete the file",
        where=Location(path=path),
    )
