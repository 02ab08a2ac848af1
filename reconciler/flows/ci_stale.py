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
from reconciler.spec.tree import from_the_top


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPlan:
    """`moved` are the shards that stand neither where the plan begins nor anywhere on its way;
    `all_seen` False: of others nobody knows."""

    plan: Plan
    moved: tuple[str, ...]
    all_seen: bool


def proposed_plan(
    forge: Forge, commit: str, environment: str, keyspace: str, look: Look, *, below: str
) -> ProposedPlan | None:
    """None if the commit has no sound plan for the keyspace: `verify` says what is wrong there."""
    path = from_the_top(plan_paths(environment, keyspace).json, below)
    content = forge.file(commit, path, bytes_max=PLAN_BYTES_MAX)
    if content is None:
        return None
    try:
        plan = load_plan(content, path)
    except Refused:
        return None
    moved = tuple(
        seen.shard
        for seen in look.seen
        if seen.shard not in plan.core.shards
        or position_of(plan.core, seen.shard, seen.fingerprints) is None
    )
    all_seen = {seen.shard for seen in look.seen} >= set(plan.core.shards)
    return ProposedPlan(plan=plan, moved=moved, all_seen=all_seen)
