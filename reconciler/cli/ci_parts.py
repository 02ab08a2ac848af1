"""`reconciler ci parts` and `reconciler ci workflow`: a rollout as a graph of jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.ci_wire import JobWiring
from reconciler.cli.run import load
from reconciler.cli.streams import show
from reconciler.edges.files.history import GitHistory
from reconciler.flows.forge.parts import PartsRequest, order_parts
from reconciler.flows.forge.workflow import checks_of, requests_of, workflow_of
from reconciler.report.checks_workflow import checks_workflow
from reconciler.report.render import Format
from reconciler.report.requests_workflow import requests_workflow
from reconciler.report.workflow import rollout_workflow

_ROLLOUT, _REQUESTS, _CHECKS = "rollout", "requests", "checks"


class Waves(click.ParamType[frozenset[int]]):
    """Numbers of waves, between commas."""

    name = "waves"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> frozenset[int]:
        if isinstance(value, frozenset):
            return value
        numbers = [number.strip() for number in str(value).split(",")]
        if not all(number.isascii() and number.isdigit() and int(number) for number in numbers):
            self.fail(f"{value!r} are no numbers of waves such as 2,3", param, ctx)
        return frozenset(map(int, numbers))


@click.command(short_help="Which parts of which plans are to be ordered, for a graph of jobs.")
@options.keyspaces
@options.repository
@options.environment
@click.option(
    "--waves",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="For how many waves the workflow has jobs: a plan with more is refused.",
)
@click.option(
    "--held",
    type=Waves(),
    default=frozenset[int](),
    metavar="NUMBERS",
    help="Which waves the workflow holds behind an environment of the forge, such as 2,3: a spec"
    " that holds others is refused.",
)
@options.output("text", "json", "github")
def parts(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    waves: int | None,
    held: frozenset[int],
    output: str,
) -> None:
    """On push to the default branch: which parts of the merged plans are to be ordered, and when.

    Its output `waves` says it as matrices of jobs. It needs no login, and connects to nothing.
    """
    asked = PartsRequest(environment=environment, waves=waves, held=held, form=Format(output))
    raise SystemExit(int(order_parts(JobWiring(repo).job, keyspaces, asked)))


@click.command(short_help="Write the workflow that rolls plans out over regions, or checks them.")
@options.keyspaces
@options.repository
@options.environment
@click.option(
    "--action",
    metavar="OWNER/NAME@COMMIT",
    required=True,
    help="The action of reconciler that its jobs run, by the full hash of a commit.",
)
@options.merged_branch
@click.option(
    "--of",
    "written",
    type=click.Choice([_ROLLOUT, _REQUESTS, _CHECKS]),
    default=_ROLLOUT,
    show_default=True,
    help="rollout: a job for every part of a plan. requests: what people ask by hand of that, or of"
    " the applies and splits of a fleet without regions. checks: pull requests and drift, by a look"
    " in each region.",
)
@click.option(
    "--scratch-image",
    metavar="IMAGE@sha256:DIGEST",
    help="For checks, and for requests without regions: the server of the fleet's series that"
    " stands in for `scratch` of the specs. Default: the one it names, which the job reaches.",
)
def workflow(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    action: str,
    branch: str,
    written: str,
    scratch_image: str | None,
) -> None:
    """Outside of any job: write a workflow over regions to standard output.

    Keep it in .github/workflows/. On top of it stands what it relies on.
    """
    if written == _CHECKS and keyspaces:
        raise click.UsageError("checks are of every keyspace: one status says of all of them.")
    if written == _ROLLOUT and scratch_image is not None:
        raise click.UsageError("--scratch-image goes with --of checks or --of requests.")
    loaded = load(repo, None)
    given = {"action": action, "branch": branch, "below": GitHistory(repo, None).below}
    if written == _ROLLOUT:
        text = rollout_workflow(workflow_of(loaded, keyspaces, environment, **given))
    elif written == _REQUESTS:
        asked = requests_of(loaded, keyspaces, environment, scratch_image=scratch_image, **given)
        text = requests_workflow(asked)
    else:
        checks = checks_of(loaded, environment, scratch_image=scratch_image, **given)
        text = checks_workflow(checks)
    show(text.rstrip("\n"))
