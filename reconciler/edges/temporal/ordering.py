"""An order to a region, as workflows give it, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

with workflow.unsafe.imports_passed_through():
    from reconciler.edges.temporal.limits import (
        PART_AGAIN_S_MAX,
        PART_AGAIN_S_MIN,
        PART_DAYS_MAX,
    )
    from reconciler.edges.temporal.names import queue_of
    from reconciler.rollout.course import PartEnd, PartReport

_AGAIN = RetryPolicy(
    initial_interval=timedelta(seconds=PART_AGAIN_S_MIN),
    maximum_interval=timedelta(seconds=PART_AGAIN_S_MAX),
    maximum_attempts=0,
)


def ordered(
    what: str, order: Any, region: str, *, silent_s: int, activity_id: str
) -> workflow.ActivityHandle[PartReport]:
    """A region where nobody is there is waited for: nothing bounds the time before."""
    return workflow.start_activity(
        what,
        order,
        result_type=PartReport,
        activity_id=activity_id,
        task_queue=queue_of(region),
        start_to_close_timeout=timedelta(days=PART_DAYS_MAX),
        heartbeat_timeout=timedelta(seconds=silent_s),
        retry_policy=_AGAIN,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )


async def report_of(handle: workflow.ActivityHandle[PartReport]) -> PartReport:
    """A part that was told to end while nobody had it, or whose worker was lost by then, is
    stopped: whoever goes on orders it again, and the region looks at what became of it."""
    try:
        return await handle
    except ActivityError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError):
            return PartReport(end=PartEnd.HELD, code=cause.type or "unknown", problems=1)
        is_withdrawn = isinstance(cause, CancelledError)
        return PartReport(
            end=PartEnd.STOPPED, code="withdrawn" if is_withdrawn else "region-silent"
        )
