"""WITHOUT SYSTEM VERSIONING of a column means nothing in a table that is not versioned.

MariaDB leaves the mark there when versioning ends, CREATE TABLE drops it, and it counts again where
versioning begins: the statement that begins it writes such columns anew (diff/tables.py).
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion


def without_stale_marks(table: Table, version: ServerVersion) -> Table:
    if table.system_versioned or all(column.system_versioned for column in table.columns):
        return table
    columns = tuple(replace(column, system_versioned=True) for column in table.columns)
    return replace(table, columns=columns)
