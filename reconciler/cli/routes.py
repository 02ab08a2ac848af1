"""`reconciler routes`: who owns which keys, for applications and for splits."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from reconciler.cli import options
from reconciler.cli.gates import ledger_gate_of
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.run import load
from reconciler.cli.streams import show as show_text
from reconciler.cli.who import holder_name
from reconciler.cli.wire import Worlds
from reconciler.flows.routes import OpenRoutes, adopt_routes, owner_of, show_routes
from reconciler.outcomes.ends import routes_code
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.routes import OwnerOutcome, RoutesOutcome
from reconciler.report.render import owner_report, routes_report
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

Outcome = TypeVar("Outcome")

_version = click.option(
    "--at", "version", type=int, metavar="VERSION", help="As it was at this version."
)


@click.group()
def routes() -> None:
    """Who owns which keys now: the catalog that applications and splits go by."""


@routes.command(short_help="Write version 1 from the spec's shards.")
@options.keyspaces
@options.repository
@options.environment
@options.ledger_review
@options.protected_branch
@options.output("text", "json", "markdown")
def adopt(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    output: str,
) -> None:
    """Write version 1 of the routes from the spec's shards.

    Routes that say the same already stay as they are; any others are a refusal, for to replace
    shards is a split.
    """

    def work(catalog: OpenRoutes, files: DesiredFiles, chosen: Environment) -> RoutesOutcome:
        return adopt_routes(catalog, files, chosen, by=holder_name(), now_s=time.time())

    found = _each(repo, environment, keyspaces, (review, protected_branch), work)
    show_text(routes_report(found, presentation(output)))
    exit_with(map(routes_code, found))


@routes.command(short_help="Show the routes, and who goes by them.")
@options.keyspaces
@options.repository
@options.environment
@options.ledger_review
@options.protected_branch
@_version
@options.output("text", "json", "markdown")
def show(
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    version: int | None,
    output: str,
) -> None:
    """Show the routes as they are, with the applications that go by them, or as they were."""

    def work(catalog: OpenRoutes, files: DesiredFiles, chosen: Environment) -> RoutesOutcome:
        return show_routes(catalog, files, chosen, version=version)

    found = _each(repo, environment, keyspaces, (review, protected_branch), work)
    show_text(routes_report(found, presentation(output)))
    exit_with(map(routes_code, found))


@routes.command(short_help="Tell whose a value of the sharding column is.")
@click.argument("value")
@options.keyspaces
@options.repository
@options.environment
@options.ledger_review
@options.protected_branch
@_version
@options.output("text", "json", "markdown")
def owner(
    value: str,
    keyspaces: tuple[str, ...],
    repo: Path,
    environment: str | None,
    review: str,
    protected_branch: str | None,
    version: int | None,
    output: str,
) -> None:
    """Tell which shard owns the rows whose sharding column holds VALUE, now or at a version."""

    def work(catalog: OpenRoutes, files: DesiredFiles, chosen: Environment) -> OwnerOutcome:
        return owner_of(catalog, files, chosen, value=value, version=version)

    found = _each(repo, environment, keyspaces, (review, protected_branch), work)
    show_text(owner_report(found, presentation(output)))
    exit_with(map(routes_code, found))


def _each(
    repo: Path,
    environment: str | None,
    keyspaces: tuple[str, ...],
    reviewed: tuple[str, str | None],
    work: Callable[[OpenRoutes, DesiredFiles, Environment], Outcome],
) -> list[Outcome | KeyspaceFailed]:
    """`reviewed`: by what, and the branch."""
    loaded = load(repo, None)
    gate = ledger_gate_of(repo, *reviewed)
    with Worlds(loaded.root) as worlds:

        def of_one(files: DesiredFiles, chosen: Environment) -> Outcome:
            gate(files, chosen)
            return work(lambda: worlds.routes_of(chosen), files, chosen)

        return loaded.each(environment, keyspaces, of_one)
