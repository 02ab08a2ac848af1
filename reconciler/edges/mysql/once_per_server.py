"""Questions about a whole server are asked once per look, however many shards it has.

Some catalogues have no index: each question goes through every table of the server, and a fleet has
many shards on one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from reconciler.edges.mysql.connect import Link

_Answer = TypeVar("_Answer")
_Server = tuple[str, str, int, str]


class OncePerServer(Generic[_Answer]):
    """Remembers for the length of one look at a fleet. Safe to use from several threads."""

    def __init__(self, ask: Callable[[Link], _Answer | None]) -> None:
        self._ask = ask
        self._guard = threading.Lock()
        self._asking: dict[_Server, threading.Lock] = {}
        self._by_server: dict[_Server, _Answer | None] = {}

    def of(self, link: Link, identity: str) -> _Answer | None:
        """The first shard of a server asks, the others wait for its answer, no longer than for one
        of their own; None where that was too long. Raises what asking raises."""
        # The address, too: a server that takes another's identity must not answer for it.
        server = (identity, *link.target.address)
        with self._guard:
            asking = self._asking.setdefault(server, threading.Lock())
        if not asking.acquire(timeout=link.target.read_timeout_s):
            return None
        try:
            if server not in self._by_server:
                self._by_server[server] = self._ask(link)
            return self._by_server[server]
        finally:
            asking.release()

    def told(self, identity: str, address: tuple[str, int, str]) -> _Answer | None:
        """What was answered, once nobody asks any more; None where nobody has."""
        return self._by_server.get((identity, *address))
