"""A plan taken to production through a deploy request: look, decide, record the intent, send, and
look again. All that is known is what was seen just now; nothing is kept from one round to the next
but how often something failed, so that a process that died is taken up by the next one, anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from reconciler.drive.limits import DEPLOY_FAILURES_MAX, DEPLOY_POLL_S
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.guard.deploy_operations import operation_problems
from reconciler.model.deploy_request import DeployRequest
from reconciler.ports.clock import Clock
from reconciler.ports.deploy_requests import DeployIntents, DeployRequests
from reconciler.rollout.deployment import (
    Deployed,
    DeploymentSnapshot,
    GivenUp,
    Held,
    LookAgain,
    Send,
    Stand,
    Step,
    next_action,
)
from reconciler.spec.model import PlanetScaleDatabase

Tables = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentTask:
    """`name` is that of the branch, of this apply alone (`branch_name`). `statements` are the
    plan's. `stand` says of a schema where it is on the plan's way. `held` says why nothing may be
    cut over just now, `is_stopped` whether somebody asked to stop, `tell` hears how far it is."""

    database: PlanetScaleDatabase
    name: str
    notes: str
    statements: Sequence[str]
    stand: Callable[[Tables], Stand]
    held: Callable[[], Problem | None] = lambda: None
    is_stopped: Callable[[], bool] = lambda: False
    tell: Callable[[DeployRequest], None] = lambda request: None


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """PlanetScale did not do its part often enough; the next run goes on from what is there."""

    because: Problem


Result = Deployed | GivenUp | Held | LeftOpen


def branch_name(plan_id: str, apply_id: int) -> str:
    """Of one apply alone: what an earlier one of the same plan has left is never taken for its
    own."""
    return f"reconciler-{plan_id[:16]}-{apply_id}"


def run_deployment(
    planetscale: DeployRequests, intents: DeployIntents, clock: Clock, task: DeploymentTask
) -> Result:
    """Go on with the deploy until it is over, or somebody else has to act. Raises what the ledger
    raises, with nothing sent."""
    failures = 0
    while True:
        try:
            snapshot = _look(planetscale, intents, clock, task)
            action = next_action(snapshot)
            match action:
                case Deployed() | GivenUp() | Held():
                    return action
                case LookAgain():
                    if action.request is not None:
                        task.tell(action.request)
                    clock.sleep(DEPLOY_POLL_S)
                case Send():
                    failed = _sent(planetscale, intents, clock, task, action)
                    if failed is not None:
                        raise failed
                case _:
                    assert_never(action)
        except _NotDone as undone:
            if undone.is_final:
                return GivenUp(undone.problems)
            failures += 1
            if failures >= DEPLOY_FAILURES_MAX:
                return LeftOpen(undone.problems[0])
            clock.sleep(DEPLOY_POLL_S)
        else:
            failures = 0


class _NotDone(Exception):
    """PlanetScale did not answer, or did not take something."""

    def __init__(self, error: ReconcilerError, *, is_final: bool = False) -> None:
        super().__init__(str(error))
        self.problems = error.problems
        self.is_final = is_final


def _look(
    planetscale: DeployRequests, intents: DeployIntents, clock: Clock, task: DeploymentTask
) -> DeploymentSnapshot:
    """Production's schema comes last: a deploy begins from it."""
    recorded = intents.intents()
    database = task.database
    try:
        production = planetscale.branch(database, database.branch)
        if production is None:
            raise Refused(_no_production(database.branch))
        requests = planetscale.requests_from(database, task.name)
        queue = planetscale.queue(database)
        branch = planetscale.branch(database, task.name)
        stands = None
        if branch is not None and branch.is_ready:
            stands = task.stand(planetscale.schema(database, task.name))
        production_stands = task.stand(planetscale.schema(database, database.branch))
    except ReconcilerError as error:
        raise _NotDone(error) from None
    return DeploymentSnapshot(
        name=task.name,
        production=production,
        production_stands=production_stands,
        branch=branch,
        branch_stands=stands,
        requests=requests,
        queue=queue,
        intents=recorded,
        differences=_differences(task, requests),
        held=task.held(),
        is_stopped=task.is_stopped(),
        revert_window_s=database.revert_window_s,
        now_s=clock.now_s(),
    )


def _differences(task: DeploymentTask, requests: Sequence[DeployRequest]) -> tuple[Problem, ...]:
    return tuple(
        problem
        for request in requests
        for problem in operation_problems(
            request.number, task.database.keyspace, request.operations, task.statements
        )
    )


def _sent(
    planetscale: DeployRequests,
    intents: DeployIntents,
    clock: Clock,
    task: DeploymentTask,
    action: Send,
) -> _NotDone | None:
    """The intent first: if that cannot be recorded, nothing is sent (PS-7)."""
    intents.intend(action.step, at_s=clock.now_s(), because=action.because)
    try:
        _send(planetscale, task, action)
    except Refused as refused:
        # A statement that the branch's server refuses is refused the next time as well.
        return _NotDone(refused, is_final=action.step is Step.RUN)
    except ReconcilerError as error:
        return _NotDone(error)
    return None


def _send(planetscale: DeployRequests, task: DeploymentTask, action: Send) -> None:
    database, number = task.database, action.number or 0
    match action.step:
        case Step.MAKE_BRANCH:
            planetscale.create_branch(database, task.name)
        case Step.DROP_BRANCH:
            planetscale.delete_branch(database, task.name)
        case Step.RUN:
            planetscale.run(database, task.name, task.statements)
        case Step.OPEN:
            planetscale.open_request(database, task.name, task.notes)
        case Step.DEPLOY:
            planetscale.deploy(database, number)
        case Step.CUT_OVER:
            planetscale.cut_over(database, number)
        case Step.CANCEL:
            planetscale.cancel(database, number)
        case Step.CLOSE:
            planetscale.close(database, number)
        case Step.SKIP_REVERT:
            planetscale.skip_revert(database, number)
        case _:
            assert_never(action.step)


def _no_production(name: str) -> Problem:
    return Problem(
        code="planetscale-branch-unknown",
        message=f"there is no branch {name}, which the spec says is production's",
        recovery="name production's branch in the spec",
    )
