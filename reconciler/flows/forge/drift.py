"""`ci drift`: every keyspace of every environment, one issue, metrics, and a word to the chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.flows.drift import find_drift
from reconciler.flows.forge.job import ForgeJob, OpenWorlds, Worlds, default_branch_event
from reconciler.flows.forge.news import teller_of
from reconciler.flows.forge.stale import mark_stale
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.sight import BY_ASKING, Sight
from reconciler.flows.split.reached import look_of, standing_of
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode, worst, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.ports.notices import Notices
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.forge import drift_issue, drift_issue_title
from reconciler.report.forge_words import chat_text
from reconciler.report.metrics import drift_metrics
from reconciler.report.render import Format, drift_report
from reconciler.report.write.markdown import write_markdown
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

Outcomes = list[DriftOutcome | KeyspaceFailed]

_EVENTS = ("drift", "schedule", "workflow_dispatch", "push")  # the verb, and when it may run


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFiles:
    """Where the workflow has asked for the result besides; None: nowhere."""

    sarif: Path | None = None
    metrics: Path | None = None
    json: Path | None = None
    page: Path | None = None


def watch_drift(
    job: ForgeJob,
    environments: Sequence[str],
    open_worlds: OpenWorlds,
    *,
    files: DriftFiles,
    chat: Callable[[str], None] | None,
    sight: Sight = BY_ASKING,
) -> ExitCode:
    """`chat` takes a few lines, and raises Unavailable if they could not be sent."""
    default_branch_event(job, *_EVENTS)
    loaded = job.load(job.commit)
    with open_worlds() as worlds:
        outcomes: Outcomes = []
        names = loaded.environments(environments)
        for environment in names:
            outcomes += look_for_drift(loaded, worlds, environment, sight=sight)
        is_apart = sight.is_of_regions or set(names) != set(loaded.environments(()))
        return tell_drift(
            job,
            loaded,
            worlds,
            outcomes,
            names,
            files=files,
            chat=chat,
            sight=sight,
            apart=names if is_apart else (),
        )


def look_for_drift(
    loaded: Loaded,
    worlds: Worlds,
    environment: str,
    keyspaces: Sequence[str] = (),
    *,
    sight: Sight = BY_ASKING,
) -> Outcomes:
    """Of the keyspaces, or of all that have the environment."""

    def work(files: DesiredFiles, chosen: Environment) -> DriftOutcome:
        stands = standing_of(worlds, files, chosen)
        return find_drift(
            sight.of(look_of(worlds, stands), files, stands.environment),
            files,
            stands.environment,
            tree=loaded.tree,
            open_ledger=sight.ledger(worlds.lasting_ledger_of, chosen),
        )

    return loaded.within(environment, keyspaces, work)


def tell_drift(
    job: ForgeJob,
    loaded: Loaded,
    worlds: Worlds,
    outcomes: Outcomes,
    marked: Sequence[str],
    *,
    files: DriftFiles,
    chat: Callable[[str], None] | None,
    sight: Sight = BY_ASKING,
    apart: Sequence[str] = (),
) -> ExitCode:
    """`outcomes` are those of every keyspace that the one issue is about, which is of its own for
    the environments in `apart`; of those in `marked`, open pull requests are told whether their
    plan is stale. Raises Refused for a job that is none of the default branch."""
    event = default_branch_event(job, *_EVENTS)
    code = worst(drift_code(outcome) for outcome in outcomes)
    # First what was found is told. What others wrote into their pull requests comes after that,
    # so that nobody keeps the drift of the fleet from being known.
    _tell(job, loaded, outcomes, code, files)
    _keep_issue(job, outcomes, code, apart)
    if code is not ExitCode.FINE:
        teller = replace(teller_of(job), chat=chat)
        teller.tell(chat_text(outcomes, teller.run_url))
    job.log.output(drift=code is not ExitCode.FINE, exit_code=int(code))
    job.say(
        "the state of open pull requests",
        lambda notices: mark_stale(
            job, notices, loaded, worlds, marked, branch=event.default_branch, sight=sight
        ),
    )
    return code


def _tell(
    job: ForgeJob, loaded: Loaded, outcomes: Outcomes, code: ExitCode, files: DriftFiles
) -> None:
    job.log.show(drift_report(outcomes, job.shown(Format.GITHUB, loaded)))
    job.summarise(drift_document(worst_first(outcomes, drift_code)))
    asked = ((Format.SARIF, files.sarif), (Format.JSON, files.json), (Format.HTML, files.page))
    for form, path in asked:
        if path is not None:
            how = replace(job.shown(form, loaded), now_s=job.clock.now_s())
            job.log.leave(path, drift_report(outcomes, how))
    if files.metrics:
        job.log.leave(files.metrics, drift_metrics(outcomes, now_s=job.clock.now_s()))


def _keep_issue(
    job: ForgeJob, outcomes: Outcomes, code: ExitCode, environments: Sequence[str]
) -> None:
    """`environments` are those of an issue of their own, () of the one about all."""
    body = write_markdown(drift_issue(outcomes, job.facts.run_url, environments))

    def keep(notices: Notices) -> None:
        if code is ExitCode.FINE:
            notices.close_issue(body)
        else:
            notices.keep_issue(drift_issue_title(environments), body)

    job.say("the drift issue", keep)
