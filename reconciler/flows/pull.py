"""`pull` and `init`: from the live fleet to files. The largest group of equal shards is the model.

A file whose meaning is live's already is left as its author wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.ddl.render import create_table_sql
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.model.object_id import ObjectId
from reconciler.observe.desired import load_desired
from reconciler.observe.shards import (
    DefinitionReader,
    SeenShard,
    look_at,
    unreachable_refusals,
)
from reconciler.outcomes.files import PullOutcome
from reconciler.ports.files import FileWriter
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles, load_keyspace, spec_paths
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.names import definition_path
from reconciler.spec.read import read_spec
from reconciler.spec.text import text_of
from reconciler.spec.tree import FileTree


@dataclass(frozen=True, slots=True, kw_only=True)
class Specified:
    """A keyspace whose spec can be read. `existing` are its schema files, None if they cannot all
    be read as definitions; `paths` are those of every .sql file there."""

    spec: SpecFile
    existing: DesiredFiles | None
    paths: tuple[str, ...]


def specified_in(tree: FileTree) -> Mapping[str, Specified | ReconcilerError]:
    """Every keyspace of specs/, however broken its schema files are; a spec that cannot be read
    goes by its path."""
    found: dict[str, Specified | ReconcilerError] = {}
    for path in spec_paths(tree):
        try:
            spec = read_spec(text_of(tree.read(path, bytes_max=SPEC_BYTES_MAX), path), path)
        except ReconcilerError as error:
            found[path] = error
            continue
        found[spec.keyspace] = Specified(
            spec=spec, existing=_existing(tree, path), paths=_sql_paths(tree, spec.schema_dir)
        )
    return dict(sorted(found.items()))


def _existing(tree: FileTree, path: str) -> DesiredFiles | None:
    try:
        return load_keyspace(tree, path)
    except ReconcilerError:
        return None


def _sql_paths(tree: FileTree, directory: str) -> tuple[str, ...]:
    entries = tree.list_directory(directory) or ()
    return tuple(f"{directory}/{entry.name}" for entry in entries if entry.name.endswith(".sql"))


def pull_keyspace(
    world: World,
    files: Specified,
    environment: Environment,
    writer: FileWriter,
    *,
    source: str | None = None,
) -> PullOutcome:
    """Make the files say what live is: `source`, or a shard of the largest group of equal ones.
    Raises Refused if any shard was not seen whole: a partial view must never remove a file
    (PL-10)."""
    # No file is to say how far the rows of one shard have counted.
    reader = DefinitionReader(files.spec.policy, counters={})
    look = look_at(world, environment, reader)
    refusals = (*unreachable_refusals(look.unreachable), *look.refusals)
    if refusals:
        raise Refused(
            *(Problem(code=r.code, message=r.message, recovery=r.recovery) for r in refusals)
        )
    groups = _groups(look.seen)
    model = _model(groups, source)
    wanted = _files(files, model)
    kept = _kept(world, files, reader, model)
    written = sorted(path for path in wanted if path not in kept)
    for path in written:
        writer.write(path, wanted[path].encode())
    removed = sorted(set(files.paths) - wanted.keys() - kept)
    for path in removed:
        writer.remove(path)
    alike = next(group for group in groups if model in group)
    return PullOutcome(
        environment=environment.name,
        keyspace=files.spec.keyspace,
        source=model.shard,
        alike=tuple(seen.shard for seen in alike),
        others=tuple(s.shard for group in groups if group is not alike for s in group),
        written=tuple(written),
        unchanged=tuple(sorted(kept)),
        removed=tuple(removed),
    )


def _groups(seen: tuple[SeenShard, ...]) -> list[tuple[SeenShard, ...]]:
    """Shards of equal fingerprints, the largest group first, else in the order of the shards."""
    groups: dict[tuple[tuple[ObjectId, str], ...], list[SeenShard]] = {}
    for shard in seen:
        groups.setdefault(tuple(sorted(shard.fingerprints.items())), []).append(shard)
    return sorted((tuple(group) for group in groups.values()), key=lambda group: -len(group))


def _model(groups: list[tuple[SeenShard, ...]], source: str | None) -> SeenShard:
    if source is None:
        return groups[0][0]
    for group in groups:
        for seen in group:
            if seen.shard == source:
                return seen
    raise Refused(
        Problem(
            code="shard-unknown",
            message=f"there is no shard {source!r} in this environment",
            recovery=f"take one of {', '.join(s.shard for group in groups for s in group)}",
        )
    )


def _files(files: Specified, model: SeenShard) -> dict[str, str]:
    version = model.observation.settings.version
    paths = _paths_by_table(files)
    return {
        paths.get(table) or definition_path(files.spec.schema_dir, table): (
            create_table_sql(read.table, version) + ";\n"
        )
        for table, read in sorted(model.definitions.items())
    }


def _paths_by_table(files: Specified) -> Mapping[str, str]:
    return {file.table: file.path for file in files.existing.files} if files.existing else {}


def _kept(
    world: World, files: Specified, reader: DefinitionReader, model: SeenShard
) -> frozenset[str]:
    """Existing files that already mean what live is; none if they cannot be loaded as they are."""
    if files.existing is None:
        return frozenset()
    settings, others = model.observation.settings, model.observation.others
    try:
        desired = load_desired(world.scratch, files.existing, [settings], reader, others)[settings]
    except ReconcilerError:
        return frozenset()
    live = model.fingerprints
    same = {o.name for o, found in desired.fingerprints.items() if live.get(o) == found}
    return frozenset(file.path for file in files.existing.files if file.table in same)
