"""Tables as SHOW CREATE TABLE prints them.

A value of these types holds everything the text holds, so that rendering it gives the text back;
what is noise for a comparison is taken out by `ddl.normalize`, not by leaving it out here.
Adding a field means: the reader reads it, the renderer prints it, the diff compares it (tests that
change every attribute of a rich schema fail until all three are true).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import CreatedWith

# MariaDB: the expressions of the two columns that bound a row's system time.
ROW_BOUNDS = ("ROW START", "ROW END")


class GeneratedKind(StrEnum):
    VIRTUAL = "VIRTUAL"
    STORED = "STORED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """GENERATED ALWAYS AS (expression); MariaDB's ROW_BOUNDS are expressions too, and stored."""

    expression: str
    kind: GeneratedKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, in the form SHOW CREATE TABLE prints it; `sql` fields are verbatim SQL text."""

    name: str
    sql_type: str  # with length, sign and value list: "int unsigned", "enum('a','b')"
    charset: str | None = None  # None: not printed
    collation: str | None = None  # None: not printed
    generated: Generated | None = None
    nullable: bool = True
    srid: int | None = None
    visible: bool = True
    default_sql: str | None = None  # None: no DEFAULT clause ('NULL' is explicit)
    on_update_sql: str | None = None
    auto_increment: bool = False
    comment: str = ""
    column_format: str | None = None
    storage: str | None = None
    engine_attribute: str | None = None
    secondary_engine_attribute: str | None = None
    not_secondary: bool = False
    compressed: str | None = None  # MariaDB: "COMPRESSED"; the method is never printed
    check_sql: str | None = None  # MariaDB: column-level CHECK (...)
    system_versioned: bool = True  # MariaDB: False prints WITHOUT SYSTEM VERSIONING


class IndexKind(StrEnum):
    PRIMARY = "PRIMARY KEY"
    UNIQUE = "UNIQUE KEY"
    PLAIN = "KEY"
    FULLTEXT = "FULLTEXT KEY"
    SPATIAL = "SPATIAL KEY"
    VECTOR = "VECTOR KEY"  # MariaDB 11.7


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPart:
    """One key part: a column (with a prefix length in characters or bytes) or an expression."""

    column: str | None = None
    expression: str | None = None
    length: int | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    name: str  # "PRIMARY" for the primary key
    kind: IndexKind
    parts: tuple[IndexPart, ...]
    using: str | None = None
    key_block_size: int | None = None
    parser: str | None = None
    comment: str = ""
    visible: bool = True  # MariaDB prints IGNORED for False
    engine_attribute: str | None = None
    secondary_engine_attribute: str | None = None
    period: str | None = None  # MariaDB: the period that is WITHOUT OVERLAPS
    options: tuple[tuple[str, str], ...] = ()  # MariaDB vector indexes: M=8, DISTANCE=cosine


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """Actions are None where the server prints none (RESTRICT on MySQL; see the flavor's rules)."""

    name: str
    columns: tuple[str, ...]
    parent_table: str
    parent_columns: tuple[str, ...]
    parent_database: str | None = None
    on_delete: str | None = None
    on_update: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    name: str
    expression: str
    enforced: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition or subpartition; `values_sql` is e.g. 'LESS THAN (10)' or 'IN (1,2)'.

    MariaDB's partitions without values have it too: 'DEFAULT', 'HISTORY', 'CURRENT'. `quoted` is
    noise: MySQL prints a name in backquotes only where its list of keywords makes it.
    """

    name: str
    quoted: bool = True
    values_sql: str | None = None
    options: tuple[tuple[str, str], ...] = ()  # ENGINE, COMMENT, MAX_ROWS ..., in printed order
    subpartitions: tuple[Partition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Partitioning:
    """PARTITION BY; `method_sql` is everything up to the count or the list, as printed but for
    executable comments: 'KEY ALGORITHM = 1 (a)', 'RANGE  COLUMNS(a,b)'.

    `count` is the printed PARTITIONS n; None when a list is printed instead, or, for a single
    partition that nobody asked for, nothing at all.
    """

    method_sql: str
    count: int | None = None
    subpartition_sql: str | None = None
    subpartition_count: int | None = None
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`options` are (name, SQL value) as printed: ('ENGINE', 'InnoDB'), ('COMMENT', "'x'")."""

    name: str
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    partitioning: Partitioning | None = None
    periods: tuple[str, ...] = ()  # MariaDB: PERIOD FOR ..., verbatim
    system_versioned: bool = False  # MariaDB: WITH SYSTEM VERSIONING

    def option(self, name: str) -> str | None:
        return dict(self.options).get(name)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherObject:
    """A view, trigger, routine or event: its text matters for what a change would break. `definer`
    is the digest of its account, `created_with` what the server keeps of its making; None: not
    read. They tell none from another where its kind is not managed."""

    kind: ObjectKind
    name: str
    definition: str
    table: str | None = None  # the table of a trigger
    action_order: int | None = None  # of a trigger
    follows: str | None = field(default=None, compare=False)  # of a trigger: which fires before it
    definer: str | None = field(default=None, compare=False)
    created_with: CreatedWith | None = field(default=None, compare=False)

    @property
    def object_id(self) -> ObjectId:
        return ObjectId(self.kind, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One database's tables, by name in sorted order, and the objects around them."""

    tables: tuple[Table, ...]
    others: tuple[OtherObject, ...] = ()

    def __post_init__(self) -> None:
        names = [table.name for table in self.tables]
        assert names == sorted(set(names)), "tables are unique and sorted by name"

    def table(self, name: str) -> Table | None:
        return next((table for table in self.tables if table.name == name), None)
