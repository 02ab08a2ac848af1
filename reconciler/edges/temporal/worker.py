"""The processes that ask Temporal for work: one kind decides rollouts and holds no login, the other
carries the parts of its region out.

A worker dials out and is dialled by nobody. What a part comes to leaves it as names, counts and
codes; whatever else goes wrong in it leaves as its kind alone (TM-2).
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.converter import value_to_type
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from reconciler.edges.memory import give_back, share_one_heap
from reconciler.edges.temporal.attempt import Attempt, next_attempt
from reconciler.edges.temporal.connect import connected, renewed
from reconciler.edges.temporal.limits import (
    PARTS_AT_ONCE_MAX,
    SIGN_OF_LIFE_EVERY_S,
    STICKY_S,
    WORKER_AGAIN_S,
)
from reconciler.edges.temporal.names import APPLY_PART, END_PART, ROLLOUT_QUEUE, queue_of
from reconciler.edges.temporal.part_workflow import PartWorkflow
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.edges.temporal.relay import Relay
from reconciler.edges.temporal.workflow import RolloutWorkflow
from reconciler.errors import Unavailable
from reconciler.outcomes.part_report import TryAgain
from reconciler.rollout.course import COURSE_PROTOCOL, PartReport, RegionOrder

Told = PartReport | TryAgain


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionWork:
    """What a region does. Neither raises; `end` has the record of what was begun there ended."""

    region: str
    apply: Callable[[RegionOrder, Attempt], Told]
    end: Callable[[RegionOrder], Told]
    grace_s: float


def serve_rollouts(
    place: TemporalPlace, name: str, tell: Callable[[str], None], apart: Mapping[str, str]
) -> None:
    """Until a signal. `apart` are the regions with a namespace of their own."""

    def made(client: Client) -> list[Worker]:
        deciding = Worker(
            client,
            task_queue=ROLLOUT_QUEUE,
            workflows=[RolloutWorkflow],
            sticky_queue_schedule_to_start_timeout=timedelta(seconds=STICKY_S),
        )
        return [deciding, *(_relaying(client, region) for region in sorted(apart))]

    def _relaying(client: Client, region: str) -> Worker:
        relay = Relay(region=region, place=place, namespace=apart[region], name=name)
        return Worker(
            client,
            task_queue=queue_of(region),
            activities=relay.activities(),
            max_heartbeat_throttle_interval=timedelta(seconds=SIGN_OF_LIFE_EVERY_S),
            graceful_shutdown_timeout=timedelta(seconds=SIGN_OF_LIFE_EVERY_S * 5),
        )

    asyncio.run(_serve(place, name, tell, made))


def serve_region(
    place: TemporalPlace, name: str, tell: Callable[[str], None], work: RegionWork
) -> None:
    """Until a signal, and until what runs then has come to the end of its statement."""
    share_one_heap()
    with ThreadPoolExecutor(PARTS_AT_ONCE_MAX) as threads:

        def made(client: Client) -> list[Worker]:
            worker = Worker(
                client,
                task_queue=queue_of(work.region),
                workflows=[PartWorkflow],  # for those who hand orders on to a namespace of its own
                activities=activities_of(work, threads),
                max_concurrent_activities=PARTS_AT_ONCE_MAX,
                max_heartbeat_throttle_interval=timedelta(seconds=SIGN_OF_LIFE_EVERY_S),
                sticky_queue_schedule_to_start_timeout=timedelta(seconds=STICKY_S),
                # Parts end by themselves when they hear of it; this is for those that hang.
                graceful_shutdown_timeout=timedelta(seconds=work.grace_s * 2),
            )
            return [worker]

        asyncio.run(_serve(place, name, tell, made))


async def _serve(
    place: TemporalPlace,
    name: str,
    tell: Callable[[str], None],
    made: Callable[[Client], list[Worker]],
) -> None:
    """Temporal may be away when this begins, and at any time after."""
    leaving, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leaving.set)
    is_told = False
    while not leaving.is_set():
        try:
            async with AsyncExitStack() as working:
                client = await connected(place, name)
                renewing = asyncio.create_task(renewed(client, place))
                working.callback(renewing.cancel)
                for worker in made(client):
                    await working.enter_async_context(worker)
                tell("ready")
                is_told = False
                await leaving.wait()
        except (Unavailable, RuntimeError) as lost:
            if not is_told:
                tell(f"waits for Temporal ({_why(lost)})")
            is_told = True
            with suppress(TimeoutError):
                await asyncio.wait_for(leaving.wait(), WORKER_AGAIN_S)
    tell("left")


def activities_of(
    work: RegionWork, threads: ThreadPoolExecutor
) -> list[Callable[..., Awaitable[PartReport]]]:
    @activity.defn(name=APPLY_PART)
    async def apply_part(given: dict[str, Any]) -> PartReport:
        attempt = next_attempt(work.grace_s, activity.info().heartbeat_details)
        return await _driven(
            partial(work.apply, _known(given, work.region), attempt), attempt, threads
        )

    @activity.defn(name=END_PART)
    async def end_part(given: dict[str, Any]) -> PartReport:
        ending = partial(work.end, _known(given, work.region))
        return await _driven(ending, Attempt(work.grace_s), threads)

    return [apply_part, end_part]


async def _driven(
    work: Callable[[], Told], attempt: Attempt, threads: ThreadPoolExecutor
) -> PartReport:
    driven = asyncio.get_running_loop().run_in_executor(threads, work)
    while not driven.done():
        activity.heartbeat(attempt.shown)
        # Told to end, it says so here once. The thread is left alone: in the midst of a statement
        # nobody would know what became of it.
        with suppress(asyncio.CancelledError):
            await asyncio.wait({driven}, timeout=SIGN_OF_LIFE_EVERY_S)
        details = activity.cancellation_details()
        attempt.told(
            is_cancelled=details is not None and details.cancel_requested,
            is_leaving=activity.is_worker_shutdown(),
        )
    activity.heartbeat(attempt.shown)  # what the next attempt has to know
    threads.submit(give_back)  # the next part may be weeks away
    report = _report(driven)
    if attempt.is_left_to_others(report):
        raise ApplicationError("this worker ends", type="worker-left")
    return report


def _known(given: dict[str, Any], region: str) -> RegionOrder:
    """Raises ApplicationError for an order that is of another version, or for another region."""
    protocol = given.get("protocol")
    if protocol != COURSE_PROTOCOL:
        raise ApplicationError(
            f"region {region} knows protocol {COURSE_PROTOCOL}, and the order is of {protocol}",
            type="region-protocol",
            non_retryable=True,
        )
    order: RegionOrder = value_to_type(RegionOrder, given)
    if order.region != region:
        raise ApplicationError(
            f"an order for another region than {region}", type="region-other", non_retryable=True
        )
    return order


def _report(ended: asyncio.Future[Told]) -> PartReport:
    if (error := ended.exception()) is not None:
        # Its text may quote anything.
        raise ApplicationError("a bug in reconciler", _kind(error), type="internal-error") from None
    told = ended.result()
    if isinstance(told, TryAgain):
        raise ApplicationError("it will be tried again", type=told.code)
    return told


def _why(lost: Unavailable | RuntimeError) -> str:
    return lost.problems[0].code if isinstance(lost, Unavailable) else _kind(lost)


def _kind(error: BaseException) -> str:
    return type(error).__name__
