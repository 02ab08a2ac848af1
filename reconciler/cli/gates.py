"""Gates that verbs share: those of an apply that ask servers, and the one before a ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.cli.wire import Worlds
from reconciler.edges.files.history import GitHistory
from reconciler.flows.gates import Gate, ledger_gate
from reconciler.flows.promotion import promotion_refusals
from reconciler.guard.model import Refusal
from reconciler.plan.model import Plan
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def fleet_gates(worlds: Worlds, files: DesiredFiles, environment: Environment) -> tuple[Gate, ...]:
    """The environment that the spec puts before this one."""
    before = files.spec.environment(environment.after) if environment.after else None
    if before is None:
        return ()

    def gate(plan: Plan) -> tuple[Refusal, ...]:
        return promotion_refusals(worlds.world_of(before), files, before)

    return (gate,)


def ledger_gate_of(
    repo: Path, review: str, protected_branch: str | None
) -> Callable[[DesiredFiles, Environment], None]:
    """Raises Refused before a ledger whose address nobody reviewed is opened (GT-1)."""

    def gate(files: DesiredFiles, environment: Environment) -> None:
        if review != "none" and environment.ledger is not None:
            ledger_gate(GitHistory(repo, protected_branch), files)

    return gate
