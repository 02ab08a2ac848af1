"""`ci plan --commit`: the plan that a job made becomes a commit of an app on the author's branch.

The app is not the author and no person: its push leaves open which person pushed last, and `apply`
looks for that. It must be an app of one's own: pushes with a job's own token start no job, so that
nothing would ever verify the plan. On top of a commit of this kind no second one is made: if the
first was not right, something else is wrong.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.cli.ci_job import CiJob
from reconciler.cli.streams import remark
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.commits import commit_files, token_login
from reconciler.edges.github.job import PullRequestEvent
from reconciler.edges.github.notices import JOB_AUTHOR
from reconciler.errors import InvalidInput, Problem, Refused
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.files import has_file, read_plan
from reconciler.plan.model import Plan
from reconciler.report.forge_words import committed_line, is_plan_commit, plan_commit_message
from reconciler.spec.tree import FileTree, from_the_top

TOKEN_VARIABLE = "RECONCILER_COMMIT_TOKEN"


@dataclass(frozen=True, slots=True)
class Committer:
    """An app that may write to the repository."""

    client: GithubClient = field(repr=False)


def committer(ci: CiJob) -> Committer:
    """Asked before anything is planned. Raises InvalidInput without the token of an app."""
    token = os.environ.get(TOKEN_VARIABLE)
    if not token:
        raise InvalidInput(_no_token())
    client = GithubClient(api_url=ci.job.api_url, token=token)
    login = token_login(client)
    if not login.endswith("[bot]") or login == JOB_AUTHOR:
        raise InvalidInput(_not_an_app(login))
    return Committer(client)


def commit_plans(
    ci: CiJob,
    app: Committer,
    pull_request: PullRequestEvent,
    outcomes: Iterable[PlanOutcome | KeyspaceFailed],
) -> None:
    """What of the plans the branch does not have yet; nothing where one was refused."""
    head, below = pull_request.head_commit, ci.history.below
    tree = ci.history.tree(head)
    additions: dict[str, bytes] = {}
    removals: list[str] = []
    plans: list[Plan] = []
    for outcome in outcomes:
        if isinstance(outcome, KeyspaceFailed) or outcome.refusals or outcome.plan is None:
            return
        removals += [path for path in outcome.removed if has_file(tree, path)]
        if outcome.written and not _is_there(tree, outcome, outcome.plan):
            additions |= {path: (ci.root / path).read_bytes() for path in outcome.written}
            plans.append(outcome.plan)
    if not additions and not removals:
        return
    if is_plan_commit(ci.history.message(head)):
        raise Refused(_again(head))
    made = commit_files(
        app.client,
        ci.job.repository,
        pull_request.head_branch,
        onto=head,
        message=plan_commit_message([plan.plan_id for plan in plans]),
        additions={from_the_top(path, below): text for path, text in additions.items()},
        removals=[from_the_top(path, below) for path in removals],
    )
    remark(committed_line(made, pull_request.head_branch))


def _is_there(tree: FileTree, outcome: PlanOutcome, plan: Plan) -> bool:
    """By plan id: the time at which a plan was made is no difference."""
    try:
        found = read_plan(tree, outcome.environment, outcome.keyspace)
    except Refused:
        return False
    return found is not None and found.plan_id == plan.plan_id


def _no_token() -> Problem:
    return Problem(
        code="commit-token-missing",
        message=f"--commit was given and {TOKEN_VARIABLE} is not set",
        recovery="set it to an installation token of an app that may write contents, or leave out"
        " --commit",
    )


def _not_an_app(login: str) -> Problem:
    why = (
        "its pushes start no jobs, so nothing would verify the plan"
        if login == JOB_AUTHOR
        else "it is a person's, who would count as the last one who pushed"
    )
    return Problem(
        code="commit-token-not-an-app",
        message=f"{TOKEN_VARIABLE} speaks for {login}: {why}",
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
