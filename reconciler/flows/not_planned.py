"""What a pass sees and can plan nothing for: a refusal each, never silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.diff.model import SchemaDiff
from reconciler.guard.access import grouped
from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.programs import LIKE_TABLES
from reconciler.model.schema import OtherObject
from reconciler.observe.desired import Desired
from reconciler.observe.shards import FleetSnapshot, SeenShard


def unnameable(look: FleetSnapshot) -> tuple[Refusal, ...]:
    """PL-9: a name is trimmed before it is used, so that no plan and no file can name these."""
    return tuple(
        Refusal(
            code="table-name-blank",
            shard=seen.shard,
            object_id=table_id(table),
            message=f"shard {seen.shard}: the name of table {table!r} begins or ends with a blank",
            recovery="rename it on the shard, or leave it out with policy.ignore_tables, where '?'"
            " stands for the blank",
        )
        for seen in look.seen
        for table in seen.definitions
        if table != table.strip()
    ) + tuple(
        Refusal(
            code="table-name-blank",
            shard=seen.shard,
            object_id=about,
            message=f"shard {seen.shard}: the name of {about.kind} {about.name!r} begins or ends"
            " with a blank",
            recovery="rename it on the shard, or leave it out with policy.ignore_tables, where '?'"
            " stands for the blank",
        )
        for seen in look.seen
        for about in seen.programs
        if about.name != about.name.strip()
    )


def names_not_free(look: FleetSnapshot, desired: Mapping[str, Desired]) -> tuple[Refusal, ...]:
    """PG-8: tables, views and MariaDB's sequences share their names, and what is not managed never
    makes room for what git wants to make."""
    found = []
    for seen in look.seen:
        there = {
            _folded(other.name, seen): other
            for other in seen.observation.others
            if other.kind in LIKE_TABLES and other.object_id not in seen.programs
        }
        wanted = desired[seen.shard].objects if there else {}
        for about in sorted(wanted.keys() - seen.objects.keys()):
            if (other := there.get(_folded(about.name, seen))) is not None:
                found.append(_name_taken(seen.shard, about, other))
    return grouped(found)


def _name_taken(shard: str, about: ObjectId, other: OtherObject) -> Refusal:
    manage = "have views managed (`manage` in the spec)" if other.kind is ObjectKind.VIEW else ""
    ways = [manage, f"rename or drop the {other.kind} on the shard", "give git's another name"]
    return Refusal(
        code="name-taken",
        shard=shard,
        object_id=about,
        message=f"shard {shard}, {about.titled}: the shard has a {other.kind} of that name,"
        f" {other.name}, which is not managed, and tables, views and sequences share their names",
        recovery=f"{', or '.join(filter(None, ways))}; then run the same command again",
    )


def _folded(name: str, seen: SeenShard) -> str:
    folds = seen.observation.settings.variable("lower_case_table_names") != "0"
    return name.lower() if folds else name


def diff_refusals(found: SchemaDiff, shards: Sequence[str]) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(
            code="difference-not-planned",
            shard=shards[0],
            object_id=table_id(refused.table),
            message=f"table {refused.table}, {refused.object}: {refused.reason}",
            recovery=refused.recovery,
        )
        for refused in found.refusals
    )


def no_statement(seen: SeenShard, desired: Desired) -> Refusal:
    """A difference that gives no statement must never pass for no difference."""
    here, wanted = seen.fingerprints, desired.fingerprints
    about = min(o for o in here.keys() | wanted.keys() if here.get(o) != wanted.get(o))
    ours, theirs = seen.objects.get(about), desired.objects.get(about)
    return Refusal(
        code="difference-not-planned",
        shard=seen.shard,
        object_id=about,
        message=f"{about.titled} differs from git in a way that no statement was found for",
        recovery="compare both definitions; change it by hand on a copy to find the cause",
        expected=theirs.text if theirs else None,
        observed=ours.text if ours else None,
    )
