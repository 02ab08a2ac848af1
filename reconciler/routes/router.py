"""The router: it leads work to whoever owns a key, waits where a range moves, and never guesses."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from reconciler.routes.cached import CachedRoutes, running_s
from reconciler.routes.catalog import Registration, Route, Snapshot
from reconciler.routes.errors import NotServed
from reconciler.routes.limits import (
    LEASE_S_MAX,
    NAME_CHARS_MAX,
    PATIENCE_S,
    PAUSE_S_MAX,
    PAUSE_S_MIN,
)

T = TypeVar("T")
Routes = tuple[Route, ...]

# Said by a split's triggers: the source takes no writes any more; the target takes none yet.
_FENCED, _CLOSED = 31017, 31018
# MariaDB (11.6.2 and newer) refuses so a write of a snapshot that is older than the fence's last
# change, before the trigger can say its own number (decision 43).
_CHANGED_SINCE = 1020
# The source was renamed away: its range has another owner by then.
_NO_SUCH_TABLE = 1146


class Router:
    """Routes of one keyspace. Safe to use from several threads; `close` it at the end, so that no
    split waits for its lease."""

    def __init__(
        self,
        connect: Callable[[], Any],
        *,
        environment: str,
        keyspace: str,
        key_function: str,
        name: str,
        lease_s: float = LEASE_S_MAX,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = running_s,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`connect` opens a PyMySQL connection to the catalog's database, with timeouts of a few
        seconds: while it is asked, a cutover waits. `name` is this process's own, no two have the
        same, and it is stored, so it names no host. Nothing is asked yet."""
        if not 0 < len(name) <= NAME_CHARS_MAX:
            raise ValueError(f"a router's name has 1 to {NAME_CHARS_MAX} characters")
        if not 0 < lease_s <= LEASE_S_MAX:
            raise ValueError(f"a lease lasts for up to {LEASE_S_MAX:g} s")
        wanted = Registration(
            environment=environment,
            keyspace=keyspace,
            key_function=key_function,
            name=name,
            lease_s=lease_s,
        )
        self._cached = CachedRoutes(connect, wanted, clock)
        self._patience_s = patience_s
        self._clock, self._sleep, self._chance = clock, sleep, chance

    def route(self, key_id: bytes) -> Route:
        """The key's owner now, whether it serves or not. Raises RoutingError."""
        return self._cached.current().owner_of(key_id)

    def read(self, key_id: bytes, work: Callable[[Route], T]) -> T:
        """What `work` reads from the key's owner. It may be called several times: what it found
        under a version that had ended by then is thrown away. Raises RoutingError, and what `work`
        raises for other reasons than the move of a range."""
        return self._served(_of_key(key_id), lambda routes: work(routes[0]), is_read=True)

    def read_everywhere(self, work: Callable[[Routes], T]) -> T:
        """As `read`, from the owners of all keys, which are those of one version."""
        return self._served(lambda seen: seen.routes, work, is_read=True)

    def write(self, key_id: bytes, work: Callable[[Route], T]) -> T:
        """What `work` returns, which is one whole transaction on the key's owner: it begins it, and
        commits it or rolls it back. It is called again only where the owner has refused it. A lost
        connection is not tried again, for nobody knows what became of it. Raises as `read` does."""
        return self._served(_of_key(key_id), lambda routes: work(routes[0]), is_read=False)

    def close(self) -> None:
        self._cached.close()

    def _served(
        self, choose: Callable[[Snapshot], Routes], work: Callable[[Routes], T], *, is_read: bool
    ) -> T:
        give_up_s = self._clock() + self._patience_s
        pause_s, refused = PAUSE_S_MIN, None
        while True:
            seen = self._cached.current()
            routes = choose(seen)
            if all(route.is_active for route in routes):
                try:
                    found = work(routes)
                except Exception as error:
                    if not self._is_about_a_move(error, routes, choose):
                        raise
                    refused = error
                else:
                    if not is_read or self._cached.still_holds(seen):
                        return found
            if self._clock() >= give_up_s:
                raise NotServed(
                    f"no owner of {', '.join(route.shard for route in routes)} took the work for"
                    f" {self._patience_s:g} s"
                ) from refused
            self._sleep(pause_s * (1 + self._chance()) / 2)
            pause_s = min(2 * pause_s, PAUSE_S_MAX)
            self._cached.ask_again()

    def _is_about_a_move(
        self, error: Exception, routes: Routes, choose: Callable[[Snapshot], Routes]
    ) -> bool:
        """A table that is not there is a mistake of the application's unless the catalog says
        something else by now, or says nothing: a source is renamed away behind its cutover."""
        match error_number(error):
            case number if number in (_FENCED, _CLOSED, _CHANGED_SINCE):
                return True
            case number if number == _NO_SUCH_TABLE:
                return not self._cached.ask_again() or choose(self._cached.current()) != routes
            case _:
                return False


def error_number(error: BaseException) -> int | None:
    """The server's, of PyMySQL's error, or of that of a library around it."""
    for raised in (error, getattr(error, "orig", None)):
        number = raised.args[0] if isinstance(raised, BaseException) and raised.args else None
        if isinstance(number, int):
            return number
    return None


def _of_key(key_id: bytes) -> Callable[[Snapshot], Routes]:
    return lambda seen: (seen.owner_of(key_id),)
