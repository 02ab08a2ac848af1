"""What the catalog said last, for as long as that may be relied on.

Rules, each of which a test keeps:
- the lease is counted from before the catalog was asked, so that it ends here before it ends there;
- another version is told to the catalog as seen only when nobody here routes by the earlier one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pymysql

from reconciler.routes.catalog import Registration, Snapshot, forget, look
from reconciler.routes.errors import NoLease, RoutingError

_LOST = (pymysql.err.MySQLError, OSError)


def running_s() -> float:
    """A clock that goes on while the machine sleeps, where the system has one: no lease outlives
    the night of a laptop."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(frozen=True, slots=True)
class _Lease:
    snapshot: Snapshot
    since_s: float
    until_s: float

    def is_young(self, now_s: float) -> bool:
        return now_s < (self.since_s + self.until_s) / 2


class CachedRoutes:
    """Safe to use from several threads: one asks, and the others go on with what still holds."""

    def __init__(
        self, connect: Callable[[], Any], wanted: Registration, clock: Callable[[], float]
    ) -> None:
        self._connect = connect
        self._wanted = wanted
        self._clock = clock
        self._asking = threading.Lock()
        self._connection: Any = None
        self._lease: _Lease | None = None

    def current(self) -> Snapshot:
        """Asked for again from the half of the lease on, and kept where nobody answers. Raises
        RoutingError once it may no longer be relied on."""
        lease = self._lease
        if lease is not None and lease.is_young(self._clock()):
            return lease.snapshot
        refused = self._asked(self._clock(), wait=self._held() is None)
        if (held := self._held()) is not None:
            return held.snapshot
        if isinstance(refused, RoutingError):
            raise refused
        wanted = self._wanted
        raise NoLease(
            f"the catalog of {wanted.keyspace} in {wanted.environment} does not answer, and what"
            f" it said last held for {wanted.lease_s:g} s"
        ) from refused

    def ask_again(self) -> bool:
        """However young the lease is. Whether the catalog answered."""
        return self._asked(self._clock(), wait=True) is None

    def still_holds(self, seen: Snapshot) -> bool:
        """Whether what was seen is what still may be relied on."""
        held = self._held()
        return held is not None and held.snapshot.version == seen.version

    def close(self) -> None:
        with self._asking:
            self._lease = None
            with suppress(*_LOST):
                if self._connection is not None:
                    forget(self._connection, self._wanted)
            self._hang_up()

    def _held(self) -> _Lease | None:
        lease = self._lease
        return lease if lease is not None and self._clock() < lease.until_s else None

    def _asked(self, since_s: float, *, wait: bool) -> Exception | None:
        """What kept the catalog from answering. Another thread's answer to a later question is as
        good; without `wait`, so is what still holds while another thread asks."""
        if not self._asking.acquire(blocking=wait):
            return None
        try:
            lease = self._lease
            if lease is not None and lease.since_s > since_s:
                return None
            return self._look()
        finally:
            self._asking.release()

    def _look(self) -> Exception | None:
        """Twice where the connection was idle: a server ends those that are, without a word."""
        for is_idle in (self._connection is not None, False):
            since_s = self._clock()
            try:
                if self._connection is None:
                    self._connection = self._connect()
                snapshot = look(self._connection, self._wanted, self._stop_before)
            except (*_LOST, RoutingError) as error:
                self._hang_up()
                if isinstance(error, RoutingError) or not is_idle:
                    return error
            else:
                self._lease = _Lease(snapshot, since_s, since_s + self._wanted.lease_s)
                return None
        return None

    def _stop_before(self, version: int) -> None:
        """From here on the catalog may know that `version` was seen, whether we hear so or not."""
        if self._lease is not None and self._lease.snapshot.version != version:
            self._lease = None

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(*_LOST):
                connection.close()
