"""What a controller tells while it runs: what happened, and where everything stands."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.controller.model import Place, Recorded, Standing, Task, Wanted
from reconciler.errors import Problem
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed

ErrandOutcome = ApplyOutcome | DriftOutcome | KeyspaceFailed


@dataclass(frozen=True, slots=True)
class Leads:
    """Of how many keyspaces' environments this process leads now."""

    places: int


@dataclass(frozen=True, slots=True)
class TipMoved:
    """The protected branch is at this commit. `broken` are keyspaces that could not be read."""

    commit: str
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TaskBegun:
    task: Task


@dataclass(frozen=True, slots=True)
class TaskEnded:
    """`outcome` None: it was never begun on, or ended without one, for the reason of `problem`."""

    task: Task
    outcome: ErrandOutcome | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """Something that every turn needs could not be had: git's remote, or a ledger."""

    what: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Leaves:
    """It was told to end: nothing new is begun, and so many errands end first."""

    running: int


ControllerEvent = Leads | TipMoved | TaskBegun | TaskEnded | TurnFailed | Leaves


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """One keyspace of one environment. `drift` is what the last look of this process found, at
    `looked_at_s` of the time of day."""

    wanted: Wanted
    apply: Standing
    drift_due: Standing
    recorded: Recorded | None
    drift: DriftOutcome | KeyspaceFailed | None = None
    looked_at_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything at the end of a turn; `turned_s` and `fetched_s` are of the process' own clock,
    None: never. `unread` are the places whose ledger did not answer when it was last asked."""

    turned_s: float
    fetched_s: float | None
    fetch_failures: int
    commit: str | None
    places: tuple[PlaceView, ...]
    led: frozenset[Place]
    running: frozenset[Task]
    unread: frozenset[Place] = frozenset()
    broken: tuple[str, ...] = ()
    is_leaving: bool = False

    def place(self, environment: str, keyspace: str) -> PlaceView | None:
        wanted = Place(environment, keyspace)
        return next((view for view in self.places if view.wanted.place == wanted), None)
