"""`reconciler stop`: asked in the ledger, answered by whoever drives the apply."""

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
def stop(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """Ask a running apply to start nothing new; what a server runs is finished first, and so is a
    copy that its engine cannot take up again. A copy that it can, and any that waits to be swapped
    in on purpose, is ended.

    Nothing is undone. What has not started stays reserved: `reconciler resume` goes on with it, and
    so does the next `apply` of the same plan, a CI job's too, but not the next wave of the same
    rollout; `reconciler cancel` ends it. To keep the plan from running at all, revert its merge.
    """
    chosen = (keyspaces, repo, environment, output, RequestKind.STOP)
    ask_applies(*chosen, review=review, protected_branch=protected_branch, region=region)
