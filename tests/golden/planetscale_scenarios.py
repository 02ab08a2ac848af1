"""Reports of keyspaces at PlanetScale."""

from __future__ import annotations

from dataclasses import replace

from reconciler.ledger.deploys import AtPlanetScale, DeployIntended, DeployStep
from reconciler.ledger.model import EventEntry
from reconciler.ledger.states import OperationState
from reconciler.outcomes.apply import StatusOutcome, WaveRow
from reconciler.plan.codec import plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.model import CarriedOut, Plan
from reconciler.plan.readable import render_readable_sql
from reconciler.report import render
from tests.golden import samples
from tests.golden.scenarios import START_S, STATUS, Scenario, operation, planned, row

SHARD = "commerce"


def _deployed() -> Plan:
    (change_set,) = samples.UNIFORM.core.change_sets
    core = replace(
        samples.UNIFORM.core,
        shards=(SHARD,),
        waves=((SHARD,),),
        change_sets=(replace(change_set, shards=(SHARD,)),),
        carried_out=CarriedOut.BY_DEPLOY_REQUEST,
    )
    return plan_from_core(with_words(core, render_readable_sql(core)), samples.UNIFORM.meta)


UNDERWAY = replace(
    STATUS,
    waves=(WaveRow(number=1, shards=(SHARD,), completed=0, failed=0, running=1),),
    shards=(
        row(
            SHARD,
            1,
            operation(
                "users",
                OperationState.RUNNING,
                0,
                waits_for=AtPlanetScale(7, "in_progress", 40),
                waits_since_s=START_S + 20,
            ),
        ),
    ),
    events=(
        EventEntry(at_s=START_S + 2, what=DeployIntended(DeployStep.MAKE_BRANCH), shard=SHARD),
        EventEntry(at_s=START_S + 9, what=DeployIntended(DeployStep.DEPLOY, 7), shard=SHARD),
    ),
)

PLANETSCALE = (
    Scenario(
        "plan-planetscale",
        "PlanetScale carries the plan out, and has the shards to itself.",
        planned(_deployed()),
    ),
    Scenario(
        "status-planetscale",
        "A deploy request of PlanetScale is under way.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(UNDERWAY,), now_s=START_S + 64), how
        ),
    ),
)
