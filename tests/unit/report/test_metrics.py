"""Metrics that an alert can rest on."""

from __future__ import annotations

from reconciler.errors import Problem
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.metrics import drift_metrics


def test_every_state_has_a_line_whether_or_not_a_shard_is_in_it() -> None:
    drifted = DriftOutcome(
        environment="production",
        keyspace='sh"op',
        groups=(
            DriftGroup(mark=ShardMark.DRIFTED, shards=("a", "b")),
            DriftGroup(mark=ShardMark.MATCHING, shards=("c",)),
        ),
    )
    problem = Problem(code="x", message="x", recovery="x")
    failed = KeyspaceFailed(
        environment="production", keyspace="billing", problems=(problem,), exit_code=1
    )
    lines = drift_metrics([drifted, failed], now_s=12.3).splitlines()
    about = 'environment="production",keyspace="sh\\"op"'
    for state, count in (("matching", 1), ("pending-apply", 0), ("drifted", 2), ("unreachable", 0)):
        assert f'reconciler_shards{{{about},state="{state}"}} {count}' in lines
    assert 'reconciler_keyspace_failed{environment="production",keyspace="billing"} 1' in lines
    assert lines[-1] == "reconciler_checked_timestamp_seconds 12"
