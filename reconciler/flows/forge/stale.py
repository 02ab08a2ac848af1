"""Open pull requests whose plan the fleet has overtaken: a red status, until it is right again.

The status is the one in which `verify` gave its verdict. While a plan is stale the verdict is too;
when the fleet is back, what was said before is said again. Nothing that is decided rests on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.errors import InvalidInput, Refused
from reconciler.flows.forge.job import ForgeJob, Worlds
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.reconcile_pass import Pass, begin_pass
from reconciler.flows.sight import BY_ASKING, Sight
from reconciler.flows.split.reached import look_of, standing_of
from reconciler.guard.classify import position_of
from reconciler.guard.review.approvals import PullRequest
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.observe.shards import SeenShard, read_all
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan.codec import load_plan
from reconciler.plan.files import plan_paths
from reconciler.plan.model import Plan, PlanCore
from reconciler.ports.forge import Forge
from reconciler.ports.notices import Notices
from reconciler.report.forge_words import (
    NOT_STALE,
    is_stale_status,
    pull_request_line,
    stale_status,
)
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import from_the_top


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPlan:
    """`moved` are the shards that stand neither where the plan begins nor anywhere on its way;
    `all_seen` False: of others nobody knows."""

    plan: Plan
    moved: tuple[str, ...]
    all_seen: bool


Found = list[tuple[int, ProposedPlan]]  # by the number of the pull request


def mark_stale(
    job: ForgeJob,
    notices: Notices,
    loaded: Loaded,
    worlds: Worlds,
    environments: Sequence[str],
    *,
    branch: str,
    sight: Sight = BY_ASKING,
) -> None:
    """Of pull requests from the repository itself: those of forks are red anyway. Raises
    Unavailable if the forge does not say which there are."""
    forge = job.ask()
    waiting = forge.own_pull_requests(branch)
    for environment in environments if waiting else ():

        def work(files: DesiredFiles, chosen: Environment) -> Found:
            stands = standing_of(worlds, files, chosen)
            world = sight.of(look_of(worlds, stands), files, stands.environment)
            begun = begin_pass(world, files, stands.environment)
            found = []
            for pull_request in waiting:
                head = pull_request.head_commit
                plan = proposed_plan(forge, head, begun, below=job.clone.below)
                if plan is not None:
                    found.append((pull_request.number, plan))
            return found

        outcomes = loaded.within(environment, (), work)
        all_judged = not any(isinstance(outcome, KeyspaceFailed) for outcome in outcomes)
        plans: defaultdict[int, list[ProposedPlan]] = defaultdict(list)
        for outcome in outcomes:
            for number, plan in outcome if isinstance(outcome, list) else ():
                plans[number].append(plan)
        for pull_request in waiting:
            if found := plans[pull_request.number]:
                _mark(job, notices, pull_request, environment, found, all_judged=all_judged)


def _mark(
    job: ForgeJob,
    notices: Notices,
    pull_request: PullRequest,
    environment: str,
    plans: Sequence[ProposedPlan],
    *,
    all_judged: bool,
) -> None:
    commit, context = pull_request.head_commit, f"reconciler/{environment}"
    told = notices.statuses(commit, context)
    stale = [(each.plan, each.moved) for each in plans if each.moved]
    if stale:
        said = stale_status(stale)
        job.log.remark(pull_request_line(pull_request.number, environment, said))
        if not told or told[0].description != said:
            url = job.facts.run_url
            notices.set_status(commit, context, state="failure", description=said, url=url)
    elif all_judged and all(each.all_seen for each in plans):
        before = next((one for one in told if not is_stale_status(one.description)), None)
        if before is not None and told[0] is not before:
            job.log.remark(pull_request_line(pull_request.number, environment, NOT_STALE))
            notices.set_status(
                commit,
                context,
                state=before.state,
                description=before.description,
                url=before.url,
            )


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
    look = _look_as_for(plan.core, begun)
    moved = tuple(
        seen.shard
        for seen in look
        if seen.shard not in plan.core.shards
        or position_of(plan.core, seen.shard, seen.fingerprints) is None
    )
    all_seen = {seen.shard for seen in look} >= set(plan.core.shards)
    return ProposedPlan(plan=plan, moved=moved, all_seen=all_seen)


def _look_as_for(core: PlanCore, begun: Pass) -> tuple[SeenShard, ...]:
    """What was seen, to the eyes of a change that may bring another policy, or removes what engines
    left. Of a shard with a table
    that only the other policy looks at, and that nobody can read, nothing is known."""
    if core.policy == begun.files.spec.policy and core.cleans == begun.cleans:
        return begun.look.seen
    reader = begun.reader.with_policy(core.policy)
    reader = reader.with_claimed([one.name for one in core.cleans])
    seen, refusals = read_all([shard.observation for shard in begun.look.seen], reader)
    unread = {refusal.shard for refusal in refusals}
    return tuple(shard for shard in seen if shard.shard not in unread)
