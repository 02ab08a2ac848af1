"""`reconciler apply` and `reconciler resume`: the same gates; a resume also releases what holds."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.asked import Asked
from reconciler.cli.part import Wave, order_of, part
from reconciler.cli.run import load, tell_where_to_look
from reconciler.cli.streams import remark
from reconciler.edges.files.history import GitHistory
from reconciler.guard.review.git import Review
from reconciler.rollout.waves import WaveChoice

_ref = click.option(
    "--ref",
    metavar="COMMIT",
    default="HEAD",
    show_default=True,
    help="The commit whose files and plan are applied; never the working tree.",
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
@options.max_runtime
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
        Asked(
            keyspaces=keyspaces,
            repo=repo,
            environment=environment,
            ref=ref,
            review=Review(review),
            protected_branch=protected_branch,
            waves=wave if isinstance(wave, WaveChoice) else WaveChoice.ALL,
            resumes=False,
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
@options.max_runtime
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
        Asked(
            keyspaces=keyspaces,
            repo=repo,
            environment=environment,
            ref=ref,
            review=Review(review),
            protected_branch=protected_branch,
            waves=WaveChoice.ALL,
            resumes=True,
            max_runtime_s=max_runtime,
            output=output,
            region=region,
            part=order_of(wave or WaveChoice.ALL, region, plan_id, protocol),
        )
    )


def _apply(asked: Asked) -> None:
    history = GitHistory(asked.repo, asked.protected_branch)
    commit = history.resolve(asked.ref)
    if asked.review is Review.NONE:
        remark("warning: --review none: nobody's review is asked for; for sandboxes")
    loaded = load(asked.repo, commit)
    tell_where_to_look(loaded, asked.environment, asked.keyspaces, asked.region)
    # Imported once that was told: it takes longer than a repository takes to be read.
    from reconciler.cli.applying import apply_and_show

    apply_and_show(loaded, history, commit, asked)
