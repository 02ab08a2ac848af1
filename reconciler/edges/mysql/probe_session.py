"""The session in which rows are asked: it can change nothing, waits for no lock longer than a
second, and has every statement ended by the server after a second.

Rule (PF-3): a server that does not keep these is not asked. What it says of an error is told by its
number alone, for the text may quote a row (PL-12).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, Row, connect
from reconciler.edges.mysql.deadline import Patience
from reconciler.edges.mysql.limits import PROBE_OVERTIME_S, PROBE_STATEMENT_S_MAX
from reconciler.edges.mysql.problems import LOCK_WAIT_TIMEOUT, LinkLost, ServerRefusal
from reconciler.edges.mysql.reading import number
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.session_settings import session_variables, set_session
from reconciler.edges.mysql.target import required_database
from reconciler.errors import Unavailable
from reconciler.model.server import Flavor, ServerSettings
from reconciler.preflight.model import NotSettled
from reconciler.preflight.sql import SORTING

_TOO_LONG = frozenset({1969, 3024})  # MariaDB's limit, and MySQL's
_INTERRUPTED = 1317  # by a session that ends it, or in InnoDB by that limit
_NEARLY = 0.9  # of the limit, as the two sides measure it
_OF_NO_ROW = frozenset({1287, 1681})  # what is written in an old way
_CONFIRM = {
    Flavor.MYSQL: "SELECT @@session.max_execution_time, @@session.transaction_read_only,"
    " @@session.autocommit, CONNECTION_ID()",
    Flavor.MARIADB: "SELECT CAST(@@session.max_statement_time * 1000 AS SIGNED),"
    " @@session.tx_read_only, @@session.autocommit, CONNECTION_ID()",
}


class NotAnswered(Exception):
    """Why a question was not answered, in words that hold nothing of a row. `ends_all`: nor will
    any other be in this session. `passes`: it may be answered later, and nobody has to act."""

    def __init__(self, reason: str, *, ends_all: bool = False, passes: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.ends_all = ends_all
        self.passes = passes

    @property
    def answer(self) -> NotSettled:
        return NotSettled(at_s=now_s(), because=self.reason, passes=self.passes)


class TookTooLong(Exception):
    """The server ended the statement at its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSession:
    """Not for two threads at once."""

    link: Link
    server: ServerLook
    connection: int
    statement_s: float = PROBE_STATEMENT_S_MAX

    def row(self, sql: str, *, width: int) -> Row:
        """The one row that a statement has. Raises NotAnswered or TookTooLong."""
        rows = self.rows(sql, width=width)
        if len(rows) != 1:
            raise NotAnswered("it answered something else than was asked")
        return rows[0]

    def rows(self, sql: str, *, width: int) -> tuple[Row, ...]:
        """Raises NotAnswered or TookTooLong."""
        begun_s = time.monotonic()
        try:
            return self.link.query(sql, width=width)
        except (ServerRefusal, LinkLost) as error:
            raise self._translated(error, begun_s) from None

    @property
    def has_warned(self) -> bool:
        """Whether the server warned of a row at the last statement that had rows."""
        return any(number not in _OF_NO_ROW for number in self.link.warned)

    def hears_warnings(self) -> bool:
        """Whether they come through to us, which what stands between us and the server may not let
        them. Raises NotAnswered or TookTooLong."""
        self.row("SELECT CAST('x' AS SIGNED)", width=1)
        return self.has_warned

    def execute(self, sql: str) -> None:
        """Raises NotAnswered or TookTooLong."""
        begun_s = time.monotonic()
        try:
            self.link.execute(sql)
        except (ServerRefusal, LinkLost) as error:
            raise self._translated(error, begun_s) from None

    def rows_by_name(self, sql: str) -> list[dict[str, object]]:
        """Raises NotAnswered or TookTooLong."""
        begun_s = time.monotonic()
        try:
            return self.link.rows_by_name(sql)
        except (ServerRefusal, LinkLost) as error:
            raise self._translated(error, begun_s) from None

    def estimated(self, sql: str) -> tuple[frozenset[str], int]:
        """How the server would read each table of a statement, and how many rows in all, as it
        estimates. Raises NotAnswered or TookTooLong."""
        plan = self.rows_by_name(f"EXPLAIN FORMAT=TRADITIONAL {sql}")
        try:
            rows = [number(row.get("rows")) or 0 for row in plan]
        except LinkLost as error:
            raise self._translated(error, time.monotonic()) from None
        return frozenset(str(row.get("type")) for row in plan), sum(rows)

    def _translated(
        self, error: ServerRefusal | LinkLost, begun_s: float
    ) -> NotAnswered | TookTooLong:
        if isinstance(error, LinkLost):
            if error.timed_out:
                self._end_there()
            return NotAnswered(error.reason, ends_all=True, passes=True)
        match error.error.number:
            case found if found in _TOO_LONG:
                return TookTooLong()
            case found if found == _INTERRUPTED:
                if time.monotonic() - begun_s >= _NEARLY * self.statement_s:
                    return TookTooLong()
                return NotAnswered("another session ended the question (KILL QUERY)", passes=True)
            case found if found == LOCK_WAIT_TIMEOUT:
                return NotAnswered("another statement holds a lock on the table", passes=True)
            case found:
                return NotAnswered(f"the server refuses the question (error {found})")

    def _end_there(self) -> None:
        """The watchdog: the statement, at a server that did not end it by itself."""
        with (
            suppress(Unavailable, ServerRefusal, LinkLost),
            connect(self.link.target, program="reconciler, ending a question") as other,
        ):
            other.wait_at_most(PROBE_OVERTIME_S)
            other.execute(f"KILL {self.connection}")


@contextmanager
def probe_session(
    target: Target,
    patience: Patience,
    *,
    like: ServerSettings | None = None,
    statement_s: int = PROBE_STATEMENT_S_MAX,
) -> Iterator[ProbeSession]:
    """`like`: the settings of the server in whose place it is asked; None: its own. The server ends
    each statement after `statement_s`. Raises Unavailable, InvalidInput, NotAnswered, ServerRefusal
    or LinkLost."""
    required_database(target)
    with connect(target, program="reconciler, asking rows") as link:
        patience.when_over(link.cut)
        server = look_at_server(link)
        flavor = server.settings.version.flavor
        settings = like or server.settings
        if settings.version.series != server.settings.version.series:
            raise NotAnswered("its replica is of another series than its primary")
        variables = dict((*session_variables(settings), *SORTING, ("lock_wait_timeout", "1")))
        limit_ms = 1_000 * statement_s
        if flavor is Flavor.MYSQL:
            variables["max_execution_time"] = str(limit_ms)
        else:
            variables["max_statement_time"] = str(statement_s)
        link.execute(set_session(variables.items()))
        link.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY")
        kept = [number(value) for value in link.row(_CONFIRM[flavor], width=4)]
        if kept[:3] != [limit_ms, 1, 1] or kept[3] is None:
            raise NotAnswered("the server does not keep the limits of a session that asks rows")
        link.wait_at_most(statement_s + PROBE_OVERTIME_S)
        yield ProbeSession(
            link=link, server=server, connection=kept[3], statement_s=float(statement_s)
        )


def check_same_server(found: ServerLook, expected: str) -> None:
    """`expected` is the identity of the one that was looked at, '': nobody knows it. Raises
    NotAnswered."""
    if expected not in ("", found.identity):
        raise NotAnswered("another server answers than the one that was looked at", passes=True)


def now_s() -> float:
    return time.time()
