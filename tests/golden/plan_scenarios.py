"""Reports of plans that say more than what runs: what shards are like meanwhile."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.object_id import table_id
from reconciler.outcomes.files import LintOutcome
from reconciler.plan.model import ChangeSet, ObjectBefore, Plan
from tests.golden import samples
from tests.golden.samples import SHARDS
from tests.golden.scenarios import Scenario, planned
from tests.sample_plans import with_core


def _mixed() -> Plan:
    core = samples.DIVERGENT.core
    sets = tuple(map(_with_definitions, core.change_sets))
    waves = (SHARDS[:1], SHARDS[1:2], SHARDS[2:])
    return with_core(replace(core, change_sets=sets, waves=waves))


def _with_definitions(change_set: ChangeSet) -> ChangeSet:
    definitions = {"users": samples.USERS, "orders": samples.ORDERS}
    touched = tuple(
        ObjectBefore(object_id=table_id(table), definition=definitions[table])
        for table in sorted(definitions)
    )
    return replace(change_set, touched=touched)


MORE_PLANS = (
    Scenario(
        "plan-mixed-window",
        "Shards have other columns than others until the last wave has ended.",
        planned(_mixed()),
    ),
    Scenario(
        "plan-lint",
        "Rules have something to say of the tables that the branch changes; no plan fails for it.",
        planned(
            samples.UNIFORM,
            lint=LintOutcome(
                keyspace="commerce",
                tables=12,
                looked_at=2,
                remarks=samples.REMARKS,
                excepted=samples.REMARKS[:1],
            ),
        ),
    ),
)
