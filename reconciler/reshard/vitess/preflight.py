"""What keeps a Reshard from being planned: what the topology, the VSchema and the targets say.

Everything is told at once and by name, before anybody reviews anything (SP-96): a table whose rows
Vitess would leave behind, or that it cannot spread, would be found out behind the whole copy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from reconciler.errors import Problem
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.fleet import in_key_order, parse_key_range, shard_list_errors
from reconciler.model.topology import Serving, Topology
from reconciler.reshard.job import TableGround
from reconciler.reshard.moves import FoundMove, OwnedRange, Retiring, find_move
from reconciler.vschema.document import VSchema

_REFERENCE = "reference"
_AGAIN = "then run `reconciler plan` again"


def serving_shards(topology: Topology) -> tuple[str, ...]:
    """Those that the topology says serve, whether they answer or not."""
    taken_out = (Serving.CLOSED, Serving.NO_PRIMARY)
    return in_key_order(tuple(one.name for one in topology.shards if one.serving not in taken_out))


def wanted_reshard(
    topology: Topology, desired: Sequence[str], retiring: Sequence[str]
) -> FoundMove:
    """What a spec asks for, of shards whose routes Vitess keeps. `desired` are all that shall
    serve; a shard that is in both lists would be moved to another server."""
    both = [name for name in retiring if name in desired]
    serving = serving_shards(topology)
    problems = (
        *(_relocation(name) for name in both),
        *(_unsound(topology.keyspace, words) for words in shard_list_errors(serving)),
    )
    if problems:
        return FoundMove(problems=problems)
    owners = [
        OwnedRange(shard=name, key_range=key_range)
        for name in serving
        if (key_range := parse_key_range(name)) is not None
    ]
    return find_move(owners, desired, [Retiring(shard=name, place=name) for name in retiring])


def target_problems(topology: Topology, targets: Collection[str]) -> Iterator[Problem]:
    """Targets are made by whoever runs Vitess, each with a primary, before a move is planned."""
    there = {one.name: one for one in topology.shards}
    for name in in_key_order(tuple(targets)):
        if name not in there or not there[name].primary:
            lacks = "is not in the topology" if name not in there else "has no primary"
            yield Problem(
                code="reshard-target-missing",
                message=f"keyspace {topology.keyspace}: shard {name}, which is to come, {lacks}",
                recovery=f"make it (`vtctldclient CreateShard {topology.keyspace}/{name}`), start"
                " its tablets and give it a primary (`vtctldclient PlannedReparentShard`),"
                f" {_AGAIN}",
            )


def table_problems(keyspace: str, tables: Collection[str], vschema: VSchema) -> Iterator[Problem]:
    """Of all tables of the sources, also those that policy ignores: Vitess takes all of them."""
    if not tables:
        yield Problem(
            code="reshard-nothing-moves",
            message=f"keyspace {keyspace}: the shards that are to be replaced have no table",
            recovery=f"give the keyspace its tables first, in a pull request of its own, {_AGAIN}",
        )
    known = vschema.table_by_name
    for name in sorted(tables):
        found = known.get(name)
        if found is not None and found.type == _REFERENCE:
            yield Problem(
                code="reshard-reference-table",
                message=f"table {name} is a reference table: Vitess makes it on the targets, leaves"
                " its rows behind, and its VDiff does not compare them",
                recovery="take its type out of the VSchema and spread it by a vindex for the time"
                " of the move, or keep it in an unsharded keyspace, in a change of its own;"
                f" {_AGAIN}",
            )
        elif found is None or found.primary is None or not found.primary.columns:
            lacks = "is not in it" if found is None else "has no vindex there"
            yield Problem(
                code="reshard-table-unrouted",
                message=f"table {name}: the VSchema does not tell to which shard its rows belong:"
                f" it {lacks}",
                recovery="give it a vindex in vschema.json in a change of its own, or drop it if"
                f" nobody needs it, {_AGAIN}",
            )


def source_problems(ground: Sequence[TableGround]) -> Iterator[Problem]:
    """One table is to become of all those of its name."""
    first: dict[str, TableGround] = {}
    shards = {one.shard for one in ground}
    for one in sorted(ground):
        other = first.setdefault(one.table, one)
        if other.columns != one.columns:
            yield _differ(one.table, other.shard, one.shard)
    for table, one in first.items():
        has = {each.shard for each in ground if each.table == table}
        for shard in sorted(shards - has):
            yield _differ(table, one.shard, shard)


def emptiness_problems(keyspace: str, found: Sequence[tuple[str, str]]) -> Iterator[Problem]:
    """`found` are tables of targets, each behind its shard."""
    if found:
        named = ", ".join(f"{table} on {shard}" for shard, table in found[:SHARDS_NAMED_MAX])
        yield Problem(
            code="reshard-target-filled",
            message=f"keyspace {keyspace}: the targets are not empty: {named}",
            recovery=f"see whose that is; drop it there if nobody needs it, {_AGAIN}",
        )


def spread_by(tables: Collection[str], vschema: VSchema) -> Mapping[str, tuple[str, ...]]:
    """The columns of each table's first vindex; `table_problems` found none."""
    known = vschema.table_by_name
    return {
        name: primary.columns for name in tables if (primary := known[name].primary) is not None
    }


def _relocation(name: str) -> Problem:
    return Problem(
        code="reshard-relocation",
        message=f"shard {name} stands in `shards` and in `retiring`: Reshard replaces shards by"
        " others, and moves none to another server",
        recovery=f"take {name} out of `retiring`; Vitess brings a shard to other servers by new"
        " tablets and `vtctldclient PlannedReparentShard`",
    )


def _unsound(keyspace: str, words: str) -> Problem:
    return Problem(
        code="reshard-shards-unsound",
        message=f"keyspace {keyspace}: the shards that serve do not hold every key once: {words}",
        recovery=f"see `vtctldclient FindAllShardsInKeyspace {keyspace}`, {_AGAIN}",
    )


def _differ(table: str, first: str, other: str) -> Problem:
    return Problem(
        code="reshard-sources-differ",
        message=f"table {table} is not the same on {first} and on {other}, and one table is to"
        " become of both",
        recovery="bring the shards to one schema first (`reconciler drift` shows how they differ),"
        f" {_AGAIN}",
    )
