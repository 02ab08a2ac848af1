"""Two connections to one shard: one that looks and defines, one through which rows pass as bytes.

Rule: both are set alike, whatever the server's own settings are: bytes stay bytes, zero dates and
invalid ones stay what they are, nothing waits for a lock longer than a second, no read is an old
one, and no read locks what is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.edges.client.opening import SessionOptions
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.problems import (
    NO_SUCH_TABLE,
    OF_LOCKS,
    ServerRefusal,
    as_unavailable,
)
from reconciler.edges.mysql.reach import database_of
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.session_settings import Variables, pinned, set_session
from reconciler.edges.mysql.split.limits import (
    ROW_LOCK_WAIT_S,
    ROWS_ANSWER_BYTES_MAX,
    SPLIT_SILENT_S_MAX,
    TABLE_LOCK_WAIT_S,
)
from reconciler.edges.mysql.split.turn import take_turn, turn_name
from reconciler.model.server import Flavor, ServerVersion
from reconciler.ports.split_servers import Busy

Result = TypeVar("Result")

# Not strict: a value that one server holds, another takes. 2024-02-31 is held by who has ever had
# ALLOW_INVALID_DATES; 0 in an AUTO_INCREMENT column stays 0.
SQL_MODE = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"


class SplitSession:
    """Not for two threads at once. `looks` reads text, `rows` bytes."""

    def __init__(self, target: Target, *, foreign_key_checks: bool) -> None:
        """Raises Unavailable."""
        self.label = target.label
        self.looks = connect(target, program="reconciler, splitting")
        try:
            with as_unavailable(self.label):
                self.server = look_at_server(self.looks)
                self.database = database_of(self.looks)
            self.rows = connect(
                target,
                program="reconciler, copying rows",
                options=SessionOptions(answer_bytes_max=ROWS_ANSWER_BYTES_MAX),
            )
        except BaseException:
            self.looks.close()
            raise
        try:
            with as_unavailable(self.label):
                self._set(foreign_key_checks=foreign_key_checks)
        except BaseException:
            self.close()
            raise

    @property
    def version(self) -> ServerVersion:
        return self.server.settings.version

    def take_over(self, identity: str) -> None:
        """Be the only one that does anything for this move here. Raises Unavailable."""
        with as_unavailable(self.label):
            for role, link in (("looks", self.looks), ("rows", self.rows)):
                take_turn(link, self.label, turn_name(self.database, identity, role))

    def close(self) -> None:
        self.looks.close()
        self.rows.close()

    def looked(self, look: Callable[[Link], Result]) -> Result:
        """Raises Unavailable."""
        with as_unavailable(self.label):
            return look(self.looks)

    def tried(self, what: str, statement: Callable[[], object]) -> Busy | None:
        """Run what may meet somebody's lock. Raises Unavailable."""
        with as_unavailable(self.label):
            try:
                statement()
            except ServerRefusal as refusal:
                if refusal.error.number in OF_LOCKS:
                    return Busy(what)
                raise
        return None

    def read(self, sql: bytes) -> tuple[tuple[bytes | None, ...], ...]:
        """Rows as bytes. Raises Unavailable."""
        with as_unavailable(self.label):
            return self.rows.query_bytes(sql)

    def _set(self, *, foreign_key_checks: bool) -> None:
        variables = set_session(split_variables(self.version, foreign_key_checks))
        for link in (self.looks, self.rows):
            link.execute(variables)
            link.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        self.rows.execute("SET NAMES binary")
        self.rows.leave_bytes()


def split_variables(version: ServerVersion, foreign_key_checks: bool) -> Variables:
    """READ COMMITTED, set beside them, locks no gaps: a DELETE from a queue keeps no writer from
    adding to it."""
    variables = {
        **dict(pinned(version)),
        "sql_mode": SQL_MODE,
        "foreign_key_checks": str(int(foreign_key_checks)),
        "lock_wait_timeout": str(TABLE_LOCK_WAIT_S),
        "innodb_lock_wait_timeout": str(ROW_LOCK_WAIT_S),
        "sql_safe_updates": "0",
        "wait_timeout": str(SPLIT_SILENT_S_MAX),
    }
    match version.flavor:
        case Flavor.MYSQL:
            variables["range_optimizer_max_mem_size"] = "0"  # else a long list reads all rows
        case Flavor.MARIADB:
            variables["in_predicate_conversion_threshold"] = "0"  # likewise
    return tuple(variables.items())


def none_without_table(look: Callable[[], Result]) -> Result | None:
    """None where the table that is asked is not there."""
    try:
        return look()
    except ServerRefusal as refusal:
        if refusal.error.number == NO_SUCH_TABLE:
            return None
        raise
