"""Parts of regions that have a namespace of their own: who decides hands the order on, and waits.

Temporal's rights are those of a namespace. A region whose worker may write to its own alone can
neither open the gates of a rollout nor see another region.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from reconciler.edges.temporal.connect import connected
from reconciler.edges.temporal.limits import SIGN_OF_LIFE_EVERY_S, TEMPORAL_ANSWERS_S_MAX
from reconciler.edges.temporal.names import APPLY_PART, END_PART, PART, queue_of
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.edges.temporal.relayed import (
    WITHDRAWN,
    News,
    attended,
    next_news,
    waited_for,
)
from reconciler.errors import Unavailable
from reconciler.rollout.course import PartReport

_SHORTLY = timedelta(seconds=TEMPORAL_ANSWERS_S_MAX)


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
        news = next_news(activity.info().heartbeat_details)
        return await attended(asyncio.ensure_future(self._carried(what, given, news)), news)

    async def _carried(self, what: str, given: Mapping[str, Any], news: News) -> PartReport:
        while True:
            try:
                client = await connected(replace(self.place, namespace=self.namespace), self.name)
                if news.is_cancelled:
                    return await _ended(client, _id(what, given), news)
                news.has_begun = True
                return await waited_for(await self._begun(client, what, given), news)
            except (Unavailable, RPCError):
                if not (news.is_cancelled and news.has_begun):
                    raise ApplicationError(
                        "it will be tried again", type="namespace-away"
                    ) from None
                # It was told to end, and would not be tried again: the region has to hear of it.
                await asyncio.sleep(SIGN_OF_LIFE_EVERY_S)

    async def _begun(
        self, client: Client, what: str, given: Mapping[str, Any]
    ) -> WorkflowHandle[Any, PartReport]:
        """Begun twice, it is the same part: who is taken up again finds it there. One that another
        order left there, of whichever plan, is none of this one's."""

        async def begin(where: WorkflowIDConflictPolicy) -> WorkflowHandle[Any, PartReport]:
            return await client.start_workflow(
                PART,
                args=[what, dict(given)],
                id=_id(what, given),
                task_queue=queue_of(self.region),
                result_type=PartReport,
                id_conflict_policy=where,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                memo={"order": _order()},
                rpc_timeout=_SHORTLY,
            )

        handle = await begin(WorkflowIDConflictPolicy.USE_EXISTING)
        if await _is_of_this_order(handle):
            return handle
        return await begin(WorkflowIDConflictPolicy.TERMINATE_EXISTING)


async def _ended(client: Client, name: str, news: News) -> PartReport:
    """Told to end, it begins nothing: what an attempt before it began is to end."""
    if not news.has_begun:
        return WITHDRAWN
    handle = client.get_workflow_handle(name, result_type=PartReport)
    try:
        is_there = await _is_of_this_order(handle)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return WITHDRAWN
        raise
    return await waited_for(handle, news) if is_there else WITHDRAWN


async def _is_of_this_order(handle: WorkflowHandle[Any, PartReport]) -> bool:
    found = await handle.describe(rpc_timeout=_SHORTLY)
    return bool(await found.memo_value("order", default="") == _order())


def _order() -> str:
    """The same for all attempts at it, and for no other."""
    info = activity.info()
    return f"{info.workflow_run_id}/{info.activity_id}/{info.scheduled_time.isoformat()}"


def _id(what: str, given: Mapping[str, Any]) -> str:
    told = (given.get(name, "") for name in ("environment", "keyspace", "wave"))
    return "/".join([*map(str, told), what])
