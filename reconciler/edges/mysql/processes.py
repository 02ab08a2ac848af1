"""What a server's sessions run, as its process list tells.

SHOW gives a statement's text as it is and whole; INFORMATION_SCHEMA cannot hold characters beyond
utf8mb3, and cuts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import misread
from reconciler.edges.mysql.reading import number, text

SHOW_PROCESSES = "SHOW FULL PROCESSLIST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One session; `statement` is '' while it runs none."""

    connection_id: int
    database: str
    statement: str
    #: What the server says it does, such as "Waiting for table metadata lock".
    state: str

    def runs(self, sql: str, database: str) -> bool:
        """Other shards of the server may be running the same text: the database decides."""
        return self.statement == sql.strip() and self.database.casefold() == database.casefold()


def read_processes(link: Link) -> tuple[Process, ...]:
    """Those that the login may see: all with the privilege PROCESS, else its own. Raises
    ServerRefusal or LinkLost."""
    # MySQL 9.7 warns each time that it is going to be taken out.
    rows = link.rows_by_name(SHOW_PROCESSES, is_whole=True)
    return tuple(map(_process, rows))


def _process(row: dict[str, object]) -> Process:
    try:
        connection_id = number(row["Id"])
        if connection_id is None:
            raise misread()
        return Process(
            connection_id=connection_id,
            database=text(row["db"] or ""),
            statement=text(row["Info"] or "").strip(),
            state=text(row["State"] or ""),
        )
    except (KeyError, ValueError):
        raise misread() from None
