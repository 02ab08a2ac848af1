"""Engine `direct`: sends one DDL statement over a session of the shard and says how it ended.

Rule: it neither decides nor retries. Where the server's answer cannot settle whether the statement
took effect, the outcome is Unknown and only looking at the shard settles it (ST-10).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from reconciler.diff.session import StatementSession
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.problems import (
    DEADLOCK,
    LOCK_WAIT_TIMEOUT,
    LinkLost,
    ServerRefusal,
)
from reconciler.edges.mysql.session_settings import Variables, statement_variables
from reconciler.errors import Unavailable
from reconciler.limits import KILLED_ANSWER_S_MAX
from reconciler.model.server import ServerError, ServerSettings
from reconciler.ports.shards import Applied, Failed, Outcome, Unknown

_INTERRUPTED = 1317
_TRANSIENT = frozenset({LOCK_WAIT_TIMEOUT, DEADLOCK})
_NOT_SENT = 2006  # PyMySQL's and libmysql's CR_SERVER_GONE_ERROR

# The statement's work was done and something after it failed: while committing (1180), in a hook
# of replication (3100), while writing the binary log (1598), or nobody knows where (1105).
_UNSETTLED = frozenset({1105, 1180, 1598, 3100})


def statement_session(
    session: StatementSession, settings: ServerSettings, *, lock_wait_s: int
) -> Variables:
    """What a statement's session has beside what every session has."""
    lock_wait = ("lock_wait_timeout", str(max(1, lock_wait_s)))
    return (*statement_variables(session, settings), lock_wait)


def run_statement(link: Link, sql: str, *, run_limit_s: int) -> Outcome:
    """Over a session that is set for it. Afterwards the link works, unless the outcome is Unknown
    or says that nothing was sent."""
    link.wait_at_most(run_limit_s + KILLED_ANSWER_S_MAX)
    try:
        with _killed_after(run_limit_s, link) as limit_reached:
            link.execute(sql)
    except ServerRefusal as refusal:
        return _refused(refusal.error, run_limit_s if limit_reached.is_set() else None)
    except LinkLost as lost:
        return Unknown(reason=lost.reason) if lost.sent else not_sent(lost.reason)
    finally:
        link.wait_at_most(link.target.read_timeout_s)
    return Applied()


def not_sent(reason: str) -> Failed:
    error = ServerError(number=_NOT_SENT, message=f"the statement was not sent: {reason}")
    return Failed(error=error, transient=True)


def _refused(error: ServerError, limit_reached_s: int | None) -> Outcome:
    if error.number in _UNSETTLED:
        return Unknown(reason=f"the server failed after the statement's work was done: {error}")
    if error.number == _INTERRUPTED and limit_reached_s is not None:
        message = f"stopped because it ran longer than its limit of {limit_reached_s} s"
        error = ServerError(number=error.number, message=message)
    return Failed(error=error, transient=error.number in _TRANSIENT)


@contextmanager
def _killed_after(seconds: int, link: Link) -> Iterator[threading.Event]:
    """Have the server stop the statement at its limit; the event tells that this was tried.

    The kill holds the guard: it cannot meet a later statement of the same session.
    """
    guard = threading.Lock()
    over = threading.Event()
    reached = threading.Event()

    def kill() -> None:
        with guard:
            if over.is_set():
                return
            reached.set()
            # If this fails too, the wait for the answer ends at its own limit.
            with (
                suppress(Unavailable, ServerRefusal, LinkLost),
                connect(link.target, program="reconciler, stopping") as other,
            ):
                other.execute(f"KILL QUERY {link.connection_id}")

    timer = threading.Timer(seconds, kill)
    timer.daemon = True
    timer.start()
    try:
        yield reached
    finally:
        timer.cancel()
        with guard:
            over.set()
