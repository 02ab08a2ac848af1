"""Nothing takes effect before it is told to: the table whose end Spirit awaits, and who keeps it.

Spirit swaps once `_spirit_sentinel` is gone, whoever dropped it, and makes none where it takes up a
copy. So it is made before Spirit is started, each time, and a second session reads it under LOCK
TABLES for as long as Spirit runs: a DROP of anybody else waits for that session (EN-3).
"""

from __future__ import annotations

from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.edges.engines.ownership import Helper, find_tables
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import SESSION_SILENT_S_MAX
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.session_settings import set_session
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Unavailable
from reconciler.plan.engines.spirit_names import SENTINEL

_TABLE = quote_identifier(SENTINEL)
_OURS = "reconciler: a copy waits here to be swapped in, "


class Gate:
    """Of one statement; `mark` tells its sentinel from others. Not for two threads at once."""

    def __init__(self, shard: ShardLink, mark: str) -> None:
        self._shard = shard
        self._mark = mark
        self._keeper: Link | None = None

    def make(self, link: Link) -> None:
        """There is a sentinel, and it stays. Raises Unavailable, ServerRefusal or LinkLost."""
        if not find_tables(link, [SENTINEL]):
            comment = quote_string(f"{_OURS}{self._mark}")
            link.execute(f"CREATE TABLE {_TABLE} (id int NOT NULL PRIMARY KEY) COMMENT={comment}")
        self._keep()

    @property
    def is_made(self) -> bool:
        """By this process, which keeps it."""
        return self._keeper is not None

    def is_kept(self) -> bool:
        """Whether the sentinel is there and stays; kept again where the session was lost."""
        try:
            if self._keeper is not None:
                self._keeper.row("SELECT 1", width=1)
                return True
        except (ServerRefusal, LinkLost):
            self.let_go()
        try:
            self._keep()
        except (Unavailable, ServerRefusal, LinkLost):
            self.let_go()
            return False
        return True

    def open(self, link: Link) -> None:
        """The sentinel goes. Raises ServerRefusal or LinkLost."""
        self.let_go()
        link.execute(f"DROP TABLE IF EXISTS {_TABLE}")

    def let_go(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    def _keep(self) -> None:
        """Raises Unavailable, ServerRefusal or LinkLost; also where the sentinel is another's."""
        self.let_go()
        keeper = connect(self._shard.target, program="reconciler, waiting to swap")
        self._keeper = keeper
        if look_at_server(keeper).identity != self._shard.server.identity:
            raise LinkLost("another server answers", sent=False)
        silent = ("wait_timeout", str(SESSION_SILENT_S_MAX))
        keeper.execute(set_session((silent, ("lock_wait_timeout", "5"))))
        keeper.execute(f"LOCK TABLES {_TABLE} READ")
        if not all(is_own_sentinel(found, self._mark) for found in find_tables(keeper, [SENTINEL])):
            raise LinkLost("the sentinel is another's", sent=False)


def is_own_sentinel(found: Helper, mark: str) -> bool:
    return found.name == SENTINEL and found.comment == f"{_OURS}{mark}"
