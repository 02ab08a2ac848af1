"""Who may drive an apply of a keyspace at PlanetScale: there is no server of a shard to hold a lock
on, so it is whoever has the apply's lease in the ledger.

A lease that looks old is watched for a sign of life first: its driver may live on a machine with
another time of day. What comes too late to see that somebody drives takes the lease away, and who
had it sends nothing more: each write is recorded under the lease before it is sent (PS-7).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reconciler.drive.driver_watch import DriverWatch
from reconciler.drive.limits import ROLLOUT_POLL_S
from reconciler.drive.status import is_driven
from reconciler.errors import Busy, Problem
from reconciler.ledger.model import StoredLease
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import Ledger
from reconciler.ports.shards import HeldLocks
from reconciler.spec.model import ShardSpec


class ReservedInLedger:
    """`ShardLocks`, for one environment."""

    def __init__(self, ledger: Ledger, clock: Clock, environment: str) -> None:
        self._ledger = ledger
        self._clock = clock
        self._environment = environment

    @contextmanager
    def take(
        self, shards: Sequence[ShardSpec], *, keyspace: str, holder: str
    ) -> Iterator[HeldLocks]:
        lease = self._driver(keyspace)
        if lease is not None:
            raise _driven(keyspace, lease.apply_id, lease.holder or "")
        yield _Reserved()

    def _driver(self, keyspace: str) -> StoredLease | None:
        """The lease of whoever drives an apply of the keyspace."""
        first = seen = self._ledger.lease(self._environment, keyspace)
        if first is None:
            return None
        watch = DriverWatch(self._clock, first.apply_id)
        while seen == first and watch.is_there(seen):
            if is_driven(seen, first.apply_id, self._clock.now_s()):
                return seen
            self._clock.sleep(ROLLOUT_POLL_S)
            seen = self._ledger.lease(self._environment, keyspace)
        return seen if seen != first and seen is not None and seen.holder is not None else None


class _Reserved:
    def is_held(self, shard: str) -> bool:
        """The ledger itself refuses whoever has lost the lease."""
        return True


def _driven(keyspace: str, apply_id: int, holder: str) -> Busy:
    return Busy(
        Problem(
            code="lock-held",
            message=f"apply {apply_id} of {keyspace} is driven by {holder}",
            recovery="wait for it, or look at `reconciler status`; where its process is gone, it"
            " counts as gone some seconds later",
        )
    )
