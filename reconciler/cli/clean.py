"""`reconciler clean`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import __version__
from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.trees import protected_tree
from reconciler.cli.wire import Worlds
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.clean import clean_keyspace
from reconciler.flows.plan import keep_plan
from reconciler.outcomes.ends import plan_end
from reconciler.outcomes.exit_code import ExitCode, together
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.model import utc_text
from reconciler.ports.ledger import Ledger
from reconciler.report.render import plan_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.ledger_review
@options.protected_branch
@options.output("text", "json", "markdown", "github", "sarif")
@click.option("--write", is_flag=True, help="Write plans/ENVIRONMENT/KEYSPACE.plan.json and .sql.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes.")
def clean(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
    write: bool,
    detailed_exitcode: bool,
) -> None:
    """Plan the removal of tables that engines have left; change nothing on any shard.

    The ledger says which they are. It is a plan like any other: reviewed, and run by `apply`, which
    asks the ledger again.
    """
    loaded = load(repo, None)
    protected = protected_tree(repo, protected_branch)
    gate = ledger_gate_of(repo, review, protected_branch)
    with shown_phases(), Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> PlanOutcome:
            def open_ledger() -> Ledger:
                gate(files, chosen)
                return worlds.lasting_ledger_of(chosen)

            world = worlds.world_of(chosen)
            outcome = clean_keyspace(
                world,
                files,
                chosen,
                open_ledger=open_ledger,
                protected=protected,
                created_at=utc_text(world.clock.now_s()),
                tool_version=__version__,
            )
            if write and not outcome.refusals:
                return keep_plan(outcome, loaded.tree, WorkingTreeWriter(loaded.root))
            return outcome

        outcomes = loaded.each(environment, keyspaces, work)
    show(plan_report(outcomes, presentation(output, loaded.keyspaces)))
    changes = ExitCode.DIFFERENCES if detailed_exitcode else None
    exit_with([together(plan_end(outcome, changes) for outcome in outcomes)])
