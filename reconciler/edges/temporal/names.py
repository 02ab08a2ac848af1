"""What queues, workflows and activities are called: part of what machines have agreed on."""

from __future__ import annotations

ROLLOUT = "reconciler-rollout"
PART = "reconciler-part"
APPLY_PART = "apply-part"
END_PART = "end-part"

#: Where rollouts are decided.
ROLLOUT_QUEUE = "reconciler"


def queue_of(region: str) -> str:
    """Where a region asks for its work."""
    return f"{ROLLOUT_QUEUE}-{region}"


def rollout_id(environment: str, keyspace: str) -> str:
    """One may be open of each keyspace (TM-4)."""
    return f"{environment}/{keyspace}"
