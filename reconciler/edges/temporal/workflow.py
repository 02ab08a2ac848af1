"""The workflow of a rollout: orders the parts that `rollout.course` decides on, and keeps what
comes of them. Nothing is decided here.

Temporal has this run again from its record, on any machine and at any time: nothing of the world is
touched, and what is imported is pure. An activity is ended by its handle, and never the task that
waits for it: where two end at once, the second one's result would go with the task.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from temporalio import workflow
from temporalio.converter import value_to_type
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from reconciler.edges.temporal.limits import (
        END_AGAIN_S_MAX,
        END_AGAIN_S_MIN,
        REQUEST_ENDS_S_MAX,
    )
    from reconciler.edges.temporal.names import APPLY_PART, END_PART, ROLLOUT
    from reconciler.edges.temporal.ordering import ordered, report_of
    from reconciler.edges.temporal.patches import (
        PAST_RELEASED_FAILURES,
        TOLD_UNTIL_IT_LETS_GO,
    )
    from reconciler.rollout import course as of
    from reconciler.rollout import course_asked as words
    from reconciler.rollout.actions import EndCancelled, Finish, Halt, Settle, Soak, Start
    from reconciler.rollout.course import (
        COURSE_PROTOCOL,
        CourseOrder,
        CourseShown,
        PartEnd,
        PartReport,
        RegionOrder,
    )


@workflow.defn(name=ROLLOUT)
class RolloutWorkflow:
    @workflow.init
    def __init__(self, given: dict[str, Any]) -> None:
        """Of an order that another version gave nothing is read but that it is one."""
        self._protocol = given.get("protocol")
        is_known = self._protocol == COURSE_PROTOCOL
        order = value_to_type(CourseOrder, given) if is_known else None
        self._course = of.begin_course(order) if order is not None else None
        self._at_work: dict[str, workflow.ActivityHandle[PartReport]] = {}
        self._told_to_end: set[str] = set()
        self._telling: dict[str, workflow.ActivityHandle[PartReport]] = {}
        self._waiting: set[asyncio.Task[None]] = set()  # kept, or they might be collected
        self._news = 0

    @workflow.run
    async def run(self, _given: dict[str, Any]) -> CourseShown:
        if self._course is None:
            raise ApplicationError(
                f"this worker knows protocol {COURSE_PROTOCOL}, and the order is of"
                f" {self._protocol}",
                type="rollout-protocol",
                non_retryable=True,
            )
        while True:
            seen, step = self._news, of.next_step(self._known, _now_s())
            if of.must_end_what_runs(self._known, _now_s()):
                self._end_what_runs()
            match step:
                case Start(shards=parts) | Settle(shards=parts):
                    self._start(parts)
                case Soak(until_s=until_s):
                    await self._news_after(seen, until_s - _now_s())
                case Halt() | EndCancelled():
                    self._course = of.without_rest(self._known)
                case Finish():
                    break
                case _:
                    await self._news_after(seen)
        await self._tell_regions()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return of.shown(self._known, _now_s())

    @property
    def _known(self) -> of.Course:
        if self._course is None:
            raise ApplicationError("of another version", type="rollout-protocol")
        return self._course

    async def _news_after(self, seen: int, limit_s: float | None = None) -> None:
        limit = None if limit_s is None else timedelta(seconds=max(limit_s, 0.001))
        try:
            await workflow.wait_condition(lambda: self._news != seen, timeout=limit)
        except TimeoutError:
            return  # the soak is over

    # --- parts ---

    def _start(self, parts: tuple[str, ...]) -> None:
        self._course = of.started(self._known, parts)
        for part in parts:
            order = of.region_order(self._known, part)
            silent_s = self._known.order.silent_s
            handle = ordered(APPLY_PART, order, order.region, silent_s=silent_s, activity_id=part)
            self._at_work[part] = handle
            task = asyncio.create_task(self._follow(part, handle))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)

    async def _follow(self, part: str, handle: workflow.ActivityHandle[PartReport]) -> None:
        report = await report_of(handle)
        if report.goes_past and not workflow.patched(PAST_RELEASED_FAILURES):
            report = replace(report, goes_past=False)
        del self._at_work[part]
        self._told_to_end.discard(part)
        self._course = of.ended(self._known, part, report, _now_s())
        self._news += 1

    def _end_what_runs(self) -> None:
        for part in sorted(self._at_work.keys() - self._told_to_end):
            self._told_to_end.add(part)
            self._at_work[part].cancel()

    async def _tell_regions(self) -> None:
        """Their records keep shards reserved until they know; a region that is away is waited for,
        and the others are told meanwhile."""
        regions = of.to_be_told(self._known, _now_s())
        await asyncio.gather(*(self._tell(region) for region in regions))

    async def _tell(self, region: str) -> None:
        """Until it has let go (TM-8), or somebody goes on without it."""
        again_s = END_AGAIN_S_MIN
        while True:
            handle = self._asked_to_let_go(region)
            report = await report_of(handle)
            self._course = of.answered_the_end(self._known, region, report)
            if report.end is PartEnd.COMPLETED or self._is_left(region):
                return
            if not workflow.patched(TOLD_UNTIL_IT_LETS_GO):
                return
            with suppress(TimeoutError):
                limit = timedelta(seconds=again_s)
                await workflow.wait_condition(partial(self._is_left, region), timeout=limit)
            if self._is_left(region):
                return
            again_s = min(again_s * 2, END_AGAIN_S_MAX)

    def _asked_to_let_go(self, region: str) -> workflow.ActivityHandle[PartReport]:
        order = self._known.order
        asked = RegionOrder(
            environment=order.environment,
            keyspace=order.keyspace,
            commit=order.commit,
            plan_id=order.plan_id,
            region=region,
            wave=1,
            silent_s=order.silent_s,
            asked_by=self._known.by or order.asked_by,
        )
        self._telling[region] = ordered(
            END_PART, asked, region, silent_s=order.silent_s, activity_id=f"end/{region}"
        )
        return self._telling[region]

    def _is_left(self, region: str) -> bool:
        return region in self._known.left

    # --- what people ask ---

    @workflow.update
    async def stop(self, _by: str) -> bool:
        self._course = words.asked_to_stop(self._known)
        return await self._nothing_runs()

    @stop.validator
    def _may_stop(self, _by: str) -> None:
        _refuse(words.why_not_stop(self._known, _now_s()))

    @workflow.update
    async def cancel(self, by: str) -> bool:
        self._course = words.asked_to_cancel(self._known, by)
        return await self._nothing_runs()

    @cancel.validator
    def _may_cancel(self, by: str) -> None:
        _refuse(words.why_not_cancel(self._known, _now_s()))

    @workflow.update
    async def release(self, by: str) -> bool:
        self._course = words.released(self._known, _now_s(), by)
        self._news += 1
        return True

    @release.validator
    def _may_release(self, by: str) -> None:
        _refuse(words.why_not_release(self._known, _now_s()))

    @workflow.update
    async def resume(self, by: str) -> bool:
        self._course = words.gone_on(self._known, by)
        self._news += 1
        return True

    @resume.validator
    def _may_resume(self, by: str) -> None:
        _refuse(words.why_not_resume(self._known, _now_s()))

    @workflow.update
    async def without(self, region: str, by: str) -> bool:
        """Its end waits for the region no more."""
        self._course = words.without(self._known, region, by)
        if region in self._telling:
            self._telling[region].cancel()
        return True

    @without.validator
    def _may_go_without(self, region: str, by: str) -> None:
        _refuse(words.why_not_without(self._known, _now_s(), region))

    async def _nothing_runs(self) -> bool:
        self._news += 1
        try:
            limit = timedelta(seconds=REQUEST_ENDS_S_MAX)
            await workflow.wait_condition(lambda: not self._known.in_flight, timeout=limit)
        except TimeoutError:
            return False
        return True

    @workflow.query
    def status(self) -> CourseShown:
        return of.shown(self._known, _now_s())


def _now_s() -> float:
    return workflow.now().timestamp()


def _refuse(why: str) -> None:
    if why:
        raise ApplicationError(why, type="rollout-not-asked")
