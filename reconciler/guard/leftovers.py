"""Whether a table that a plan removes is what an engine left, as the ledger knows it (EN-33).

Rule: a name permits nothing. What is dropped is, on that shard, the leftover of the very apply that
the plan names: not somebody's, not in the hands of an apply, and not kept any more. Nor does a
record permit anything by itself: the table was created when the record says (EN-87).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from reconciler.guard.model import Refusal
from reconciler.limits import CLOCKS_APART_S_MAX
from reconciler.model.object_id import table_id
from reconciler.model.server import Flavor
from reconciler.model.shadow_tables import (
    KnownShadow,
    NotAsRecorded,
    ShadowGroup,
    ShadowMark,
    is_old_named,
    is_trigger_named,
)
from reconciler.plan.model import Leftover, PlanCore
from reconciler.plan.words import is_by_copy, leftover_words, shard_set

DOUBTS = {
    NotAsRecorded.NOT_TOLD: "the server does not say when it was created",
    NotAsRecorded.NOT_RECORDED: "that apply did not record when its own was created",
    NotAsRecorded.EARLIER: "it was created before that statement was begun",
    NotAsRecorded.LATER: "it was created after that statement had ended",
    NotAsRecorded.ANOTHER: "it was created at another time than the table that was changed",
}


def removable(
    found: Iterable[ShadowGroup], tables: Collection[tuple[str, str]]
) -> tuple[tuple[Leftover, ...], tuple[ShadowGroup, ...]]:
    """What a plan can remove, and what it leaves alone: a name that is a leftover on each shard
    where it is, beside the table it was made for (`tables`: shard and name). Where that table is
    gone, its rows may be nowhere else. Where triggers are left, what they write into stays: without
    it every write to their table would fail."""
    every = tuple(found)
    followed = _followed(every)
    staying = {one.name for one in every if one.table in followed or not _is_removable(one, tables)}
    cleans = {leftover_of(one) for one in every if one.name not in staying}
    return tuple(sorted(cleans)), tuple(one for one in every if one.name in staying)


def not_removable(
    cleans: Iterable[Leftover],
    found: Iterable[ShadowGroup],
    tables: Collection[tuple[str, str]],
    *,
    shards: int,
) -> Iterator[Refusal]:
    """Of what was seen of the names of `cleans`, right before anything is sent."""
    permitted = {*cleans}
    names = {one.name for one in permitted}
    for one in found:
        if one.name not in names:
            continue
        if _is_removable(one, tables) and leftover_of(one) in permitted:
            continue
        wanted = " or ".join(f"what {leftover_words(w)}" for w in cleans if w.name == one.name)
        yield Refusal(
            code="leftover-changed",
            shard=one.shards[0],
            object_id=table_id(one.name),
            message=f"{shard_set(one.shards, shards)}, table {one.name}: it is not the leftover"
            " that was reviewed, and is not removed",
            recovery="look with `reconciler drift` whose it is; plan the removal again with"
            " `reconciler clean --write`, and have it reviewed",
            expected=wanted,
            observed=whose_words(one, tables),
        )


def beside_a_copy(core: PlanCore) -> Iterator[Refusal]:
    """What an engine left has the names that the same engine needs (EN-33)."""
    copying = [s for found in core.change_sets for s in found.statements if is_by_copy(s)]
    if core.cleans and copying:
        yield Refusal(
            code="clean-apart",
            object_id=copying[0].object_id,
            message=f"{copying[0].object_id.titled} is to be changed by {copying[0].engine}, and"
            " the same plan is to remove what engines left",
            recovery="apply one after the other: remove what is left from the protected branch's"
            " files as they are, and plan the change after that",
        )


def not_as_recorded(
    known: KnownShadow, created_s: int | None, flavor: Flavor, *, is_sentry: bool = False
) -> NotAsRecorded | None:
    """Why a table that the server says was created at `created_s`, in seconds of Unix time, is not
    the one that the ledger knows; None: it may be. MySQL keeps that moment when the table as it was
    gets its new name, and MariaDB does not. `is_sentry`: it has the name of the table as it
    was, but the engine has made it."""
    made = known.made
    if created_s is None:
        return NotAsRecorded.NOT_TOLD
    if is_old_named(known.name) and not is_sentry:
        if created_s == made.table_created_s:
            return None
        if flavor is Flavor.MYSQL:
            has_time = made.table_created_s is not None
            return NotAsRecorded.ANOTHER if has_time else NotAsRecorded.NOT_RECORDED
    if made.since_s is None:
        return NotAsRecorded.NOT_RECORDED
    if created_s < made.since_s:
        return NotAsRecorded.EARLIER
    if made.until_s is not None and created_s > made.until_s + CLOCKS_APART_S_MAX:
        return NotAsRecorded.LATER
    return None


def leftover_of(one: ShadowGroup) -> Leftover:
    assert one.engine is not None, "a leftover is an engine's"
    assert one.apply_id is not None, "a leftover is an apply's"
    return Leftover(name=one.name, of=one.table, engine=one.engine, apply_id=one.apply_id)


def whose_words(one: ShadowGroup, tables: Collection[tuple[str, str]]) -> str:
    """Whose it is, for who asked to remove it."""
    match one.mark:
        case ShadowMark.FOREIGN if one.doubt is not None:
            return f"not what {leftover_words(leftover_of(one))}: {DOUBTS[one.doubt]}"
        case ShadowMark.FOREIGN:
            return "nobody's that the ledger knows"
        case ShadowMark.IN_PROGRESS:
            return f"in the hands of apply {one.apply_id}"
        case ShadowMark.KEPT:
            return f"kept as a way back, of apply {one.apply_id}"
        case ShadowMark.LEFTOVER:
            said = f"what {leftover_words(leftover_of(one))}"
            return said if _has_its_table(one, tables) else f"{said}, and table {one.table} is gone"


def stays_because(
    one: ShadowGroup, found: Iterable[ShadowGroup], tables: Collection[tuple[str, str]]
) -> str:
    """Why `removable` leaves it alone, in words."""
    said = whose_words(one, tables)
    if one.mark is not ShadowMark.LEFTOVER or one.table not in _followed(found):
        return said
    return (
        f"{said}, and triggers of it on table {one.table} are still there: the next apply of that"
        f" change by {one.engine} takes all of it away; by hand, the triggers go first"
    )


def _followed(found: Iterable[ShadowGroup]) -> frozenset[str]:
    """Tables with triggers on them that an engine has left."""
    return frozenset(one.table for one in found if is_trigger_named(one.name))


def _is_removable(one: ShadowGroup, tables: Collection[tuple[str, str]]) -> bool:
    return one.mark is ShadowMark.LEFTOVER and _has_its_table(one, tables)


def _has_its_table(one: ShadowGroup, tables: Collection[tuple[str, str]]) -> bool:
    return all((shard, one.table) in tables for shard in one.shards)
