"""Rollouts over regions: begun by what was merged, asked, and looked at.

Nothing is connected to that the spec names. Each region proves the review again by itself; here it
is asked so that one refusal says it, and no region is bothered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reconciler.errors import Problem, Refused
from reconciler.flows.gates import Gates, gate_refusals, with_those_of_git
from reconciler.guard.model import Refusal, problem_from
from reconciler.outcomes.rollouts import Answered, CourseAsked, Looked, RolloutOutcome, Started
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from reconciler.ports.files import History
from reconciler.ports.rollouts import Rollouts
from reconciler.rollout.course import CourseOrder
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.parts import held_waves, kept_gate_refusals, parts_of
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """`silent_s` is for how long a region at work may show no sign of life. `gates` are asked
    besides git's."""

    commit: str
    asked_by: str
    silent_s: int
    gates: Gates = field(default_factory=Gates)


def start_rollout(
    history: History,
    rollouts: Rollouts,
    files: DesiredFiles,
    environment: Environment,
    asked: StartRequest,
) -> RolloutOutcome:
    """Raises Refused for what was not reviewed, has no plan or no regions, or has
    gates that an engine cannot keep for people; and while another one is open. What the gates ask
    raises what it raises, before anybody is asked to begin."""
    plan = read_plan(history.tree(asked.commit), environment.name, files.spec.keyspace)
    gates = with_those_of_git(asked.gates, history, asked.commit, files)
    if refusals := gate_refusals(gates, files, plan):
        raise Refused(*map(problem_from, refusals))
    if plan is None:
        raise Refused(_no_plan(files, environment))
    if not environment.regions:
        raise Refused(_no_regions(files, environment))
    if refusals := tuple(_kept(plan, environment)):
        raise Refused(*map(problem_from, refusals))
    order = _order(plan, environment, asked)
    rollouts.start(order)
    return _of(environment, files, Started(order=order))


def ask_rollout(
    rollouts: Rollouts,
    files: DesiredFiles,
    environment: Environment,
    asked: CourseAsked,
    by: str,
    region: str = "",
) -> RolloutOutcome:
    """Raises Refused, with why, if it would do nothing."""
    is_done = rollouts.ask(environment.name, files.spec.keyspace, asked, by, region)
    return _of(environment, files, Answered(asked=asked, is_done=is_done, region=region))


def look_at_rollout(
    rollouts: Rollouts, files: DesiredFiles, environment: Environment, now_s: float
) -> RolloutOutcome:
    look = rollouts.look(environment.name, files.spec.keyspace)
    return _of(environment, files, Looked(look=look, now_s=now_s))


def _of(
    environment: Environment, files: DesiredFiles, found: Started | Answered | Looked
) -> RolloutOutcome:
    return RolloutOutcome(environment=environment.name, keyspace=files.spec.keyspace, found=found)


def _order(plan: Plan, environment: Environment, asked: StartRequest) -> CourseOrder:
    parts = parts_of(plan.core, environment.regions)
    last, rollout = max((part.wave for part in parts), default=0), environment.rollout
    return CourseOrder(
        environment=environment.name,
        keyspace=plan.core.keyspace,
        commit=asked.commit,
        plan_id=plan.plan_id,
        waves=tuple(
            tuple(part.region for part in parts if part.wave == wave) for wave in range(1, last + 1)
        ),
        on_failure=rollout.on_failure,
        soak_s=rollout.soak_s,
        gate=rollout.gate,
        silent_s=asked.silent_s,
        asked_by=asked.asked_by,
    )


def _kept(plan: Plan, environment: Environment) -> Iterator[Refusal]:
    """RG-38: whoever may ask an engine is no person that a forge vouches for."""
    for wave in held_waves(plan.core)[:1]:
        yield from kept_gate_refusals(PartOrder(wave=wave), plan.core, environment.rollout)


def _no_plan(files: DesiredFiles, environment: Environment) -> Problem:
    return Problem(
        code="rollout-without-plan",
        message=f"no plan of {files.spec.keyspace} was merged for {environment.name}",
        recovery="run `reconciler plan --write`, and have the plan reviewed and merged",
    )


def _no_regions(files: DesiredFiles, environment: Environment) -> Problem:
    return Problem(
        code="rollout-without-regions",
        message=f"{files.spec.path} gives {environment.name} no regions, so that no worker would"
        " ask for its parts",
        recovery="give it `regions`, one with all of its shards where one machine reaches them; or"
        " roll it out with `reconciler apply`",
    )
