"""How verbs come to a move of shards: its ledger, its servers, and whether there is one at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.cli.wire import Worlds
from reconciler.edges.files.history import GitHistory
from reconciler.flows.gates import ledger_address_gate
from reconciler.flows.split.derive import SplitPlanWorld
from reconciler.flows.split.settle import settled
from reconciler.reshard.job import SplitJob
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

Gate = Callable[[DesiredFiles, Environment], None]


def address_gate_of(repo: Path, protected_branch: str | None) -> Gate:
    """For verbs that plan what a pull request changes: raises Refused before a ledger is opened
    that the protected branch does not name (SP-74)."""

    def gate(files: DesiredFiles, environment: Environment) -> None:
        ledger_address_gate(lambda: GitHistory(repo, protected_branch), files, environment)

    return gate


def as_it_stands(
    worlds: Worlds, files: DesiredFiles, environment: Environment, gate: Gate
) -> Environment:
    """Without the shards that retire where their successors serve (SP-75)."""
    if not environment.retiring:
        return environment
    gate(files, environment)
    return settled(lambda: worlds.routes_of(environment), files, environment)


def live_split(worlds: Worlds, files: DesiredFiles, environment: Environment) -> SplitJob | None:
    """Of an environment whose spec lists what a move needs; its ledger's gate has been asked."""
    if not environment.retiring:
        return None
    return worlds.split_jobs_of(environment).live(environment.name, files.spec.keyspace)


def moving(
    worlds: Worlds, files: DesiredFiles, environment: Environment, gate: Gate
) -> Environment | None:
    """The environment if a move of its shards is to be planned, begun or gone on with; behind the
    cutover as well, until nothing is left to be cleaned up: no schema is applied before that."""
    stands = as_it_stands(worlds, files, environment, gate)
    if stands.retiring or live_split(worlds, files, environment) is not None:
        return environment
    return None


def planning_world(worlds: Worlds, environment: Environment) -> SplitPlanWorld:
    """Its ledger's gate has been asked: `as_it_stands` comes before."""
    return SplitPlanWorld(
        look=worlds.world_of(environment),
        servers=worlds.split_servers(),
        open_routes=lambda: worlds.routes_of(environment),
        open_jobs=lambda: worlds.split_jobs_of(environment),
    )
