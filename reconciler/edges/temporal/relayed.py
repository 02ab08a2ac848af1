"""A part that was handed on to the namespace of its region: followed there, and told to end there.

The library says once that a part is to end, at whatever the activity awaits just then. So it awaits
one thing alone, what it has under way; were it to end in the midst of a request, the rollout would
say that nothing runs any more, and the region would go on, told by nobody (TM-9).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from reconciler.edges.temporal.limits import (
    SIGN_OF_LIFE_EVERY_S,
    TEMPORAL_ANSWERS_S_MAX,
    WITHDRAWN_AFTER_S,
)
from reconciler.edges.temporal.look import counts_of, is_taken
from reconciler.rollout.course import PartEnd, PartReport

WITHDRAWN = PartReport(end=PartEnd.STOPPED, code="withdrawn")


@dataclass(slots=True)
class News:
    """What either side has to know of the other. `has_begun`: it may be in the region's namespace,
    by this attempt or one before it."""

    has_begun: bool = False
    is_cancelled: bool = False
    done: int = 0
    of: int = 0
    is_taken: bool = False

    @property
    def shown(self) -> dict[str, int]:
        counts = {"done": self.done, "of": self.of}
        return {**counts, "is_taken": int(self.is_taken), "begun": int(self.has_begun)}


def next_news(shown_before: Sequence[Any]) -> News:
    """`shown_before` is what the attempt before it showed last, if there was one."""
    return News(any(isinstance(one, dict) and one.get("begun") == 1 for one in shown_before))


async def attended(
    work: asyncio.Future[PartReport], news: News, every_s: float = SIGN_OF_LIFE_EVERY_S
) -> PartReport:
    while not work.done():
        activity.heartbeat(news.shown)
        with suppress(asyncio.CancelledError):
            await asyncio.wait({work}, timeout=every_s)
        details = activity.cancellation_details()
        news.is_cancelled |= details is not None and details.cancel_requested
        if activity.is_worker_shutdown() and not work.done():
            activity.heartbeat(news.shown)
            work.cancel()
            await asyncio.wait({work})
            raise ApplicationError("this worker ends", type="worker-left")
    return work.result()


async def waited_for(
    handle: WorkflowHandle[Any, PartReport],
    news: News,
    every_s: float = SIGN_OF_LIFE_EVERY_S,
    withdrawn_after_s: float = WITHDRAWN_AFTER_S,
) -> PartReport:
    """Told to end, it has the region end. Where nobody has the part there and nobody answers, it is
    withdrawn."""
    result, told_s = asyncio.ensure_future(handle.result()), None
    try:
        while True:
            with suppress(RPCError):  # the next look may find it
                await _look(handle, news)
            await asyncio.wait({result}, timeout=every_s)
            if result.done() and not _is_away(result):
                return _told(result)
            if result.done():
                result = asyncio.ensure_future(handle.result())
            elif news.is_cancelled:
                with suppress(RPCError):
                    if told_s is None:
                        await handle.cancel()
                        told_s = time.monotonic()
                    elif not news.is_taken and time.monotonic() - told_s > withdrawn_after_s:
                        await handle.terminate()
                        return WITHDRAWN
    finally:
        result.cancel()


def _is_away(result: asyncio.Future[PartReport]) -> bool:
    """Nobody could say, and that passes."""
    error = result.exception()
    return isinstance(error, RPCError) and error.status is not RPCStatusCode.NOT_FOUND


def _told(result: asyncio.Future[PartReport]) -> PartReport:
    try:
        return result.result()
    except WorkflowFailureError as failed:
        cause = failed.cause
        code = cause.type if isinstance(cause, ApplicationError) else None
        raise ApplicationError(
            "the region refused it", type=code or "region-silent", non_retryable=True
        ) from None


async def _look(handle: WorkflowHandle[Any, PartReport], news: News) -> None:
    """What the region shows of itself; whether somebody has the part there at all."""
    found = await handle.describe(rpc_timeout=timedelta(seconds=TEMPORAL_ANSWERS_S_MAX))
    pending = next(iter(found.raw_description.pending_activities), None)
    news.done, news.of = (0, 0) if pending is None else counts_of(pending)
    news.is_taken = pending is not None and is_taken(pending)
