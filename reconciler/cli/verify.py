"""`reconciler verify`."""

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
@options.protected_branch
@click.option(
    "--explain", is_flag=True, help="Show the exact queries by which rows were asked (`preflight`)."
)
@options.output("text", "json", "markdown", "github", "sarif")
def verify(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    observations: Path | None,
    ref: str | None,
    protected_branch: str | None,
    explain: bool,
    output: str,
) -> None:
    """Check that the committed plan is exactly what would run now; run nothing.

    Exit 0 if it is, or if no shard needs a change; 3 if an apply would be refused.
    """
    loaded = load_to_look(
        repo, ref, environment, keyspaces, region=region, observations=observations
    )
    # Imported once that was told: it takes longer than a repository takes to be read.
    from reconciler.cli.verifying import verify_and_show

    verify_and_show(
        loaded,
        repo=repo,
        environment=environment,
        keyspaces=keyspaces,
        region=region,
        observations=observations,
        protected_branch=protected_branch,
        explain=explain,
        output=output,
    )
