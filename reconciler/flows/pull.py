"""`pull` and `init`: from the live fleet to files. The largest group of equal shards is the model.

A file whose meaning is live's already is left as its author wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.ddl.render import create_table_sql
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.flows.desired import load_desired
from reconciler.flows.looking import (
    DefinitionReader,
    SeenShard,
    look_at,
    unreachable_refusals,
)
from reconciler.outcomes import PullOutcome
from reconciler.ports import FileWriter, World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, SpecFile


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """`source` is the shard to take as the model; None: one of the largest group of equal ones.
    `existing` are the files as they are, None if they cannot be read as definitions."""

    spec: SpecFile
    environment: Environment
    source: str | None
    existing: DesiredFiles | None
    existing_paths: tuple[str, ...]


def pull_keyspace(world: World, request: PullRequest, writer: FileWriter) -> PullOutcome:
    """Make the files say what live is. Raises Refused if any shard was not seen whole: a partial
    view must never remove a file (PL-10)."""
    reader = DefinitionReader(request.spec.policy)
    look = look_at(world, request.environment, reader)
    refusals = (*unreachable_refusals(look.unreachable), *look.refusals)
    if refusals:
        raise Refused(
            *(Problem(code=r.code, message=r.message, recovery=r.recovery) for r in refusals)
        )
    groups = _groups(look.seen)
    model = _model(groups, request.source)
    wanted = _files(request, model)
    kept = _kept(world, request, reader, model)
    written = sorted(path for path in wanted if path not in kept)
    for path in written:
        writer.write(path, wanted[path].encode())
    removed = sorted(set(request.existing_paths) - wanted.keys() - kept)
    for path in removed:
        writer.remove(path)
    alike = next(group for group in groups if model in group)
    return PullOutcome(
        environment=request.environment.name,
        keyspace=request.spec.keyspace,
        source=model.shard,
        alike=tuple(seen.shard for seen in alike),
        others=tuple(s.shard for group in groups if group is not alike for s in group),
        written=tuple(written),
        unchanged=tuple(sorted(kept)),
        removed=tuple(removed),
    )


def _groups(seen: tuple[SeenShard, ...]) -> list[tuple[SeenShard, ...]]:
    """Shards of equal fingerprints, the largest group first, else in the order of the shards."""
    groups: dict[tuple[tuple[str, str], ...], list[SeenShard]] = {}
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


def _files(request: PullRequest, model: SeenShard) -> dict[str, str]:
    version = model.observation.settings.version
    paths = _paths_by_table(request)
    return {
        paths.get(table, f"{request.spec.schema_dir}/{table}.sql"): (
            create_table_sql(read.table, version) + ";\n"
        )
        for table, read in sorted(model.definitions.items())
    }


def _paths_by_table(request: PullRequest) -> Mapping[str, str]:
    return {file.table: file.path for file in request.existing.files} if request.existing else {}


def _kept(
    world: World, request: PullRequest, reader: DefinitionReader, model: SeenShard
) -> frozenset[str]:
    """Existing files that already mean what live is; none if they cannot be loaded as they are."""
    if request.existing is None:
        return frozenset()
    settings = model.observation.settings
    try:
        desired = load_desired(world.scratch, request.existing, [settings], reader)[settings]
    except ReconcilerError:
        return frozenset()
    live = model.fingerprints
    same = {t for t, found in desired.fingerprints.items() if live.get(t) == found}
    return frozenset(file.path for file in request.existing.files if file.table in same)
