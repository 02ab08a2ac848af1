"""Options that several verbs share, so that they are spelled and explained once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])

keyspaces = click.argument("keyspaces", nargs=-1, metavar="[KEYSPACE]...")

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
    help="The environment of the specs; may be left out if there is only one.",
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
