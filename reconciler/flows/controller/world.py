"""What the loop asks of the world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from reconciler.controller.model import Place
from reconciler.flows.keyspaces import Loaded
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.controller import ControllerEvent, Snapshot
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.ports.clock import Clock, WorkerPool
from reconciler.ports.controller import ControllerLease, Remote
from reconciler.ports.ledger import Ledger
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

LedgerOf = Callable[[Place], Ledger | None]
"""The one that was opened for a place; None where none was yet."""


class Errands(Protocol):
    """The other flows, each with all of its gates and with its news. Called in a thread of its own,
    for different places at once; each may raise any ReconcilerError."""

    def apply(self, place: Place, commit: str, *, is_again: bool) -> ApplyOutcome | KeyspaceFailed:
        """What is merged, or nothing. `is_again`: the same work was tried before."""

    def look_for_drift(
        self, place: Place, commit: str, every: frozenset[Place]
    ) -> DriftOutcome | KeyspaceFailed:
        """Find where the shards have left git, and tell; change nothing. `every` place there is:
        what is told is told of all of them."""


class Ledgers(Protocol):
    """The ledgers of environments, opened once."""

    def key(self, environment: Environment) -> str:
        """Equal for environments whose specs name the same ledger. Never shown."""

    def open(
        self, files: DesiredFiles, environment: Environment, commit: str
    ) -> tuple[Ledger, ControllerLease]:
        """As the spec in the commit names it. Raises Unavailable, InvalidInput or Refused as each
        verb does, and Refused before any login is sent where the spec was not reviewed (GT-1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerWorld:
    """`tip` is the protected branch's commit as the clone has it; `interrupts` counts how often
    somebody asked this process to end; `nudged` says once that somebody did."""

    remote: Remote
    tip: Callable[[], str | None]
    load: Callable[[str], Loaded]
    ledgers: Ledgers
    errands: Errands
    pool: WorkerPool
    clock: Clock
    chance: Callable[[], float]
    interrupts: Callable[[], int]
    nudged: Callable[[], bool]
    publish: Callable[[Snapshot], None]
    tell: Callable[[ControllerEvent], None]
    holder: str
