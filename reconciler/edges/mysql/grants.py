"""What SHOW GRANTS says a login may do on one database.

A server shows a login only the tables that it has some privilege on. Rule: only a privilege on the
whole database, or on everything, proves that nothing was hidden (PL-10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from reconciler.ddl.quote import unquote_identifier

# Any of these on a whole database shows every table of it, and lets SHOW CREATE TABLE read it.
SHOWS_TABLES = frozenset(
    {
        "SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "REFERENCES", "INDEX", "ALTER",
        "CREATE VIEW", "SHOW VIEW", "TRIGGER",
    }
)  # fmt: skip
CHANGES_TABLES = ("ALTER", "CREATE", "DROP", "INDEX", "INSERT", "REFERENCES", "SELECT")
_ALL_OF_A_DATABASE = SHOWS_TABLES | {"EXECUTE", "EVENT", "CREATE ROUTINE", "ALTER ROUTINE"}
_ALL = _ALL_OF_A_DATABASE | {"PROCESS"}

# Who may see what beyond the tables, in the words of `ObservedShard.unseen`.
_NEEDED_FOR: Mapping[str, frozenset[str]] = {
    "triggers (needs TRIGGER)": frozenset({"TRIGGER"}),
    "texts of views (needs SHOW VIEW)": frozenset({"SHOW VIEW"}),
    "routines (needs EXECUTE, or SHOW_ROUTINE)": frozenset(
        {"EXECUTE", "SHOW_ROUTINE", "SHOW CREATE ROUTINE", "CREATE ROUTINE", "ALTER ROUTINE"}
    ),
    "events (needs EVENT)": frozenset({"EVENT"}),
}
_GRANT = re.compile(
    r"(?P<verb>GRANT|REVOKE) (?P<privileges>.+?) ON"
    r" (?P<scope>\*|`(?:[^`]|``)*`)\.\* (?:TO|FROM) ",
    re.DOTALL,
)


def privileges_on(database: str, grants: Iterable[str], *, partial_revokes: bool) -> frozenset[str]:
    """What the login may do with all of `database`, in capitals."""
    everywhere: set[str] = set()
    by_pattern: dict[str, set[str]] = {}
    revoked: set[str] = set()
    for found in filter(None, map(_GRANT.match, grants)):
        scope = unquote_identifier(found["scope"])
        if found["scope"] == "*":
            everywhere |= _privileges(found["privileges"], _ALL)
            continue
        privileges = _privileges(found["privileges"], _ALL_OF_A_DATABASE)
        if found["verb"] == "REVOKE":  # partial_revokes: taken out of what holds everywhere
            revoked |= privileges if scope == database else set()
        else:
            by_pattern.setdefault(scope, set()).update(privileges)
    return frozenset(everywhere - revoked | _best(database, by_pattern, partial_revokes))


def unseen_with(privileges: frozenset[str]) -> tuple[str, ...]:
    return tuple(words for words, needed in _NEEDED_FOR.items() if not needed & privileges)


def _privileges(text: str, everything: frozenset[str]) -> set[str]:
    if text.startswith("ALL PRIVILEGES"):
        return set(everything)
    return {part.strip().upper() for part in text.split(",")}


def _best(database: str, by_pattern: Mapping[str, set[str]], partial_revokes: bool) -> set[str]:
    """The server uses the most specific entry for a database alone, not all that match it.

    With partial_revokes on, `_` and `%` in a grant are ordinary characters.
    """
    for pattern, privileges in by_pattern.items():
        if pattern.replace("\\_", "_").replace("\\%", "%") == database:
            return privileges
    if partial_revokes:
        return set()
    matching = [by_pattern[pattern] for pattern in by_pattern if _like(pattern, database)]
    return set.intersection(*matching) if matching else set()


def _like(pattern: str, name: str) -> bool:
    def part(found: re.Match[str]) -> str:
        match found[0]:
            case "%":
                return ".*"
            case "_":
                return "."
            case escaped:
                return re.escape(escaped[-1])

    return re.fullmatch(re.sub(r"\\.|.", part, pattern, flags=re.DOTALL), name) is not None
