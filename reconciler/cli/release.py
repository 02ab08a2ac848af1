"""`reconciler release`: asked in the ledger, answered by whoever drives the apply."""

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
def release(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """Let an apply go on that waits for a person: at a gate between waves, after a failure, or
    with the complete copies of a wave's tables.

    The release stays, whoever drives the apply next; an apply that nobody drives goes on with
    `reconciler resume`.
    """
    chosen = (keyspaces, repo, environment, output, RequestKind.RELEASE)
    ask_applies(*chosen, review=review, protected_branch=protected_branch, region=region)
