"""What a region asks of its review before it carries out a part: the protected branch of its own
clone, or the record of a forge. Either is asked as an apply asks it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.gates import ledger_gate_of
from reconciler.edges.files.history import GitHistory
from reconciler.flows.gates import Gates
from reconciler.flows.predecessors import Proof, proof_of_git
from reconciler.guard.review.git import Review
from reconciler.ledger.reviewed import Reviewed
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProof:
    """Of one commit. `gates` are those of a plan and a spec that an apply does not ask by itself,
    given the number of the wave; `proof` is why a spec is not known to be reviewed; `ledger_gate`
    raises Refused before the ledger of such a spec is opened (GT-1). `reviewed` is for the record.
    """

    review: Review
    gates: Callable[[DesiredFiles, Environment, int], Gates]
    proof: Proof
    ledger_gate: Callable[[DesiredFiles, Environment], None]
    reviewed: Callable[[str, str], Reviewed | None]


ProofAt = Callable[[GitHistory, str, str], PartProof]
"""Of the clone after a fetch, for a full commit id and the name of an environment there."""


def proof_by_git(repo: Path, branch: str | None) -> ProofAt:
    """What is on the protected branch was reviewed."""

    def at(history: GitHistory, commit: str, _environment: str) -> PartProof:
        return PartProof(
            review=Review.GIT,
            gates=lambda _files, _chosen, _wave: Gates(),
            proof=proof_of_git(history, commit),
            ledger_gate=ledger_gate_of(repo, Review.GIT, branch),
            reviewed=lambda _environment, _keyspace: None,
        )

    return at
