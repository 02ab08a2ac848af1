"""`reconciler ci observe`: a region's look, for the job that judges over all regions."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.ci_wire import JobWiring
from reconciler.cli.observed import observation_key
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.forge.observe import ObserveJobRequest, observe_part


@click.command(short_help="Look at a region's shards, for the job that judges over all regions.")
@options.repository
@options.environment
@options.observed_region
@options.observation_folder
def observe(repo: Path, environment: str | None, region: str, folder: Path) -> None:
    """On pull_request, merge_group and schedule: look at a region's shards, and write what `ci
    verify --observations`, `ci plan` and `ci drift` judge by.

    Of a pull request only the keyspaces that it touches are looked at; from a fork it is refused.
    With RECONCILER_OBSERVATION_KEY the files are signed.
    """
    wiring = JobWiring(repo)
    asked = ObserveJobRequest(
        environment=environment, region=region, key=observation_key(os.environ)
    )
    code = observe_part(wiring.job, asked, wiring.open_worlds, WorkingTreeWriter(folder))
    raise SystemExit(int(code))
