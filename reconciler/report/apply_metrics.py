"""The latest apply of each keyspace as metrics in Prometheus' text format, for a text-file
collector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.ledger.states import ApplyState, OperationState
from reconciler.outcomes.apply import ApplyStatus
from reconciler.report.metrics import metric_line

_STATE = "reconciler_apply_state"
_SHARDS = "reconciler_apply_shards"
_DRIVEN = "reconciler_apply_driven"
_STARTED = "reconciler_apply_started_timestamp_seconds"
_HEARTBEAT = "reconciler_apply_heartbeat_age_seconds"


def apply_metrics(applies: Sequence[ApplyStatus], *, now_s: float) -> str:
    """Every state has its line, zero or not: a metric that vanishes fires no alert."""
    ordered = sorted(applies, key=lambda one: (*_of(one), one.region or ""))
    return "\n".join([*_states(ordered), *_shards(ordered), *_gauges(ordered, now_s)]) + "\n"


def _states(applies: Sequence[ApplyStatus]) -> Iterator[str]:
    yield f"# HELP {_STATE} 1 at the state that the latest apply is in."
    yield f"# TYPE {_STATE} gauge"
    for one in applies:
        for state in ApplyState:
            yield metric_line(
                _STATE, _of(one), int(one.state is state), **_region(one), state=state
            )


def _shards(applies: Sequence[ApplyStatus]) -> Iterator[str]:
    yield f"# HELP {_SHARDS} Shards of the latest apply by how they stand."
    yield f"# TYPE {_SHARDS} gauge"
    for one in applies:
        counts = Counter(row.state for row in one.shards)
        for state in OperationState:
            yield metric_line(_SHARDS, _of(one), counts[state], **_region(one), state=state)


def _gauges(applies: Sequence[ApplyStatus], now_s: float) -> Iterator[str]:
    yield f"# HELP {_DRIVEN} 1 while somebody drives the latest apply."
    yield f"# TYPE {_DRIVEN} gauge"
    for one in applies:
        yield metric_line(_DRIVEN, _of(one), int(one.holder is not None), **_region(one))
    yield f"# HELP {_STARTED} When the latest apply was begun."
    yield f"# TYPE {_STARTED} gauge"
    for one in applies:
        yield metric_line(_STARTED, _of(one), round(one.started_s, 3), **_region(one))
    yield f"# HELP {_HEARTBEAT} How long ago whoever drives it gave a sign of life."
    yield f"# TYPE {_HEARTBEAT} gauge"
    for one in applies:
        if one.heartbeat_s is not None:
            age_s = round(now_s - one.heartbeat_s, 3)
            yield metric_line(_HEARTBEAT, _of(one), age_s, **_region(one))


def _of(apply: ApplyStatus) -> tuple[str, str]:
    return apply.environment, apply.keyspace


def _region(apply: ApplyStatus) -> dict[str, str]:
    return {"region": apply.region} if apply.region else {}
