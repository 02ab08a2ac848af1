"""`reconciler observe`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.observed import observation_key
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.cli.style import style_for
from reconciler.cli.wire import Worlds
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.observe import observe_region
from reconciler.outcomes.ends import observe_code
from reconciler.outcomes.observe import ObserveOutcome
from reconciler.report.compose.observe import observe_document
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@click.command()
@options.keyspaces
@options.repository
@options.environment
@options.ref
@options.observed_region
@options.observation_folder
def observe(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str | None,
    region: str,
    folder: Path,
) -> None:
    """Look at a region's shards, and write what a plan over all regions is made from.

    The file holds definitions and sizes, no host, no account and no row; with
    RECONCILER_OBSERVATION_KEY it is signed. Exit 3 if a shard could not be seen: then there is
    no file. Every file is to be handed to `reconciler plan --observations` within an hour.
    """
    loaded = load(repo, ref)
    key, writer = observation_key(os.environ), WorkingTreeWriter(folder)
    with shown_phases(), Worlds(loaded.root) as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> ObserveOutcome:
            return observe_region(worlds.world_of(chosen), files, chosen, writer=writer, key=key)

        outcomes = loaded.each(environment, keyspaces, work, region=region)
    show(write_text(observe_document(outcomes), style_for(sys.stdout)))
    exit_with(observe_code(outcome) for outcome in outcomes)
