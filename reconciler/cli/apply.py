"""`reconciler apply` and `reconciler resume`: the same gates; a resume also releases what holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.interrupts import counted_interrupts
from reconciler.cli.part import Wave, order_of, part
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.progress import shown_progress
from reconciler.cli.run import load
from reconciler.cli.splits import moving, planning_world
from reconciler.cli.streams import remark, show
from reconciler.cli.wire import Worlds, holder_name
from reconciler.drive.open import Releases
from reconciler.edges.files.history import GitHistory
from reconciler.flows.apply import ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.gates import Gates
from reconciler.flows.promotion import fleet_gates
from reconciler.flows.split.apply import (
    SplitApplyRequest,
    SplitApplyWorld,
    SplitConnections,
    apply_split,
)
from reconciler.guard.review.git import Review
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.ends import apply_end
from reconciler.outcomes.exit_code import together
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.report.render import apply_report
from reconciler.rollout.parts import PartOrder
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.build import duration_s
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def _seconds(_ctx: click.Context, _option: click.Parameter, value: str) -> int:
    """Of a time as a spec writes it."""
    if re.fullmatch(r"([0-9]{1,6}[dhms])+", value) is None:
        raise click.BadParameter(f"{value!r} is no time such as 30m or 2h")
    return duration_s(value)


_ref = click.option(
    "--ref",
    metavar="COMMIT",
    default="HEAD",
    show_default=True,
    help="The commit whose files and plan are applied; never the working tree.",
)
_max_runtime = click.option(
    "--max-runtime",
    callback=_seconds,
    default="1h",
    show_default=True,
    metavar="TIME",
    help="For how long a run drives the split of a shard (30m, 2h); the next one goes on.",
)
_review = click.option(
    "--review",
    type=click.Choice(["git", "none"]),
    default="git",
    show_default=True,
    help="git: the plan must be on the protected branch. none: no proof of review, for sandboxes.",
)


@click.command()
@options.keyspaces
@options.repository
@options.environment
@_ref
@_review
@options.protected_branch
@_max_runtime
@click.option(
    "--wave",
    type=Wave(),
    metavar="[all|canary|rest|NUMBER]",
    default="all",
    show_default=True,
    help="Which waves this run may start; by its number, one whose earlier waves are done.",
)
@options.region
@part
@options.output("text", "json", "markdown", "github")
def apply(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str,
    review: str,
    protected_branch: str | None,
    wave: WaveChoice | int,
    region: str | None,
    plan_id: str | None,
    protocol: int,
    max_runtime: int,
    output: str,
) -> None:
    """Run the reviewed plan, shard by shard in waves, or nothing at all.

    Every gate is asked again: the plan is derived again from the commit and the live shards, and
    any difference refuses before the first statement. Exit 3: refused. Exit 4: partial, or unknown.

    With --region and --wave NUMBER, that part of the plan, which can be run again at any time.
    """
    _apply(
        _Asked(
            keyspaces=keyspaces,
            repo=repo,
            environment=environment,
            ref=ref,
            review=Review(review),
            protected_branch=protected_branch,
            waves=wave if isinstance(wave, WaveChoice) else WaveChoice.ALL,
            releases=Releases.NOTHING,
            max_runtime_s=max_runtime,
            output=output,
            region=region,
            part=order_of(wave, region, plan_id, protocol),
        )
    )


@click.command()
@options.keyspaces
@options.repository
@options.environment
@_ref
@_review
@options.protected_branch
@_max_runtime
@click.option(
    "--wave",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Go on with this wave and begin no later one.",
)
@options.region
@part
@options.output("text", "json", "markdown", "github")
def resume(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    ref: str,
    review: str,
    protected_branch: str | None,
    max_runtime: int,
    wave: int | None,
    region: str | None,
    plan_id: str | None,
    protocol: int,
    output: str,
) -> None:
    """Go on with an apply that stopped part of the way, and release what holds it.

    The same gates as `apply`: a table at its planned after-state is done, one at its before-state
    is to do, anything else refuses.
    """
    _apply(
        _Asked(
            keyspaces=keyspaces,
            repo=repo,
            environment=environment,
            ref=ref,
            review=Review(review),
            protected_branch=protected_branch,
            waves=WaveChoice.ALL,
            releases=Releases.WHAT_HOLDS,
            max_runtime_s=max_runtime,
            output=output,
            region=region,
            part=order_of(wave or WaveChoice.ALL, region, plan_id, protocol),
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the command line says: most of it is text, which nothing else tells apart."""

    keyspaces: tuple[str, ...]
    repo: Path
    environment: str | None
    ref: str
    review: Review
    protected_branch: str | None
    waves: WaveChoice
    releases: Releases
    max_runtime_s: int
    output: str
    region: str | None
    part: PartOrder | None


def _apply_split(
    worlds: Worlds,
    history: GitHistory,
    files: DesiredFiles,
    environment: Environment,
    request: ApplyRequest,
    runtime_s: int,
    interrupts: Callable[[], int],
) -> SplitApplyOutcome:
    return apply_split(
        SplitApplyWorld(
            history=history,
            connect=lambda: SplitConnections(
                planning=planning_world(worlds, environment),
                driving=worlds.split_driving_of(environment, interrupts),
            ),
        ),
        files,
        environment,
        SplitApplyRequest(
            commit=request.commit,
            review=request.review,
            holder=request.holder,
            runtime_s=runtime_s,
            resumes=request.releases is Releases.WHAT_HOLDS,
        ),
    )


def _apply(asked: _Asked) -> None:
    history = GitHistory(asked.repo, asked.protected_branch)
    request = ApplyRequest(
        commit=history.resolve(asked.ref),
        review=asked.review,
        holder=holder_name(),
        waves=asked.waves,
        releases=asked.releases,
        part=asked.part,
    )
    if request.review is Review.NONE:
        remark("warning: --review none: nobody's review is asked for; for sandboxes")
    loaded = load(asked.repo, request.commit)
    ledger_gate = ledger_gate_of(asked.repo, asked.review, asked.protected_branch)
    with (
        Worlds(loaded.root) as worlds,
        counted_interrupts() as interrupts,
        shown_progress() as on_progress,
    ):

        def work(files: DesiredFiles, chosen: Environment) -> ApplyOutcome | SplitApplyOutcome:
            if (found := moving(worlds, files, chosen, ledger_gate)) is not None:
                return _apply_split(
                    worlds, history, files, found, request, asked.max_runtime_s, interrupts
                )
            chosen = replace(chosen, retiring=())
            world = ApplyWorld(
                history=history,
                gates=Gates(fleet=fleet_gates(worlds.world_of, files, chosen)),
                connect=lambda: worlds.apply_connections_of(chosen, interrupts),
            )
            return apply_keyspace(world, files, chosen, request, on_progress=on_progress)

        outcomes = loaded.each(asked.environment, asked.keyspaces, work, region=asked.region)
    last_wave = request.part.wave if request.part else None
    show(apply_report(outcomes, presentation(asked.output, loaded.keyspaces)))
    exit_with([together(apply_end(outcome, request.waves, last_wave) for outcome in outcomes)])
