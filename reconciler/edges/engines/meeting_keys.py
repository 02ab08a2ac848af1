"""Whether a row that is written meanwhile may take another one away from the copy.

pt-osc's triggers and Spirit, which follows the binary log, write with REPLACE: in a unique key of
the copy where two rows meet, the one that was there first is gone, without a word, and also after
the rows were compared. So no two rows of the table may ever meet there (EN-20).
"""

from __future__ import annotations

from reconciler.edges.engines.shapes import shape_of
from reconciler.edges.mysql.connect import Link
from reconciler.plan.engines.unique_keys import new_keys


def keys_that_take(link: Link, table: str, copy: str) -> tuple[str, ...]:
    """Names of the copy's unique keys that may. Raises ServerRefusal or LinkLost."""
    return tuple(name for name, _ in new_keys(shape_of(link, table), shape_of(link, copy)))
