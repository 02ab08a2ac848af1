"""What must be true of a server right before a statement: measured and within the spec's limits.

A limit that is set arms its guard; what then could not be measured counts as refused (GD-10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.guard.limits import (
    COPY_DISK_FREE_BYTES_ENOUGH,
    COPY_DISK_FREE_PERCENT_MIN,
    COPY_SIZE_FACTOR,
)
from reconciler.guard.model import Refusal, RefusalKind
from reconciler.guard.windows import is_open
from reconciler.spec.model import RolloutSpec

_RESUME = "wait until it is, then `reconciler resume`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """How a shard's server is; None: could not be measured."""

    replica_lag_s: float | None = None  # of the slowest replica that is known
    threads_running: int | None = None
    disk_free_percent: float | None = None
    disk_free_bytes: int | None = None


def needs_vitals(rollout: RolloutSpec) -> bool:
    limits = (
        rollout.replica_lag_max_s,
        rollout.threads_running_max,
        rollout.disk_free_min_percent,
    )
    return any(limit is not None for limit in limits)


def outside_window(
    windows: tuple[str, ...], now_s: float, *, what: str = "no statement"
) -> Refusal | None:
    if is_open(windows, now_s):
        return None
    return Refusal(
        code="outside-window",
        message=f"{what} starts outside of {', '.join(windows)}",
        recovery="`reconciler resume` inside a window",
    )


def vitals_refusals(
    rollout: RolloutSpec, vitals: Vitals, *, shard: str, rebuilds: bool
) -> tuple[Refusal, ...]:
    """Every reason not to send a statement to this server now. Disk counts for rebuilds only."""
    disk = _of_disk(rollout, vitals, shard) if rebuilds else ()
    return (*_of_load(rollout, vitals, shard), *disk)


def copy_refusals(rollout: RolloutSpec, vitals: Vitals, *, shard: str) -> tuple[Refusal, ...]:
    """Every reason to slow down or to end a copy that goes on there. A disk that runs full stops
    the server, so one that can be measured has a limit whether the spec sets one or not. What was
    measured when the copy began and cannot be now may pass."""
    is_little = (vitals.disk_free_bytes or 0) < COPY_DISK_FREE_BYTES_ENOUGH
    if rollout.disk_free_min_percent is None and is_little and vitals.disk_free_percent is not None:
        rollout = replace(rollout, disk_free_min_percent=COPY_DISK_FREE_PERCENT_MIN)
    disk = _of_disk(rollout, vitals, shard)
    if vitals.disk_free_percent is None:
        disk = _passing(disk)
    return (*_passing(_of_load(rollout, vitals, shard)), *disk)


def _passing(refusals: Iterable[Refusal]) -> Iterator[Refusal]:
    return (replace(one, kind=RefusalKind.PASSES) for one in refusals)


def copy_needs_bytes(table_bytes: int | None, copied_bytes: int | None = None) -> int:
    """How much more a copy will write, about; 0 where nobody can tell."""
    return max(0, int((table_bytes or 0) * COPY_SIZE_FACTOR) - (copied_bytes or 0))


def no_room_for_copy(
    vitals: Vitals, table_bytes: int | None, *, others_bytes: int, shard: str
) -> Refusal | None:
    """A copy is about as large as its table, whoever makes it; `others_bytes` is what copies that
    go on there need yet. None: there is room, or it cannot be measured; then the spec's limit for
    the disk stands alone."""
    free_bytes, needed_bytes = vitals.disk_free_bytes, copy_needs_bytes(table_bytes)
    if free_bytes is None or table_bytes is None:
        return None
    if free_bytes < needed_bytes:
        because = (
            f"{free_bytes:,} bytes of disk are free, and a copy of a table of {table_bytes:,}"
            " bytes needs about as many again and some more"
        )
        return _over_limit(shard, "disk-too-small", because, RefusalKind.STANDS)
    if free_bytes < needed_bytes + others_bytes:
        because = (
            f"{free_bytes:,} bytes of disk are free; a copy of a table of {table_bytes:,} bytes"
            f" does not fit beside the copies that go on there and need {others_bytes:,} more"
        )
        return _over_limit(shard, "disk-for-copies", because, RefusalKind.PASSES)
    return None


def _of_load(rollout: RolloutSpec, vitals: Vitals, shard: str) -> Iterator[Refusal]:
    lag_max, threads_max = rollout.replica_lag_max_s, rollout.threads_running_max
    if lag_max is not None:
        if vitals.replica_lag_s is None:
            yield _unmeasured(shard, "replica-lag-unmeasured", "replica lag")
        elif vitals.replica_lag_s > lag_max:
            because = f"replica lag is {vitals.replica_lag_s:.0f} s, limit is {lag_max} s"
            yield _over_limit(shard, "replica-lag", because, RefusalKind.PASSES)
    if threads_max is not None:
        if vitals.threads_running is None:
            yield _unmeasured(shard, "threads-running-unmeasured", "the number of running threads")
        elif vitals.threads_running > threads_max:
            because = f"{vitals.threads_running} threads are running, limit is {threads_max}"
            yield _over_limit(shard, "threads-running", because, RefusalKind.PASSES)


def _of_disk(rollout: RolloutSpec, vitals: Vitals, shard: str) -> Iterator[Refusal]:
    disk_min = rollout.disk_free_min_percent
    if disk_min is not None:
        if vitals.disk_free_percent is None:
            yield _unmeasured(shard, "disk-free-unmeasured", "free disk space")
        elif vitals.disk_free_percent < disk_min:
            because = f"{vitals.disk_free_percent:.0f} % of disk is free, limit is {disk_min} %"
            yield _over_limit(shard, "disk-free", because, RefusalKind.STANDS)


def _unmeasured(shard: str, code: str, what: str) -> Refusal:
    return Refusal(
        code=code,
        message=f"shard {shard}: {what} could not be measured, and the spec sets a limit for it",
        recovery="let the apply identity measure it, or take the limit out of the spec",
        shard=shard,
    )


def _over_limit(shard: str, code: str, because: str, kind: RefusalKind) -> Refusal:
    """Replicas catch up and load goes down; a disk stays full."""
    return Refusal(
        code=code,
        message=f"shard {shard}: {because}",
        recovery=_RESUME,
        shard=shard,
        kind=kind,
    )
