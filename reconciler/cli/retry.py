"""`reconciler retry`: asked in the ledger, answered by whoever drives the split."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.control import ask_splits
from reconciler.outcomes.split import SplitAsked


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.ledger_review
@options.protected_branch
@options.output("text", "json")
def retry(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """Have a split of a shard that failed tried again, from where its failure says.

    Look at why it failed first (`reconciler apply` tells it again). Whoever drives the split goes
    on with it, or the next `apply`.
    """
    chosen = (keyspaces, repo, environment, output, SplitAsked.RETRY)
    ask_splits(*chosen, review=review, protected_branch=protected_branch)
