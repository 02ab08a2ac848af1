"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.exit_code import ExitCode
from reconciler.cli.presenting import exit_with, failed_code, presentation
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.wire import Worlds
from reconciler.flows.drift import find_drift
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
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


def drift_code(outcome: DriftOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    marks = {group.mark for group in outcome.groups}
    if outcome.refusals or ShardMark.UNREACHABLE in marks:
        return ExitCode.REFUSED  # GD-5: not seen is never "no drift"
    return ExitCode.DIFFERENCES if marks - {ShardMark.MATCHING} else ExitCode.FINE
