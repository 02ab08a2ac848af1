"""`reconciler abandon`: asked in the ledger, answered by whoever drives the split."""

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
def abandon(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """Give a split of a shard up, as long as its cutover is not reached.

    The fence is opened first, then all that the split has made is dropped, on the sources and on
    the targets; the sources serve on as they did. Whoever drives the split does it, or the next
    `apply`. One that waits for a target that is gone for good ends without it when it is given up
    once more.
    """
    chosen = (keyspaces, repo, environment, output, SplitAsked.ABANDON)
    ask_splits(*chosen, review=review, protected_branch=protected_branch)
