"""Names and definitions of the tables that a split makes for itself on its shards.

Rules: they stand in the shard's own database, so that a login needs no privilege elsewhere and two
shards of one server do not meet; every name begins with `_reconciler_split_` and the job's number,
and none is made of another name, so that each fits whatever a table is called.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from reconciler.ddl.quote import quote_identifier
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.shadow_tables import SPLIT_PREFIX
from reconciler.reshard.rows import MovedColumn, MovedTable

PREFIX = SPLIT_PREFIX


class FenceState(StrEnum):
    """Whether the source takes writes. A fence without a seal opens by itself at its time."""

    OPEN = "open"
    FENCED = "fenced"
    SEALED = "sealed"
    MOVED = "moved"


class GuardState(StrEnum):
    """Whether a target takes writes of others than the split itself."""

    CLOSED = "closed"
    OPEN = "open"


class Numbered(Protocol):
    """A table by the number that it has in its job."""

    @property
    def number(self) -> int: ...


@dataclass(frozen=True, slots=True)
class HelperNames:
    """Of one job, on any of its shards."""

    job: int

    @property
    def prefix(self) -> str:
        """Of all of them, and of nothing else."""
        return f"{PREFIX}{self.job}_"

    @property
    def fence(self) -> str:
        return self._named("fence")

    @property
    def guard(self) -> str:
        return self._named("guard")

    @property
    def acks(self) -> str:
        return self._named("acks")

    @property
    def made(self) -> str:
        return self._named("made")

    def queue(self, table: Numbered) -> str:
        return self._named(f"queue_{table.number}")

    def retired(self, table: Numbered) -> str:
        """What a table of the source is called once its rows have moved."""
        return self._named(f"retired_{table.number}")

    def trigger(self, table: Numbered, purpose: str) -> str:
        return self._named(f"{table.number}_{purpose}")

    def _named(self, end: str) -> str:
        name = f"{self.prefix}{end}"
        assert len(name) <= IDENTIFIER_CHARS_MAX, "numbers of jobs and tables are short"
        return name


def is_helper_name(name: str) -> bool:
    """Whether a table or a trigger of this name may be one of a split's."""
    return name.startswith(PREFIX)


@dataclass(frozen=True, slots=True)
class HelperColumn:
    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class HelperTable:
    """`columns` in their order; the first one is the primary key."""

    name: str
    columns: tuple[HelperColumn, ...]

    @property
    def sql(self) -> str:
        lines = [f"{quote_identifier(column.name)} {column.sql}" for column in self.columns]
        lines.append(f"PRIMARY KEY ({quote_identifier(self.columns[0].name)})")
        body = ",\n  ".join(lines)
        return f"CREATE TABLE {quote_identifier(self.name)} (\n  {body}\n) ENGINE=InnoDB"


_WORD = "varchar(64) CHARACTER SET ascii COLLATE ascii_bin"


def queue_table(names: HelperNames, table: MovedTable) -> HelperTable:
    """Keys that somebody wrote to. Each as its table has it, the order of its collation with it;
    `changed_at` is UTC, when the writer's statement began."""
    keys = (
        HelperColumn(queue_column(number), f"{_type(column)} NOT NULL")
        for number, column in enumerate(table.key_columns, 1)
    )
    seq = HelperColumn("seq", "bigint unsigned NOT NULL AUTO_INCREMENT")
    changed_at = HelperColumn("changed_at", "datetime(6) NOT NULL")
    return HelperTable(names.queue(table), (seq, changed_at, *keys))


def queue_column(number: int) -> str:
    return f"key_{number}"


def fence_table(names: HelperNames) -> HelperTable:
    """One row: every writer of the source reads it with a lock. `expires_at` is UTC; `identity`
    tells this shard from every other, whatever server it is on by now."""
    return HelperTable(
        names.fence,
        (
            HelperColumn("job", "bigint unsigned NOT NULL"),
            HelperColumn("identity", f"{_WORD} NOT NULL"),
            HelperColumn("epoch", "bigint unsigned NOT NULL"),
            HelperColumn("state", f"{_WORD} NOT NULL"),
            HelperColumn("expires_at", "datetime(6) DEFAULT NULL"),
        ),
    )


def guard_table(names: HelperNames) -> HelperTable:
    """One row on each target."""
    return HelperTable(
        names.guard,
        (
            HelperColumn("job", "bigint unsigned NOT NULL"),
            HelperColumn("identity", f"{_WORD} NOT NULL"),
            HelperColumn("state", f"{_WORD} NOT NULL"),
        ),
    )


def acks_table(names: HelperNames) -> HelperTable:
    """How far each bracket has come: written in the transaction that writes its rows."""
    return HelperTable(
        names.acks,
        (
            HelperColumn("bracket", f"{_WORD} NOT NULL"),
            HelperColumn("batch", "bigint unsigned NOT NULL"),
            HelperColumn("cursor_json", "longtext CHARACTER SET ascii COLLATE ascii_bin NOT NULL"),
            HelperColumn("row_count", "bigint unsigned NOT NULL"),
        ),
    )


def made_table(names: HelperNames) -> HelperTable:
    """Tables of the target that the split has made, by number: only these may it ever drop."""
    return HelperTable(
        names.made,
        (
            HelperColumn("number", "bigint unsigned NOT NULL"),
            HelperColumn("table_name", "varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"),
        ),
    )


def _type(column: MovedColumn) -> str:
    text = column.column_type
    if column.charset is None:
        return text
    return f"{text} CHARACTER SET {column.charset} COLLATE {column.collation}"
