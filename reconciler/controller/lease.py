"""When a leader's silence is its death, by the clock of the one who listens.

Two machines' clocks may differ by hours: the time that a leader wrote down says nothing. What
counts is for how long this process has seen the lease stay as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.controller.limits import LEADER_SILENT_S_MAX
from reconciler.ledger.model import StoredLease


@dataclass(frozen=True, slots=True)
class Watched:
    """A lease as it was seen, and since when it has been seen so, on the watcher's own clock."""

    lease: StoredLease | None
    since_s: float


def watched(before: Watched | None, lease: StoredLease | None, now_s: float) -> Watched:
    if before is not None and before.lease == lease:
        return before
    return Watched(lease, now_s)


def may_take(seen: Watched, now_s: float) -> bool:
    """Nobody has it, whoever had it said good-bye, or has been silent for too long."""
    if seen.lease is None or seen.lease.holder is None:
        return True
    return now_s - seen.since_s >= LEADER_SILENT_S_MAX
