"""Columns that look as if they had DEFAULT NULL and refuse an INSERT that leaves them out (1364).

ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT makes them on MySQL; no CREATE TABLE can. MySQL prints
DEFAULT NULL for every other nullable column, but for none of a TEXT or BLOB type: on those the
definition cannot tell the two apart. MariaDB 11.8 prints DEFAULT NULL for all of them alike.
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
        version.flavor is Flavor.MYSQL
        and column.nullable
        and column.default_sql is None
        and column.generated is None
        and column.sql_type not in _NEVER_PRINTED
    )
