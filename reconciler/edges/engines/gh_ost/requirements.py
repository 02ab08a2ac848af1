"""What gh-ost cannot take: refused before anything is begun, each with its reason.

Rule: it is asked what would make it lose something, mean something else, or fail half way with its
tables left behind. What it refuses itself before its first table is left to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.ddl.statement.by_copy import ByCopy, NotByCopy, by_copy
from reconciler.edges.engines.check_names import copy_renames_checks
from reconciler.edges.engines.gh_ost.names import names_of
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Refused
from reconciler.model.server import Flavor, ServerError
from reconciler.ports.engine import EngineWork, Failed

_WANTED = (("log_bin", ("1", "ON")), ("binlog_format", ("ROW",)), ("binlog_row_image", ("FULL",)))
_INSTRUMENT = "SELECT ENABLED, TIMED FROM performance_schema.setup_instruments WHERE NAME = %s"
_LOCKS = "wait/lock/metadata/sql/mdl"
_NOT_SUPPORTED = 1235  # "This version of MySQL doesn't yet support ..."


def told_clauses(work: EngineWork) -> ByCopy | NotByCopy:
    """What it is told of the statement."""
    try:
        told = by_copy(work.statement.sql)
    except Refused as refused:
        return NotByCopy(f"is not given this statement: {refused.problems[0].message}")
    if isinstance(told, ByCopy) and told.table != work.statement.object_id.name:
        return NotByCopy("is not given a statement of another table than the plan's")
    return told


def not_taken(shard: ShardLink, link: Link, work: EngineWork) -> Failed | None:
    """Raises ServerRefusal or LinkLost."""
    told = told_clauses(work)
    if isinstance(told, NotByCopy):
        return refused(told.reason)
    reasons = (*_of_connection(shard), *_of_server(shard, link), *_of_table(shard, link, told))
    return refused(reasons[0]) if reasons else None


def refused(reason: str) -> Failed:
    message = f"gh-ost {reason}; nothing was begun"
    return Failed(error=ServerError(number=_NOT_SUPPORTED, message=message), transient=False)


def _of_connection(shard: ShardLink) -> Iterator[str]:
    target = shard.target
    if target.socket is not None:
        yield "cannot connect over a unix socket: give the connection `host` and `port`"
    if ":" in target.user:
        yield "takes no login with a colon in its name"
    # It writes the name into addresses and statements alike, as if nothing needed quoting.
    if re.fullmatch(r"[\w.~-]+", shard.database, re.ASCII) is None:
        yield "takes no database with such a name"


def _of_server(shard: ShardLink, link: Link) -> Iterator[str]:
    version = shard.server.settings.version
    oldest = (11, 1) if version.flavor is Flavor.MARIADB else (8, 0)
    if not version.at_least(*oldest):
        yield f"does not work on {version}"
    names = [name for name, _ in _WANTED]
    row = link.row(f"SELECT {', '.join(f'@@global.{name}' for name in names)}", width=len(names))
    for (name, wanted), value in zip(_WANTED, row, strict=True):
        if text(value).upper() not in wanted:
            yield f"needs a binary log of whole rows, and the server has {name}={text(value)}"
    if not _shows_waiting_locks(link):
        yield (
            f"needs performance_schema with the instrument {_LOCKS} enabled and timed:"
            " without it, it swaps while writes may still come in between, and they are lost"
        )


def _shows_waiting_locks(link: Link) -> bool:
    """By what gh-ost sees that its RENAME stands before every write that waits for the table. Of a
    server without performance_schema the list is empty; on MariaDB the instrument is off unless
    somebody has set it."""
    rows = link.query(_INSTRUMENT, [_LOCKS], width=2)
    return [(text(enabled), text(timed)) for enabled, timed in rows] == [("YES", "YES")]


def _of_table(shard: ShardLink, link: Link, told: ByCopy) -> Iterator[str]:
    if names_of(told.table) is None:
        yield "would cut the name of this table inside a character"
    if "`" in told.table:
        yield "takes no table with a backquote in its name"
    is_mysql = shard.server.settings.version.flavor is Flavor.MYSQL
    if is_mysql and copy_renames_checks(link, told.table):
        yield "would give the table's CHECK constraints other names"
