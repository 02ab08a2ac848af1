"""`reconciler doctor`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.doctor_github import examine_github
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.wire import Worlds, reach_of
from reconciler.edges.mysql.check import MysqlConnections
from reconciler.flows.doctor import examine
from reconciler.outcomes.doctor import DoctorOutcome
from reconciler.outcomes.ends import doctor_code
from reconciler.ports.shards import Identity
from reconciler.report.render import doctor_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.region
@options.output("text", "json", "markdown", "github")
@click.option(
    "--identity",
    type=click.Choice(["reads", "changes"]),
    default="reads",
    show_default=True,
    help="What the login at hand is for: plan jobs read, apply jobs change.",
)
def doctor(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    output: str,
    identity: str,
) -> None:
    """Check settings, connections and privileges; say how to fix what does not work.

    `reconciler doctor github` checks the settings on GitHub instead; it reads GITHUB_TOKEN.
    """
    loaded = load(repo, None)
    if keyspaces == ("github",) and "github" not in loaded.keyspaces:
        settings = [examine_github(repo)]
        show(doctor_report(settings, presentation(output)))
        exit_with(doctor_code(outcome) for outcome in settings)
        return
    with shown_phases(), Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> DoctorOutcome:
            world, reach = worlds.world_of(chosen), reach_of(chosen)
            connections = MysqlConnections(environ=os.environ, root=loaded.root, reach=reach)
            return examine(world, connections, files, chosen, Identity(identity))

        outcomes = loaded.each(environment, keyspaces, work, region=region)
    show(doctor_report(outcomes, presentation(output, loaded.keyspaces)))
    exit_with(doctor_code(outcome) for outcome in outcomes)
