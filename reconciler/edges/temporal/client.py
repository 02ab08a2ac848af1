"""Implements Rollouts over Temporal: what a command asks of it, one connection for each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import (
    Client,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from reconciler.edges.temporal.connect import connected, not_there
from reconciler.edges.temporal.limits import REQUEST_ENDS_S_MAX, TEMPORAL_ANSWERS_S_MAX
from reconciler.edges.temporal.look import deciding_seen_s, part_waits, region_seen_s
from reconciler.edges.temporal.names import (
    APPLY_PART,
    ROLLOUT,
    ROLLOUT_QUEUE,
    rollout_id,
)
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.outcomes.rollouts import CourseAsked, CourseLook, WorkersSeen
from reconciler.rollout.course import CourseOrder, CourseShown

T = TypeVar("T")
_SHORTLY = timedelta(seconds=TEMPORAL_ANSWERS_S_MAX)
_ASKED_TO = {asked: asked.value for asked in CourseAsked} | {CourseAsked.WITHOUT: "end without it"}
_ANSWERED = timedelta(seconds=REQUEST_ENDS_S_MAX + TEMPORAL_ANSWERS_S_MAX)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporalRollouts:
    """`name` is what the client calls itself."""

    place: TemporalPlace
    name: str

    def start(self, order: CourseOrder) -> None:
        self._ask(lambda client: _start(client, order))

    def ask(
        self, environment: str, keyspace: str, asked: CourseAsked, by: str, region: str = ""
    ) -> bool:
        told = [region, by] if asked is CourseAsked.WITHOUT else [by]
        return self._ask(lambda client: _asked(client, environment, keyspace, asked, told))

    def look(self, environment: str, keyspace: str) -> CourseLook | None:
        return self._ask(lambda client: _look(client, environment, keyspace))

    def _ask(self, what: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
        async def asked() -> T:
            client = await connected(self.place, self.name)
            await _check_namespace(client)
            return await what(client)

        try:
            return asyncio.run(asked())
        except RPCError:  # its text may name the address
            raise Unavailable(not_there()) from None


async def _check_namespace(client: Client) -> None:
    """A rollout that is not found would else be one that was never begun."""
    try:
        asked = DescribeNamespaceRequest(namespace=client.namespace)
        await client.workflow_service.describe_namespace(asked, timeout=_SHORTLY)
    except RPCError as error:
        if error.status is not RPCStatusCode.PERMISSION_DENIED:
            raise


async def _start(client: Client, order: CourseOrder) -> None:
    try:
        await client.start_workflow(
            ROLLOUT,
            order,
            id=rollout_id(order.environment, order.keyspace),
            task_queue=ROLLOUT_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            task_timeout=_SHORTLY,
            rpc_timeout=_SHORTLY,
        )
    except WorkflowAlreadyStartedError:
        raise Refused(_is_open(order)) from None


async def _asked(
    client: Client, environment: str, keyspace: str, asked: CourseAsked, told: list[str]
) -> bool:
    handle = client.get_workflow_handle(rollout_id(environment, keyspace))
    try:
        return bool(await handle.execute_update(asked.value, args=told, rpc_timeout=_ANSWERED))
    except WorkflowUpdateFailedError as refused:
        cause = refused.cause
        why = cause.message if isinstance(cause, ApplicationError) else "it was refused"
        raise Refused(_not_asked(keyspace, environment, asked, why)) from None
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise Unavailable(_nobody_decides(keyspace, environment)) from None
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            why = "no rollout of it is open"
            raise Refused(_not_asked(keyspace, environment, asked, why)) from None
        raise


async def _look(client: Client, environment: str, keyspace: str) -> CourseLook | None:
    handle = client.get_workflow_handle(rollout_id(environment, keyspace))
    try:
        found = await handle.describe(rpc_timeout=_SHORTLY)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    refused, shown = "", await _shown(client, environment, keyspace)
    if found.status is WorkflowExecutionStatus.FAILED:
        refused = await _why(client, environment, keyspace)
    pending = found.raw_description.pending_activities
    ordered = tuple(part_waits(one) for one in pending if one.activity_type.name == APPLY_PART)
    regions = sorted({part.region for part in shown.parts} if shown else set())
    return CourseLook(
        shown=shown,
        refused=refused,
        began_s=found.start_time.timestamp(),
        ended_s=found.close_time.timestamp() if found.close_time else None,
        ordered=ordered,
        workers=(
            WorkersSeen(region="", seen_s=await deciding_seen_s(client)),
            *[
                WorkersSeen(region=name, seen_s=await region_seen_s(client, name))
                for name in regions
            ],
        ),
    )


async def _shown(client: Client, environment: str, keyspace: str) -> CourseShown | None:
    """None where nobody is there to say it."""
    handle = client.get_workflow_handle(rollout_id(environment, keyspace))
    try:
        found: CourseShown = await handle.query(
            "status", result_type=CourseShown, rpc_timeout=_SHORTLY
        )
    except (RPCError, WorkflowQueryFailedError, TypeError):
        return None
    return found


async def _why(client: Client, environment: str, keyspace: str) -> str:
    """Of a rollout that ended without coming to a state of its own."""
    handle = client.get_workflow_handle(rollout_id(environment, keyspace))
    try:
        await handle.result(rpc_timeout=_SHORTLY)
    except WorkflowFailureError as failed:
        return failed.cause.message if isinstance(failed.cause, ApplicationError) else "it failed"
    return ""


def _is_open(order: CourseOrder) -> Problem:
    return Problem(
        code="rollout-open",
        message=f"a rollout of {order.keyspace} in {order.environment} is open",
        recovery=f"look at `reconciler rollout status {order.keyspace} -e {order.environment}`;"
        " `resume` has it go on, `cancel` ends it",
    )


def _not_asked(keyspace: str, environment: str, asked: CourseAsked, why: str) -> Problem:
    return Problem(
        code="rollout-not-asked",
        message=f"the rollout of {keyspace} in {environment} was not asked to {_ASKED_TO[asked]}:"
        f" {why}",
        recovery=f"look at `reconciler rollout status {keyspace} -e {environment}`",
    )


def _nobody_decides(keyspace: str, environment: str) -> Problem:
    return Problem(
        code="rollout-nobody-decides",
        message=f"the rollout of {keyspace} in {environment} was asked, and nobody has answered:"
        " what was asked may be carried out later",
        recovery="start `reconciler worker` without --region, and ask again",
    )
