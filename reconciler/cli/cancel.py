"""`reconciler cancel`: asked in the ledger, answered by whoever drives the apply."""

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
def cancel(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """End an unfinished apply; nothing is undone. What a server runs is finished first, copies that
    engines make are given up and removed.

    What was applied stays applied. The plan is still on the protected branch: revert its merge, or
    the next `apply` begins it again with what is left.
    """
    chosen = (keyspaces, repo, environment, output, RequestKind.CANCEL)
    ask_applies(*chosen, review=review, protected_branch=protected_branch, region=region)
