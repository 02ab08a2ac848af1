"""How often servers have read by each index, by what they count anyway.

Rule: what may be incomplete is None. A count that began late, a list without room for an index or
a login that does not see it would all tell of an index that nobody reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.mysql.limits import LOAD_S_MAX
from reconciler.edges.mysql.measuring import UPTIME, measuring_session
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reach import database_of
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.model.index_use import IndexUse, TableReads
from reconciler.model.server import Flavor
from reconciler.spec.model import ShardSpec

_COUNTS_INDEXES = (
    "SELECT COUNT(*) FROM performance_schema.setup_instruments"
    " WHERE NAME = 'wait/io/table/sql/handler' AND ENABLED = 'YES'"
)
_LOST = (
    "SHOW GLOBAL STATUS WHERE Variable_name IN ('Performance_schema_index_stat_lost',"
    " 'Performance_schema_table_handles_lost', 'Performance_schema_table_instances_lost')"
)
# MySQL's index of it begins with the type: without that every table of the server is looked at for
# each of its databases (0.3 s for each of 1,000, in place of 0.001 s).
WAITS = (
    "SELECT OBJECT_NAME, INDEX_NAME, COUNT_READ"
    " FROM performance_schema.table_io_waits_summary_by_index_usage"
    " WHERE OBJECT_TYPE = 'TABLE' AND OBJECT_SCHEMA = %s"
)
# MariaDB's user statistics list an index once it is read.
_ALL = (
    "SELECT DISTINCT TABLE_NAME, INDEX_NAME, 0 FROM information_schema.STATISTICS"
    " WHERE TABLE_SCHEMA = %s"
)
_READ = (
    "SELECT TABLE_NAME, INDEX_NAME, ROWS_READ FROM information_schema.INDEX_STATISTICS"
    " WHERE TABLE_SCHEMA = %s"
)
_WHOLE = (
    "SELECT TABLE_NAME, NULL, ROWS_READ FROM information_schema.TABLE_STATISTICS"
    " WHERE TABLE_SCHEMA = %s"
)


class MysqlIndexCounts:
    """`IndexCounts` over real servers. `root` is the repository, where relative TLS paths start."""

    def __init__(self, *, environ: Mapping[str, str], root: Path) -> None:
        self._environ = environ
        self._root = root

    def read(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[IndexUse | None]:
        def look(shard: ShardSpec, patience: Patience) -> IndexUse | None:
            try:
                with measuring_session(shard, patience, self._environ, self._root) as found:
                    return _use(*found)
            except Exception:  # whatever a server made of it: nobody has counted there
                return None

        found = map_with_deadline(look, shards, parallel=parallel, limit_s=lambda _: LOAD_S_MAX)
        return [None if isinstance(one, Overdue) else one for one in found]


def _use(link: Link, server: ServerLook) -> IndexUse | None:
    database = server.settings.fold(database_of(link))
    up_s = number(link.row(UPTIME, width=2)[1])
    tables = _by_waits(link, database)
    if tables is None and server.settings.version.flavor is Flavor.MARIADB:
        tables = _by_user_statistics(link, database)
    return None if tables is None or up_s is None else IndexUse(up_s=up_s, tables=tables)


def _by_waits(link: Link, database: str) -> Mapping[str, TableReads] | None:
    try:
        if number(link.row("SELECT @@performance_schema", width=1)[0]) != 1:
            return None
        if number(link.row(_COUNTS_INDEXES, width=1)[0]) != 1:
            return None
        lost = link.query(_LOST, width=2)
        if len(lost) != 3 or any(number(count) for _, count in lost):
            return None
        counts = _counted(link, database, WAITS)
    except ServerRefusal:
        return None
    return {table: _reads(found, sum(found.values())) for table, found in counts.items()}


def _by_user_statistics(link: Link, database: str) -> Mapping[str, TableReads] | None:
    try:
        if number(link.row("SELECT @@GLOBAL.userstat", width=1)[0]) != 1:
            return None
        counts = _counted(link, database, _ALL, _READ, _WHOLE)
    except ServerRefusal:
        return None
    return {table: _reads(found, found.get(None, 0)) for table, found in counts.items()}


def _counted(link: Link, database: str, *counting: str) -> dict[str, dict[str | None, int]]:
    """By table, by index in small letters; None: by none. What is counted later wins."""
    counts: dict[str, dict[str | None, int]] = {}
    for sql in counting:
        for table, index, reads in link.query(sql, [database], width=3):
            name = None if index is None else text(index).lower()
            counts.setdefault(text(table), {})[name] = number(reads) or 0
    return counts


def _reads(found: Mapping[str | None, int], rows: int) -> TableReads:
    by_index = {index: reads for index, reads in found.items() if index is not None}
    return TableReads(rows=rows, by_index=by_index)
