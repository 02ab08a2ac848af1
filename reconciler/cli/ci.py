"""`reconciler ci`: the jobs of GitHub Actions, and what their authors fetch from them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.ci_ask import ask
from reconciler.cli.ci_observe import observe
from reconciler.cli.ci_parts import parts, workflow
from reconciler.cli.ci_revert import revert
from reconciler.cli.ci_setup import setup
from reconciler.cli.ci_wire import JobWiring
from reconciler.cli.doctor_github import github_of
from reconciler.cli.observed import sight_of
from reconciler.cli.part import Wave, order_of, part
from reconciler.cli.streams import show
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.edges.github.artifacts import fetch_plans
from reconciler.edges.github.forge import GithubForge
from reconciler.flows.forge.apply import ApplyJobRequest, apply_merged
from reconciler.flows.forge.drift import DriftFiles, watch_drift
from reconciler.flows.forge.plan import PlanComment, plan_change
from reconciler.flows.forge.pull_plan import pull_plan
from reconciler.flows.forge.verify import verify_change
from reconciler.rollout.waves import WaveChoice

_environments = click.option(
    "-e",
    "--environment",
    "environments",
    metavar="NAME",
    multiple=True,
    help="Only this environment; may be given several times. Default: all of the specs.",
)
_sarif = click.option(
    "--sarif",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the findings to this file, for code scanning.",
)
_page = click.option(
    "--page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write a page to look at to this file.",
)


_known = click.option(
    "--known",
    metavar="NAMES",
    default="",
    help="All environments that jobs check, between blanks: refuse where the specs have others.",
)


@click.group()
def ci() -> None:
    """The commands as jobs of GitHub Actions run them.

    They read the event, GITHUB_TOKEN and the other variables of a job, and tell their result in the
    log, the job's summary, a comment, a commit status and a deployment.
    """


@ci.command(short_help="Is the committed plan what an apply would run? For pull requests.")
@options.repository
@_environments
@_sarif
@_page
@_known
@options.observations
def verify(
    repo: Path,
    environments: tuple[str, ...],
    sarif: Path | None,
    page: Path | None,
    known: str,
    observations: Path | None,
) -> None:
    """On pull_request and merge_group: is the committed plan what an apply would run?

    A change that touches no schema passes at once, without any connection.
    """
    wiring = JobWiring(repo)
    code = verify_change(
        wiring.job,
        environments,
        wiring.open_worlds,
        wiring.connections,
        sarif=sarif,
        page=page,
        sight=sight_of(observations),
        known=known.split(),
    )
    raise SystemExit(int(code))


@ci.command(short_help="Make the plan of a pull request.")
@options.repository
@_environments
@click.option("--files-only", is_flag=True, help="Say nothing in the comment; leave the files.")
@click.option(
    "--commit",
    is_flag=True,
    help="Commit the files to the pull request's branch, as the app whose token is in"
    " RECONCILER_COMMIT_TOKEN.",
)
@options.observations
def plan(
    repo: Path,
    environments: tuple[str, ...],
    files_only: bool,
    commit: bool,
    observations: Path | None,
) -> None:
    """On pull_request: plan, show the plan in the comment, and leave its files in plans/.

    The files are for --commit, or to keep for `reconciler ci pull --pr N`.
    """
    wiring = JobWiring(repo)
    code = plan_change(
        wiring.job,
        environments,
        wiring.open_worlds,
        wiring.connections,
        comment=PlanComment.LEFT_OUT if files_only else PlanComment.WRITTEN,
        destination=wiring.destination(commit=commit),
        sight=sight_of(observations),
    )
    raise SystemExit(int(code))


@ci.command(short_help="After a merge: run what was reviewed.")
@options.keyspaces
@options.repository
@options.environment
@click.option(
    "--wave",
    type=Wave(),
    metavar="[all|canary|rest|NUMBER]",
    default="all",
    show_default=True,
    help="Which waves this run may start; by its number, one whose earlier waves are done.",
)
@options.region
@part
@click.option(
    "--break-glass",
    metavar="REASON",
    help="Apply without the approvals; only in a run that somebody let into the environment"
    " break-glass. Opens an issue.",
)
@options.max_runtime
def apply(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    wave: WaveChoice | int,
    region: str | None,
    plan_id: str | None,
    protocol: int,
    break_glass: str | None,
    max_runtime: int,
) -> None:
    """On push to the default branch: run what was reviewed and merged, or nothing.

    The pull request that brought each plan must have been approved for that very plan. With
    --region and --wave NUMBER, that part of it, which can be run again at any time.
    """
    order = order_of(wave, region, plan_id, protocol)
    wiring = JobWiring(repo)
    asked = ApplyJobRequest(
        environment=environment,
        region=region,
        waves=wave if isinstance(wave, WaveChoice) else WaveChoice.ALL,
        part=order,
        break_glass=break_glass,
        max_runtime_s=max_runtime,
    )
    raise SystemExit(int(apply_merged(wiring.job, keyspaces, asked, wiring.begin_rollouts)))


ci.add_command(ask)
ci.add_command(observe)
ci.add_command(parts)
ci.add_command(revert)
ci.add_command(workflow)
ci.add_command(setup)


@ci.command(short_help="On a schedule: find drift, keep one issue.")
@options.repository
@_environments
@_sarif
@_page
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write metrics to this file, in Prometheus' text format.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write the result to this file.",
)
@options.observations
def drift(
    repo: Path,
    environments: tuple[str, ...],
    sarif: Path | None,
    page: Path | None,
    metrics: Path | None,
    json_file: Path | None,
    observations: Path | None,
) -> None:
    """On a schedule: find drift everywhere, keep one issue about it, mark stale plans.

    RECONCILER_WEBHOOK_URL, if set, is told in a few lines. Exit 2 if a shard differs, 3 if one
    could not be seen.
    """
    wiring = JobWiring(repo)
    files = DriftFiles(sarif=sarif, metrics=metrics, json=json_file, page=page)
    code = watch_drift(
        wiring.job,
        environments,
        wiring.open_worlds,
        files=files,
        chat=wiring.job.chat,
        sight=sight_of(observations),
    )
    raise SystemExit(int(code))


@ci.command(short_help="Fetch the plan that a job made for a pull request.")
@options.repository
@click.option(
    "--pr",
    "pull_request",
    type=click.IntRange(min=1),
    metavar="N",
    required=True,
    help="The number of the pull request.",
)
def pull(repo: Path, pull_request: int) -> None:
    """Outside of any job: fetch the plan that CI made for a pull request.

    It reads GITHUB_TOKEN. Every file is checked as `verify` would check it before any is written
    into plans/.
    """
    client, repository = github_of(repo, os.environ)
    written = pull_plan(
        GithubForge(client, repository),
        partial(fetch_plans, client, repository),
        pull_request,
        WorkingTreeWriter(repo.resolve()),
    )
    for path in written:
        show(path)
    show("Next: read the .plan.sql files, commit them with the .plan.json files, and push.")
