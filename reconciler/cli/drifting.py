"""The work of `reconciler drift`, once its options and the repository were read."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.observed import sight_of
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation, tell_of_file
from reconciler.cli.splits import standing
from reconciler.cli.streams import deliver
from reconciler.cli.wire import Worlds
from reconciler.flows.drift import find_drift
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.split.reached import look_of
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.ends import drift_code
from reconciler.ports.ledger import Ledger
from reconciler.report.compose.drift import drift_document
from reconciler.report.render import drift_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def find_and_show(
    loaded: Loaded,
    *,
    repo: Path,
    environment: str | None,
    keyspaces: tuple[str, ...],
    region: str | None,
    observations: Path | None,
    review: str,
    protected_branch: str | None,
    output: str,
    to: Path | None,
) -> None:
    """Shows what was found of each keyspace and ends the verb with its code."""
    sight = sight_of(observations)
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
    deliver(drift_report(outcomes, presentation(output, loaded.keyspaces, to=to)), to)
    codes = [drift_code(outcome) for outcome in outcomes]
    tell_of_file(drift_document(outcomes), codes, to)
    exit_with(codes)
