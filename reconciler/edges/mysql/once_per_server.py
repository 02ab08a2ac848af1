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


class OncePerServer(Generic[_Answer]):
    """Remembers for the length of one look at a fleet. Safe to use from several threads."""

    def __init__(self, ask: Callable[[Link], _Answer | None]) -> None:
        self._ask = ask
        self._guard = threading.Lock()
        self._asking: dict[str, threading.Lock] = {}
        self._by_server: dict[str, _Answer | None] = {}

    def of(self, link: Link, identity: str) -> _Answer | None:
        """The first shard of a server asks, the others wait for its answer, no longer than for one
        of their own; None where that was too long. Raises what asking raises."""
        with self._guard:
            asking = self._asking.setdefault(identity, threading.Lock())
        if not asking.acquire(timeout=link.target.read_timeout_s):
            return None
        try:
            if identity not in self._by_server:
                self._by_server[identity] = self._ask(link)
            return self._by_server[identity]
        finally:
            asking.release()
