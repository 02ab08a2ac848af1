"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.run import load_to_look


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.region
@options.observations
@options.ref
@options.ledger_review
@options.protected_branch
@options.output("text", "json", "markdown", "github", "sarif", "html")
@options.to
def drift(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    observations: Path | None,
    ref: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
    to: Path | None,
) -> None:
    """Find where the live fleet has left git; change nothing.

    The ledger is asked only where a table is seen that an engine may have made. Exit 2 if a shard
    differs or an engine has left something, 3 if one could not be seen or understood.
    """
    loaded = load_to_look(
        repo, ref, environment, keyspaces, region=region, observations=observations
    )
    # Imported once that was told: it takes longer than a repository takes to be read.
    from reconciler.cli.drifting import find_and_show

    find_and_show(
        loaded,
        repo=repo,
        environment=environment,
        keyspaces=keyspaces,
        region=region,
        observations=observations,
        review=review,
        protected_branch=protected_branch,
        output=output,
        to=to,
    )
