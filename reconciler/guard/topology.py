"""What of a keyspace's topology keeps anything from being planned or sent (VT-12)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reconciler.errors import Problem
from reconciler.guard.limits import VITESS_NAMED_MAX
from reconciler.model.fleet import in_key_order, shard_list_errors
from reconciler.model.topology import Serving, Topology, TopologyShard

# The major version whose answers and Online DDL have been tried.
KNOWN_VITESS = "24"

_AGAIN = "then run the same command again"
_UNSERVED = {
    Serving.NO_PRIMARY: (
        "the topology names no primary for it",
        "give it one (`vtctldclient PlannedReparentShard` or `EmergencyReparentShard`)",
    ),
    Serving.SILENT: (
        "vtgate has no primary of it that serves",
        "see whether its primary tablet and the server behind it are up",
    ),
    Serving.CLOSED: (
        "it does not serve",
        "complete or cancel the reshard that it belongs to, or delete it if it is left over",
    ),
}


def topology_problems(topology: Topology, cells: Collection[str]) -> tuple[Problem, ...]:
    """Every reason not to go on, by name; `cells` are those that must be there."""
    return (
        *_version(topology),
        *_cells(topology, cells),
        *_shards(topology),
        *_workflows(topology),
        *_migrations(topology),
    )


def reshard_topology_problems(
    topology: Topology, cells: Collection[str], targets: Collection[str]
) -> tuple[Problem, ...]:
    """Every reason not to plan a move of shards; `targets` do not serve yet (SP-96)."""
    others = tuple(shard for shard in topology.shards if shard.name not in targets)
    return (
        *_version(topology),
        *_cells(topology, cells),
        *_unserved(others),
        *_workflows(topology),
        *_migrations(topology),
    )


def listed_problems(topology: Topology, listed: Collection[str]) -> tuple[Problem, ...]:
    """Why the shards that there are, all of which serve, are not those that the spec lists. A spec
    that lists none leaves them to the topology."""
    there = {shard.name for shard in topology.shards}
    return tuple(
        Problem(
            code="vitess-shards-unlisted",
            message=f"keyspace {topology.keyspace}: shard {name} "
            + ("serves, and the spec does not list it" if name in there else "is not there"),
            recovery="reshard as the spec says (docs/vitess.md), or have the spec's `shards` say"
            " which serve, or leave them out of the spec",
        )
        for name in sorted(there ^ set(listed) if listed else ())
    )


def _version(topology: Topology) -> Iterator[Problem]:
    version = topology.vtgate_version
    if version.partition(".")[0] != KNOWN_VITESS:
        yield Problem(
            code="vitess-cluster-unknown",
            message=f"vtgate is of version {version or '(not told)'}; known to work:"
            f" {KNOWN_VITESS}",
            recovery=f"use a cluster of Vitess {KNOWN_VITESS}",
        )


def _cells(topology: Topology, cells: Collection[str]) -> Iterator[Problem]:
    for cell in sorted(set(cells) - set(topology.cells)):
        yield Problem(
            code="vitess-cell-gone",
            message=f"keyspace {topology.keyspace}: the spec names cell {cell!r}, and Vitess has"
            f" {', '.join(topology.cells) or 'none'}",
            recovery="have the cell back, or take it out of `vitess.cells` in a reviewed change",
        )


def _shards(topology: Topology) -> Iterator[Problem]:
    names = in_key_order(tuple(shard.name for shard in topology.shards))
    for words in shard_list_errors(names) if topology.serves or not topology.shards else ():
        yield Problem(
            code="vitess-shards",
            message=f"keyspace {topology.keyspace}: {words}",
            recovery=f"see `vtctldclient FindAllShardsInKeyspace {topology.keyspace}`, {_AGAIN}",
        )
    yield from _unserved(topology.shards)


def _unserved(shards: Iterable[TopologyShard]) -> Iterator[Problem]:
    for shard in shards:
        if shard.serving is Serving.DISPUTED:
            yield Problem(
                code="vitess-primary-disputed",
                message=f"shard {shard.name}: vtgate has another primary of it than"
                f" {shard.primary}, which vtctld names",
                recovery="have `vitess.vtgate` and `vitess.vtctld` of the spec lead to one cluster;"
                f" if they do, the shard has just got another primary: wait a moment, {_AGAIN}",
            )
        elif shard.serving is not Serving.YES:
            reason, step = _UNSERVED[shard.serving]
            yield Problem(
                code="vitess-shard-not-serving",
                message=f"shard {shard.name}: {reason}",
                recovery=f"{step}, {_AGAIN}",
            )


def _workflows(topology: Topology) -> Iterator[Problem]:
    for workflow in topology.workflows:
        yield Problem(
            code="vitess-workflow",
            message=f"keyspace {topology.keyspace}: {workflow.kind} {workflow.name!r} is in"
            f" progress, from {workflow.source} to {workflow.target}",
            recovery=f"complete or cancel it (`vtctldclient {workflow.kind} --workflow"
            f" {workflow.name} --target-keyspace {workflow.target} status`), {_AGAIN}",
        )


def _migrations(topology: Topology) -> Iterator[Problem]:
    others = [one for one in topology.migrations if not one.is_own]
    for one in others[:VITESS_NAMED_MAX]:
        yield Problem(
            code="vitess-migration-of-others",
            message=f"shard {one.shard}, table {one.table}: an online DDL that is not"
            f" reconciler's is {one.status}: {one.uuid}",
            recovery="wait for its end, or cancel it (`alter vitess_migration '"
            f"{one.uuid}' cancel`), {_AGAIN}",
        )
    if len(others) > VITESS_NAMED_MAX:
        yield Problem(
            code="vitess-migration-of-others",
            message=f"keyspace {topology.keyspace}: and {len(others) - VITESS_NAMED_MAX} more"
            " online DDLs that are not reconciler's",
            recovery="see `show vitess_migrations`",
        )
