"""The clauses of a statement as Spirit is to be told them, and those that it would misread.

Before it copies, Spirit tries the ALTER on the table itself, INSTANT and in place, and no option
forbids it: that would take effect before anybody has said so. FORCE does forbid it: it is never
INSTANT (MySQL 1845), and Spirit calls it unsafe in place. On the empty copy it changes nothing.
"""

from __future__ import annotations

import re

from reconciler.ddl.statement.by_copy import NotByCopy, Renames, by_copy
from reconciler.edges.mysql.session_settings import session_mode
from reconciler.errors import Refused
from reconciler.model.server import Flavor, ServerSettings

# Its sessions have none of these, and without them the same text is another definition.
_READ_OTHERWISE = frozenset(
    {
        "HIGH_NOT_PRECEDENCE",
        "IGNORE_SPACE",
        "NO_UNSIGNED_SUBTRACTION",
        "PIPES_AS_CONCAT",
        "REAL_AS_FLOAT",
    }
)
_LAST_CLAUSES = re.compile(r"(?:PARTITION\s+BY|REMOVE\s+PARTITIONING)\b", re.IGNORECASE)
_PLACEHOLDERS = re.compile(r"%[%n?]")


def clauses_for_spirit(sql: str, table: str) -> str | NotByCopy:
    """What it is told of the statement."""
    try:
        told = by_copy(sql, Renames.FOLLOWED)
    except Refused as refused:
        return NotByCopy(f"is not given this statement: {refused.problems[0].message}")
    if isinstance(told, NotByCopy):
        return told
    if told.table != table:
        return NotByCopy("is not given a statement of another table than the plan's")
    separator = " " if _LAST_CLAUSES.match(told.clauses) else ", "
    return f"FORCE{separator}{told.clauses}"


def misread(sql: str, settings: ServerSettings) -> str | None:
    """Why Spirit would run something else than the statement; None: it would not."""
    if settings.version.flavor is not Flavor.MYSQL:
        return "it works with MySQL only"
    if match := _PLACEHOLDERS.search(sql):
        return f"the statement has {match[0]}, in place of which Spirit would write something else"
    modes = set(session_mode(settings.variable("sql_mode") or "").upper().split(","))
    if modes & _READ_OTHERWISE:
        listed = ", ".join(sorted(modes & _READ_OTHERWISE))
        return f"the server's sql_mode has {listed}, and Spirit's sessions do not"
    return None
