"""What a gate may ask about what comes before: other environments, and other keyspaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.flows.gates import spec_gate_of_git
from reconciler.guard.model import Refusal
from reconciler.ports.files import History
from reconciler.ports.ledger import Ledger
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree

LookOf = Callable[[DesiredFiles, Environment], tuple[World, Environment]]
Proof = Callable[[DesiredFiles, Environment], tuple[Refusal, ...]]


def no_proof_asked(_files: DesiredFiles, _environment: Environment) -> tuple[Refusal, ...]:
    """Of sandboxes."""
    return ()


def proof_of_git(history: History, commit: str) -> Proof:
    """The protected branch of the clone holds the very spec."""
    return lambda files, _environment: spec_gate_of_git(history, commit, files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessors:
    """All keyspaces of the commit that is applied, and its files as `tree`. `proof` is why a spec
    is not known to be reviewed: nothing that it names is connected to before (GT-1). `look_of`
    gives an environment as it stands, and the world to look at it; `ledger_of` the record that
    lasts, raising NoLastingLedger where there is none. `checks` are put what a spec measures."""

    loaded: Mapping[str, DesiredFiles | ReconcilerError]
    tree: FileTree
    proof: Proof
    look_of: LookOf
    ledger_of: Callable[[Environment], Ledger]
    checks: PromotionChecks
