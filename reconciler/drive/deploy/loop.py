"""A plan taken to production through a deploy request: look, decide, record the intent, send, and
look again. All that is known is what was seen just now; nothing is kept from one round to the next
but how often something failed, so that a process that died is taken up by the next one, anywhere.
What time it is, PlanetScale says: the next one may be on a machine with another (PS-8).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never

from reconciler.drive.limits import DEPLOY_FAILURES_MAX, DEPLOY_POLL_S, DEPLOY_POLL_S_MAX
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.guard.deploy_operations import operation_problems
from reconciler.ledger.copies import ItsCutover
from reconciler.ledger.deploys import AtPlanetScale, DeployStep, WayBackOpen
from reconciler.model.deploy_request import DeployRequest
from reconciler.ports.deploy_requests import DeployIntents, DeployRequests
from reconciler.rollout.deployment import (
    AwaitRelease,
    AwaitWayBack,
    Deployed,
    DeploymentSnapshot,
    GivenUp,
    Held,
    Left,
    LookAgain,
    Send,
    Stand,
    next_action,
)
from reconciler.rollout.deployment_problems import branch_left, production_unknown
from reconciler.rollout.snapshot import Asked
from reconciler.spec.model import PlanetScaleDatabase

Tables = tuple[tuple[str, str], ...]


Waits = AtPlanetScale | ItsCutover | WayBackOpen


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentTask:
    """`name` is that of the branch, of this apply alone (`branch_name`). `statements` are the
    plan's. `stand` says of a schema where it is on the plan's way. `held` says why no deploy may
    begin just now, `is_released` whether one may be cut over, `asked` what somebody asked of this
    run; `tell` hears what it waits for, and `pause` waits, for as long or until one of these has
    another answer."""

    database: PlanetScaleDatabase
    name: str
    notes: str
    statements: Sequence[str]
    stand: Callable[[Tables], Stand]
    pause: Callable[[float], None]
    held: Callable[[], Problem | None] = lambda: None
    is_released: Callable[[], bool] = lambda: True
    asked: Callable[[], Asked] = lambda: Asked.NOTHING
    tell: Callable[[Waits], None] = lambda waits: None


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """PlanetScale did not do its part often enough; the next run goes on from what is there."""

    because: Problem


Result = Deployed | GivenUp | Held | Left | LeftOpen


def branch_name(plan_id: str, apply_id: int) -> str:
    """Of one apply alone: what an earlier one of the same plan has left is never taken for its
    own."""
    return f"reconciler-{plan_id.rpartition(':')[2][:16]}-{apply_id}"


def run_deployment(
    planetscale: DeployRequests, intents: DeployIntents, task: DeploymentTask
) -> Result:
    """Go on with the deploy until it is over, or somebody else has to act. Raises what the ledger
    raises, with nothing sent."""
    failures, poll_s = 0, DEPLOY_POLL_S
    while True:
        try:
            action = next_action(_look(planetscale, intents, task))
            match action:
                case Deployed() | GivenUp() | Held() | Left():
                    return action
                case LookAgain() | AwaitRelease() | AwaitWayBack():
                    task.tell(_waits(action))
                    task.pause(poll_s)
                    poll_s = min(poll_s * 2, DEPLOY_POLL_S_MAX)
                case Send():
                    poll_s = DEPLOY_POLL_S
                    failed = _sent(planetscale, intents, task, action)
                    if failed is not None:
                        raise failed
                case _:
                    assert_never(action)
        except _NotDone as undone:
            if undone.is_final:
                left = _leave_nothing(planetscale, intents, task)
                return GivenUp((*undone.problems, *left))
            failures += 1
            if failures >= DEPLOY_FAILURES_MAX:
                return LeftOpen(undone.problems[0])
            task.pause(DEPLOY_POLL_S_MAX)
        else:
            failures = 0


def _leave_nothing(
    planetscale: DeployRequests, intents: DeployIntents, task: DeploymentTask
) -> tuple[Problem, ...]:
    """Of a branch that refused the plan, and that no later apply would come back to; what it could
    not do of that."""
    intents.intend(DeployStep.DROP_BRANCH, at_s=planetscale.now_s())
    for tries_left in reversed(range(DEPLOY_FAILURES_MAX)):
        try:
            if planetscale.branch(task.database, task.name) is not None:
                planetscale.delete_branch(task.database, task.name)
        except ReconcilerError as error:
            if not tries_left:
                return (branch_left(task.name, error.problems[0]),)
            task.pause(DEPLOY_POLL_S_MAX)
        else:
            break
    return ()


def _waits(action: LookAgain | AwaitRelease | AwaitWayBack) -> Waits:
    match action:
        case AwaitRelease():
            return ItsCutover()
        case AwaitWayBack(number=number, until_s=until_s):
            return WayBackOpen(number, until_s)
        case LookAgain(request=request):
            if request is None:
                return AtPlanetScale()
            percent = min((one.progress_percent for one in request.operations), default=0)
            return AtPlanetScale(request.number, request.state.value, percent)


class _NotDone(Exception):
    """PlanetScale did not answer, or did not take something."""

    def __init__(self, error: ReconcilerError, *, is_final: bool = False) -> None:
        super().__init__(str(error))
        self.problems = error.problems
        self.is_final = is_final


def _look(
    planetscale: DeployRequests, intents: DeployIntents, task: DeploymentTask
) -> DeploymentSnapshot:
    """Production's schema comes last: a deploy begins from it."""
    recorded = intents.intents()
    database = task.database
    try:
        production = planetscale.branch(database, database.branch)
        if production is None:
            raise Refused(production_unknown(database.branch))
        requests = planetscale.requests_from(database, task.name)
        queue = planetscale.queue(database)
        branch = planetscale.branch(database, task.name)
        stands = None
        if branch is not None and branch.is_ready:
            stands = task.stand(planetscale.schema(database, task.name))
        production_stands = task.stand(planetscale.schema(database, database.branch))
        now_s = planetscale.now_s()
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
        is_released=task.is_released(),
        asked=task.asked(),
        revert_window_s=database.revert_window_s,
        now_s=now_s,
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
    task: DeploymentTask,
    action: Send,
) -> _NotDone | None:
    """The intent first: if that cannot be recorded, nothing is sent (PS-7)."""
    number = action.number or 0
    intents.intend(action.step, at_s=planetscale.now_s(), number=number, because=action.because)
    try:
        _send(planetscale, task, action)
    except Refused as refused:
        # A statement that the branch's server refuses is refused the next time as well.
        return _NotDone(refused, is_final=action.step is DeployStep.RUN)
    except ReconcilerError as error:
        return _NotDone(error)
    return None


def _send(planetscale: DeployRequests, task: DeploymentTask, action: Send) -> None:
    database, number = task.database, action.number or 0
    match action.step:
        case DeployStep.MAKE_BRANCH:
            planetscale.create_branch(database, task.name)
        case DeployStep.DROP_BRANCH:
            planetscale.delete_branch(database, task.name)
        case DeployStep.RUN:
            planetscale.run(database, task.name, task.statements)
        case DeployStep.OPEN:
            planetscale.open_request(database, task.name, task.notes)
        case DeployStep.DEPLOY:
            planetscale.deploy(database, number)
        case DeployStep.CUT_OVER:
            planetscale.cut_over(database, number)
        case DeployStep.CANCEL:
            planetscale.cancel(database, number)
        case DeployStep.CLOSE:
            planetscale.close(database, number)
        case DeployStep.SKIP_REVERT:
            planetscale.skip_revert(database, number)
        case _:
            assert_never(action.step)
