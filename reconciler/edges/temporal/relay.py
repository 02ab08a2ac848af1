"""Parts of regions that have a namespace of their own: who decides hands the order on, and waits.

Temporal's rights are those of a namespace. A region whose worker may write to its own alone can
neither open the gates of a rollout nor see another region.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from reconciler.edges.temporal.connect import connected
from reconciler.edges.temporal.limits import SIGN_OF_LIFE_EVERY_S, TEMPORAL_ANSWERS_S_MAX
from reconciler.edges.temporal.look import counts_of, is_taken
from reconciler.edges.temporal.names import APPLY_PART, END_PART, PART, queue_of
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.errors import Unavailable
from reconciler.rollout.course import PartEnd, PartReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Of one region. `place` is that of rollouts: the region's differs by its namespace alone."""

    region: str
    place: TemporalPlace
    namespace: str
    name: str

    def activities(self) -> list[Callable[..., Awaitable[PartReport]]]:
        """As the region's own worker has them, for the queue of the region where rollouts are."""

        @activity.defn(name=APPLY_PART)
        async def apply_part(given: dict[str, Any]) -> PartReport:
            return await self._handed_on(APPLY_PART, given)

        @activity.defn(name=END_PART)
        async def end_part(given: dict[str, Any]) -> PartReport:
            return await self._handed_on(END_PART, given)

        return [apply_part, end_part]

    async def _handed_on(self, what: str, given: Mapping[str, Any]) -> PartReport:
        """Begun twice, it is the same part: who is taken up again finds it there."""
        try:
            client = await connected(replace(self.place, namespace=self.namespace), self.name)
            handle = await self._begun(client, what, given)
            return await _waited_for(handle)
        except (Unavailable, RPCError):
            raise ApplicationError("it will be tried again", type="namespace-away") from None

    async def _begun(
        self, client: Client, what: str, given: Mapping[str, Any]
    ) -> WorkflowHandle[Any, PartReport]:
        told = (given.get(name, "") for name in ("environment", "keyspace", "wave"))
        return await client.start_workflow(
            PART,
            args=[what, dict(given)],
            id="/".join([*map(str, told), what]),
            task_queue=queue_of(self.region),
            result_type=PartReport,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            rpc_timeout=timedelta(seconds=TEMPORAL_ANSWERS_S_MAX),
        )


async def _waited_for(handle: WorkflowHandle[Any, PartReport]) -> PartReport:
    """Told to end, it has the region end; where nobody has the part there, it is withdrawn."""
    result = asyncio.ensure_future(handle.result())
    is_told = False
    while not result.done():
        told = await _as_there(handle)
        activity.heartbeat(told)
        with suppress(asyncio.CancelledError):
            await asyncio.wait({result}, timeout=SIGN_OF_LIFE_EVERY_S)
        details = activity.cancellation_details()
        if details is not None and details.cancel_requested:
            if not told["is_taken"]:
                result.cancel()
                await handle.terminate()
                return PartReport(end=PartEnd.STOPPED, code="withdrawn")
            if not is_told:
                is_told = True
                await handle.cancel()
        if activity.is_worker_shutdown() and not result.done():
            result.cancel()
            raise ApplicationError("this worker ends", type="worker-left")
    try:
        return result.result()
    except WorkflowFailureError as failed:
        cause = failed.cause
        code = cause.type if isinstance(cause, ApplicationError) else None
        raise ApplicationError(
            "the region refused it", type=code or "region-silent", non_retryable=True
        ) from None


async def _as_there(handle: WorkflowHandle[Any, PartReport]) -> dict[str, int]:
    """What the region shows of itself; whether somebody has the part there at all."""
    found = await handle.describe(rpc_timeout=timedelta(seconds=TEMPORAL_ANSWERS_S_MAX))
    for pending in found.raw_description.pending_activities:
        done, of = counts_of(pending)
        return {"done": done, "of": of, "is_taken": int(is_taken(pending))}
    return {"done": 0, "of": 0, "is_taken": 0}
