"""A rule, what it finds, and what it may look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.ddl.outline.model import Place, TableOutline


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


Option = int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyspace:
    """What a rule sees beside its table. `tables` are all of the keyspace's, by name in small
    letters. `shard_by` is the column that decides where a row lives, by table in small letters;
    tables of which the spec says nothing are not in it. `sharded` where there is more than one
    shard anywhere. `copied` where an engine of the spec copies tables row by row."""

    tables: Mapping[str, TableOutline] = field(default_factory=dict)
    ground: Ground = Ground.MYSQL
    shard_by: Mapping[str, str] = field(default_factory=dict)
    sharded: bool = False
    copied: bool = False

    def table(self, name: str) -> TableOutline | None:
        return self.tables.get(name.lower())

    def shard_column(self, table: TableOutline) -> str | None:
        """In small letters; None where rows of the table are on every shard, or nobody says."""
        return self.shard_by.get(table.name.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a rule is asked about: one table of a keyspace, with the rule's options."""

    table: TableOutline
    keyspace: Keyspace
    options: Mapping[str, Option]

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
    is the type of what may be given."""

    name: str
    severity: Severity
    reason: str
    source: str
    check: Callable[[Asked], Iterator[Found]]
    new: Severity | None = None  # None: as `severity`
    on_vitess: Severity | None = None  # of a sharded keyspace of Vitess; None: as everywhere
    options: Mapping[str, Option] = field(default_factory=dict)
    fixes: bool = False

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
