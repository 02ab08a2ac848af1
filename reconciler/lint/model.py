"""A rule, what it finds, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.ddl.outline.model import ColumnOutline, Place, TableOutline
from reconciler.model.index_use import TableReads
from reconciler.model.object_id import ObjectId
from reconciler.model.renames import Rename, RenameKind


class Severity(StrEnum):
    """An error fails `lint`; the others only tell. OFF: the rule is not asked."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    OFF = "off"


class Ground(StrEnum):
    """Where a keyspace's tables live, as far as rules care."""

    MYSQL = "mysql"
    VITESS = "vitess"  # PlanetScale's too


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Put `text` in place of the characters `start` to `end` of the file (offsets)."""

    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a rule says of one place. `object` is the column, index or constraint, None: the table
    itself. `severity` where this place weighs otherwise than the rule does, and the spec does not
    say how much the rule weighs. `edits` do away with it exactly."""

    message: str
    at: Place
    object: str | None = None
    severity: Severity | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTable:
    """A table on one shard. `counter` is the number that its next row gets and `counting` the type
    that holds it, as the server prints it, None: it does not count; `rows` is the server's
    estimate, None: it told none. `reads` by each index, and `up_s` for how long they were counted
    at most, None: nobody counted."""

    counter: int | None = None
    counting: str | None = None
    rows: int | None = None
    reads: TableReads | None = None
    up_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedProgram:
    """A view, routine, trigger, event or sequence, as far as rules look at it."""

    about: ObjectId
    path: str
    at: Place


Option = int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyspace:
    """What a rule sees beside its table. `tables` are all of the keyspace's, by name in small
    letters, `programs` those of kinds that are managed. `shard_by` is the column that decides where
    a row lives, by table in small letters; tables of which the spec says nothing are not in it.
    `sharded` where there is more than one shard anywhere. `copied` where an engine of the spec
    copies tables row by row. `live` are the tables of shards that were seen: by name in small
    letters, then by shard."""

    tables: Mapping[str, TableOutline] = field(default_factory=dict)
    programs: tuple[NamedProgram, ...] = ()
    ground: Ground = Ground.MYSQL
    shard_by: Mapping[str, str] = field(default_factory=dict)
    sharded: bool = False
    copied: bool = False
    live: Mapping[str, Mapping[str, LiveTable]] = field(default_factory=dict)

    def table(self, name: str) -> TableOutline | None:
        return self.tables.get(name.lower())

    def before(self, table: TableOutline) -> TableOutline | None:
        """The table as it is here, where this is what the keyspace was: maybe by another name."""
        old = (one.old for one in table.renames if one.kind is RenameKind.TABLE)
        names = (table.name, *old)
        return next((found for name in names if (found := self.table(name)) is not None), None)

    def shard_column(self, table: TableOutline) -> str | None:
        """In small letters; None where rows of the table are on every shard, or nobody says."""
        return self.shard_by.get(table.name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a rule is asked about: one table of a keyspace, with the rule's options; a rule of
    changes also about the table as it was, in the keyspace as it was."""

    table: TableOutline
    keyspace: Keyspace
    options: Mapping[str, Option]
    before: TableOutline | None = None
    keyspace_before: Keyspace | None = None

    @property
    def change(self) -> tuple[TableOutline, Keyspace]:
        """As it was."""
        assert self.before is not None, "a rule of changes"
        assert self.keyspace_before is not None, "a rule of changes"
        return self.before, self.keyspace_before

    def was(self, column: ColumnOutline) -> ColumnOutline | None:
        """The column as it was, maybe by another name; None: it is new."""
        before, _ = self.change
        old = {one.new.lower(): one.old for one in self._renamed}.get(column.name.lower())
        return before.column(column.name) or before.column(old)

    def is_kept(self, column: ColumnOutline) -> bool:
        """Whether a column that was there still is, maybe by another name."""
        return any(self.was(one) is column for one in self.table.columns)

    @property
    def _renamed(self) -> tuple[Rename, ...]:
        return tuple(one for one in self.table.renames if one.kind is RenameKind.COLUMN)

    def number(self, option: str) -> int:
        value = self.options[option]
        assert isinstance(value, int), "checked when the spec was read"
        return value

    def words(self, option: str) -> tuple[str, ...]:
        value = self.options[option]
        assert isinstance(value, tuple), "checked when the spec was read"
        return value

    def text(self, option: str) -> str:
        value = self.options[option]
        assert isinstance(value, str), "checked when the spec was read"
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`severity` holds for what is there, `new` for what a change makes. `reason` says in one
    sentence what happens to those who do not keep it; `source` who else says so, or where the
    server's manual does. `options` are its settings with what holds without any; the type of that
    is the type of what may be given. `check_name` is asked of the names of programs."""

    name: str
    severity: Severity
    reason: str
    source: str
    check: Callable[[Asked], Iterator[Found]]
    new: Severity | None = None  # None: as `severity`
    on_vitess: Severity | None = None  # of a sharded keyspace of Vitess; None: as everywhere
    options: Mapping[str, Option] = field(default_factory=dict)
    fixes: bool = False
    of_live: bool = False  # asked where shards were seen
    check_name: Callable[[str, Place], Iterator[Found]] | None = None
    of_changes: bool = False  # asked of tables that were there before alone, and what they were

    def weight(self, keyspace: Keyspace, *, new: bool) -> Severity:
        """Where the spec says nothing of it."""
        if self.on_vitess and keyspace.ground is Ground.VITESS and keyspace.sharded:
            return self.on_vitess
        return self.new if new and self.new else self.severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What is said in the end: a rule's finding with the severity that the spec gives it. `new`:
    the change that is looked at made it."""

    rule: str
    severity: Severity
    table: str
    object: str | None
    message: str
    path: str
    line: int
    column: int
    new: bool = False
    edits: tuple[Edit, ...] = ()

    @property
    def about(self) -> str:
        """`orders` or `orders.buyer`."""
        return f"{self.table}.{self.object}" if self.object else self.table
