"""What of Spirit is on a shard's server: the run that is at a table, and what a run has left.

Spirit drops what has the names that it uses, whosever it is. So everything of these names is looked
at before it is started, and its own is told from what is not (EN-12).
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.ownership import Helper, Record, find_tables, is_ours
from reconciler.edges.engines.spirit.gate import is_own_sentinel
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.processes import read_processes
from reconciler.edges.mysql.reading import column, list_names, number
from reconciler.model.engine import SPIRIT_TABLE_MADE_S
from reconciler.plan.engines.spirit_names import SENTINEL, SpiritNames, kept_of

#: Words of a record of Spirit's (`Record.own`).
MARK = "mark"  # what the sentinel's comment says
SENT = "sent_sha256"  # of the statement as Spirit records it
TABLE_MADE_S = SPIRIT_TABLE_MADE_S
KEPT, KEPT_BEFORE = "kept", "kept_before"


def is_at_work(link: Link, names: SpiritNames) -> bool:
    """Whether a run, of ours or of anybody's, is at the table: it holds its lock, or its swap is on
    its way though its process has ended. Raises ServerRefusal or LinkLost."""
    held = number(link.row("SELECT IS_USED_LOCK(%s)", [names.lock], width=1)[0]) is not None
    return held or any(
        process.statement.startswith("RENAME TABLE ")
        and quote_identifier(names.copy) in process.statement
        for process in read_processes(link)
    )


def table_made_s(link: Link, table: str) -> int | None:
    """When the table was created, in seconds of Unix time: it keeps that under another name."""
    found = find_tables(link, [table])
    return next((one.created_s for one in found if one.name == table), None)


def kept_tables(link: Link, database: str, table: str) -> tuple[str, ...]:
    """The old tables that Spirit was told to keep, as it calls them."""
    return tuple(name for name in list_names(link, database).tables if kept_of(table, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """By what a table is known to be a run's own: its record, if there was one."""

    record: Record | None
    names: SpiritNames
    server_sha256: str

    def is_ours(self, link: Link, found: Helper) -> bool:
        """Raises ServerRefusal or LinkLost."""
        record = self.record
        if record is None or record.server_sha256 != self.server_sha256:
            return False
        if found.name == SENTINEL:
            return is_own_sentinel(found, record.own.get(MARK, ""))
        if found.name == self.names.old:
            return KEPT not in record.own and is_the_table(found, record)
        if not is_ours(found, record, self.server_sha256):
            return False
        return found.name != self.names.checkpoint or _has_own_checkpoints(link, found, record)


def is_the_table(found: Helper, record: Record) -> bool:
    """The very table that was changed: another name does not change when it was created."""
    return found.created_s is not None and str(found.created_s) == record.own.get(TABLE_MADE_S)


def _has_own_checkpoints(link: Link, found: Helper, record: Record) -> bool:
    """Every row holds the statement that it belongs to; a table without rows belongs to none."""
    asked = f"SELECT DISTINCT SHA2(statement, 256) FROM {quote_identifier(found.name)} LIMIT 2"
    try:
        rows = link.query(asked, width=1)
    except ServerRefusal:
        return False  # it has no such column: Spirit did not make it
    return column(rows) in ([], [record.own.get(SENT)])
