"""`reconciler release`: asked in the ledger, answered by whoever drives the apply."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.control import ask_applies, ask_splits
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.split import SplitAsked


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.region
@options.ledger_review
@options.protected_branch
@click.option(
    "--clean-up",
    is_flag=True,
    help="Behind the cutover of a split: let the sources' tables be dropped.",
)
@options.output("text", "json")
def release(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    clean_up: bool,
    output: str,
) -> None:
    """Let an apply go on that waits for a person: at a gate between waves, after a failure, or
    with the complete copies of a wave's tables; or the split of a shard, to its cutover.

    The release stays, whoever drives the apply next; an apply that nobody drives goes on with
    `reconciler resume`.
    """
    if clean_up and region is not None:
        raise click.UsageError("--clean-up is for a split, which has no regions.")
    if clean_up:
        asked = (keyspaces, repo, environment, output, SplitAsked.RELEASE_CLEANUP)
        ask_splits(*asked, review=review, protected_branch=protected_branch)
        return
    chosen = (keyspaces, repo, environment, output, RequestKind.RELEASE)
    ask_applies(*chosen, review=review, protected_branch=protected_branch, region=region)
