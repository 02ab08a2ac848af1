"""What the work on a step of the keyspace is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.ledger.model import StoredFinalizer
from reconciler.plan.model import VSchemaStep
from reconciler.ports.keyspaces import VSchemas
from reconciler.spec.model import RolloutSpec, VitessCluster
from reconciler.vschema.live import live_vschema


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerTask:
    """`shards` are those whose locks must be held while the step is applied."""

    step: VSchemaStep
    row: StoredFinalizer
    vschemas: VSchemas
    cluster: VitessCluster
    keyspace: str
    shards: tuple[str, ...]
    rollout: RolloutSpec

    def look(self) -> str:
        """The fingerprint of the VSchema as it is now. Raises what the port does, and Refused
        for what no Vitess can have said, or where two ways of reading it differ (FZ-6)."""
        return live_vschema(self.vschemas.vschema(self.cluster)).fingerprint

    def try_it(self) -> str | Problem:
        """The fingerprint of what Vitess would make of the step's document. Raises as `look`."""
        kept = self.vschemas.try_vschema(self.cluster, self.step.document)
        return kept if isinstance(kept, Problem) else live_vschema(kept).fingerprint

    def send(self) -> None:
        """The plan's document to the letter (FZ-2). Raises what the port does."""
        self.vschemas.apply_vschema(self.cluster, self.step.document)

    @property
    def tries_max(self) -> int:
        """In one run; the next run tries as often."""
        return self.rollout.lock_retries + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerResult:
    """Where the step is now. `hold`: a guard did not let it begin. `ends_run`: the ledger or a lock
    was lost."""

    row: StoredFinalizer
    hold: Refusal | None = None
    ends_run: Problem | None = None
