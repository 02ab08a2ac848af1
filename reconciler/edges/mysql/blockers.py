"""Who holds the lock that a statement waits for, in words, and how to be rid of them.

Rule: what is shown of another session is its number, its account's name without a host, since when
and its statement without the values in it. Only sessions that read or write rows are ever ended:
never DDL, never replication, never a system thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.limits import BLOCKERS_SHOWN_MAX, STATEMENT_SHOWN_CHARS_MAX
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reading import number, text
from reconciler.guard.access import SHOWS_LOCKS
from reconciler.model.server import Flavor
from reconciler.ports.shards import BlockerEnd

# What DML and SELECT hold on a table; everything else is DDL's or LOCK TABLES'.
_ROW_LOCKS = frozenset({"SHARED_READ", "SHARED_WRITE", "SHARED_READ_ONLY", "SHARED_HIGH_PRIO"})
_SYSTEM_USERS = frozenset({"system user", "event_scheduler"})
_NO_SUCH_THREAD = 1094
_SYSTEM_COMMANDS = frozenset({"Binlog Dump", "Binlog Dump GTID", "Connect", "Daemon", "Group"})

# DIGEST_TEXT is the last statement with `?` in place of its values.
_MYSQL = """
SELECT t.PROCESSLIST_ID, t.PROCESSLIST_USER, t.PROCESSLIST_COMMAND, m.LOCK_TYPE,
       COALESCE(x.TIMER_WAIT DIV 1000000000000, t.PROCESSLIST_TIME), s.DIGEST_TEXT
  FROM performance_schema.metadata_locks m
  JOIN performance_schema.threads t ON t.THREAD_ID = m.OWNER_THREAD_ID
  LEFT JOIN performance_schema.events_transactions_current x
    ON x.THREAD_ID = t.THREAD_ID AND x.STATE = 'ACTIVE'
  LEFT JOIN performance_schema.events_statements_current s
    ON s.THREAD_ID = t.THREAD_ID AND COALESCE(s.NESTING_EVENT_TYPE, '') <> 'STATEMENT'
 WHERE m.OBJECT_TYPE = 'TABLE' AND m.OBJECT_SCHEMA = DATABASE() AND m.OBJECT_NAME = %s
   AND m.LOCK_STATUS = 'GRANTED' AND t.PROCESSLIST_ID <> CONNECTION_ID()
"""
# The plugin METADATA_LOCK_INFO has to be installed; its lock modes begin with MDL_.
_MARIADB = """
SELECT p.ID, p.USER, p.COMMAND, REPLACE(m.LOCK_MODE, 'MDL_', ''), p.TIME, NULL
  FROM information_schema.METADATA_LOCK_INFO m
  JOIN information_schema.PROCESSLIST p ON p.ID = m.THREAD_ID
 WHERE m.TABLE_SCHEMA = DATABASE() AND m.TABLE_NAME = %s AND p.ID <> CONNECTION_ID()
"""
# Without it: every open transaction. One of them it is, or it has ended by now.
_MARIADB_TRANSACTIONS = """
SELECT p.ID, p.USER, p.COMMAND, '', p.TIME, NULL
  FROM information_schema.INNODB_TRX x
  JOIN information_schema.PROCESSLIST p ON p.ID = x.trx_mysql_thread_id
 WHERE p.DB = DATABASE() AND p.ID <> CONNECTION_ID()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A session that holds a lock on the table; `may_be_ended` by the rule of this module."""

    connection_id: int
    account: str | None
    since_s: int | None
    statement: str | None
    may_be_ended: bool

    def __str__(self) -> str:
        parts = [f"connection {self.connection_id}"]
        if self.account is not None:
            parts.append(f"of {self.account}")
        if self.since_s is not None:
            parts.append(f"for {self.since_s} s")
        if self.statement is not None:
            parts.append(f"with {self.statement}")
        return " ".join(parts)


def find_blockers(link: Link, table: str, flavor: Flavor) -> tuple[Blocker, ...] | None:
    """Longest first; empty where there are none any more, None where the login may not see who
    holds locks. Raises LinkLost."""
    match flavor:
        case Flavor.MYSQL:
            rows = _rows(link, _MYSQL, [table])
        case Flavor.MARIADB:
            rows = _rows(link, _MARIADB, [table])
            if rows is None:
                rows = _rows(link, _MARIADB_TRANSACTIONS, [])
        case _:
            assert_never(flavor)
    return None if rows is None else blockers_of(rows, own_user=link.target.user)


def blockers_in_words(blockers: Sequence[Blocker] | None, flavor: Flavor) -> str | None:
    if blockers is None:
        return f"somebody whom this login may not see ({SHOWS_LOCKS[flavor]} would show who)"
    if not blockers:
        return None
    shown = "; ".join(map(str, blockers[:BLOCKERS_SHOWN_MAX]))
    more = len(blockers) - BLOCKERS_SHOWN_MAX
    return f"{shown}; and {more} more" if more > 0 else shown


def end_blockers(link: Link, blockers: Iterable[Blocker]) -> tuple[BlockerEnd, ...]:
    """End the sessions that may be ended; those that are gone by themselves are not told of.
    Raises LinkLost."""
    tried = (_ended(link, blocker) for blocker in blockers if blocker.may_be_ended)
    return tuple(end for end in tried if end is not None)


def _ended(link: Link, blocker: Blocker) -> BlockerEnd | None:
    try:
        link.execute(f"KILL CONNECTION {blocker.connection_id}")
    except ServerRefusal as refusal:
        if refusal.error.number == _NO_SUCH_THREAD:
            return None
        return BlockerEnd(session=str(blocker), is_denied=True)
    return BlockerEnd(session=str(blocker))


def _rows(link: Link, sql: str, parameters: Sequence[str]) -> tuple[Row, ...] | None:
    try:
        return link.query(sql, parameters, width=6)
    except ServerRefusal:
        return None


def blockers_of(rows: Iterable[Row], *, own_user: str) -> tuple[Blocker, ...]:
    """From rows of the queries above: connection, account, command, lock, seconds, statement."""
    locks: dict[int, list[Row]] = {}
    for row in rows:
        locks.setdefault(number(row[0]) or 0, []).append(row)
    found = [_blocker(connection_id, held, own_user) for connection_id, held in locks.items()]
    return tuple(sorted(found, key=lambda one: (-(one.since_s or 0), one.connection_id)))


def _blocker(connection_id: int, held: Sequence[Row], own_user: str) -> Blocker:
    _, user, command, _, since_s, statement = held[0]
    account = None if user is None else text(user)
    holds_rows_only = all(text(row[3]) in _ROW_LOCKS for row in held)
    is_system = account is None or account in _SYSTEM_USERS or text(command) in _SYSTEM_COMMANDS
    return Blocker(
        connection_id=connection_id,
        account="this apply's account" if account == own_user else account,
        since_s=number(since_s),
        statement=None if statement is None else _shortened(text(statement)),
        may_be_ended=holds_rows_only and not is_system,
    )


def _shortened(statement: str) -> str:
    line = " ".join(statement.split())
    if len(line) <= STATEMENT_SHOWN_CHARS_MAX:
        return line
    return line[:STATEMENT_SHOWN_CHARS_MAX] + "…"
