"""Live splits as metrics in Prometheus' text format, for a text-file collector."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reconciler.outcomes.split import SplitStatus
from reconciler.report.metrics import metric_line
from reconciler.reshard.phases import Phase

_Value = Callable[[SplitStatus, float], float | None]

_PHASE = "reconciler_split_phase"

# Each of a live split; a line is missing where nothing was measured, for 0 would be a lie.
_GAUGES: tuple[tuple[str, str, _Value], ...] = (
    (
        "reconciler_split_phase_age_seconds",
        "For how long the split has been in its phase.",
        lambda one, now_s: now_s - one.job.phase_since_s,
    ),
    (
        "reconciler_split_heartbeat_age_seconds",
        "How long ago whoever drives it gave a sign of life.",
        lambda one, now_s: now_s - one.job.heartbeat_s,
    ),
    (
        "reconciler_split_rows_read",
        "Rows of the sources that were read.",
        lambda one, _: one.copied_of[0] if one.copied_of else None,
    ),
    (
        "reconciler_split_rows_estimated",
        "Rows of the sources, by the plan's estimate.",
        lambda one, _: one.copied_of[1] if one.copied_of else None,
    ),
    (
        "reconciler_split_queue_keys",
        "Changed keys that have not gone over yet.",
        lambda one, _: one.progress.queued if one.progress and not _has_streams(one) else None,
    ),
    (
        "reconciler_split_queue_age_seconds",
        "For how long the oldest of them waits.",
        lambda one, _: one.progress.oldest_s if one.progress else None,
    ),
    (
        "reconciler_split_rows_per_second",
        "Rows that are copied.",
        lambda one, _: one.progress.copied_per_s if one.progress else None,
    ),
    (
        "reconciler_split_arrivals_per_second",
        "Changed keys that arrive.",
        lambda one, _: one.progress.arrivals_per_s if one.progress else None,
    ),
    (
        "reconciler_split_drained_per_second",
        "Changed keys that go over.",
        lambda one, _: one.progress.drained_per_s if one.progress else None,
    ),
    (
        "reconciler_split_left_seconds",
        "For how long the copy, or the queue, still takes.",
        lambda one, _: one.left_s,
    ),
)


def split_metrics(splits: Sequence[SplitStatus], *, now_s: float) -> str:
    """Every phase of a live split has its line, zero or not."""
    live = sorted(
        (one for one in splits if one.job.is_live), key=lambda one: (_of(one), one.job.job_id)
    )
    return "\n".join([*_phases(live), *_gauges(live, now_s)]) + "\n"


def _phases(live: Sequence[SplitStatus]) -> Iterator[str]:
    yield f"# HELP {_PHASE} 1 at the phase that a live split is in."
    yield f"# TYPE {_PHASE} gauge"
    for one in live:
        for phase in Phase:
            value = int(one.job.phase is phase)
            yield metric_line(_PHASE, _of(one), value, split=str(one.job.job_id), phase=phase)


def _gauges(live: Sequence[SplitStatus], now_s: float) -> Iterator[str]:
    for name, meaning, value_of in _GAUGES:
        yield f"# HELP {name} {meaning}"
        yield f"# TYPE {name} gauge"
        for one in live:
            value = value_of(one, now_s)
            if value is not None:
                split = str(one.job.job_id)
                yield metric_line(name, _of(one), round(value, 3), split=split)


def _has_streams(status: SplitStatus) -> bool:
    """Vitess' streams have no queue: they tell how far they are behind, and not by how many."""
    return status.job.is_of_vitess


def _of(status: SplitStatus) -> tuple[str, str]:
    return status.job.environment, status.job.keyspace
