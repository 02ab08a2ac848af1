"""The gate before a ledger, which verbs share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.edges.files.history import GitHistory
from reconciler.flows.gates import ledger_gate
from reconciler.guard.review.git import Review
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def ledger_gate_of(
    repo: Path, review: str, protected_branch: str | None
) -> Callable[[DesiredFiles, Environment], None]:
    """Raises Refused before a ledger whose address nobody reviewed is opened (GT-1)."""

    def gate(files: DesiredFiles, environment: Environment) -> None:
        ledger_gate(lambda: GitHistory(repo, protected_branch), files, environment, Review(review))

    return gate
