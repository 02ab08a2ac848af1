"""USING is printed when it was written; where it names what the engine does anyway, it is noise.

InnoDB has B-trees only; MariaDB prints USING HASH where that was written, until the next ALTER, and
where a UNIQUE key is too long for a B-tree, which its columns tell already.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

# The algorithm that an index of the engine has when none is named.
_DEFAULT_ALGORITHM = {
    "MYISAM": "BTREE", "ARIA": "BTREE", "MRG_MYISAM": "BTREE", "MEMORY": "HASH",
}  # fmt: skip


def without_default_algorithms(table: Table, version: ServerVersion) -> Table:
    engine = (table.option("ENGINE") or "").upper()
    noise = {"BTREE", "HASH"} if engine == "INNODB" else {_DEFAULT_ALGORITHM.get(engine)}
    return replace(
        table,
        indexes=tuple(
            replace(index, using=None) if index.using in noise else index for index in table.indexes
        ),
    )
