"""What comes next when a plan goes to production through a deploy request: decided from what is
there, whoever asks and after whatever crash.

Rules: every write is intended, durably, before it is sent (PS-7), and what became of it is learned
by looking, never by sending it again unseen (PS-8). What this apply has not made is never touched
(PS-9). Production is changed only from exactly the plan's before-state, by a request that does
exactly what was reviewed (PS-4, PS-5, PS-6), and cut over on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.limits import REVERT_WINDOW_S_MAX
from reconciler.model.deploy_request import (
    AT_WORK,
    CANNOT_STOP,
    Branch,
    DeploymentState,
    DeployRequest,
    QueuedDeploy,
)
from reconciler.rollout.deployment_problems import (
    branch_not_ours,
    branch_stays_astray,
    deploy_failed,
    deploy_of_others,
    deploy_stopped,
    deploy_undone,
    nothing_to_deploy,
    production_drifted,
    production_not_as_planned,
    queue_taken,
    request_not_deployable,
    request_not_ours,
    request_waits_for_itself,
    requests_many,
    safe_migrations_off,
)
from reconciler.rollout.limits import BRANCHES_MADE_MAX, DEPLOY_ON_ITS_WAY_S
from reconciler.rollout.snapshot import Asked

S = DeploymentState


class Stand(StrEnum):
    """Where a branch's schema is on the plan's way."""

    BEFORE = "before"
    AFTER = "after"
    ASTRAY = "astray"  # between the two, or nowhere on it


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSnapshot:
    """What is there. `production` is read last: it is what a deploy begins from. `branch_stands` is
    None where there is no branch, or it is not ready. `differences` are those of the request's
    operations to the plan; `held` why no deploy may begin now, None where it may; `is_released`
    whether one may be cut over."""

    name: str
    production: Branch
    production_stands: Stand
    branch: Branch | None = None
    branch_stands: Stand | None = None
    requests: tuple[DeployRequest, ...] = ()
    queue: tuple[QueuedDeploy, ...] = ()
    intents: Mapping[DeployStep, DeployIntent] = field(default_factory=dict)
    differences: tuple[Problem, ...] = ()
    held: Problem | None = None
    is_released: bool = True
    asked: Asked = Asked.NOTHING
    revert_window_s: int = REVERT_WINDOW_S_MAX
    now_s: float = 0.0

    def has_intended(self, step: DeployStep) -> bool:
        return step in self.intents

    def is_on_its_way(self, step: DeployStep) -> bool:
        """It may yet be seen."""
        intent = self.intents.get(step)
        return intent is not None and self.now_s < intent.at_s + DEPLOY_ON_ITS_WAY_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One write. `because`: what is to be told of it, where it gives something up."""

    step: DeployStep
    number: int | None = None  # of the deploy request, where there is one
    because: Problem | None = None


@dataclass(frozen=True, slots=True)
class LookAgain:
    """PlanetScale is at work, or a write may be on its way."""

    request: DeployRequest | None = None


@dataclass(frozen=True, slots=True)
class AwaitRelease:
    """All is copied; somebody, or the time of day, has to release the cutover."""

    request: DeployRequest


@dataclass(frozen=True, slots=True)
class AwaitWayBack:
    """Production is as planned, and the deploy can be reverted until then."""

    number: int
    until_s: float


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody stops this run. PlanetScale goes on with what it was asked for, and cuts nothing
    over; the next run takes it up."""


@dataclass(frozen=True, slots=True)
class Held:
    """Nothing goes on before somebody acts, or a time comes; nothing is given up."""

    because: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """Production is as planned. The deploy can be reverted until `revert_until_s`; None: there is
    no way back any more."""

    number: int | None
    revert_until_s: float | None = None


@dataclass(frozen=True, slots=True)
class GivenUp:
    """It ends here, and production is not as planned."""

    because: tuple[Problem, ...]


Action = Send | LookAgain | AwaitRelease | AwaitWayBack | Left | Held | Deployed | GivenUp

# What a run that is stopped still sends: it ends something, or tidies up behind the deploy.
_ENDING = frozenset({DeployStep.CANCEL, DeployStep.CLOSE, DeployStep.SKIP_REVERT})


def next_action(snapshot: DeploymentSnapshot) -> Action:
    action = _next(snapshot)
    if snapshot.asked is not Asked.NOTHING and isinstance(action, AwaitWayBack):
        return Deployed(number=action.number, revert_until_s=action.until_s)
    if snapshot.asked is not Asked.STOP:
        return action
    match action:
        case Send(step=step) if step in _ENDING or snapshot.production_stands is Stand.AFTER:
            return action
        case LookAgain(request=request) if request is not None and request.state in CANNOT_STOP:
            return action
        case Send() | LookAgain() | AwaitRelease():
            return Left()
        case _:
            return action


def _next(snapshot: DeploymentSnapshot) -> Action:
    if snapshot.branch is not None and not snapshot.has_intended(DeployStep.MAKE_BRANCH):
        return GivenUp((branch_not_ours(snapshot.name),))
    match snapshot.requests:
        case ():
            return _without_request(snapshot)
        case (request,):
            if not snapshot.has_intended(DeployStep.OPEN):
                return GivenUp((request_not_ours(request.number),))
            return _of_request(snapshot, request)
        case several:
            return GivenUp((requests_many(tuple(one.number for one in several)),))


def _without_request(snapshot: DeploymentSnapshot) -> Action:
    if snapshot.is_on_its_way(DeployStep.OPEN):
        return LookAgain()
    if snapshot.production_stands is Stand.AFTER:
        return _send_branch_away(snapshot) or Deployed(number=None)
    if snapshot.asked is Asked.CANCEL:
        return _send_branch_away(snapshot) or GivenUp((deploy_stopped(None),))
    if problem := _not_from_here(snapshot, None):
        return _send_branch_away(snapshot) or GivenUp((problem,))
    if numbers := _before_us(snapshot, None):
        return Held(queue_taken(numbers))
    return _prepared(snapshot)


def _prepared(snapshot: DeploymentSnapshot) -> Action:
    """A branch with the plan's statements, and a request from it."""
    branch = snapshot.branch
    if branch is None:
        # A second one of the name is refused, so nothing has to be waited for.
        made = snapshot.intents.get(DeployStep.MAKE_BRANCH)
        if made is not None and made.times >= BRANCHES_MADE_MAX:
            return GivenUp((branch_stays_astray(snapshot.name),))
        return Send(step=DeployStep.MAKE_BRANCH)
    if branch.is_production:
        return GivenUp((branch_not_ours(snapshot.name),))
    match snapshot.branch_stands:
        case None:
            return LookAgain()
        case Stand.BEFORE:
            # A statement that is lost may run yet, and would be refused the second time.
            return (
                LookAgain() if snapshot.is_on_its_way(DeployStep.RUN) else Send(step=DeployStep.RUN)
            )
        case Stand.AFTER:
            return Send(step=DeployStep.OPEN)
        case Stand.ASTRAY:
            return Send(step=DeployStep.DROP_BRANCH)


def _of_request(snapshot: DeploymentSnapshot, request: DeployRequest) -> Action:
    number, stands = request.number, snapshot.production_stands
    match request.state:
        case S.COMPLETE | S.COMPLETE_PENDING_REVERT:
            return _ended(snapshot, request)
        case S.COMPLETE_REVERT:
            return _ended_badly(snapshot, request, deploy_undone(number))
        case S.COMPLETE_CANCEL | S.CANCELLED:
            return _over(snapshot, number)
        case S.COMPLETE_ERROR | S.COMPLETE_REVERT_ERROR | S.ERROR:
            return _ended_badly(snapshot, request, deploy_failed(number, request.errors))
        case S.PENDING | S.READY | S.NO_CHANGES if not request.is_open:
            return _over(snapshot, number)
        case S.PENDING:
            return _given_up(snapshot, request) or LookAgain(request)
        case S.NO_CHANGES:
            return Send(step=DeployStep.CLOSE, number=number, because=nothing_to_deploy(number))
        case S.READY:
            return _given_up(snapshot, request) or _deployed_from(snapshot, request)
        case S.PENDING_CUTOVER:
            return _given_up(snapshot, request) or _cut_over(snapshot, request)
        case state:
            assert state in AT_WORK, "every state has its case"
            if not snapshot.has_intended(DeployStep.DEPLOY):
                return GivenUp((deploy_of_others(number),))
            is_stoppable = state not in CANNOT_STOP
            if is_stoppable and stands is not Stand.BEFORE:
                return _cancelled(snapshot, request)
            if is_stoppable and request.cuts_over_by_itself:
                return _ended_before_it_cuts_over(request)
            stopped = _given_up(snapshot, request) if is_stoppable else None
            return stopped or LookAgain(request)


def _deployed_from(snapshot: DeploymentSnapshot, request: DeployRequest) -> Action:
    """Of a request whose difference is known. Everything is asked in the look right before."""
    number = request.number
    problems = snapshot.differences
    if problem := _not_from_here(snapshot, number):
        problems = (problem, *problems)
    elif snapshot.branch_stands is not Stand.AFTER:
        problems = (branch_stays_astray(snapshot.name), *problems)
    elif request.cuts_over_by_itself:
        problems = (request_waits_for_itself(number), *problems)
    elif not request.is_deployable or request.errors:
        problems = (request_not_deployable(number, request.errors), *problems)
    if problems:
        return Send(step=DeployStep.CLOSE, number=number, because=problems[0])
    if numbers := _before_us(snapshot, number):
        return Held(queue_taken(numbers))
    if snapshot.held is not None:
        return Held(snapshot.held)
    return Send(step=DeployStep.DEPLOY, number=number)


def _cut_over(snapshot: DeploymentSnapshot, request: DeployRequest) -> Action:
    if not snapshot.has_intended(DeployStep.DEPLOY):
        return GivenUp((deploy_of_others(request.number),))
    if snapshot.differences or snapshot.production_stands is not Stand.BEFORE:
        return _cancelled(snapshot, request)
    if request.cuts_over_by_itself:
        return _ended_before_it_cuts_over(request)
    if not snapshot.is_released:
        return AwaitRelease(request)
    return Send(step=DeployStep.CUT_OVER, number=request.number)


def _ended_before_it_cuts_over(request: DeployRequest) -> Action:
    """Somebody has switched it on while it runs; once all is copied nobody is asked any more."""
    because = request_waits_for_itself(request.number)
    return Send(step=DeployStep.CANCEL, number=request.number, because=because)


def _ended(snapshot: DeploymentSnapshot, request: DeployRequest) -> Action:
    """Read back before it is believed; a way back stays open as long as the spec says."""
    if snapshot.production_stands is not Stand.AFTER:
        return _ended_badly(snapshot, request, production_not_as_planned(request.number))
    if request.state is S.COMPLETE:
        return _send_branch_away(snapshot) or Deployed(number=request.number)
    ended_s = snapshot.now_s if request.ended_s is None else request.ended_s
    until_s = ended_s + min(snapshot.revert_window_s, REVERT_WINDOW_S_MAX)
    if snapshot.now_s >= until_s:
        return Send(step=DeployStep.SKIP_REVERT, number=request.number)
    return AwaitWayBack(request.number, until_s)


def _over(snapshot: DeploymentSnapshot, number: int) -> Action:
    """Given up, and nothing of it is left at PlanetScale but the request itself."""
    return _send_branch_away(snapshot) or GivenUp((_why_stopped(snapshot, number),))


def _ended_badly(snapshot: DeploymentSnapshot, request: DeployRequest, problem: Problem) -> Action:
    """A branch with an open request is not deleted: PlanetScale refuses that, and its way back may
    be needed."""
    away = None if request.is_open else _send_branch_away(snapshot)
    return away or GivenUp((problem,))


def _why_stopped(snapshot: DeploymentSnapshot, number: int) -> Problem:
    """As it was intended, by whichever process; somebody else may have stopped it as well."""
    for step in (DeployStep.CLOSE, DeployStep.CANCEL):
        intent = snapshot.intents.get(step)
        if intent is not None and intent.because is not None:
            return intent.because
    return deploy_stopped(number)


def _given_up(snapshot: DeploymentSnapshot, request: DeployRequest) -> Action | None:
    """Where somebody wants it to end: what is not deployed is closed, what is, cancelled."""
    if snapshot.asked is not Asked.CANCEL:
        return None
    step = DeployStep.CLOSE if request.state in (S.PENDING, S.READY) else DeployStep.CANCEL
    return Send(step=step, number=request.number, because=deploy_stopped(request.number))


def _cancelled(snapshot: DeploymentSnapshot, request: DeployRequest) -> Action:
    """While a deploy runs, production moved, or the deploy is not the one that was compared."""
    because = (*snapshot.differences, production_drifted(request.number))[0]
    return Send(step=DeployStep.CANCEL, number=request.number, because=because)


def _send_branch_away(snapshot: DeploymentSnapshot) -> Action | None:
    branch = snapshot.branch
    return None if branch is None or branch.is_production else Send(step=DeployStep.DROP_BRANCH)


def _not_from_here(snapshot: DeploymentSnapshot, number: int | None) -> Problem | None:
    if snapshot.production_stands is not Stand.BEFORE:
        return production_drifted(number)
    is_fit = snapshot.production.is_production and snapshot.production.has_safe_migrations
    return None if is_fit else safe_migrations_off(snapshot.production.name)


def _before_us(snapshot: DeploymentSnapshot, number: int | None) -> tuple[int, ...]:
    """Deploys of others into production: a difference that was worked out before one of them has
    ended is not what would run."""
    return tuple(
        sorted(
            one.number
            for one in snapshot.queue
            if one.number != number and one.into_branch == snapshot.production.name
        )
    )
