"""What an apply of one part is asked besides: is this order one for this plan, and is it time?"""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from reconciler.errors import ReconcilerError
from reconciler.flows.check import Checked
from reconciler.flows.reconcile_pass import RULES, Pass
from reconciler.guard.model import Refusal
from reconciler.ledger.last_word import is_retried
from reconciler.ledger.model import StoredApply
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.model.object_id import ObjectId
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.part_report import report_of
from reconciler.plan.model import Plan
from reconciler.plan.part import part_of
from reconciler.ports.ledger import Ledger
from reconciler.rollout.course import PartEnd, PartReport
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
    """Of an apply that ended with failures, whether somebody has seen them: its own record says
    that they were released; or somebody `goes_on` after an apply of this plan that ended so, which
    no release opens again. What cannot be read was released by nobody (RG-94)."""
    if outcome.verdict is not ApplyVerdict.FAILED or outcome.apply_id is None:
        return False
    try:
        ledger = open_ledger()
        stored = ledger.apply(outcome.apply_id)
        if stored is None or stored.failures_released or not goes_on:
            return stored is not None and stored.failures_released
        return _failed_before(ledger, stored) is not None
    except ReconcilerError:
        return False


def holds_nothing(
    outcome: ApplyOutcome,
    order: PartOrder | None,
    environment: Environment,
    open_ledger: Callable[[], Ledger],
) -> bool:
    """Of a part that a graph of jobs has ordered: it is over, and what failed there keeps no wave
    from beginning. The spec says so, or somebody has: who released it, or who asked for a retry of
    the apply that ended so before (RG-94)."""
    if order is None or outcome.verdict not in (ApplyVerdict.PAUSED, ApplyVerdict.FAILED):
        return False
    match environment.rollout.on_failure:
        case OnFailure.HALT:
            return False
        case OnFailure.CONTINUE:
            is_seen = True
        case OnFailure.PAUSE:
            is_seen = are_failures_released(outcome, open_ledger, goes_on=False) or (
                _is_retry_of_a_failure(outcome, open_ledger)
            )
        case policy:
            assert_never(policy)
    told = report_of(outcome, order.wave, failures_released=is_seen)
    return isinstance(told, PartReport) and (told.end is PartEnd.COMPLETED or told.goes_past)


def _is_retry_of_a_failure(outcome: ApplyOutcome, open_ledger: Callable[[], Ledger]) -> bool:
    if outcome.apply_id is None:
        return False
    try:
        ledger = open_ledger()
        stored = ledger.apply(outcome.apply_id)
        before = _failed_before(ledger, stored) if stored is not None else None
        return before is not None and is_retried(ledger.requests(before.apply_id))
    except ReconcilerError:
        return False


def _failed_before(ledger: Ledger, stored: StoredApply) -> StoredApply | None:
    """The apply before, where it was of the same plan, and ended with every failure of this one, on
    the same shard and of the same object: what a cancel, or an earlier failure of its shard, kept
    from being tried, nobody has seen fail."""
    earlier = ledger.applies(
        stored.environment,
        keyspace=stored.keyspace,
        limit=1,
        region=stored.region,
        before=stored.apply_id,
    )
    before = next(iter(earlier), None)
    if before is None or (before.plan_id, before.state) != (stored.plan_id, ApplyState.FAILED):
        return None
    is_seen = _failed(ledger, stored) <= _failed(ledger, before)
    return before if is_seen else None


def _failed(ledger: Ledger, stored: StoredApply) -> set[tuple[str, ObjectId]]:
    rows = ledger.operations(stored.apply_id)
    return {(row.shard, row.object_id) for row in rows if row.state is OperationState.FAILED}


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
