"""The clauses of a statement as Spirit is to be told them.

Before it copies, Spirit tries the ALTER on the table itself, INSTANT and in place, and no option
forbids it: that would take effect before anybody has said so. FORCE does forbid it: it is never
INSTANT (MySQL 1845), and Spirit calls it unsafe in place. On the empty copy it changes nothing.
"""

from __future__ import annotations

import re

from reconciler.ddl.statement.by_copy import NotByCopy
from reconciler.model.engine import EngineName
from reconciler.plan.engines.told import told

_LAST_CLAUSES = re.compile(r"(?:PARTITION\s+BY|REMOVE\s+PARTITIONING)\b", re.IGNORECASE)


def clauses_for_spirit(sql: str, table: str) -> str | NotByCopy:
    """What it is told of the statement."""
    found = told(EngineName.SPIRIT, sql, table)
    if isinstance(found, NotByCopy):
        return found
    separator = " " if _LAST_CLAUSES.match(found.clauses) else ", "
    return f"FORCE{separator}{found.clauses}"
