"""Schemas on their way to being SQL: what grows, is changed, and is written as statements."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any


class Family(StrEnum):
    """What a type is good for: what may be indexed, compared, partitioned and computed with."""

    INTEGER = "integer"
    NUMBER = "number"
    STRING = "string"
    BINARY = "binary"
    TEXT = "text"
    BLOB = "blob"
    DATE = "date"
    TIME = "time"
    CHOICE = "choice"
    JSON = "json"
    SPATIAL = "spatial"
    VECTOR = "vector"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownColumn:
    name: str
    family: Family
    sql_type: str
    attributes: str = ""
    nullable: bool = True
    default: str = ""
    expression: str = ""  # of a generated column
    stored: bool = False
    uses: frozenset[str] = frozenset()
    auto_increment: bool = False
    refers_to: str | None = None  # the parent table whose id it holds

    def sql(self, id_types: dict[str, str]) -> str:
        sql_type = id_types.get(self.refers_to or "", self.sql_type)
        words = [f"`{self.name}`", sql_type]
        if self.expression:
            words.append(f"GENERATED ALWAYS AS ({self.expression})")
            words.append("STORED" if self.stored else "VIRTUAL")
        if not self.nullable:
            words.append("NOT NULL")
        elif sql_type.startswith("timestamp"):
            words.append("NULL")
        words += [self.default, "AUTO_INCREMENT" if self.auto_increment else "", self.attributes]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An index or a check: its SQL, and the columns without which it makes no sense."""

    name: str
    sql: str
    uses: frozenset[str]
    unique: bool = False
    fulltext_or_spatial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownForeignKey:
    name: str  # empty: the server gives one
    column: str
    parent: str
    actions: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownPartitioning:
    sql: str
    uses: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownTable:
    name: str
    id_type: str
    columns: tuple[GrownColumn, ...]
    primary: tuple[str, ...]  # of key parts; empty: no primary key
    indexes: tuple[Item, ...] = ()
    checks: tuple[Item, ...] = ()
    foreign_keys: tuple[GrownForeignKey, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    partitioning: GrownPartitioning | None = None
    default_less: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrownSchema:
    tables: tuple[GrownTable, ...] = field(default_factory=tuple)

    def statements(self) -> tuple[str, ...]:
        """CREATE TABLEs without foreign keys, then what needs the tables to be there."""
        sound = [_sound(table, self) for table in self.tables]
        id_types = {table.name: table.id_type for table in sound}
        statements = [_create(table, id_types) for table in sound]
        for table in sound:
            statements += [
                f"ALTER TABLE `{table.name}` ALTER COLUMN `{name}` DROP DEFAULT"
                for name in sorted(table.default_less)
            ]
            statements += [
                f"ALTER TABLE `{table.name}` ADD {_constraint(key)}FOREIGN KEY"
                f" (`{key.column}`) REFERENCES `{key.parent}` (`id`) {key.actions}".rstrip()
                for key in table.foreign_keys
            ]
        return tuple(statements)


def _constraint(key: GrownForeignKey) -> str:
    return f"CONSTRAINT `{key.name}` " if key.name else ""


def _create(table: GrownTable, id_types: dict[str, str]) -> str:
    lines = [column.sql(id_types) for column in table.columns]
    if table.primary:
        lines.append(f"PRIMARY KEY ({', '.join(table.primary)})")
    lines += [item.sql for item in (*table.indexes, *table.checks)]
    body = ",\n  ".join(lines)
    options = " ".join(f"{name}={value}" for name, value in table.options)
    partitioning = f"\n{table.partitioning.sql}" if table.partitioning else ""
    return f"CREATE TABLE `{table.name}` (\n  {body}\n) {options}{partitioning}".rstrip()


def _sound(table: GrownTable, schema: GrownSchema) -> GrownTable:
    """Without what refers to things that are not there, or that partitions rule out."""
    columns = table.columns
    while True:  # a generated column may have lost the one it computes with
        names = {column.name for column in columns}
        kept = tuple(column for column in columns if column.uses <= names)
        if len(kept) == len(columns):
            break
        columns = kept
    partitioning = table.partitioning
    if partitioning is not None and not partitioning.uses <= names:
        partitioning = None
    parents = {t.name for t in schema.tables if t.primary == ("`id`",) and t.partitioning is None}
    plain_engine = dict(table.options).get("ENGINE", "InnoDB") == "InnoDB"
    referred = {
        key.parent for t in schema.tables for key in t.foreign_keys if t.partitioning is None
    }
    if table.name in referred:
        partitioning = None
    foreign_keys = tuple(
        key
        for key in table.foreign_keys
        if key.column in names and key.parent in parents and plain_engine and partitioning is None
    )
    return replace(
        table,
        columns=columns,
        primary=tuple(part for part in table.primary if column_of(part) in names),
        indexes=tuple(
            item
            for item in table.indexes
            if item.uses <= names and (partitioning is None or _fits(item, partitioning))
        ),
        checks=tuple(item for item in table.checks if item.uses <= names),
        foreign_keys=foreign_keys,
        partitioning=partitioning,
        default_less=frozenset(table.default_less & names),
    )


def replaced(table: GrownTable, what: str, items: tuple[object, ...]) -> GrownTable:
    changes: dict[str, Any] = {what: items}
    return replace(table, **changes)


def with_column_name(table: GrownTable, old: str, new: str) -> GrownTable:
    """Every mention of it too: names are unique, so their text is enough."""

    def text(sql: str) -> str:
        return sql.replace(f"`{old}`", f"`{new}`")

    def names(used: frozenset[str]) -> frozenset[str]:
        return frozenset(new if name == old else name for name in used)

    def item(one: Item) -> Item:
        return replace(one, sql=text(one.sql), uses=names(one.uses))

    return replace(
        table,
        columns=tuple(
            replace(
                column,
                name=new if column.name == old else column.name,
                expression=text(column.expression),
                default=text(column.default),
                uses=names(column.uses),
            )
            for column in table.columns
        ),
        primary=tuple(map(text, table.primary)),
        indexes=tuple(map(item, table.indexes)),
        checks=tuple(map(item, table.checks)),
        foreign_keys=tuple(
            replace(key, column=new if key.column == old else key.column)
            for key in table.foreign_keys
        ),
        partitioning=table.partitioning
        and GrownPartitioning(
            sql=text(table.partitioning.sql), uses=names(table.partitioning.uses)
        ),
        default_less=names(table.default_less),
    )


def with_table_name(table: GrownTable, old: str, new: str) -> GrownTable:
    return replace(
        table,
        name=new if table.name == old else table.name,
        columns=tuple(
            replace(column, refers_to=new) if column.refers_to == old else column
            for column in table.columns
        ),
        foreign_keys=tuple(
            replace(key, parent=new) if key.parent == old else key for key in table.foreign_keys
        ),
    )


def _fits(item: Item, partitioning: GrownPartitioning) -> bool:
    if item.fulltext_or_spatial:
        return False
    return not item.unique or partitioning.uses <= item.uses


def column_of(part: str) -> str:
    return part.strip("`").split("`")[0]
