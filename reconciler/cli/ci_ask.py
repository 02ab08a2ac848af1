"""`reconciler ci ask`: what a person asks of a rollout by starting a workflow by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.ci_wire import JobWiring
from reconciler.drive.open import Releases
from reconciler.flows.forge.apply import ApplyJobRequest, apply_merged
from reconciler.flows.forge.asking import AskRequest, ask_rollouts
from reconciler.flows.forge.resumed import WhichWaves, parts_to_resume
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.split import OF_A_SPLIT_ALONE, SplitAsked
from reconciler.rollout.behest import Behest
from reconciler.rollout.part_order import PartOrder


@click.command(short_help="Stop, release, resume or cancel, as a person who may.")
@options.keyspaces
@options.repository
@options.environment
@options.region
@click.option(
    "--what",
    type=click.Choice([kind.value for kind in (*RequestKind, *OF_A_SPLIT_ALONE)]),
    required=True,
    help="What is asked of the apply, or of the split of a shard. The last two are of a split.",
)
@click.option(
    "--wave",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="For resume: go on with this wave and begin no later one. Default, in a region: with the"
    " one under way there, of each keyspace.",
)
def ask(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    region: str | None,
    what: str,
    wave: int | None,
) -> None:
    """On workflow_dispatch: stop, release, resume, cancel, throttle or retry an apply, or stop,
    release, resume, retry or give up the split of a shard.

    The forge's record says who started the run: it must be a reviewer of the environment
    ENVIRONMENT/control, or, for a gate that the spec keeps for somebody, one of those it names.
    """
    wiring = JobWiring(repo)
    of_a_split = what in OF_A_SPLIT_ALONE
    if of_a_split and region is not None:
        raise click.UsageError(f"--what {what} is for a split, which has no regions.")
    kind = SplitAsked(what) if of_a_split else RequestKind(what)
    if kind is not RequestKind.RESUME:
        if wave is not None:
            raise click.UsageError("--wave goes with --what resume.")
        asked = AskRequest(kind=kind, environment=environment, region=region)
        raise SystemExit(int(ask_rollouts(wiring.job, keyspaces, asked, wiring.begin_rollouts)))
    resumed = ApplyJobRequest(
        environment=environment,
        region=region,
        part=PartOrder(wave=wave) if wave is not None else None,
        releases=Releases.WHAT_HOLDS,
        behest=Behest.RESUME,
    )
    if region is not None:
        which = WhichWaves(environment=environment, region=region, keyspaces=keyspaces, wave=wave)
        parts = parts_to_resume(wiring.job, which, wiring.begin_rollouts)
        keyspaces, resumed = tuple(parts), replace(resumed, parts=parts, part=None)
    raise SystemExit(int(apply_merged(wiring.job, keyspaces, resumed, wiring.begin_rollouts)))
