"""Shadow tables: what engines make beside the table they change, told by name and by nothing else.

Rule: a name says that a table may be an engine's, never that it is. It is left out of what is
compared and planned, so that no plan drops a copy that somebody is working on, and is told by
`drift`; whose it is the ledger knows (EN-15).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.model.engine import EngineName
from reconciler.model.object_id import ObjectKind

# What each engine calls its tables: gh-ost's ghost, changelog, checkpoint and old one; Spirit's
# copy, checkpoint and old one, with a time where that is kept; pt-online-schema-change's.
_SHAPE = re.compile(
    r"_(?P<table>.+?)_(?P<what>gho|ghc|ghk|del|rev_del|new|chkpnt|old(?:_[0-9_]+)?)", re.DOTALL
)
_BY_ENGINE = {
    EngineName.GH_OST: ("gho", "ghc", "ghk", "del"),
    EngineName.SPIRIT: ("new", "chkpnt", "old"),
    EngineName.PT_OSC: ("new", "old"),
}
# gh-ost cuts the table's name where one of its own would be longer.
_CUT_BYTES = 64
# Those of them that a way back needs: the table as it was, and gh-ost's account of where it ended.
_WAY_BACK = re.compile(r"_.+_(?:del|ghk|old(?:_[0-9_]+)?)")
_OLD = re.compile(r"_.+_(?:del|old(?:_[0-9_]+)?)")
# pt-online-schema-change: database and table, cut where that would be too long.
_TRIGGER = re.compile(r"pt_osc_.+_(?:ins|upd|del|kd|ku)")
SPLIT_PREFIX = "_reconciler_split_"
"""Of every name that a split gives what it makes on a shard."""
# Spirit: of a whole database.
_OF_NO_TABLE = frozenset({"_spirit_sentinel", "_spirit_checkpoint"})


def is_shadow_named(name: str, tables: Collection[str]) -> bool:
    """Whether an engine that changes one of `tables`, which are git's, may have made it; what git
    has itself is git's."""
    if name in tables:
        return False
    if name in _OF_NO_TABLE:
        return True
    found = _SHAPE.fullmatch(name)
    if found is None or found["table"] in tables:
        return found is not None
    is_cut = len(name.encode()) == _CUT_BYTES
    return is_cut and any(table.startswith(found["table"]) for table in tables)


def is_shadow_trigger(name: str, table: str | None, tables: Collection[str]) -> bool:
    """Whether pt-online-schema-change may have put it on one of `tables`, which are git's."""
    return table in tables and is_trigger_named(name)


def is_trigger_named(name: str) -> bool:
    """Whether an engine calls so a trigger, and no table."""
    return _TRIGGER.fullmatch(name) is not None


def is_passing_trigger(name: str) -> bool:
    """Whether an engine or a split calls so a trigger, which goes again by itself."""
    return is_trigger_named(name) or name.startswith(SPLIT_PREFIX)


def is_made_by(engine: EngineName, name: str, table: str) -> bool:
    """Whether `engine` gives what it makes beside `table`, or on it, such a name."""
    if engine is EngineName.PT_OSC and is_trigger_named(name):
        return True  # the database's name is in it, which is not known here
    if engine is EngineName.SPIRIT and name in _OF_NO_TABLE:
        return True
    found = _SHAPE.fullmatch(name)
    if found is None or not is_shadow_named(name, {table}):
        return False
    return found["what"].partition("_")[0] in _BY_ENGINE.get(engine, ())


def shadow_kind(name: str) -> ObjectKind:
    """What an engine makes by such a name."""
    return ObjectKind.TRIGGER if is_trigger_named(name) else ObjectKind.TABLE


def is_way_back_named(name: str) -> bool:
    """Whether an engine calls so what it keeps of the table as it was."""
    return _WAY_BACK.fullmatch(name) is not None


def is_old_named(name: str) -> bool:
    """Whether an engine calls so the table as it was: renamed, and not made by it."""
    return _OLD.fullmatch(name) is not None


class ShadowMark(StrEnum):
    """Whose a table of such a name is."""

    IN_PROGRESS = "in-progress"  # of a statement that an apply has in hand
    KEPT = "kept"  # of one that has ended, for as long as the spec says
    LEFTOVER = "leftover"  # of one that has ended
    FOREIGN = "foreign"  # of nobody that the ledger knows


class NotAsRecorded(StrEnum):
    """Why a table of a name that the ledger knows is not taken for the one that it knows."""

    NOT_TOLD = "not-told"  # the server does not say when it was created
    NOT_RECORDED = "not-recorded"  # the statement's record does not
    EARLIER = "earlier"  # created before the statement was prepared
    LATER = "later"  # created after it had ended
    ANOTHER = "another"  # not the one that the statement found under the table's own name


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeWhen:
    """When what a statement left was created, by its record, in seconds of Unix time. After
    `since_s`, by the server's clock; `table_created_s`, by that as well: the table as it was.
    Before `until_s`, by the clock of whoever drove it; None: nobody saw it to its end."""

    since_s: int | None
    table_created_s: int | None
    until_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownShadow:
    """A table that the ledger knows to be an engine's; `table` is what the engine changed,
    `ended_s` when that was settled."""

    shard: str
    name: str
    engine: EngineName
    table: str
    apply_id: int
    is_in_progress: bool
    made: MadeWhen
    ended_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowGroup:
    """A table of a name that engines give, on shards where it is alike. `table` is what the engine
    changed; `kept_until_s` is for how long the spec keeps it, also when that is over. `doubt` is
    why a foreign one is not what `apply_id` left, which the ledger says of its name."""

    mark: ShadowMark
    name: str
    shards: tuple[str, ...]
    engine: EngineName | None = None
    table: str = ""
    apply_id: int | None = None
    kept_until_s: float | None = None
    doubt: NotAsRecorded | None = None


def shadow_group(
    name: str,
    shard: str,
    known: KnownShadow | None,
    *,
    keep_old_s: int,
    now_s: float,
    doubt: NotAsRecorded | None = None,
) -> ShadowGroup:
    """Whose a table of one shard is, and for how long the spec keeps a table as it was. What is in
    progress is left to the apply that has it in hand, whatever is in doubt of it."""
    foreign = ShadowGroup(mark=ShadowMark.FOREIGN, name=name, shards=(shard,))
    if known is None:
        return foreign
    if doubt is not None and not known.is_in_progress:
        return replace(
            foreign,
            engine=known.engine,
            table=known.table,
            apply_id=known.apply_id,
            doubt=doubt,
        )
    until_s = None
    if known.ended_s is not None and keep_old_s > 0 and is_way_back_named(name):
        until_s = None if known.is_in_progress else known.ended_s + keep_old_s
    mark = ShadowMark.LEFTOVER if until_s is None or until_s <= now_s else ShadowMark.KEPT
    return ShadowGroup(
        mark=ShadowMark.IN_PROGRESS if known.is_in_progress else mark,
        name=name,
        shards=(shard,),
        engine=known.engine,
        table=known.table,
        apply_id=known.apply_id,
        kept_until_s=until_s,
    )


def shadow_groups(ones: Iterable[ShadowGroup]) -> tuple[ShadowGroup, ...]:
    """Those that are alike together, in the order of their first. Shards end within moments of each
    other: the earliest time is told, until which all of them are kept."""
    alike: dict[ShadowGroup, list[ShadowGroup]] = {}
    for one in ones:
        alike.setdefault(replace(one, shards=(), kept_until_s=None), []).append(one)
    return tuple(
        replace(
            group,
            shards=tuple(shard for one in members for shard in one.shards),
            kept_until_s=min(
                (one.kept_until_s for one in members if one.kept_until_s is not None), default=None
            ),
        )
        for group, members in alike.items()
    )
