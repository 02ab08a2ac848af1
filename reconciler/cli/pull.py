"""`reconciler pull`."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import completing, options
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.splits import address_gate_of
from reconciler.cli.streams import show
from reconciler.cli.trees import open_tree
from reconciler.cli.wire import Worlds
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.keyspaces import for_each_keyspace, one_environment
from reconciler.flows.pull import Specified, pull_keyspace, specified_in
from reconciler.flows.split.reached import look_of, standing_of
from reconciler.outcomes.ends import pull_end
from reconciler.outcomes.exit_code import together
from reconciler.outcomes.files import PullOutcome
from reconciler.report.render import pull_report
from reconciler.spec.model import Environment


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.output("text", "json")
@click.option(
    "--from",
    "source",
    metavar="SHARD",
    shell_complete=completing.shards,
    help="The shard to take as the model; by default one of the largest group of equal ones.",
)
def pull(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    output: str,
    source: str | None,
) -> None:
    """Make the schema files say what the live fleet is.

    Files that already mean what live is are left as they are; a file whose table is gone is
    removed. Nothing is written unless every shard was seen.
    """
    root = repo.resolve()
    specified = specified_in(open_tree(repo, None))
    chosen = one_environment(specified, environment, keyspaces, "`pull`")
    gate = address_gate_of(repo, None)
    with shown_phases(), Worlds(root) as worlds:

        def work(files: Specified, found: Environment) -> PullOutcome:
            if found.retiring:
                gate(files, found)
            stands = standing_of(worlds, files, found)
            return pull_keyspace(
                look_of(worlds, stands),
                files,
                stands.environment,
                WorkingTreeWriter(root),
                source=source,
            )

        outcomes = for_each_keyspace(specified, chosen, keyspaces, work)
    show(pull_report(outcomes, presentation(output)))
    exit_with([together(map(pull_end, outcomes))])
