"""The VSchema of a Vitess keyspace as a file: what `pull` and `init` write of it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import InvalidInput, Refused
from reconciler.limits import VSCHEMA_BYTES_MAX
from reconciler.ports.keyspaces import VSchemas
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.text import text_of
from reconciler.spec.tree import FileTree
from reconciler.spec.vschema_file import vschema_path
from reconciler.vschema.live import live_vschema
from reconciler.vschema.read import read_vschema


@dataclass(frozen=True, slots=True, kw_only=True)
class PulledVSchema:
    """`is_there`: the file means it already, in whatever spelling."""

    path: str
    text: str
    is_there: bool


def pulled_vschema(
    vschemas: VSchemas, tree: FileTree, spec: SpecFile, environment: Environment
) -> PulledVSchema | None:
    """None where the keyspace is not of Vitess. Raises Unavailable, and Refused for what is not
    understood of it: nothing is written that says less than Vitess has."""
    if environment.vitess is None:
        return None
    live = live_vschema(vschemas.vschema(environment.vitess))
    path = vschema_path(spec.schema_dir)
    try:
        content = tree.read(path, bytes_max=VSCHEMA_BYTES_MAX)
        read = read_vschema(text_of(content, path).encode())
    except (InvalidInput, Refused):  # absent, or not as it should be
        return PulledVSchema(path=path, text=live.text, is_there=False)
    return PulledVSchema(
        path=path, text=live.text, is_there=not read.faults and read.vschema == live
    )
