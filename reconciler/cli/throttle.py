"""`reconciler throttle`: asked in the ledger, answered by whoever drives the apply."""

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
@click.option("--off", is_flag=True, help="Let the copies go on.")
def throttle(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
    off: bool,
) -> None:
    """Hold up the copies that engines make for an apply, without losing any of them.

    It stays so, whoever drives the apply next, until `--off`. Statements that a server runs itself
    go on; so does an engine that cannot be held up, and the answer names it.
    """
    kind = RequestKind.UNTHROTTLE if off else RequestKind.THROTTLE
    chosen = (keyspaces, repo, environment, output, kind)
    ask_applies(*chosen, review=review, protected_branch=protected_branch, region=region)
