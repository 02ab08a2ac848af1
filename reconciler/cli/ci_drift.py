"""`ci drift`: every keyspace of every environment, one issue, metrics, and a word to the chat."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reconciler.cli.ci_job import CiJob
from reconciler.cli.ci_stale import mark_stale
from reconciler.cli.streams import remark, show
from reconciler.cli.wire import Worlds
from reconciler.edges.clock import SystemClock
from reconciler.edges.github.notices import GithubNotices
from reconciler.edges.github.webhook import post_text
from reconciler.errors import ReconcilerError
from reconciler.flows.drift import find_drift
from reconciler.flows.keyspaces import Loaded
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.exit_code import ExitCode, drift_code, worst, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.forge import DRIFT_ISSUE_TITLE, drift_issue
from reconciler.report.forge_words import chat_text
from reconciler.report.metrics import drift_metrics
from reconciler.report.render import drift_report
from reconciler.report.write.markdown import write_markdown
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
        names = loaded.environments(environments)
        for environment in names:

            def work(files: DesiredFiles, chosen: Environment) -> DriftOutcome:
                return find_drift(worlds.world_of(chosen), files, chosen, tree=loaded.tree)

            outcomes += loaded.each(environment, (), work)
        code = worst(drift_code(outcome) for outcome in outcomes)
        # First what was found is told. What others wrote into their pull requests comes after that,
        # so that nobody keeps the drift of the fleet from being known.
        _tell(ci, loaded, outcomes, code, {"sarif": sarif, "json": json}, metrics)
        ci.tell(
            "the state of open pull requests",
            lambda notices: mark_stale(ci, loaded, worlds, names, event.default_branch),
        )
    return int(code)


def _tell(
    ci: CiJob,
    loaded: Loaded,
    outcomes: Outcomes,
    code: ExitCode,
    files: dict[str, Path | None],
    metrics: Path | None,
) -> None:
    show(drift_report(outcomes, ci.how("github", loaded)))
    ordered = worst_first(outcomes, drift_code)
    ci.summarise(drift_document(ordered))
    _write(ci, loaded, outcomes, files)
    if metrics:
        metrics.write_text(drift_metrics(outcomes, now_s=SystemClock().now_s()), encoding="utf-8")
    _keep_issue(ci, outcomes, code)
    _tell_chat(ci, outcomes, code)
    ci.output(drift=code is not ExitCode.FINE, exit_code=int(code))


def _write(ci: CiJob, loaded: Loaded, outcomes: Outcomes, files: dict[str, Path | None]) -> None:
    for form, path in files.items():
        if path is not None:
            text = drift_report(outcomes, ci.how(form, loaded))
            path.write_text(text, encoding="utf-8")


def _keep_issue(ci: CiJob, outcomes: Outcomes, code: ExitCode) -> None:
    body = write_markdown(drift_issue(outcomes, ci.job.run_url))

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
    try:
        post_text(url, chat_text(outcomes, ci.job.run_url))
    except ReconcilerError as untold:
        remark(f"warning: {untold.problems[0]}")
