"""USING is printed when it was written; where it names what the engine does anyway, it is noise.

MariaDB's UNIQUE ... USING HASH stays: it prints so the long-value hash keys it makes by itself.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Index, Table
from reconciler.model.server import ServerVersion

# The algorithm that an index of the engine has when none is named.
_DEFAULT_ALGORITHM = {
    "INNODB": "BTREE", "MYISAM": "BTREE", "ARIA": "BTREE", "MRG_MYISAM": "BTREE", "MEMORY": "HASH",
}  # fmt: skip


def without_default_algorithms(table: Table, version: ServerVersion) -> Table:
    default = _DEFAULT_ALGORITHM.get((table.option("ENGINE") or "").upper())
    return replace(table, indexes=tuple(_index(index, default) for index in table.indexes))


def _index(index: Index, default: str | None) -> Index:
    return index if index.using is None or index.using != default else replace(index, using=None)
