"""What a pass sees and can plan nothing for: a refusal each, never silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.diff.model import SchemaDiff
from reconciler.guard.access import grouped
from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.programs import LIKE_TABLES, ROUTINES
from reconciler.model.schema import OtherObject
from reconciler.observe.desired import Desired
from reconciler.observe.shards import FleetSnapshot, SeenShard
from reconciler.spec.load import DesiredFiles

_FOLDED = frozenset({*ROUTINES, ObjectKind.EVENT})
"""Kinds of which a server makes none beside one of another case, and drops either by both names. A
trigger goes before one of its name comes."""


def names_refused(
    look: FleetSnapshot, desired: Mapping[str, Desired], files: DesiredFiles
) -> tuple[Refusal, ...]:
    """By which nothing can be planned."""
    return (
        *unnameable(look),
        *names_not_free(look, desired),
        *names_of_another_case(look, desired, files),
    )


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


def names_of_another_case(
    look: FleetSnapshot, desired: Mapping[str, Desired], files: DesiredFiles
) -> tuple[Refusal, ...]:
    """PG-31: what a shard has by the name that git wants to make something by, but for its case,
    the server would take for the same."""
    found = []
    for seen in look.seen:
        wanted = desired[seen.shard].programs
        there = {
            (other.kind, other.name.lower()): other
            for other in seen.observation.others
            if other.kind in _FOLDED and other.object_id not in wanted
        }
        for about in sorted(wanted.keys() - seen.programs.keys()):
            if (other := there.get((about.kind, about.name.lower()))) is not None:
                found.append(_name_of_another_case(seen.shard, about, other, files))
    return grouped(found)


def _name_of_another_case(
    shard: str, about: ObjectId, other: OtherObject, files: DesiredFiles
) -> Refusal:
    place = next(
        (f" ({one.path}:{one.first_line})" for one in files.programs if one.object_id == about), ""
    )
    return Refusal(
        code="name-of-another-case",
        shard=shard,
        object_id=about,
        message=f"shard {shard}, {about.titled}{place}: the shard has it as {other.name}, and no"
        f" server tells {about.kind}s apart by case",
        recovery=f"write {other.name} in git as well, or plan and apply without it first, so that"
        f" {other.name} is dropped; then run the same command again",
    )


def names_not_free(look: FleetSnapshot, desired: Mapping[str, Desired]) -> tuple[Refusal, ...]:
    """PG-8: tables, views and MariaDB's sequences share their names, and what is not managed never
    makes room for what git wants to make."""
    found = []
    for seen in look.seen:
        fold = seen.observation.settings.fold
        there = {
            fold(other.name): other
            for other in seen.observation.others
            if other.kind in LIKE_TABLES and other.object_id not in seen.programs
        }
        wanted = desired[seen.shard].objects if there else {}
        for about in sorted(wanted.keys() - seen.objects.keys()):
            if (other := there.get(fold(about.name))) is not None:
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
