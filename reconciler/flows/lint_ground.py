"""What rules may know of a keyspace: its tables as they are written, and what its spec says of
them."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.ddl.outline.model import Place, TableOutline
from reconciler.ddl.outline.read import read_outline
from reconciler.lint.model import Ground, Keyspace, NamedProgram
from reconciler.model.engine import EngineName
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import KeyspaceKind, SpecFile, TableUse
from reconciler.vschema.document import VSchema

_COPYING = frozenset((EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC, EngineName.VITESS))


def keyspace_of(files: DesiredFiles) -> Keyspace:
    spec = files.spec
    tables = {file.table.lower(): read_outline(file) for file in files.files}
    vschema = files.vschema.vschema if files.vschema else None
    return Keyspace(
        tables=tables,
        programs=tuple(map(_named, files.programs)),
        ground=Ground.MYSQL if spec.kind is KeyspaceKind.MYSQL else Ground.VITESS,
        shard_by=_by_vschema(vschema) if vschema else _by_spec(spec, tables),
        sharded=vschema.sharded
        if vschema
        else any(len(environment.serving_names) > 1 for environment in spec.environments),
        copied=any(environment.engine.named & _COPYING for environment in spec.environments),
    )


def _named(file: ProgramFile) -> NamedProgram:
    """Its name stands where the rest of it begins: how far from the left nobody kept."""
    at = Place(line=file.rest_line, column=1, start=0, end=0)
    return NamedProgram(about=file.object_id, path=file.path, at=at)


def _by_spec(spec: SpecFile, tables: Mapping[str, TableOutline]) -> Mapping[str, str]:
    """`sharding_key` is that of every table that has the column."""
    if spec.tables:
        return {
            one.table.lower(): one.shard_by.lower()
            for one in spec.tables
            if one.use is TableUse.SHARDED and one.shard_by is not None
        }
    key = spec.sharding_key.lower() if spec.sharding_key else None
    return {name: key for name, table in tables.items() if key and table.column(key)}


def _by_vschema(vschema: VSchema) -> Mapping[str, str]:
    """A vindex over several columns sends a row by the first of them alone, in most."""
    return {
        table.name.lower(): table.primary.columns[0].lower()
        for table in vschema.tables
        if vschema.sharded and table.primary is not None and table.primary.columns
    }
