"""The gates of an apply that ask servers, whoever starts it."""

from __future__ import annotations

from reconciler.cli.wire import Worlds
from reconciler.flows.gates import Gate
from reconciler.flows.promotion import promotion_refusals
from reconciler.guard.model import Refusal
from reconciler.plan.model import Plan
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def fleet_gates(worlds: Worlds, files: DesiredFiles, environment: Environment) -> tuple[Gate, ...]:
    """The environment that the spec puts before this one."""
    before = files.spec.environment(environment.after) if environment.after else None
    if before is None:
        return ()

    def gate(plan: Plan) -> tuple[Refusal, ...]:
        return promotion_refusals(worlds.world_of(before), files, before)

    return (gate,)
