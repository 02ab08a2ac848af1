"""`reconciler run`."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.controller_errands import (
    ErrandWiring,
    GitErrands,
    GithubErrands,
)
from reconciler.cli.controller_http import Board, listening, metrics_of
from reconciler.cli.controller_world import SpecLedgers
from reconciler.cli.github_access import github_access
from reconciler.cli.interrupts import counted_interrupts
from reconciler.cli.streams import remark
from reconciler.cli.style import style_for
from reconciler.cli.who import holder_name, process_token
from reconciler.cli.wire import Worlds
from reconciler.controller.model import Place
from reconciler.edges.clock import SystemClock
from reconciler.edges.files.fetch import GitRemote
from reconciler.edges.files.history import GitHistory
from reconciler.edges.github.webhook import post_text
from reconciler.edges.prometheus import Metrics
from reconciler.edges.worker_pool import ThreadWorkerPool
from reconciler.flows.controller.loop import Controller
from reconciler.flows.controller.world import ControllerWorld
from reconciler.ledger.drivers import driver_name
from reconciler.outcomes.controller import ControllerEvent, TaskEnded
from reconciler.outcomes.progress import ProgressEvent, StatementAdvanced
from reconciler.report.controller_words import controller_line
from reconciler.report.progress import progress_line

_GRACE_S = 25


@click.command(name="run")
@options.repository
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
    help="git: what is on the protected branch was reviewed. github: the forge's record of who"
    " approved what is asked, and told what comes of it.",
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
    "--serve",
    default="127.0.0.1:8080",
    show_default=True,
    metavar="HOST:PORT",
    help="Where /livez, /readyz and /metrics are answered, to whoever asks.",
)
@click.option(
    "--serve-api",
    metavar="HOST:PORT",
    help="Where a webhook may nudge (RECONCILER_NUDGE_SECRET), and programs read plans, status,"
    " history and drift as JSON (RECONCILER_API_TOKEN). Default: nowhere.",
)
def run(
    repo: Path,
    branch: str,
    review: str,
    github_token_file: Path | None,
    grace_s: int,
    serve: str,
    serve_api: str | None,
) -> None:
    """Watch the protected branch of a clone, and apply what was reviewed and merged, by itself.

    It takes up what was released, retried or left behind, looks for drift on the schedule of each
    spec, and never repairs any. Any number may run on one ledger: one leads. The first SIGTERM lets
    statements end, the second, or --grace, leaves at once.
    """
    holder = driver_name(f"the controller of {holder_name()}", process_token())
    clock, board = SystemClock(), Board()
    metrics = metrics_of(board, clock)
    with Worlds(repo) as worlds, counted_interrupts() as signals:
        interrupts = _with_grace(signals, grace_s)
        wiring = ErrandWiring(
            repo=repo,
            branch=branch,
            holder=holder,
            interrupts=interrupts,
            on_progress=partial(_progressed, metrics),
            chat=_chat(),
        )
        errands = _errands(review, wiring, github_token_file)
        controller = Controller(
            ControllerWorld(
                remote=GitRemote(repo, branch),
                tip=GitHistory(repo, branch).protected_tip,
                load=wiring.load,
                ledgers=SpecLedgers(worlds, errands.check_spec),
                errands=errands,
                pool=ThreadWorkerPool(),
                clock=clock,
                chance=random.random,
                interrupts=interrupts,
                nudged=board.nudged,
                publish=board.publish,
                tell=partial(_happened, metrics),
                holder=holder,
            )
        )
        with listening(board, metrics, clock, serve, serve_api, controller.ledger_of):
            controller.run()


def _errands(
    review: str, wiring: ErrandWiring, token_file: Path | None
) -> GitErrands | GithubErrands:
    if review == "git":
        return GitErrands(wiring)
    return GithubErrands(wiring, github_access(token_file))


def _with_grace(signals: Callable[[], int], grace_s: int) -> Callable[[], int]:
    """A second signal comes by itself when the grace is over."""
    first_s: list[float] = []

    def interrupts() -> int:
        count = signals()
        if count and not first_s:
            first_s.append(time.monotonic())
        is_over = bool(first_s) and time.monotonic() - first_s[0] >= grace_s
        return max(count, 2) if is_over else count

    return interrupts


def _chat() -> Callable[[str], None] | None:
    url = os.environ.get("RECONCILER_WEBHOOK_URL")
    return partial(post_text, url) if url else None


def _happened(metrics: Metrics, event: ControllerEvent) -> None:
    if isinstance(event, TaskEnded):
        metrics.errand_ended(event)
    remark(f"{_stamp()} {controller_line(event)}")


def _progressed(metrics: Metrics, place: Place, event: ProgressEvent) -> None:
    metrics.progressed(place, event)
    if not isinstance(event, StatementAdvanced):
        line = progress_line(event, style_for(sys.stderr))
        remark(f"{_stamp()} {place.environment}: {line}")


def _stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
