"""`reconciler ci revert`: the way back from a plan, proposed for who is on call."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.ci_wire import JobWiring
from reconciler.flows.forge.revert import RevertRequest, propose_revert


@click.command(short_help="Propose the way back from a plan, as a pull request.")
@options.keyspaces
@options.repository
@options.environment
@click.option(
    "--plan",
    "plan_id",
    metavar="PLAN_ID",
    help="Its id, or how it begins (8 characters or more). Default: the newest plan.",
)
def revert(
    keyspaces: tuple[str, ...], repo: Path, environment: str | None, plan_id: str | None
) -> None:
    """On workflow_dispatch: take the schema files back to before a plan, on a branch of its own,
    and open a pull request.

    Nothing is applied: it is reviewed and merged as any change. Who started the run must be a
    reviewer of the environment ENVIRONMENT/control. With RECONCILER_COMMIT_TOKEN, of an app, its
    checks start by themselves.
    """
    wiring = JobWiring(repo)
    asked = RevertRequest(environment=environment, plan_id=plan_id)
    code = propose_revert(wiring.job, keyspaces, asked, wiring.open_worlds, wiring.proposals)
    raise SystemExit(int(code))
