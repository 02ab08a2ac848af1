"""`reconciler retry`: asked in the ledger, answered by whoever drives the split or the apply."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.control import ask_applies
from reconciler.ledger.states import RequestKind


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.region
@options.ledger_review
@options.protected_branch
@options.output("text", "json")
def retry(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """Let a controller go on with an apply that was stopped, failed or was cancelled; or have a
    split of a shard that failed tried again, from where its failure says.

    Look at why it ended first (`reconciler status`). Nothing is run here, and no gate is opened:
    `reconciler run` goes on by itself, whoever drives the split, or the next `apply`.
    """
    chosen = (keyspaces, repo, environment, output, RequestKind.RETRY)
    ask_applies(*chosen, review=review, protected_branch=protected_branch, region=region)
