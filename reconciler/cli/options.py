"""Options that several verbs share, so that they are spelled and explained once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli import completing
from reconciler.spec.durations import duration_s

Command = TypeVar("Command", bound=Callable[..., Any])

keyspaces = click.argument(
    "keyspaces", nargs=-1, metavar="[KEYSPACE]...", shell_complete=completing.keyspaces
)

repository = click.option(
    "-C",
    "--repo",
    "repo",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path(),
    show_default="the current folder",
    help="The repository that holds specs/, schemas/ and plans/.",
)

environment = click.option(
    "-e",
    "--environment",
    "--env",
    "environment",
    metavar="NAME",
    shell_complete=completing.environments,
    help="The environment of the specs; may be left out if there is only one.",
)

observations = click.option(
    "--observations",
    type=click.Path(file_okay=False, path_type=Path),
    help="Judge by what `observe` wrote there in each region, not by the shards.",
)

# Of those who make observations: which region, and where they go.
observed_region = click.option(
    "--region", metavar="NAME", required=True, help="The region whose shards to look at."
)
observation_folder = click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where to write ENVIRONMENT/KEYSPACE/REGION.observation.json.",
)

# Of those who write workflows.
merged_branch = click.option(
    "--branch",
    metavar="BRANCH",
    default="main",
    show_default=True,
    help="The branch that plans are merged to.",
)

ref = click.option(
    "--ref",
    metavar="COMMIT",
    help="Read files at this commit instead of the working tree.",
)

protected_branch = click.option(
    "--protected-branch",
    metavar="BRANCH",
    envvar="RECONCILER_PROTECTED_BRANCH",
    help="The branch that reviewed plans are merged to; by default origin's default branch, or"
    " main or master.",
)


github_token_file = click.option(
    "--github-token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Holds the token for --review github, read again for each request; in place of"
    " GITHUB_TOKEN.",
)

ledger_review = click.option(
    "--review",
    type=click.Choice(["git", "none"]),
    default="git",
    show_default=True,
    help="git: a spec that says where the ledger is must be the one on the protected branch. none:"
    " any spec, for sandboxes.",
)


region = click.option(
    "--region",
    metavar="NAME",
    help="Only this region of the environment: its shards, its ledger, its logins.",
)


def output(*formats: str) -> Callable[[Command], Command]:
    return click.option(
        "-o",
        "--output",
        "output",
        type=click.Choice(formats),
        default="text",
        show_default=True,
        help="The form of the result on standard output.",
    )


to = click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the result to this file, as a whole or not at all, not to standard output.",
)


def _seconds(_ctx: click.Context, _option: click.Parameter, value: str) -> int:
    """Of a time as a spec writes it."""
    if re.fullmatch(r"([0-9]{1,6}[dhms])+", value) is None:
        raise click.BadParameter(f"{value!r} is no time such as 30m or 2h")
    return duration_s(value)


max_runtime = click.option(
    "--max-runtime",
    callback=_seconds,
    default="1h",
    show_default=True,
    metavar="TIME",
    help="For how long a run drives the split of a shard (30m, 2h); the next one goes on.",
)
