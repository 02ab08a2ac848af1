"""JSON has every reason in one place: a program that reads `refusals` alone misses none."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.model.observation import Unreachable
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.report.json import apply_json, drift_json, plan_json, verify_json

LOST = Unreachable(shard="-80", code="shard-timeout", reason="no answer", recovery="look at it")
ENV, KEYSPACE = "production", "shop"


def plan() -> str:
    return plan_json(
        [
            PlanOutcome(
                environment=ENV,
                keyspace=KEYSPACE,
                plan=None,
                refusals=(LOST,),
            )
        ]
    )


def verify() -> str:
    state = VerifyState.REFUSED
    return verify_json(
        [
            VerifyOutcome(
                environment=ENV,
                keyspace=KEYSPACE,
                state=state,
                refusals=(LOST,),
            )
        ]
    )


def apply() -> str:
    verdict = ApplyVerdict.REFUSED
    return apply_json(
        [
            ApplyOutcome(
                environment=ENV,
                keyspace=KEYSPACE,
                verdict=verdict,
                refusals=(LOST,),
            )
        ]
    )


def drift() -> str:
    group = DriftGroup(
        mark=ShardMark.UNREACHABLE,
        shards=(LOST.shard,),
        code=LOST.code,
        reason=LOST.reason,
        recovery=LOST.recovery,
    )
    return drift_json([DriftOutcome(environment=ENV, keyspace=KEYSPACE, groups=(group,))])


@pytest.mark.invariant("GD-5")
@pytest.mark.parametrize("command", [plan, verify, apply, drift])
def test_a_shard_that_was_not_seen_is_a_refusal_once(command: Callable[[], str]) -> None:
    (keyspace,) = json.loads(command())["keyspaces"]
    (refusal,) = keyspace["refusals"]
    assert refusal["shard"] == LOST.shard
    assert refusal["code"] == LOST.code
    assert LOST.reason in refusal["message"]
    assert refusal["recovery"] == LOST.recovery
    assert keyspace["unreachable"] == [
        {"shard": "-80", "code": "shard-timeout", "reason": "no answer", "recovery": "look at it"}
    ]
    assert keyspace["outcome"] == "refused"


def test_a_drift_that_saw_every_shard_was_not_refused() -> None:
    groups = (DriftGroup(mark=ShardMark.DRIFTED, shards=("-80",)),)
    document: Any = json.loads(
        drift_json([DriftOutcome(environment=ENV, keyspace=KEYSPACE, groups=groups)])
    )
    assert document["keyspaces"][0]["outcome"] == "differences"
    assert document["keyspaces"][0]["refusals"] == []
