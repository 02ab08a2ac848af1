"""What Temporal tells of parts that were ordered, and of those who ask for work."""

from __future__ import annotations

import json
from datetime import timedelta

from temporalio.api.enums.v1 import PendingActivityState, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from reconciler.edges.temporal.limits import TEMPORAL_ANSWERS_S_MAX
from reconciler.edges.temporal.names import ROLLOUT_QUEUE, queue_of
from reconciler.outcomes.rollouts import PartWaits
from reconciler.rollout.course import wave_and_region


def part_waits(found: PendingActivityInfo) -> PartWaits:
    wave, region = wave_and_region(found.activity_id)
    done, of = counts_of(found)
    sign_us = found.last_heartbeat_time.ToMicroseconds()  # 0: none yet
    return PartWaits(
        wave=wave,
        region=region,
        ordered_s=found.scheduled_time.ToMicroseconds() / 1e6,
        begun_s=found.last_started_time.ToMicroseconds() / 1e6 if is_taken(found) else None,
        attempt=found.attempt,
        failed=found.last_failure.application_failure_info.type if found.attempt > 1 else "",
        done=done,
        of=of,
        sign_s=sign_us / 1e6 if sign_us and is_taken(found) else None,
    )


def counts_of(found: PendingActivityInfo) -> tuple[int, int]:
    """How many statements are done, and of how many, as the region last told."""
    told = _told(found)
    return told.get("done", 0), told.get("of", 0)


def is_taken(found: PendingActivityInfo) -> bool:
    """Somebody has it now; where it was handed on, in its region."""
    waits = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    return found.state != waits and _told(found).get("is_taken", 1) == 1


def _told(found: PendingActivityInfo) -> dict[str, int]:
    for payload in found.heartbeat_details.payloads:
        told = json.loads(payload.data)
        return {str(name): int(value) for name, value in told.items()}
    return {}


async def deciding_seen_s(client: Client) -> float | None:
    return await _seen_s(client, ROLLOUT_QUEUE, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)


async def region_seen_s(client: Client, region: str) -> float | None:
    return await _seen_s(client, queue_of(region), TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)


async def _seen_s(client: Client, queue: str, kind: TaskQueueType.ValueType) -> float | None:
    """When somebody last asked for work; Temporal forgets them after some minutes."""
    found = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
        ),
        timeout=timedelta(seconds=TEMPORAL_ANSWERS_S_MAX),
    )
    seen = [one.last_access_time.ToMicroseconds() / 1e6 for one in found.pollers]
    return max(seen, default=None)
