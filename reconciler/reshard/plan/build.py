"""The plan of a move from what was found: deterministic, and nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import rfc8785

from reconciler.model.fleet import in_key_order
from reconciler.plan.commitment import sha256_of
from reconciler.plan.encoding import to_json
from reconciler.plan.model import InputDigest
from reconciler.reshard.catalog import Catalog
from reconciler.reshard.job import Approval
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS, selftest
from reconciler.reshard.moves import ShardMove
from reconciler.reshard.plan.codec import with_readable
from reconciler.reshard.plan.model import (
    BaseRoutes,
    PlannedFunction,
    PlannedRoute,
    PlannedTable,
    SplitCore,
    SplitTerms,
)
from reconciler.reshard.plan.readable import render_readable_split
from reconciler.reshard.plan.statements import TableToPlan, planned_statements
from reconciler.spec.model import Environment, ReshardSpec, SpecFile, TableClass, TableUse


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSubject:
    """Everything that a plan is made of. `classes` are those of all tables of the sources, sorted;
    `tables` are those that move, in the order of their numbers; `digests` those of the files."""

    spec: SpecFile
    environment: Environment
    digests: tuple[tuple[str, str], ...]
    catalog: Catalog
    move: ShardMove
    server: str
    classes: tuple[TableClass, ...]
    tables: tuple[TableToPlan, ...]
    left_behind: tuple[str, ...]


def numbered(classes: Iterable[TableClass]) -> Mapping[str, int]:
    """The numbers of tables that move, by name; those of the same tables are always the same."""
    moving = sorted(one.table for one in classes if one.use is not TableUse.EXCLUDED)
    return {name: number for number, name in enumerate(moving, start=1)}


def build_split_core(subject: SplitSubject) -> tuple[SplitCore, str]:
    """The core, bound to its readable file, and that file."""
    move, spec = subject.move, subject.environment.reshard
    assert subject.spec.key_function is not None, "a move is of keys"
    function = KEY_FUNCTIONS[subject.spec.key_function]
    sources = {(source.shard, source.place) for source in move.sources}
    routes = tuple(
        PlannedRoute(shard=route.shard, place=route.place) for route in subject.catalog.routes
    )
    core = SplitCore(
        environment=subject.environment.name,
        keyspace=subject.spec.keyspace,
        server=subject.server,
        inputs=tuple(InputDigest(path=path, sha256=sha256) for path, sha256 in subject.digests),
        base=BaseRoutes(version=subject.catalog.version, routes=routes),
        sources=tuple(route for route in routes if (route.shard, route.place) in sources),
        targets=in_key_order(tuple(target.shard for target in move.targets)),
        key_function=PlannedFunction(name=function.name, selftest=selftest(function)),
        tables=_tables(subject.classes, subject.tables),
        statements=planned_statements(subject.tables),
        terms=terms_of(spec),
        approvals=approvals_of(spec),
        left_behind=tuple(sorted(subject.left_behind)),
    )
    readable = render_readable_split(core)
    return with_readable(core, readable), readable


def approvals_of(spec: ReshardSpec) -> tuple[Approval, ...]:
    """The start is approved by the review of the plan itself."""
    asked = {Approval.START.value, *(one.value for one in spec.approval)}
    return tuple(approval for approval in Approval if approval.value in asked)


def definition_digest(table: TableToPlan) -> str:
    """Of all that tells how the table is made, and how its rows are read."""
    return sha256_of(rfc8785.dumps(to_json(table)).decode())


def _tables(
    classes: Sequence[TableClass], tables: Iterable[TableToPlan]
) -> tuple[PlannedTable, ...]:
    by_name = {table.shape.name: table for table in tables}
    return tuple(_table(one, by_name.get(one.table)) for one in classes)


def _table(one: TableClass, found: TableToPlan | None) -> PlannedTable:
    if found is None:
        return PlannedTable(name=one.table, use=one.use)
    return PlannedTable(
        name=one.table,
        use=one.use,
        number=found.shape.number,
        shard_by=one.shard_by,
        key=found.shape.key,
        definition=definition_digest(found),
    )


def terms_of(spec: ReshardSpec) -> SplitTerms:
    return SplitTerms(
        fence_budget_s=spec.fence_budget_s,
        grace_s=spec.grace_s,
        retain_s=spec.retain_s,
        rows_per_chunk=spec.rows_per_chunk,
        layout=spec.layout,
    )
