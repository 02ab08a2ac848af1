"""A part that was handed on is followed in its region's namespace, whenever it is told to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from temporalio.activity import ActivityCancellationDetails
from temporalio.client import WorkflowHandle
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import ActivityEnvironment

from reconciler.edges.temporal.relayed import WITHDRAWN, News, attended, next_news, waited_for
from reconciler.rollout.course import PartEnd, PartReport

STOPPED = PartReport(end=PartEnd.STOPPED)
TOLD = ActivityCancellationDetails(cancel_requested=True)


class _Found:
    """What a look at the part tells: nobody has it, or nothing at all of it."""

    class raw_description:
        pending_activities = ()


@dataclass
class Part:
    """A workflow's handle. `answers`: the region ends when it is told to."""

    answers: bool
    looks_s: float = 0.0
    fails: int = 0
    said: list[str] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def result(self) -> PartReport:
        await self.over.wait()
        return STOPPED

    async def describe(self, **_: Any) -> _Found:
        self.said.append("look")
        await asyncio.sleep(self.looks_s)
        if self.fails > 0:
            self.fails -= 1
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        return _Found()

    async def cancel(self) -> None:
        self.said.append("cancel")
        if self.answers:
            self.over.set()

    async def terminate(self) -> None:
        self.said.append("terminate")


def followed(part: Part, then: Callable[[ActivityEnvironment], None]) -> PartReport | None:
    """What comes of it, `then` having been done in the midst of a look."""
    here, news = ActivityEnvironment(), News()
    handle = cast("WorkflowHandle[Any, PartReport]", part)

    async def relay() -> PartReport:
        work = waited_for(handle, news, every_s=0.01, withdrawn_after_s=0.05)
        return await attended(asyncio.ensure_future(work), news, every_s=0.01)

    async def run() -> PartReport:
        running = asyncio.ensure_future(here.run(relay))
        while not part.said:
            await asyncio.sleep(0)
        then(here)
        return await running

    return asyncio.run(run())


@pytest.mark.invariant("TM-9")
def test_told_to_end_in_the_midst_of_a_look_the_region_is_told_and_waited_for() -> None:
    part = Part(answers=True, looks_s=0.05, fails=1)
    report = followed(part, lambda here: here.cancel(cancellation_details=TOLD))
    assert (report, part.said.count("cancel")) == (STOPPED, 1)
    assert "terminate" not in part.said


@pytest.mark.invariant("TM-9")
def test_it_is_withdrawn_where_nobody_has_it_and_nobody_answers() -> None:
    part = Part(answers=False)
    report = followed(part, lambda here: here.cancel(cancellation_details=TOLD))
    assert report == WITHDRAWN
    assert [said for said in part.said if said != "look"] == ["cancel", "terminate"]


@pytest.mark.invariant("TM-7")
def test_the_end_of_who_relays_tells_the_region_nothing() -> None:
    part = Part(answers=True)
    with pytest.raises(ApplicationError) as left:
        followed(part, lambda here: here.worker_shutdown())
    assert (left.value.type, set(part.said)) == ("worker-left", {"look"})


def test_an_attempt_knows_whether_one_before_it_may_have_handed_it_on() -> None:
    before = News(has_begun=True, done=1, of=2)
    assert next_news([before.shown]).has_begun
    assert not next_news([News().shown]).has_begun
    assert not next_news(["of another version"]).has_begun
