"""`reconciler ci ask`: what a person asks of a rollout by starting a workflow by hand."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.ci_wire import JobWiring
from reconciler.cli.part import order_of
from reconciler.drive.open import Releases
from reconciler.flows.forge.apply import ApplyJobRequest, apply_merged
from reconciler.flows.forge.asking import AskRequest, ask_rollouts
from reconciler.flows.forge.resumed import wave_to_resume
from reconciler.ledger.states import RequestKind
from reconciler.rollout.waves import WaveChoice


@click.command(short_help="Stop, release, resume or cancel, as a person who may.")
@options.keyspaces
@options.repository
@options.environment
@options.region
@click.option(
    "--what",
    type=click.Choice([kind.value for kind in RequestKind]),
    required=True,
    help="What is asked of the apply.",
)
@click.option(
    "--wave",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="For resume: go on with this wave and begin no later one. Default, in a region: with the"
    " one under way there.",
)
def ask(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    what: str,
    wave: int | None,
) -> None:
    """On workflow_dispatch: stop, release, resume, cancel, throttle or retry an apply.

    The forge's record says who started the run: it must be a reviewer of the environment
    ENVIRONMENT/control, or, for a gate that the spec keeps for somebody, one of those it names.
    """
    wiring = JobWiring(repo)
    kind = RequestKind(what)
    if kind is not RequestKind.RESUME:
        if wave is not None:
            raise click.UsageError("--wave goes with --what resume.")
        asked = AskRequest(kind=kind, environment=environment, region=region)
        raise SystemExit(int(ask_rollouts(wiring.job, keyspaces, asked, wiring.begin_rollouts)))
    if region is not None and wave is None:
        wave = wave_to_resume(wiring.job, keyspaces, environment, region, wiring.begin_rollouts)
    resumed = ApplyJobRequest(
        environment=environment,
        region=region,
        part=order_of(wave or WaveChoice.ALL, region),
        releases=Releases.WHAT_HOLDS,
    )
    raise SystemExit(int(apply_merged(wiring.job, keyspaces, resumed, wiring.begin_rollouts)))
