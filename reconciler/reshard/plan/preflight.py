"""What keeps a move from being planned, beyond what each server says of itself: what its servers
and its tables are to each other (SP-73).

Everything is told at once and by name, before anybody reviews anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.schema import ForeignKey, Table
from reconciler.plan.words import bytes_words
from reconciler.reshard.helper_tables import is_helper_name
from reconciler.spec.model import TableClass, TableUse

_AGAIN = "then run `reconciler plan` again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Of the server of one shard of the move. `label` tells a source from a target that has its
    name; `release` is the series, `settings` what must be the same on all of them."""

    label: str
    release: str
    settings: tuple[tuple[str, str], ...]


def settings_problems(servers: Sequence[ServerSettings]) -> Iterator[Problem]:
    """Values, texts and orders must mean the same on all of them."""
    first = servers[0]
    for other in servers[1:]:
        if other.release != first.release:
            yield _differ(first, other, "release", first.release, other.release)
        theirs = dict(other.settings)
        for name, value in first.settings:
            if theirs.get(name) != value:
                yield _differ(first, other, name, value, theirs.get(name, "(not told)"))


def _differ(
    first: ServerSettings, other: ServerSettings, what: str, ours: str, theirs: str
) -> Problem:
    return Problem(
        code="split-servers-differ",
        message=f"{what} is {ours} on {first.label} and {theirs} on {other.label}: a row might not"
        " mean the same on both",
        recovery=f"make it equal on all servers of the move, {_AGAIN}",
    )


def disk_problems(rows_bytes: int, free: Mapping[str, int | None]) -> Iterator[Problem]:
    """`free` is what the disk of each target has, by its label. What is certainly too little; how
    the rows are spread, and what indexes and logs take besides, only the copy shows."""
    part = rows_bytes // max(len(free), 1)
    for label, free_bytes in free.items():
        if free_bytes is not None and free_bytes < part:
            yield Problem(
                code="split-disk-short",
                message=f"{label} has {bytes_words(free_bytes)} of free disk, and its part of the"
                f" rows is about {bytes_words(part)}",
                recovery=f"give its server a larger disk, or name another server, {_AGAIN}",
            )


def disk_notes(rows_bytes: int, free: Mapping[str, int | None]) -> Iterator[str]:
    part = rows_bytes // max(len(free), 1)
    for label, free_bytes in free.items():
        if free_bytes is None and part:
            yield (
                f"{label} does not tell how much free disk it has; its part of the rows is about"
                f" {bytes_words(part)}"
            )


def leftover_problems(shard: str, names: Iterable[str]) -> Iterator[Problem]:
    """`names` are those of tables and triggers of the shard: what an earlier move left is nobody's
    table, and stands where nobody looks for it."""
    found = sorted(name for name in names if is_helper_name(name))
    if found:
        shown = ", ".join(f"`{name}`" for name in found[:SHARDS_NAMED_MAX])
        more = f" and {len(found) - SHARDS_NAMED_MAX} more" if found[SHARDS_NAMED_MAX:] else ""
        yield Problem(
            code="split-helpers-left",
            message=f"shard {shard} has {shown}{more}, which a split made for itself",
            recovery="let `reconciler apply` end that split (`reconciler status` shows it); what no"
            f" split in the ledger has made, drop after a look at it, {_AGAIN}",
        )


def reference_problems(
    tables: Sequence[Table], classes: Mapping[str, TableClass]
) -> Iterator[Problem]:
    """Foreign keys for which some target would have no parent, whatever the rows are."""
    for table, key, parent in _keys_that_move(tables, classes):
        if parent.use is TableUse.EXCLUDED:
            why = f"refers to table {parent.table}, which stays behind"
        elif classes[table.name].use is TableUse.REFERENCE and parent.use is TableUse.SHARDED:
            why = f"is of a table that goes to every target, and refers to {parent.table}, which"
            why = f"{why} is on one of them for each row"
        else:
            continue
        yield Problem(
            code="split-parent-elsewhere",
            message=f"table {table.name}: foreign key {key.name} {why}",
            recovery="drop the foreign key by a change of its own, or class both tables alike in"
            f" the spec's `tables`, {_AGAIN}",
        )


def reference_notes(tables: Sequence[Table], classes: Mapping[str, TableClass]) -> Iterator[str]:
    """Foreign keys of which only the rows tell whether each parent is on its child's target."""
    for table, key, parent in _keys_that_move(tables, classes):
        own = classes[table.name]
        if own.use is not TableUse.SHARDED or parent.use is not TableUse.SHARDED:
            continue
        pairs = zip(key.columns, key.parent_columns, strict=True)
        if not any((a, b) == (own.shard_by, parent.shard_by) for a, b in pairs):
            yield (
                f"table {table.name}: foreign key {key.name} does not join the columns that the two"
                f" tables are sharded by: a row whose {parent.table} is on another target stops the"
                " move before its cutover"
            )


def _keys_that_move(
    tables: Sequence[Table], classes: Mapping[str, TableClass]
) -> Iterator[tuple[Table, ForeignKey, TableClass]]:
    for table in tables:
        own = classes.get(table.name)
        if own is None or own.use is TableUse.EXCLUDED:
            continue
        for key in table.foreign_keys:
            parent = classes.get(key.parent_table)
            if parent is not None and key.parent_database is None:
                yield table, key, parent


def replica_note(shard: str, replicas: int) -> str:
    return (
        f"{shard} has {replicas} replicas, which the fence does not wait for: one that is promoted"
        " between the fence and the clean-up may take writes that no target gets, and one that is"
        " read from shows the sources' tables until it has followed; promote none during the"
        " cutover, and let no application read from them before they have followed"
    )


def keys_collide(table: str, first: str, other: str) -> Problem:
    return Problem(
        code="split-keys-collide",
        message=f"table {table}: {first} and {other} have rows of the same primary key, and both"
        " are to go into one table",
        recovery="give the rows keys that no other shard has (ids of AUTO_INCREMENT begin on every"
        f" shard alike), or put the sharding column into the primary key, {_AGAIN}",
    )


def nothing_moves(keyspace: str) -> Problem:
    return Problem(
        code="split-nothing-moves",
        message=f"keyspace {keyspace}: the shards that are to be replaced have no table whose rows"
        " move",
        recovery="class the tables whose rows move in the spec's `tables`; shards without any table"
        " are replaced in the spec alone, before routes are adopted",
    )


def sources_differ(table: str, first: str, other: str) -> Problem:
    return Problem(
        code="split-sources-differ",
        message=f"table {table} is not the same on {first} and on {other}, and one table is to"
        " become of both",
        recovery="bring the shards to one schema first (`reconciler drift` shows how they differ),"
        f" {_AGAIN}",
    )


def schema_first(keyspace: str, environment: str, shards: Sequence[str]) -> Problem:
    """A pull request that changes the schema and the shards, or shards that are not as git says."""
    named = ", ".join(shards[:SHARDS_NAMED_MAX])
    more = f" and {len(shards) - SHARDS_NAMED_MAX} more" if shards[SHARDS_NAMED_MAX:] else ""
    return Problem(
        code="split-schema-first",
        message=f"keyspace {keyspace} in {environment}: the schema of {named}{more} is not what git"
        " says, and shards are to be replaced by others",
        recovery="schema first: make two pull requests, one that changes the schema alone, with the"
        " shards as they are (`reconciler plan`, `reconciler apply`), and after it the one that"
        " replaces shards; what drifted, `reconciler drift` shows",
    )


def no_move(keyspace: str, environment: str) -> Problem:
    return Problem(
        code="split-no-move",
        message=f"the routes of {keyspace} in {environment} are what the spec says: no shard is to"
        " be replaced",
        recovery="take what retired out of `retiring` and remove the plan of the move"
        f" (plans/{environment}/{keyspace}.split.json and .split.sql)",
    )
