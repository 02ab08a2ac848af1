"""Drift as metrics in Prometheus' text format, for a text-file collector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.model.shadow_tables import ShadowMark
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed

_SHARDS = "reconciler_shards"
_VSCHEMAS = "reconciler_vschema"
_SHADOWS = "reconciler_shadow_tables"
_FAILED = "reconciler_keyspace_failed"
_CHECKED = "reconciler_checked_timestamp_seconds"
_MARKS = (
    ShardMark.MATCHING,
    ShardMark.PENDING_APPLY,
    ShardMark.DRIFTED,
    ShardMark.UNREACHABLE,
    ShardMark.QUARANTINED,
)
_OF_SHARDS_ALONE = (ShardMark.UNREACHABLE, ShardMark.QUARANTINED)


def drift_metrics(outcomes: Sequence[DriftOutcome | KeyspaceFailed], *, now_s: float) -> str:
    """Every state has its line, zero or not: a metric that vanishes fires no alert."""
    lines = [f"# HELP {_SHARDS} Shards by how they stand against git.", f"# TYPE {_SHARDS} gauge"]
    ordered = sorted(outcomes, key=lambda o: (o.environment, o.keyspace))
    for outcome in ordered:
        if isinstance(outcome, DriftOutcome):
            counts: Counter[ShardMark] = Counter()
            for group in outcome.groups:
                counts[group.mark] += len(group.shards)
            lines += [_line(_SHARDS, outcome, counts[mark], state=mark) for mark in _MARKS]
    lines += [
        f"# HELP {_VSCHEMAS} 1 at how the VSchema of a Vitess keyspace stands against git.",
        f"# TYPE {_VSCHEMAS} gauge",
    ]
    for outcome in ordered:
        if isinstance(outcome, DriftOutcome) and (found := outcome.vschema) is not None:
            marks = (mark for mark in _MARKS if mark not in _OF_SHARDS_ALONE)
            lines += [
                _line(_VSCHEMAS, outcome, int(found.mark is mark), state=mark) for mark in marks
            ]
    lines += [
        f"# HELP {_SHADOWS} Tables of engines on shards, by whose they are.",
        f"# TYPE {_SHADOWS} gauge",
    ]
    for outcome in ordered:
        if isinstance(outcome, DriftOutcome):
            tables: Counter[ShadowMark] = Counter()
            for shadow in outcome.shadows:
                tables[shadow.mark] += len(shadow.shards)
            lines += [_line(_SHADOWS, outcome, tables[mark], state=mark) for mark in ShadowMark]
    lines += [
        f"# HELP {_FAILED} 1 if the keyspace could not be judged at all.",
        f"# TYPE {_FAILED} gauge",
    ]
    lines += [_line(_FAILED, o, int(isinstance(o, KeyspaceFailed))) for o in ordered]
    lines += [f"# HELP {_CHECKED} When this was last looked at.", f"# TYPE {_CHECKED} gauge"]
    return "\n".join([*lines, f"{_CHECKED} {now_s:.0f}"]) + "\n"


def _line(name: str, outcome: DriftOutcome | KeyspaceFailed, value: int, **labels: str) -> str:
    return metric_line(name, (outcome.environment, outcome.keyspace), value, **labels)


def metric_line(name: str, of: tuple[str, str], value: float, **labels: str) -> str:
    """`of`: environment and keyspace."""
    named = {"environment": of[0], "keyspace": of[1], **labels}
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in named.items())
    return f"{name}{{{shown}}} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
