"""`reconciler drift`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.observed import sight_of
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation, tell_of_file
from reconciler.cli.run import load
from reconciler.cli.splits import standing
from reconciler.cli.streams import deliver
from reconciler.cli.wire import Worlds
from reconciler.flows.drift import find_drift
from reconciler.flows.split.reached import look_of
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code
from reconciler.ports.ledger import Ledger
from reconciler.report.compose.drift import drift_document
from reconciler.report.render import drift_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


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
    if observations and region:
        raise click.UsageError("--observations are those of all regions; --region looks at one.")
    loaded, sight = load(repo, ref), sight_of(observations)
    gate = ledger_gate_of(repo, review, protected_branch)
    with shown_phases(), Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> DriftOutcome:
            stands = standing(worlds, files, chosen, gate)
            chosen = stands.environment

            def open_ledger(of: Environment) -> Ledger:
                gate(files, of)
                return worlds.lasting_ledger_of(of)

            return find_drift(
                sight.of(look_of(worlds, stands), files, chosen),
                files,
                chosen,
                tree=loaded.tree,
                open_ledger=sight.ledger(open_ledger, chosen),
            )

        outcomes = loaded.each(environment, keyspaces, work, region=region)
    deliver(drift_report(outcomes, presentation(output, loaded.keyspaces)), to)
    codes = [drift_code(outcome) for outcome in outcomes]
    tell_of_file(drift_document(outcomes), codes, to)
    exit_with(codes)
