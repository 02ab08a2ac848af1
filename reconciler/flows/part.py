"""What an apply of one part is asked besides: is this order one for this plan, and is it time?"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from reconciler.errors import ReconcilerError
from reconciler.flows.check import Checked
from reconciler.flows.reconcile_pass import RULES, Pass
from reconciler.guard.model import Refusal
from reconciler.ledger.model import StoredApply
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.plan.model import Plan
from reconciler.plan.part import part_of
from reconciler.ports.ledger import Ledger
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.parts import (
    early_refusals,
    kept_gate_refusals,
    order_refusals,
    spent_gate_refusals,
)
from reconciler.spec.model import Environment, OnFailure


def refuse_order(
    order: PartOrder | None,
    plan: Plan | None,
    environment: Environment,
    *,
    asked_of_forge: bool,
) -> tuple[Refusal, ...]:
    """Before anything is connected to; nothing to say where no part is asked for.
    `asked_of_forge`: a forge has said who opened the gate before the wave."""
    if order is None:
        return ()
    refused = tuple(order_refusals(order, plan, RULES, environment.region))
    if refused or plan is None or asked_of_forge:
        return refused
    return kept_gate_refusals(order, plan.core, environment.rollout)


def refuse_early(
    order: PartOrder | None, begun: Pass, plan: Plan, checked: Checked, ledger: Ledger, now_s: float
) -> tuple[Refusal, ...]:
    """Under the locks, before anything is sent. Raises Unavailable if the ledger cannot be read."""
    if order is None:
        return ()
    environment, core = begun.environment, plan.core
    stored = ledger.unfinished(core.environment, core.keyspace, environment.region or "")
    is_this = stored is not None and stored.plan_id == plan.plan_id
    latest = ledger.applies(
        core.environment, keyspace=core.keyspace, limit=1, region=environment.region or ""
    )
    of_this = next((one for one in latest if one.plan_id == plan.plan_id), None)
    if spent := spent_gate_refusals(order, core, environment.rollout, of_this):
        return spent
    return tuple(
        early_refusals(
            order,
            part_of(core, environment),
            checked.standings,
            ledger.operations(stored.apply_id) if stored is not None and is_this else (),
            goes_past_failures=_goes_past_failures(environment, stored),
            soak_s=environment.rollout.soak_s,
            now_s=now_s,
        )
    )


def are_failures_released(
    outcome: ApplyOutcome, open_ledger: Callable[[], Ledger], *, goes_on: bool
) -> bool:
    """Of an apply that ended with failures, whether somebody has seen some: its own record says
    that they were released; or somebody `goes_on` after an apply of this plan that ended so, which
    no release opens again. What cannot be read was released by nobody (RG-94)."""
    if outcome.verdict is not ApplyVerdict.FAILED or outcome.apply_id is None:
        return False
    try:
        ledger = open_ledger()
        stored = ledger.apply(outcome.apply_id)
        if stored is None or stored.failures_released or not goes_on:
            return stored is not None and stored.failures_released
        before = ledger.applies(
            stored.environment,
            keyspace=stored.keyspace,
            limit=1,
            region=stored.region,
            before=stored.apply_id,
        )
    except ReconcilerError:
        return False
    return any((one.plan_id, one.state) == (stored.plan_id, ApplyState.FAILED) for one in before)


def _goes_past_failures(environment: Environment, stored: StoredApply | None) -> bool:
    """As the driver of an apply does: by the spec, or because somebody released it."""
    match environment.rollout.on_failure:
        case OnFailure.CONTINUE:
            return True
        case OnFailure.PAUSE:
            return stored is not None and stored.failures_released
        case OnFailure.HALT:
            return False
        case policy:
            assert_never(policy)
