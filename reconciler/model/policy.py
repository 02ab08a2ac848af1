"""What the reviewed files allow, and the names of the dangers they can allow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import MANAGED_AS, ManagedKind

_WORD = re.compile(r"[^\W_]+")
# What stands where a reason is still to be given, and what people type to get past the question.
_PLACEHOLDERS = frozenset(
    """
    a add an and any as asdf bar because blah fill fixme foo for here in insert ipsum is it later
    lorem me my n na nil no none null of ok okay please placeholder qwerty reason reasons same some
    tba tbc tbd test testing text that the this to todo true unknown why will wip write xxx xyz yes
    your
    """.strip().split()
)
_STILL_TO_DO = frozenset({"fixme", "tba", "tbc", "tbd", "todo", "xxx"})


class HazardKind(StrEnum):
    """Why a statement may hurt. The names are used in `policy.allow` and never change."""

    DROP_TABLE = "drop-table"
    DROP_COLUMN = "drop-column"
    DROP_PARTITION = "drop-partition"
    DROP_HISTORY = "drop-history"  # MariaDB: earlier versions of rows
    CHANGE_ENGINE = "change-engine"  # away from one that keeps rows, or keeps them safely
    NARROW_TYPE = "narrow-type"  # values may be lost, cut or refused
    CHANGE_VALUES = "change-values"  # existing rows get other values, or values another meaning
    MAY_FAIL_ON_ROWS = "may-fail-on-rows"  # rows may not fit: it fails, nothing is lost
    FILL_EXISTING_ROWS = "fill-existing-rows"  # NOT NULL without default: rows get '', 0, ...
    RENAME = "rename"  # running code uses the old name
    HIDE_COLUMN = "hide-column"  # SELECT * and INSERTs without a column list no longer see it
    BREAKS_WRITERS = "breaks-writers"  # running code's INSERTs may be refused
    CHANGE_DEFAULT = "change-default"  # INSERTs that leave the column out store something else
    BREAKS_OBJECT = "breaks-object"  # a view, trigger or routine uses what goes away
    DROP_INDEX = "drop-index"
    DROP_CONSTRAINT = "drop-constraint"
    DECRYPT = "decrypt"  # rows are no longer encrypted on disk
    UNCHECKED_ROWS = "unchecked-rows"  # existing rows are not held against a new foreign key
    BLOCKS_WRITES = "blocks-writes"
    REBUILDS = "rebuilds"
    UNPROVEN = "unproven"  # part of the proof could not be made here
    UNSETTLED_ROWS = "unsettled-rows"  # whether rows allow it could not be settled beforehand
    LOSES_VALUES = "loses-values"  # rows were found whose values will not be kept
    UNREACHABLE_ROWS = "unreachable-rows"  # VSchema: looked for in another shard than they are in
    NEEDS_BACKFILL = "needs-backfill"  # VSchema: a lookup is used before it knows existing rows
    STALE_LOOKUP = "stale-lookup"  # VSchema: a lookup table is no longer kept up to date
    UNROUTED_TABLE = "unrouted-table"  # VSchema: queries no longer find the table
    CHANGE_SEQUENCE = "change-sequence"  # VSchema: the same value may be given twice
    CHANGE_ROUTING = "change-routing"  # VSchema: queries are allowed, answered or sent otherwise
    RUNS_BY_ITSELF = "runs-by-itself"  # an event: from then on each shard's server does it
    RUNS_AS = "runs-as"  # a program has its definer's rights, or another definer's than before
    DROP_PROGRAM = "drop-program"  # whatever uses the view fails
    DROP_VIEW_COLUMN = "drop-view-column"  # whatever reads the column by the view fails


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """One danger of one clause: which object of the table it concerns, and why."""

    kind: HazardKind
    object: str  # column, index, constraint, partition; the table's own name for the whole table
    needs_permission: bool
    reason: str = ""  # words for people: bound to a plan by digest, never compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """A reviewed permission for findings about `object_id`, whose name may be a pattern. Patterns
    are case-sensitive and use `*` and `?` (fnmatch)."""

    object_id: ObjectId
    hazard: HazardKind
    reason: str
    object: str | None = None  # a part of it; None: the finding is about the whole


def says_nothing(reason: str) -> bool:
    """Whether a reason is none: blank, dots and dashes, a placeholder, or a note to give one yet.

    Two words of substance are not asked for: "obsolete" and "SHOP-4711" are reasons.
    """
    words = [word.casefold() for word in _WORD.findall(reason)]
    if any(word in _STILL_TO_DO for word in words[:1]):
        return True
    return all(word in _PLACEHOLDERS or (word.isascii() and len(word) == 1) for word in words)


class PartitionLists(StrEnum):
    """Who owns the list of a RANGE or LIST partitioned table."""

    GIT = "git"
    ROTATION = "rotation"  # a job adds and drops partitions; the list is reported, not changed


class ColumnOrder(StrEnum):
    EXACT = "exact"
    IGNORE = "ignore"


class AutoIncrement(StrEnum):
    IGNORE = "ignore"
    RAISE = "raise"  # apply the file's value where it is higher than the live one


class Unused(StrEnum):
    """The words of `unused` in a spec: kinds of programs that a fleet has none of."""

    VIEWS = "views"
    ROUTINES = "routines"
    TRIGGERS = "triggers"
    EVENTS = "events"
    ELSEWHERE = "elsewhere"  # whatever in other databases uses the shards' tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policy section of a spec, with what it says of kinds: `manage`, `definer`, `unused`."""

    ignore_tables: tuple[str, ...] = ()
    allow: tuple[Allow, ...] = ()
    partition_lists: PartitionLists = PartitionLists.GIT
    column_order: ColumnOrder = ColumnOrder.EXACT
    auto_increment: AutoIncrement = AutoIncrement.IGNORE
    manage: tuple[ManagedKind, ...] = (ManagedKind.TABLES,)
    # Whose rights programs have that have their definer's, as `user@host`; of a kind that is not
    # here none may have them.
    definers: tuple[tuple[ManagedKind, str], ...] = ()
    unused: tuple[Unused, ...] = ()  # one that turns up refuses its shard

    def manages(self, kind: ManagedKind) -> bool:
        return kind in self.manage

    def definer_of(self, kind: ManagedKind) -> str | None:
        return dict(self.definers).get(kind)

    @property
    def program_kinds(self) -> frozenset[ObjectKind]:
        """Of what stands beside the tables and is managed."""
        return frozenset(kind for kind, managed in MANAGED_AS.items() if managed in self.manage)

    def manages_program(self, kind: ObjectKind) -> bool:
        return MANAGED_AS.get(kind) in self.manage

    def account_of(self, kind: ObjectKind) -> str | None:
        """As `definer_of`, by the kind of an object."""
        managed = MANAGED_AS.get(kind)
        return self.definer_of(managed) if managed is not None else None
