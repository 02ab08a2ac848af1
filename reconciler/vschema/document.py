"""A VSchema as a value: Vitess' `vschema.Keyspace`, complete, each thing once and in one order.

Order is kept where it means something: the first vindex of a table is the one its rows are spread
by, and the columns of a vindex are its arguments. Vindexes, tables and parameters are sorted by
name. An empty text is the same as none everywhere, as it is to Vitess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from reconciler.vschema.canonical import canonical_text, vschema_fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Vindex:
    name: str
    type: str = ""
    params: tuple[tuple[str, str], ...] = ()
    owner: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnVindex:
    """A vindex over columns of a table; the old spelling with one `column` is read as a list."""

    name: str = ""
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoIncrement:
    column: str = ""
    sequence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedColumn:
    """A column as the VSchema lists it. `nullable` None: not said."""

    name: str = ""
    type: str = "NULL_TYPE"
    invisible: bool = False
    default: str = ""
    collation_name: str = ""
    size: int = 0
    scale: int = 0
    nullable: bool | None = None
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedTable:
    name: str
    type: str = ""
    column_vindexes: tuple[ColumnVindex, ...] = ()
    auto_increment: AutoIncrement | None = None
    columns: tuple[ListedColumn, ...] = ()
    pinned: str = ""
    column_list_authoritative: bool = False
    source: str = ""

    @property
    def primary(self) -> ColumnVindex | None:
        """The vindex that says in which shard a row is."""
        return self.column_vindexes[0] if self.column_vindexes else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiTenantSpec:
    tenant_id_column_name: str = ""
    tenant_id_column_type: str = "NULL_TYPE"


@dataclass(frozen=True, slots=True, kw_only=True)
class VSchema:
    sharded: bool = False
    vindexes: tuple[Vindex, ...] = ()
    tables: tuple[RoutedTable, ...] = ()
    require_explicit_routing: bool = False
    foreign_key_mode: str = "unspecified"
    multi_tenant_spec: MultiTenantSpec | None = None

    @property
    def text(self) -> str:
        """The canonical text."""
        return canonical_text(document_of(self))

    @property
    def fingerprint(self) -> str:
        return vschema_fingerprint(self.text)

    @property
    def vindex_by_name(self) -> Mapping[str, Vindex]:
        return {vindex.name: vindex for vindex in self.vindexes}

    @property
    def table_by_name(self) -> Mapping[str, RoutedTable]:
        return {table.name: table for table in self.tables}


_BY_NAME = (Vindex, RoutedTable)  # keys of an object in JSON, whose name is not a field there


def document_of(value: Any) -> Any:
    """As JSON would hold it, without what has its default."""
    if is_dataclass(value):
        return {
            field.name: document_of(item)
            for field in fields(value)
            if not (field.name == "name" and isinstance(value, _BY_NAME))
            and (item := getattr(value, field.name)) != field.default
        }
    if isinstance(value, tuple):
        if value and isinstance(value[0], _BY_NAME):
            return {item.name: document_of(item) for item in value}
        if value and isinstance(value[0], tuple):
            return dict(value)
        return [document_of(item) for item in value]
    return value
