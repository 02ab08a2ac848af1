"""What the work on a step of the keyspace is given and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.ledger.model import StoredFinalizer
from reconciler.plan.model import VSchemaStep
from reconciler.ports.keyspaces import Keyspaces
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class VSchemaBasis:
    """How a keyspace's VSchema is looked at, and where it was found under the locks:
    `steps_done` of the plan's steps were in effect. `fingerprint` is that of what Vitess says, and
    raises InvalidInput for what it cannot have said."""

    steps_done: int
    fingerprint: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerTask:
    """`shards` are those whose locks must be held while the step is applied."""

    step: VSchemaStep
    row: StoredFinalizer
    keyspaces: Keyspaces
    basis: VSchemaBasis
    environment: Environment
    keyspace: str
    shards: tuple[str, ...]

    def look(self) -> str:
        """The fingerprint of the VSchema as it is now. Raises what the port and the reading do."""
        return self.basis.fingerprint(self.keyspaces.vschema(self.environment))

    @property
    def tries_max(self) -> int:
        """In one run; the next run tries as often."""
        return self.environment.rollout.lock_retries + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerResult:
    """Where the step is now. `hold`: a guard did not let it begin. `ends_run`: the ledger or a lock
    was lost."""

    row: StoredFinalizer
    hold: Refusal | None = None
    ends_run: Problem | None = None
