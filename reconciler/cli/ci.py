"""`reconciler ci`: the same commands, driven by GitHub Actions' environment and event file."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.ci_apply import apply_merged
from reconciler.cli.ci_drift import watch_drift
from reconciler.cli.ci_verify import Keeping, Telling, plan_change, verify_change

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
def verify(repo: Path, environments: tuple[str, ...], sarif: Path | None) -> None:
    """On pull_request and merge_group: is the committed plan what an apply would run?

    A change that touches no schema passes at once, without any connection.
    """
    raise SystemExit(verify_change(repo, environments, sarif))


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
def plan(repo: Path, environments: tuple[str, ...], files_only: bool, commit: bool) -> None:
    """On pull_request: plan, show the plan in the comment, and leave its files in plans/.

    The files are for --commit, or to keep for `reconciler plan pull --pr N`.
    """
    telling = Telling.FILES_ONLY if files_only else Telling.COMMENT
    keeping = Keeping.COMMIT if commit else Keeping.FILES
    raise SystemExit(plan_change(repo, environments, telling, keeping))


@ci.command(short_help="After a merge: run what was reviewed.")
@options.keyspaces
@options.repository
@options.environment
@click.option(
    "--wave",
    type=click.Choice(["all", "canary", "rest"]),
    default="all",
    show_default=True,
    help="Which waves this run may start.",
)
@click.option(
    "--break-glass",
    metavar="REASON",
    help="Apply without the approvals; only in a run that somebody let into the environment"
    " break-glass. Opens an issue.",
)
def apply(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    wave: str,
    break_glass: str | None,
) -> None:
    """On push to the default branch: run what was reviewed and merged, or nothing.

    The pull request that brought each plan must have been approved for that very plan.
    """
    raise SystemExit(apply_merged(repo, keyspaces, environment, wave=wave, break_glass=break_glass))


@ci.command(short_help="On a schedule: find drift, keep one issue.")
@options.repository
@_environments
@_sarif
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
def drift(
    repo: Path,
    environments: tuple[str, ...],
    sarif: Path | None,
    metrics: Path | None,
    json_file: Path | None,
) -> None:
    """On a schedule: find drift everywhere, keep one issue about it, mark stale plans.

    RECONCILER_WEBHOOK_URL, if set, is told in a few lines. Exit 2 if a shard differs, 3 if one
    could not be seen.
    """
    raise SystemExit(watch_drift(repo, environments, sarif=sarif, metrics=metrics, json=json_file))
