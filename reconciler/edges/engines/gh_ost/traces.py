"""What a server shows of gh-ost: whether one is at work on a table, how far it got, what it left.

Rule: what could not be seen is not "nothing there". A run is over only when its lock is free, its
heartbeat old and no DDL of it runs any more: a RENAME that waits for a lock outlives the process
that sent it. Its changes of rows do not; they are in transactions, which end with their connection.
"""

from __future__ import annotations

import re

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.gh_ost.site import Site, server_id
from reconciler.edges.engines.limits import HEARTBEAT_FRESH_S
from reconciler.edges.engines.ownership import Record
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import NO_SUCH_TABLE, ServerRefusal
from reconciler.edges.mysql.processes import read_processes
from reconciler.edges.mysql.reading import number, text
from reconciler.model.server import Flavor
from reconciler.plan.engines.gh_ost_names import Names, lock_name

_NO_SUCH_COLUMN = 1054
_DDL = re.compile(r"(?:alter|create|drop|rename|lock)\s+/\* gh-ost", re.IGNORECASE)

_CREATED = """
SELECT UNIX_TIMESTAMP(CREATE_TIME) FROM information_schema.TABLES
 WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
"""


def is_at_work(link: Link, site: Site) -> bool:
    """Whether any gh-ost is at work on the table. Raises ServerRefusal or LinkLost."""
    if lock_holder(link, site) is not None:
        return True
    if _heartbeat_age_s(link, site.names) <= HEARTBEAT_FRESH_S:
        return True
    return bool(ddl_at_work(link, site))


def ddl_at_work(link: Link, site: Site) -> tuple[str, ...]:
    """The statements of any gh-ost that run on the table, or on one of its names beside it, or wait
    for it. Raises ServerRefusal or LinkLost."""
    quoted = tuple(quote_identifier(name) for name in (site.table, *site.names.all))
    return tuple(
        process.statement
        for process in read_processes(link)
        if _DDL.match(process.statement)
        and process.database.casefold() == site.database.casefold()
        and any(name in process.statement for name in quoted)
    )


def lock_holder(link: Link, site: Site) -> int | None:
    """The connection by which one holds the table's lock."""
    name = lock_name(site.database, site.table)
    return number(link.row("SELECT IS_USED_LOCK(%s)", [name], width=1)[0])


def reads_binary_log(link: Link, site: Site, record: Record) -> bool:
    """Whether the reader of this run is registered with the server."""
    question = "SHOW SLAVE HOSTS" if site.flavor is Flavor.MARIADB else "SHOW REPLICAS"
    for row in link.rows_by_name(question):
        by_name = {name.casefold(): value for name, value in row.items()}
        if text(by_name.get("server_id", "")) == str(server_id(record)):
            return True
    return False


def _heartbeat_age_s(link: Link, names: Names) -> float:
    question = f"SELECT TIMESTAMPDIFF(SECOND, MAX(last_update), NOW()) FROM {_quoted(names)}"
    try:
        age_s = number(link.row(question, width=1)[0])
    except ServerRefusal as refusal:
        if refusal.error.number in (NO_SUCH_TABLE, _NO_SUCH_COLUMN):
            return float("inf")  # none, or a table of somebody else's
        raise
    return float("inf") if age_s is None else age_s


def _quoted(names: Names) -> str:
    return quote_identifier(names.changelog)


def created_s(link: Link, table: str) -> int | None:
    rows = link.query(_CREATED, [table], width=1)
    return number(rows[0][0]) if len(rows) == 1 else None
