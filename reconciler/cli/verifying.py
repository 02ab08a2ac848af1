"""The work of `reconciler verify`, once its options and the repository were read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.observed import sight_of
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.splits import address_gate_of, standing
from reconciler.cli.streams import show
from reconciler.cli.trees import protected_tree
from reconciler.cli.wire import Worlds
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.plan import merged_keyspace
from reconciler.flows.split.plan import verify_split
from reconciler.flows.split.reached import look_of, planning_world
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.review.git import Review
from reconciler.outcomes.ends import verify_code
from reconciler.outcomes.plan import VerifyOutcome
from reconciler.outcomes.split import SplitVerifyOutcome
from reconciler.ports.ledger import Ledger
from reconciler.ports.row_answers import RowAnswers
from reconciler.report.render import verify_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def verify_and_show(
    loaded: Loaded,
    *,
    repo: Path,
    environment: str | None,
    keyspaces: tuple[str, ...],
    region: str | None,
    observations: Path | None,
    protected_branch: str | None,
    explain: bool,
    output: str,
) -> None:
    """Shows what was found of each keyspace and ends the verb with its code."""
    sight = sight_of(observations)
    gate = ledger_gate_of(repo, Review.GIT, protected_branch)
    address_gate = address_gate_of(repo, protected_branch)
    with shown_phases(), Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> VerifyOutcome | SplitVerifyOutcome:
            stands = standing(worlds, files, chosen, address_gate)
            if stands.is_moving:
                return verify_split(planning_world(worlds, chosen), files, chosen, tree=loaded.tree)
            chosen = stands.environment

            # Elsewhere the plan that a shard's return needs was refused.
            protected = protected_tree(repo, protected_branch) if chosen.quarantine else None

            def open_ledger() -> Ledger:
                gate(files, chosen)
                return worlds.lasting_ledger_of(chosen)

            def recall() -> RowAnswers:
                gate(files, chosen)
                return worlds.row_answers_of(chosen)

            return verify_keyspace(
                sight.of(look_of(worlds, stands), files, chosen),
                files,
                chosen,
                tree=loaded.tree,
                open_ledger=open_ledger,
                recall=recall,
                merged=merged_keyspace(protected, files.spec.keyspace) if protected else None,
            )

        outcomes = loaded.each(environment, keyspaces, work, region=region)
    how = replace(presentation(output, loaded.keyspaces), explained=explain)
    show(verify_report(outcomes, how))
    exit_with(verify_code(outcome) for outcome in outcomes)
