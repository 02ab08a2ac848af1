"""`ci drift`: every keyspace of every environment, one issue, metrics, and a word to the chat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli.ci_job import CiJob
from reconciler.cli.drift import drift_code
from reconciler.cli.exit_code import ExitCode, worst
from reconciler.cli.presenting import presentation
from reconciler.cli.streams import remark, show
from reconciler.cli.run import Loaded
from reconciler.cli.wire import Worlds
from reconciler.edges.github.notices import GithubNotices
from reconciler.edges.github.webhook import post_text
from reconciler.errors import ReconcilerError
from reconciler.flows.ci_stale import StalePlan, stale_plan
from reconciler.flows.derive import begin_pass
from reconciler.flows.drift import find_drift
from reconciler.guard.approvals import PullRequest
from reconciler.outcomes import DriftOutcome, KeyspaceFailed
from reconciler.report.drift_words import verdict
from reconciler.report.markdown.ci import DRIFT_ISSUE_TITLE, drift_issue
from reconciler.report.markdown.drift import drift_markdown
from reconciler.report.metrics import drift_metrics
from reconciler.report.render import drift_report
from reconciler.report.summary import short_id
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment

Outcomes = list[DriftOutcome | KeyspaceFailed]


def watch_drift(
    repo: Path,
    environments: Sequence[str],
    *,
    sarif: Path | None,
    metrics: Path | None,
    json: Path | None,
) -> int:
    ci = CiJob(repo)
    event = ci.default_branch_event("drift", "schedule", "workflow_dispatch", "push")
    tree = ci.history.tree(ci.commit)
    loaded = Loaded(root=ci.root, tree=tree, keyspaces=load_repository(tree))
    with Worlds(loaded.root) as worlds:
        outcomes: Outcomes = []
        for environment in _environments(loaded, environments):

            def work(files: DesiredFiles, chosen: Environment) -> DriftOutcome:
                return find_drift(worlds.world_of(chosen), files, chosen, tree=loaded.tree)

            outcomes += loaded.each(environment, (), work)
        ci.tell(
            "the state of open pull requests",
            lambda notices: _mark_stale(ci, loaded, worlds, environments, event.default_branch),
        )
    code = worst(drift_code(outcome) for outcome in outcomes)
    show(drift_report(outcomes, presentation("github", loaded.keyspaces)))
    ci.summarise(drift_markdown(outcomes))
    _write(loaded, outcomes, {"sarif": sarif, "json": json})
    if metrics:
        metrics.write_text(drift_metrics(outcomes, now_s=_now_s()), encoding="utf-8")
    _keep_issue(ci, outcomes, code)
    _tell_chat(ci, outcomes, code)
    ci.output(drift=code is not ExitCode.FINE, exit_code=int(code))
    return int(code)


def _environments(loaded: Loaded, asked: Sequence[str]) -> list[str]:
    if asked:
        return sorted(set(asked))
    names = {
        environment.name
        for files in loaded.keyspaces.values()
        if isinstance(files, DesiredFiles)
        for environment in files.spec.environments
    }
    return sorted(names) or ["(none)"]


def _write(loaded: Loaded, outcomes: Outcomes, files: dict[str, Path | None]) -> None:
    for form, path in files.items():
        if path is not None:
            text = drift_report(outcomes, presentation(form, loaded.keyspaces))
            path.write_text(text, encoding="utf-8")


def _keep_issue(ci: CiJob, outcomes: Outcomes, code: ExitCode) -> None:
    body = drift_issue(outcomes, ci.job.run_url)

    def keep(notices: GithubNotices) -> None:
        if code is ExitCode.FINE:
            notices.close_issue(body)
        else:
            notices.keep_issue(DRIFT_ISSUE_TITLE, body)

    ci.tell("the drift issue", keep)


def _tell_chat(ci: CiJob, outcomes: Outcomes, code: ExitCode) -> None:
    url = os.environ.get("RECONCILER_WEBHOOK_URL")
    if not url or code is ExitCode.FINE:
        return
    lines = [
        f"{o.keyspace} in {o.environment}: "
        + (verdict(o) if isinstance(o, DriftOutcome) else "failed")
        for o in outcomes
        if drift_code(o) is not ExitCode.FINE
    ]
    try:
        post_text(url, "\n".join([*lines, ci.job.run_url]))
    except ReconcilerError as untold:
        remark(f"warning: {untold.problems[0]}")


def _mark_stale(
    ci: CiJob, loaded: Loaded, worlds: Worlds, asked: Sequence[str], branch: str
) -> None:
    """A red status on the head of each open pull request whose plan the fleet has overtaken."""
    waiting = ci.forge.open_pull_requests(branch)
    if not waiting:
        return
    for environment in _environments(loaded, asked):

        def work(files: DesiredFiles, chosen: Environment) -> None:
            look = begin_pass(worlds.world_of(chosen), files, chosen).look
            for pull_request in waiting:
                stale = stale_plan(
                    ci.forge,
                    pull_request.head_commit,
                    chosen.name,
                    files.spec.keyspace,
                    look,
                    below=ci.history.below,
                )
                if stale is not None:
                    _tell_stale(ci, pull_request, stale)

        loaded.each(environment, (), work)


def _tell_stale(ci: CiJob, pull_request: PullRequest, stale: StalePlan) -> None:
    core = stale.plan.core
    said = (
        f"plan {short_id(stale.plan.plan_id)} of {core.keyspace} is stale:"
        f" {len(stale.shards)} of {len(core.shards)} shards have moved; plan again"
    )
    click.echo(f"pull request #{pull_request.number}: {said}")
    ci.notices.set_status(
        pull_request.head_commit,
        f"reconciler/{core.environment}",
        state="failure",
        description=said,
        url=ci.job.run_url,
    )


def _now_s() -> float:
    from reconciler.edges.clock import SystemClock

    return SystemClock().now_s()
