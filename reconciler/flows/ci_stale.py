"""Plans of open pull requests against the fleet as it is now: told before they are merged."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Refused
from reconciler.flows.looking import Look
from reconciler.guard.classify import position_of
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.plan.codec import load_plan
from reconciler.plan.files import plan_paths
from reconciler.plan.model import Plan
from reconciler.ports import Forge


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePlan:
    """`shards` stand neither where the plan begins nor anywhere on its way."""

    plan: Plan
    shards: tuple[str, ...]


def stale_plan(
    forge: Forge, commit: str, environment: str, keyspace: str, look: Look, *, below: str
) -> StalePlan | None:
    """None if the commit has no sound plan for the keyspace, or one that could still be applied.
    Shards that were not seen say nothing."""
    path = plan_paths(environment, keyspace).json
    path = f"{below}/{path}" if below else path
    content = forge.file(commit, path, bytes_max=PLAN_BYTES_MAX)
    if content is None:
        return None
    try:
        plan = load_plan(content, path)
    except Refused:
        return None  # `verify` says what is wrong with it
    moved = tuple(
        seen.shard
        for seen in look.seen
        if seen.shard not in plan.core.shards
        or position_of(plan.core, seen.shard, seen.fingerprints) is None
    )
    return StalePlan(plan=plan, shards=moved) if moved else None
