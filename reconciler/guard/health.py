"""What must be true of a server right before a statement: measured and within the spec's limits.

A limit that is set arms its guard; what then could not be measured counts as refused (GD-10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


def needs_vitals(rollout: RolloutSpec) -> bool:
    limits = (
        rollout.replica_lag_max_s,
        rollout.threads_running_max,
        rollout.disk_free_min_percent,
    )
    return any(limit is not None for limit in limits)


def outside_window(windows: tuple[str, ...], now_s: float) -> Refusal | None:
    if is_open(windows, now_s):
        return None
    return Refusal(
        code="outside-window",
        message=f"no statement starts outside of {', '.join(windows)}",
        recovery="`reconciler resume` inside a window",
    )


def vitals_refusals(
    rollout: RolloutSpec, vitals: Vitals, *, shard: str, rebuilds: bool
) -> tuple[Refusal, ...]:
    """Every reason not to send a statement to this server now. Disk counts for rebuilds only."""
    return tuple(_refusals(rollout, vitals, shard, rebuilds=rebuilds))


def _refusals(
    rollout: RolloutSpec, vitals: Vitals, shard: str, *, rebuilds: bool
) -> Iterator[Refusal]:
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
    disk_min = rollout.disk_free_min_percent
    if disk_min is not None and rebuilds:
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
