"""Columns that look as if they had DEFAULT NULL and refuse an INSERT that leaves them out (1364).

ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT makes them; no CREATE TABLE can. Both flavors print
DEFAULT NULL for every other nullable column, MySQL for none of a TEXT or BLOB type: on those the
definition cannot tell the two apart. MariaDB makes none any more in 10.11.18 and 11.8.6, where DROP
DEFAULT leaves DEFAULT NULL behind; it did in 10.5.23 and 11.4.5.
"""

from __future__ import annotations

from reconciler.model.schema import Column, Table
from reconciler.model.server import Flavor, ServerVersion

_NEVER_PRINTED = (
    "tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob",
)  # fmt: skip


def default_less_columns(table: Table, version: ServerVersion) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if is_default_less(column, version))


def is_default_less(column: Column, version: ServerVersion) -> bool:
    return (
        column.nullable
        and column.default_sql is None
        and column.generated is None
        and not (version.flavor is Flavor.MYSQL and column.sql_type in _NEVER_PRINTED)
    )
