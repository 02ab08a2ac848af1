"""`ci plan --commit`: the plan that a job made becomes a commit of an app on the author's branch.

The app is not the author and no person: its push leaves open which person pushed last, and `apply`
looks for that. It must be an app of one's own: pushes with a job's own token start no job, so that
nothing would ever verify the plan. On top of a commit of this kind no second one is made: if the
first was not right, something else is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.errors import InvalidInput, Problem, Refused
from reconciler.flows.forge.job import ForgeJob
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome
from reconciler.outcomes.split import SplitPlanOutcome
from reconciler.plan.files import read_plan
from reconciler.ports.job import PullRequestEvent
from reconciler.ports.notices import PlanCommits, TokenKind
from reconciler.report.forge_words import committed_line, is_plan_commit, plan_commit_message
from reconciler.reshard.plan.files import read_split_plan
from reconciler.spec.tree import FileTree, from_the_top, has_file


def check_committer(commits: PlanCommits) -> None:
    """Asked before anything is planned. Raises InvalidInput for a token that is no app's."""
    kind, login = commits.speaks_for()
    if kind is not TokenKind.APP:
        raise InvalidInput(_not_an_app(kind, login))


def commit_plans(
    job: ForgeJob,
    commits: PlanCommits,
    checkout: FileTree,
    pull_request: PullRequestEvent,
    outcomes: Iterable[PlanOutcome | SplitPlanOutcome | KeyspaceFailed],
) -> None:
    """What of the plans the branch does not have yet; nothing where one was refused."""
    head, below = pull_request.head_commit, job.clone.below
    tree = job.clone.tree(head)
    additions: dict[str, bytes] = {}
    removals: list[str] = []
    plan_ids: list[str] = []
    for outcome in outcomes:
        if isinstance(outcome, KeyspaceFailed) or outcome.refusals or outcome.plan is None:
            return
        if isinstance(outcome, PlanOutcome):
            removals += [path for path in outcome.removed if has_file(tree, path)]
        if outcome.written and not _is_there(tree, outcome, outcome.plan.plan_id):
            additions |= {
                path: checkout.read(path, bytes_max=PLAN_BYTES_MAX) for path in outcome.written
            }
            plan_ids.append(outcome.plan.plan_id)
    if not additions and not removals:
        return
    if is_plan_commit(job.clone.message(head)):
        raise Refused(_again(head))
    made = commits.commit(
        pull_request.head_branch,
        onto=head,
        message=plan_commit_message(plan_ids),
        additions={from_the_top(path, below): text for path, text in additions.items()},
        removals=[from_the_top(path, below) for path in removals],
    )
    job.log.remark(committed_line(made, pull_request.head_branch))


def _is_there(tree: FileTree, outcome: PlanOutcome | SplitPlanOutcome, plan_id: str) -> bool:
    """By plan id: the time at which a plan was made is no difference."""
    read = read_split_plan if isinstance(outcome, SplitPlanOutcome) else read_plan
    try:
        found = read(tree, outcome.environment, outcome.keyspace)
    except Refused:
        return False
    return found is not None and found.plan_id == plan_id


def _not_an_app(kind: TokenKind, login: str) -> Problem:
    why = (
        "its pushes start no jobs, so nothing would verify the plan"
        if kind is TokenKind.JOB
        else "it is a person's, who would count as the last one who pushed"
    )
    return Problem(
        code="commit-token-not-an-app",
        message=f"RECONCILER_COMMIT_TOKEN speaks for {login}: {why}",
        recovery="use an installation token of an app of your own; docs/github.md says how",
    )


def _again(head: str) -> Problem:
    return Problem(
        code="plan-committed-already",
        message=f"commit {head[:12]} is a plan that a job made, and it is not what is derived now:"
        " no second one is put on top",
        recovery="push a commit of your own, or run `reconciler plan --write`; `reconciler drift`"
        " says whether the fleet is being changed meanwhile",
    )
