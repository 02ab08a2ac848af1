"""How verbs come to a move of shards, behind the gate of its ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.wire import Worlds
from reconciler.edges.files.history import GitHistory
from reconciler.flows.gates import ledger_address_gate
from reconciler.flows.keyspaces import HasSpec
from reconciler.flows.split.reached import standing_of
from reconciler.flows.split.settle import Standing, beside
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

if TYPE_CHECKING:
    from reconciler.flows.apply import ApplyConnections

Gate = Callable[[HasSpec, Environment], None]


def address_gate_of(repo: Path, protected_branch: str | None) -> Gate:
    """For verbs that plan what a pull request changes: raises Refused before a ledger is opened
    that the protected branch does not name (SP-74)."""

    def gate(files: HasSpec, environment: Environment) -> None:
        ledger_address_gate(lambda: GitHistory(repo, protected_branch), files, environment)

    return gate


def standing(
    worlds: Worlds,
    files: DesiredFiles,
    environment: Environment,
    gate: Callable[[DesiredFiles, Environment], None],
) -> Standing:
    """What the environment is to a verb now; `gate` is asked before a ledger is opened."""
    if environment.retiring:
        gate(files, environment)
    return standing_of(worlds, files, environment)


def apply_connections(
    worlds: Worlds, stands: Standing, interrupts: Callable[[], int]
) -> ApplyConnections:
    """What can change the schema of an environment as it stands."""
    connections = worlds.apply_connections_of(stands.environment, interrupts)
    return replace(connections, look=beside(connections.look, stands.job))
