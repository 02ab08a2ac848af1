"""`reconciler worker`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import options
from reconciler.cli.streams import remark
from reconciler.cli.temporal import name_of, of_temporal, place_of, worker_library
from reconciler.cli.who import holder_name, process_token
from reconciler.ledger.drivers import driver_name

if TYPE_CHECKING:
    from reconciler.cli.part_errands import PartErrands

_GRACE_S = 25


class RegionAndNamespace(click.ParamType[tuple[str, str]]):
    """A region that has a namespace of its own."""

    name = "region and namespace"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        region, _, namespace = str(value).partition("=")
        if not region or not namespace:
            self.fail(f"{value!r} is not REGION=NAMESPACE", param, ctx)
        return region, namespace


@click.command()
@options.repository
@click.option(
    "--region",
    metavar="NAME",
    help="Carry out the parts of this region. Without it: decide which part of a rollout is next,"
    " which needs neither a repository nor a login.",
)
@click.option(
    "--protected-branch",
    "branch",
    metavar="BRANCH",
    envvar="RECONCILER_PROTECTED_BRANCH",
    default="main",
    show_default=True,
    help="The branch of origin that reviewed plans are merged to.",
)
@click.option(
    "--review",
    type=click.Choice(["git", "github"]),
    default="git",
    show_default=True,
    help="With --region. git: what is on the protected branch was reviewed. github: the forge's"
    " record of who approved what is asked, as `ci apply` asks it.",
)
@options.github_token_file
@click.option(
    "--grace",
    "grace_s",
    type=click.IntRange(min=1),
    default=_GRACE_S,
    show_default=True,
    metavar="SECONDS",
    help="For how long a statement that runs may hold up the end of this process.",
)
@click.option(
    "--apart",
    type=RegionAndNamespace(),
    multiple=True,
    metavar="REGION=NAMESPACE",
    help="Without --region: hand the orders of this region on to a namespace of its own.",
)
@of_temporal
def worker(
    repo: Path,
    region: str | None,
    branch: str,
    review: str,
    github_token_file: Path | None,
    grace_s: int,
    apart: tuple[tuple[str, str], ...],
    temporal: str | None,
    namespace: str,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    api_key_file: Path | None,
) -> None:
    """Take a share in rollouts over regions that Temporal keeps.

    It asks for work and is asked by nobody. A region's worker fetches its clone, proves the review
    and derives the plan by itself, as `apply --region --wave` does. The first SIGTERM lets a
    statement end, and another worker goes on; --grace bounds that.
    """
    place = place_of(temporal, namespace, tls_ca, tls_cert, tls_key, api_key_file)
    library = worker_library()
    if github_token_file and review != "github":
        raise click.UsageError("--github-token-file goes with --review github.")
    if region is None:
        if review == "github":
            raise click.UsageError("--review github goes with --region.")
        library.serve_rollouts(place, name_of("rollouts"), _tell, dict(apart))
        return
    holder = driver_name(f"the worker of {holder_name()}", process_token())
    errands = _errands(repo.resolve(), branch, holder, review, github_token_file)
    work = library.RegionWork(region=region, apply=errands.apply, end=errands.end, grace_s=grace_s)
    library.serve_region(place, name_of(region), _tell, work)


def _errands(
    repo: Path, branch: str, holder: str, review: str, token_file: Path | None
) -> PartErrands:
    """Imported here: what carries parts out is a third of a worker's memory, and who decides does
    without it, as who asks no forge does without its library."""
    from reconciler.cli.part_errands import PartErrands
    from reconciler.cli.review_choice import proof_by

    proof_at = proof_by(review, repo, branch, holder, token_file)
    return PartErrands(repo=repo, branch=branch, holder=holder, proof_at=proof_at)


def _tell(text: str) -> None:
    remark(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {text}")
