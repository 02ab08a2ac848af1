"""One trigger in another's place on MySQL, which replaces none: dropped and made again while its
table is locked, so that no write passes in between.

Rules (PG-24): the statement that drops it and the one that makes it leave in one piece. A server
that has the first has both, and runs the second whatever became of this process. Where it is
refused, the old one is put back under the same lock. A session that falls silent holding the lock
is ended by its server.
"""

from __future__ import annotations

import time

from reconciler.ddl.statement.trigger import SwapParts
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import SESSION_SILENT_S_MAX, SWAP_SILENT_S_MAX
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.reach import database_of
from reconciler.edges.mysql.session_settings import set_session
from reconciler.edges.mysql.triggers import ToPutBack, as_it_stands
from reconciler.model.server import ServerError


def begin_swap(link: Link, parts: SwapParts) -> None:
    """Ask for the lock; `finish_swap` when it is there. Raises ServerRefusal or LinkLost."""
    link.execute(set_session((("wait_timeout", str(SWAP_SILENT_S_MAX)),)))
    link.send(parts.lock)


def finish_swap(link: Link, parts: SwapParts, name: str) -> int:
    """With the lock held, which is let go of as soon as the trigger is made; for how long it was
    held, in ms. Raises ServerRefusal, for which the old one is there again unless it says
    otherwise, or LinkLost."""
    locked_s = time.monotonic()
    database = database_of(link)
    old = as_it_stands(link, database, name)
    try:
        link.execute_both(parts.drop, parts.create)
    except ServerRefusal as refused:
        if old is not None and as_it_stands(link, database, name) is None:
            _put_back(link, old, refused.error)
        raise
    finally:
        link.execute(parts.unlock)
    return round((time.monotonic() - locked_s) * 1000)


def _put_back(link: Link, old: ToPutBack, because: ServerError) -> None:
    """Raises ServerRefusal, which tells first why the new one was not made, or LinkLost."""
    try:
        link.execute(set_session(old.session))
        link.execute(old.sql)
    except ServerRefusal as refused:
        message = (
            f"{because}; and the trigger that was there before could not be put back, so that"
            f" writes go by the table without it: {refused.error}"
        )
        raise ServerRefusal(ServerError(number=because.number, message=message)) from refused


def end_swap(link: Link) -> None:
    """As sessions are, whatever became of it. Raises ServerRefusal or LinkLost."""
    link.execute("UNLOCK TABLES")
    link.execute(set_session((("wait_timeout", str(SESSION_SILENT_S_MAX)),)))
