"""`reconciler plan` and `reconciler show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.cli.exit_code import ExitCode
    from reconciler.outcomes import KeyspaceFailed, PlanOutcome


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.ref
@options.protected_branch
@options.output("text", "json", "markdown", "github", "sarif")
@click.option("--write", is_flag=True, help="Write plans/ENVIRONMENT/KEYSPACE.plan.json and .sql.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if there are changes.")
def plan(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str | None,
    protected_branch: str | None,
    output: str,
    write: bool,
    detailed_exitcode: bool,
) -> None:
    """Work out and prove what every shard needs; change nothing on any shard.

    Without KEYSPACE: all keyspaces of the environment.
    """
    from reconciler import __version__
    from reconciler.cli.exit_code import ExitCode
    from reconciler.cli.presenting import exit_with, presentation, show
    from reconciler.cli.run import load
    from reconciler.cli.wire import Worlds, protected_tree, utc_text
    from reconciler.edges.files.writer import WorkingTreeWriter
    from reconciler.flows.plan import keep_plan, plan_keyspace
    from reconciler.report.render import plan_report
    from reconciler.spec.load import DesiredFiles
    from reconciler.spec.model import Environment

    if write and ref:
        raise click.UsageError("--write goes into the working tree; it cannot go with --ref.")
    loaded = load(repo, ref)
    protected = protected_tree(repo, protected_branch)
    with Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> PlanOutcome:
            world = worlds.world_of(chosen)
            outcome = plan_keyspace(
                world,
                files,
                chosen,
                protected=protected,
                created_at=utc_text(world.clock),
                tool_version=__version__,
            )
            if write and not outcome.refusals:
                return keep_plan(outcome, loaded.tree, WorkingTreeWriter(loaded.root))
            return outcome

        outcomes = loaded.each(environment, keyspaces, work)
    show(plan_report(outcomes, presentation(output, loaded.keyspaces)))
    changes = ExitCode.DIFFERENCES if detailed_exitcode else ExitCode.FINE
    exit_with(_code(outcome, changes) for outcome in outcomes)


def _code(outcome: PlanOutcome | KeyspaceFailed, changes: ExitCode) -> ExitCode:
    from reconciler.cli.exit_code import ExitCode
    from reconciler.cli.presenting import failed_code
    from reconciler.outcomes import KeyspaceFailed

    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    if outcome.refusals:
        return ExitCode.REFUSED
    return changes if outcome.plan and outcome.plan.core.change_sets else ExitCode.FINE


@click.command()
@click.argument("plan_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@options.output("text", "json", "markdown")
def show(plan_file: Path, output: str) -> None:
    """Show a plan file (PLAN_FILE is a .plan.json) as a person reads it.

    The file is checked by itself; whether it fits the fleet is for `verify` to say.
    """
    from reconciler.cli.presenting import presentation
    from reconciler.cli.presenting import show as show_text
    from reconciler.plan.codec import load_plan
    from reconciler.plan.validate import check_core
    from reconciler.report.render import show_report

    found = load_plan(plan_file.read_bytes(), str(plan_file))
    check_core(found.core)
    show_text(show_report(found, presentation(output)))
