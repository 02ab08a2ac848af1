"""`reconciler plan`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import completing, options
from reconciler.cli.run import load, tell_where_to_look


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.ref
@options.protected_branch
@options.output("text", "json", "markdown", "github", "sarif", "html")
@options.to
@click.option("--write", is_flag=True, help="Write plans/ENVIRONMENT/KEYSPACE.plan.json and .sql.")
@click.option(
    "--revert",
    metavar="PLAN_ID",
    shell_complete=completing.plan_ids,
    help="Take the schema files back to before that plan, and write the plan of the way back.",
)
@click.option(
    "--observations",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Plan from what `reconciler observe` wrote there in each region, not from the shards.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes.")
def plan(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str | None,
    protected_branch: str | None,
    output: str,
    to: Path | None,
    write: bool,
    revert: str | None,
    observations: Path | None,
    detailed_exitcode: bool,
) -> None:
    """Work out and prove what every shard needs; change nothing on any shard.

    Without KEYSPACE: all keyspaces of the environment.
    """
    if observations and revert:
        raise click.UsageError("--revert takes the files back, of which no observation is yet.")
    if (write or revert) and ref:
        raise click.UsageError("--write goes into the working tree; it cannot go with --ref.")
    loaded = load(repo, ref)
    if not observations:
        tell_where_to_look(loaded, environment, keyspaces)
    # Imported once that was told: it takes longer than a repository takes to be read.
    from reconciler.cli.planning import plan_and_show

    plan_and_show(
        loaded,
        repo=repo,
        environment=environment,
        keyspaces=keyspaces,
        ref=ref,
        protected_branch=protected_branch,
        output=output,
        to=to,
        write=write,
        revert=revert,
        observations=observations,
        detailed_exitcode=detailed_exitcode,
    )
