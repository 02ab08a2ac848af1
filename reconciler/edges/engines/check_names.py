"""What becomes of the names of a table's CHECK constraints in a copy of it.

MySQL: such a name is its own in the whole database, so CREATE TABLE ... LIKE gives others, counted
from 1 behind the table's name, and a rename carries that name along. MariaDB keeps them.
"""

from __future__ import annotations

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import column

_CHECKS = """
SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s AND CONSTRAINT_TYPE = 'CHECK'
"""


def check_renamed_by_copy(link: Link, table: str) -> str | None:
    """On MySQL: one of the table's constraints that its copy would have by another name. Raises
    ServerRefusal or LinkLost."""
    found = column(link.query(_CHECKS, [table], width=1))
    kept = {f"{table}_chk_{number}" for number in range(1, len(found) + 1)}
    return next((name for name in sorted(found) if name not in kept), None)
