"""How many row versions InnoDB has used up per table, read once per server, not once per shard.

An INSTANT change that adds or drops a column uses one version up; at 64 (255 from 9.1 on) the next
is refused (4092) until the table is rebuilt.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.innodb_tables import place_of
from reconciler.edges.mysql.once_per_server import OncePerServer
from reconciler.edges.mysql.problems import LOCK_WAIT_TIMEOUT, ServerRefusal
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.model.server import Flavor

_STATEMENT = (
    "SELECT NAME, TOTAL_ROW_VERSIONS FROM information_schema.INNODB_TABLES"
    " WHERE TOTAL_ROW_VERSIONS > 0"
)
_Versions = Mapping[str, Mapping[str, int]]


class RowVersions:
    """Remembers for the length of one look at a fleet."""

    def __init__(self) -> None:
        self._versions: OncePerServer[_Versions | str] = OncePerServer(_read)

    def of(self, link: Link, server: ServerLook, database: str) -> Mapping[str, int] | str:
        """By table, those that used any; or in words what it would have taken to read them. MariaDB
        and MySQL before 8.0.29 have no such limit. Raises LinkLost."""
        version = server.settings.version
        if version.flavor is Flavor.MARIADB or not version.at_least(8, 0, 29):
            return {}
        found = self._versions.of(link, server.identity)
        if found is None:
            return "needs an answer in time"
        return found if isinstance(found, str) else found.get(database, {})


def _read(link: Link) -> _Versions | str:
    """By database and table. One ALTER that waits for its table's lock keeps
    everybody from reading them, whoever's table it is (MySQL 9.7)."""
    try:
        rows = link.query(_STATEMENT, width=2)
    except ServerRefusal as refusal:
        if refusal.error.number == LOCK_WAIT_TIMEOUT:
            return "needs a moment in which no ALTER of the server waits for a lock"
        return "needs PROCESS"
    versions: dict[str, dict[str, int]] = {}
    for raw_name, raw_count in rows:
        owner, table = place_of(text(raw_name))
        of_owner = versions.setdefault(owner, {})
        of_owner[table] = max(of_owner.get(table, 0), number(raw_count) or 0)
    return versions
