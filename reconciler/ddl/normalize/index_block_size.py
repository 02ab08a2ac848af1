"""KEY_BLOCK_SIZE of an index means something to MyISAM; InnoDB keeps the text and ignores it.

MySQL 9.7 does not even print it; the manual says of 8.0 "not supported at the index level".
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion


def without_ignored_block_sizes(table: Table, version: ServerVersion) -> Table:
    if table.option("ENGINE") != "InnoDB":
        return table
    indexes = tuple(
        index if index.key_block_size is None else replace(index, key_block_size=None)
        for index in table.indexes
    )
    return replace(table, indexes=indexes)
