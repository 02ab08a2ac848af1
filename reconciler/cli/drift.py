"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.wire import Worlds
from reconciler.flows.drift import find_drift
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code
from reconciler.report.render import drift_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.ref
@options.output("text", "json", "markdown", "github", "sarif")
def drift(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str | None,
    output: str,
) -> None:
    """Find where the live fleet has left git; change nothing.

    Exit 2 if a shard differs, 3 if one could not be seen or understood.
    """
    loaded = load(repo, ref)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> DriftOutcome:
            return find_drift(worlds.world_of(chosen), files, chosen, tree=loaded.tree)

        outcomes = loaded.each(environment, keyspaces, work)
    show(drift_report(outcomes, presentation(output, loaded.keyspaces)))
    exit_with(drift_code(outcome) for outcome in outcomes)
