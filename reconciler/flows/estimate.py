"""The time a plan may take on the shards of this pass, as large as they were just seen."""

from __future__ import annotations

from reconciler.flows.derive import Pass
from reconciler.plan.estimate import Estimate, estimate_time
from reconciler.plan.model import PlanCore


def time_estimate(begun: Pass, core: PlanCore) -> Estimate | None:
    sizes = {
        seen.shard: {table: facts.size_bytes for table, facts in seen.observation.facts}
        for seen in begun.look.seen
    }
    return estimate_time(core, sizes, begun.environment.rollout)
