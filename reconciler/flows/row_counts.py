"""A plan with the rows that this look saw, a change set's beside each: a person weighs a copy by
them, and a shard's time is a shard's."""

from __future__ import annotations

from dataclasses import replace

from reconciler.flows.reconcile_pass import Pass
from reconciler.plan.build import row_counts
from reconciler.plan.model import Plan


def with_counts(plan: Plan, begun: Pass) -> Plan:
    facts = {seen.shard: dict(seen.observation.facts) for seen in begun.look.seen}
    counts = row_counts(facts, plan.core.change_sets)
    return replace(plan, meta=replace(plan.meta, counts=counts))
