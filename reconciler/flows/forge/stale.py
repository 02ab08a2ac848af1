"""Plans of open pull requests against the fleet as it is now: told before they are merged."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import InvalidInput, Refused
from reconciler.flows.reconcile_pass import Pass
from reconciler.guard.classify import position_of
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.model.policy import Policy
from reconciler.observe.shards import DefinitionReader, SeenShard, read_all
from reconciler.plan.codec import load_plan
from reconciler.plan.files import plan_paths
from reconciler.plan.model import Plan
from reconciler.ports.forge import Forge
from reconciler.spec.tree import from_the_top


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPlan:
    """`moved` are the shards that stand neither where the plan begins nor anywhere on its way;
    `all_seen` False: of others nobody knows."""

    plan: Plan
    moved: tuple[str, ...]
    all_seen: bool


def proposed_plan(forge: Forge, commit: str, begun: Pass, *, below: str) -> ProposedPlan | None:
    """None if the commit has no sound plan for the keyspace: `verify` says what is wrong there."""
    paths = plan_paths(begun.environment.name, begun.files.spec.keyspace)
    path = from_the_top(paths.json, below)
    try:
        content = forge.file(commit, path, bytes_max=PLAN_BYTES_MAX)
        if content is None:
            return None
        plan = load_plan(content, path)
    except (Refused, InvalidInput):  # one pull request does not hide the others
        return None
    look = _look_as_for(plan.core.policy, begun)
    moved = tuple(
        seen.shard
        for seen in look
        if seen.shard not in plan.core.shards
        or position_of(plan.core, seen.shard, seen.fingerprints) is None
    )
    all_seen = {seen.shard for seen in look} >= set(plan.core.shards)
    return ProposedPlan(plan=plan, moved=moved, all_seen=all_seen)


def _look_as_for(policy: Policy, begun: Pass) -> tuple[SeenShard, ...]:
    """What was seen, to the eyes of a change that may bring another policy. Of a shard with a table
    that only the other policy looks at, and that nobody can read, nothing is known."""
    if policy == begun.files.spec.policy:
        return begun.look.seen
    reader = DefinitionReader(policy).counting_to(begun.counters)
    seen, refusals = read_all([shard.observation for shard in begun.look.seen], reader)
    unread = {refusal.shard for refusal in refusals}
    return tuple(shard for shard in seen if shard.shard not in unread)
