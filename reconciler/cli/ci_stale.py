"""Open pull requests whose plan the fleet has overtaken: a red status, until it is right again.

The status is the one in which `verify` gave its verdict. While a plan is stale the verdict is too;
when the fleet is back, what was said before is said again. Nothing that is decided rests on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from reconciler.cli.ci_job import CiJob
from reconciler.cli.streams import remark
from reconciler.cli.wire import Worlds
from reconciler.flows.forge.stale import ProposedPlan, proposed_plan
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.guard.review.approvals import PullRequest
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.forge_words import (
    NOT_STALE,
    is_stale_status,
    pull_request_line,
    stale_status,
)
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

Found = list[tuple[int, ProposedPlan]]  # by the number of the pull request


def mark_stale(
    ci: CiJob, loaded: Loaded, worlds: Worlds, environments: Sequence[str], branch: str
) -> None:
    """Of pull requests from the repository itself: those of forks are red anyway. Raises
    Unavailable if the forge does not say which there are."""
    waiting = ci.forge.own_pull_requests(branch)
    for environment in environments if waiting else ():

        def work(files: DesiredFiles, chosen: Environment) -> Found:
            begun = begin_pass(worlds.world_of(chosen), files, chosen)
            found = []
            for pull_request in waiting:
                head = pull_request.head_commit
                plan = proposed_plan(ci.forge, head, begun, below=ci.history.below)
                if plan is not None:
                    found.append((pull_request.number, plan))
            return found

        outcomes = loaded.each(environment, (), work)
        all_judged = not any(isinstance(outcome, KeyspaceFailed) for outcome in outcomes)
        plans: defaultdict[int, list[ProposedPlan]] = defaultdict(list)
        for outcome in outcomes:
            for number, plan in outcome if isinstance(outcome, list) else ():
                plans[number].append(plan)
        for pull_request in waiting:
            if found := plans[pull_request.number]:
                _mark(ci, pull_request, environment, found, all_judged=all_judged)


def _mark(
    ci: CiJob,
    pull_request: PullRequest,
    environment: str,
    plans: Sequence[ProposedPlan],
    *,
    all_judged: bool,
) -> None:
    commit, context = pull_request.head_commit, f"reconciler/{environment}"
    told = ci.notices.statuses(commit, context)
    stale = [(each.plan, each.moved) for each in plans if each.moved]
    if stale:
        said = stale_status(stale)
        remark(pull_request_line(pull_request.number, environment, said))
        if not told or told[0].description != said:
            url = ci.job.run_url
            ci.notices.set_status(commit, context, state="failure", description=said, url=url)
    elif all_judged and all(each.all_seen for each in plans):
        before = next((one for one in told if not is_stale_status(one.description)), None)
        if before is not None and told[0] is not before:
            remark(pull_request_line(pull_request.number, environment, NOT_STALE))
            ci.notices.set_status(
                commit,
                context,
                state=before.state,
                description=before.description,
                url=before.url,
            )
