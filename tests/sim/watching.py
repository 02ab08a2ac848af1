"""What others see of a simulated apply and ask of it, and when something is done meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reconciler.drive.control import ask
from reconciler.drive.status import current_apply
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.apply import ApplyStatus, ControlOutcome
from reconciler.outcomes.progress import ProgressEvent
from tests.sim.run import Simulation


def seen(sim: Simulation) -> ApplyStatus:
    found = current_apply(sim.ledger, "production", "commerce", now_s=sim.fleet.clock.now_s())
    assert found is not None
    return found


def touched(sim: Simulation) -> set[str]:
    """Shards to which something was sent."""
    return {shard for shard, server in sim.fleet.shards.items() if server.sent}


def looks_left(sim: Simulation) -> list[int]:
    """Of each copy that is there, how often it may be looked at before it is complete."""
    return [c.online.looks for one in sim.fleet.shards.values() for c in one.copies.values()]


def asked(sim: Simulation, kind: RequestKind, ledger: Any = None) -> ControlOutcome:
    """By a person, of the apply's own ledger or of what stands in its place."""
    return ask(
        ledger or sim.ledger,
        sim.fleet.clock,
        environment="production",
        keyspace="commerce",
        kind=kind,
        asked_by="a person",
    )


def later(sim: Simulation, seconds: float) -> Callable[[], bool]:
    """Whether so much time has passed since this was asked first."""
    begun: list[float] = []

    def is_time() -> bool:
        begun.append(sim.fleet.clock.now)
        return sim.fleet.clock.now - begun[0] > seconds

    return is_time


class Watching(list[ProgressEvent]):
    """Looks whenever an event of a kind is told."""

    def __init__(self, sim: Simulation, kind: type) -> None:
        super().__init__()
        self._sim = sim
        self._kind = kind
        self.looks: list[ApplyStatus] = []

    def append(self, event: ProgressEvent) -> None:
        super().append(event)
        if isinstance(event, self._kind):
            self.looks.append(seen(self._sim))
