"""One server for throwaway databases, and its connections, kept for the next database.

Rule: only databases that this run made are ever dropped, and those of runs that died a day ago.
"""

from __future__ import annotations

import itertools
import re
import secrets
import time
from collections import deque
from contextlib import suppress
from enum import Enum, auto

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import SCRATCH_LEFT_MAX, SCRATCH_LEFTOVER_AFTER_S
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal, as_unavailable
from reconciler.edges.mysql.reading import column, number
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server

_OURS = re.compile(r"_reconciler_([0-9a-f]{8})_[0-9a-f]{8}_[0-9]+")


def is_scratch_name(database: str) -> bool:
    """Whether a database was made by a run of this product, to be dropped again."""
    return _OURS.fullmatch(database) is not None


class Leaves(Enum):
    """What is on the server when a run ends."""

    NOTHING = auto()  # others may use it meanwhile
    ALL = auto()  # it ends with the run
    LAST_DROPS = auto()  # nobody uses it before they are over


class ScratchServer:
    """Safe to use from several threads; each takes links of its own."""

    def __init__(self, target: Target, *, leaves: Leaves = Leaves.NOTHING) -> None:
        self._target = target
        self._leaves = leaves
        nothing = itertools.repeat(SCRATCH_LEFT_MAX)
        self._left = nothing if leaves is Leaves.NOTHING else itertools.count()
        self._to_drop: list[str] = []
        self._idle: dict[str, deque[Link]] = {}  # by how their session is set
        self._swept = False
        self._numbers = itertools.count(1)
        self._stem = f"_reconciler_{int(time.time()):08x}_{secrets.token_hex(4)}"
        with (
            connect(target, program="reconciler, scratch", with_database=False) as link,
            as_unavailable(target.label),
        ):
            self.look: ServerLook = look_at_server(link)

    def drop_leftovers(self) -> None:
        """What runs that were killed left behind, once for this run. Raises Unavailable."""
        if not self._swept:
            self._swept = True
            with (
                connect(self._target, program="reconciler, scratch", with_database=False) as link,
                as_unavailable(self._target.label),
            ):
                _drop_leftovers(link)

    @property
    def label(self) -> str:
        return self._target.label

    def new_name(self) -> str:
        return f"{self._stem}_{next(self._numbers)}"

    def leave(self, database: str) -> bool:
        """Whether this database may stay until the run ends: that of git's definitions is the
        first and the largest, and to drop it takes as long as a tenth of a small plan."""
        may_stay = next(self._left) < SCRATCH_LEFT_MAX
        if may_stay and self._leaves is Leaves.LAST_DROPS:
            self._to_drop.append(database)
        return may_stay

    def take(self, session: str) -> Link:
        """A link that nobody else uses, its session set by the statement `session`.
        Raises Unavailable, ServerRefusal or LinkLost."""
        with suppress(KeyError, IndexError):
            return self._idle[session].pop()
        link = connect(self._target, program="reconciler, scratch", with_database=False)
        link.try_again_on_deadlock()
        try:
            link.execute(session)
        except (ServerRefusal, LinkLost):
            link.close()
            raise
        return link

    def give_back(self, link: Link, session: str) -> None:
        self._idle.setdefault(session, deque()).append(link)

    def close(self) -> None:
        """Nobody waits for the last drops: the server goes on with what it was told."""
        links = (link for idle in self._idle.values() for link in idle)
        with suppress(LinkLost):
            for database, link in zip(self._to_drop, links, strict=False):
                link.send(f"DROP DATABASE {quote_identifier(database)}")
        for idle in self._idle.values():
            while idle:
                idle.pop().close()


def _drop_leftovers(link: Link) -> None:
    """What runs that were killed left behind; a run of today may still be at work."""
    names = column(
        link.query(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
            " WHERE SCHEMA_NAME LIKE '\\_reconciler\\_%'"
        )
    )
    now = number(link.row("SELECT UNIX_TIMESTAMP()", width=1)[0]) or 0
    for name in names:
        made = _OURS.fullmatch(name)
        if made is not None and now - int(made[1], 16) > SCRATCH_LEFTOVER_AFTER_S:
            link.execute(f"DROP DATABASE IF EXISTS {quote_identifier(name)}")
