"""Keeps writers off the table should gh-ost be killed in the middle of its swap.

gh-ost locks the table, follows the binary log to its end, and sends a RENAME that waits: first for
`_t_del`, which is locked too, and for the table itself once that was dropped. Killed between that
drop and its UNLOCK TABLES, it frees the table before the RENAME has come to wait for it; what is
written then is in `_t_del` alone, and the RENAME goes on (seen: 1.1.10 with MariaDB 11.8).

So a session of ours waits for the table behind gh-ost's: freed too early, the table is ours first,
until the RENAME waits behind us. In a swap that nobody disturbs the RENAME goes before us.

Rule (EN-53): it keeps the table for no longer than that takes, and asks for it only while the table
of gh-ost's swap is there. Where this process is killed, gh-ost has the time for its swap before it
is ended. Where both are, as with a container, the session has been told in advance what to do once
it has the table (EN-88): a server goes through what it was sent before it sees that its client is
gone, so that the session outlives us for as long as the RENAME may take to come.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.gh_ost.site import Site
from reconciler.edges.engines.gh_ost.traces import ddl_at_work
from reconciler.edges.engines.limits import (
    GH_OST_COMES_S_MAX,
    GH_OST_SWAP_S_MAX,
    SWAP_GUARD_OUTLIVES_S,
    SWAP_GUARD_POLL_S,
    SWAP_GUARD_SILENT_S_MAX,
)
from reconciler.edges.engines.ownership import find_tables
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.errors import ReconcilerError
from reconciler.plan.engines.gh_ost_names import SENTRY

# What only a gh-ost that is gone leaves: its RENAME is there, and its table of the swap is not. In
# any other case this is over at once.
_OUTLIVES = """
SELECT SLEEP(%s) FROM DUAL WHERE NOT EXISTS (
    SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s
) AND EXISTS (
    SELECT 1 FROM information_schema.PROCESSLIST
     WHERE DB = DATABASE() AND INFO LIKE 'rename /* gh-ost */ table%%'
)
"""
_LOCKS = "lock /* gh-ost */ tables"
_RENAMES = "rename /* gh-ost */ table"


class SwapGuard:
    """Of one try to swap, over a connection and in a thread of its own."""

    def __init__(self, connect: Callable[[], Link], site: Site) -> None:
        """`connect` raises Unavailable: then gh-ost swaps as it does by itself."""
        self._connect = connect
        self._site = site
        self._ends = Event()
        self._thread = Thread(target=self._run, name="gh-ost swap guard", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """The try has ended. Twice is as good as once."""
        self._ends.set()
        self._thread.join(GH_OST_SWAP_S_MAX)

    def _run(self) -> None:
        with suppress(ReconcilerError, ServerRefusal, LinkLost), self._connect() as link:
            link.execute(f"SET SESSION wait_timeout = {SWAP_GUARD_SILENT_S_MAX}")
            link.execute(f"SET SESSION lock_wait_timeout = {GH_OST_SWAP_S_MAX}")
            while not self._swaps(link):
                if self._ends.wait(SWAP_GUARD_POLL_S):
                    return
            while self._has_the_table_before_gh_ost(link):
                pass  # asked for again it is given up first, and goes to who waits for it
            link.execute("UNLOCK TABLES")

    def _swaps(self, link: Link) -> bool:
        """Whether the table is there that gh-ost makes for the time of its swap."""
        old = find_tables(link, [self._site.names.old])
        return any(one.comment == SENTRY for one in old)

    def _has_the_table_before_gh_ost(self, link: Link) -> bool:
        """Wait for the table and take it; whether gh-ost, about to lock it, has not done so yet.
        Where the RENAME has not come to wait for us, it has moments to do so."""
        asked_s = time.monotonic()
        link.execute_ahead(
            f"LOCK TABLES {quote_identifier(self._site.table)} WRITE",
            _OUTLIVES,
            [SWAP_GUARD_OUTLIVES_S, self._site.names.old],
        )
        taken_s = time.monotonic()
        has_waited = taken_s - asked_s > GH_OST_COMES_S_MAX
        while True:
            statements = ddl_at_work(link, self._site)
            if any(sql.startswith(_LOCKS) for sql in statements):
                return True
            if any(sql.startswith(_RENAMES) for sql in statements):
                time.sleep(GH_OST_COMES_S_MAX)
                return False
            if has_waited or time.monotonic() - taken_s > GH_OST_COMES_S_MAX:
                return False
            time.sleep(SWAP_GUARD_POLL_S)
