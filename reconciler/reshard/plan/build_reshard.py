"""The plan of a move that Vitess carries out, from what was found: deterministic, nothing asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model.fleet import in_key_order
from reconciler.plan.model import InputDigest
from reconciler.reshard.job import SplitEngine
from reconciler.reshard.moves import ShardMove
from reconciler.reshard.plan.build import approvals_of, terms_of
from reconciler.reshard.plan.codec import with_readable
from reconciler.reshard.plan.commands import planned_commands
from reconciler.reshard.plan.model import BaseRoutes, PlannedRoute, PlannedTable, SplitCore
from reconciler.reshard.plan.readable import render_readable_split
from reconciler.spec.model import Environment, SpecFile, TableUse

#: Vitess' topology has no versions; nothing of ours moves it.
NO_VERSION = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableToReshard:
    """A table of the sources: the columns that its rows are spread by, and a digest of what Vitess
    makes on the targets."""

    name: str
    spread_by: tuple[str, ...]
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardSubject:
    """Everything that a plan is made of. `keyspace` is its name in Vitess, `serving` are the shards
    that serve by its topology; `tables` are all of the sources; `digests` those of the files."""

    spec: SpecFile
    environment: Environment
    digests: tuple[tuple[str, str], ...]
    keyspace: str
    serving: tuple[str, ...]
    move: ShardMove
    server: str
    tables: tuple[TableToReshard, ...]
    left_behind: tuple[str, ...]


def build_reshard_core(subject: ReshardSubject) -> tuple[SplitCore, str]:
    """The core, bound to its readable file, and that file."""
    move, terms = subject.move, terms_of(subject.environment.reshard)
    sources = in_key_order(tuple(source.shard for source in move.sources))
    targets = in_key_order(tuple(target.shard for target in move.targets))
    tables = _tables(subject.tables)
    core = SplitCore(
        environment=subject.environment.name,
        keyspace=subject.spec.keyspace,
        server=subject.server,
        inputs=tuple(InputDigest(path=path, sha256=sha256) for path, sha256 in subject.digests),
        base=BaseRoutes(version=NO_VERSION, routes=_routes(subject.serving)),
        sources=_routes(sources),
        targets=targets,
        key_function=None,
        tables=tables,
        statements=(),
        terms=terms,
        approvals=approvals_of(subject.environment.reshard),
        left_behind=tuple(sorted(subject.left_behind)),
        commands=planned_commands(
            keyspace=subject.keyspace,
            sources=sources,
            targets=targets,
            tables=tuple(table.name for table in tables),
            switch_s=terms.fence_budget_s,
        ),
        engine=SplitEngine.VITESS_RESHARD,
    )
    readable = render_readable_split(core)
    return with_readable(core, readable), readable


def _routes(shards: tuple[str, ...]) -> tuple[PlannedRoute, ...]:
    return tuple(PlannedRoute(shard=shard, place=shard) for shard in in_key_order(shards))


def _tables(tables: Sequence[TableToReshard]) -> tuple[PlannedTable, ...]:
    ordered = sorted(tables, key=lambda table: table.name)
    return tuple(
        PlannedTable(
            name=table.name,
            use=TableUse.SHARDED,
            number=number,
            shard_by=", ".join(table.spread_by),
            definition=table.definition,
        )
        for number, table in enumerate(ordered, start=1)
    )
