"""What the ledger says of a place, as far as it matters for what a controller begins."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.controller.model import Place, Recorded
from reconciler.drive.driver_watch import DriverWatch
from reconciler.drive.status import is_released
from reconciler.ledger.last_word import OF_UNFINISHED, is_retried, is_stopped
from reconciler.ledger.model import Request, StoredApply, StoredLease
from reconciler.ledger.states import FINISHED, Hold, RequestKind, RequestState
from reconciler.ports.clock import Clock
from reconciler.ports.ledger import Ledger

_NEWS = (*OF_UNFINISHED, RequestKind.RELEASE)


@dataclass(slots=True)
class Drivers:
    """Who drives, as it shows from one reading to the next: by signs of life, and not by the time
    of day of this machine alone."""

    clock: Clock
    _watches: dict[Place, tuple[int, DriverWatch]] = field(default_factory=dict)

    def is_there(self, place: Place, apply_id: int, lease: StoredLease | None) -> bool:
        of, watch = self._watches.get(place, (None, None))
        if watch is None or of != apply_id:
            watch = DriverWatch(self.clock, apply_id)
            self._watches[place] = (apply_id, watch)
        return watch.is_there(lease)


def read_record(ledger: Ledger, place: Place, drivers: Drivers) -> Recorded:
    """Raises Unavailable if the ledger cannot be reached."""
    found = ledger.applies(place.environment, keyspace=place.keyspace, limit=1)
    if not found:
        return Recorded(mark="none")
    stored = found[0]
    if stored.state in FINISHED:
        asked = ledger.requests(stored.apply_id)
        has_retry = is_retried(asked)
        return Recorded(
            mark=f"{stored.apply_id} {stored.state}{' retried' if has_retry else ''}",
            plan_id=stored.plan_id,
            state=stored.state,
            is_retried=has_retry,
        )
    lease = ledger.lease(place.environment, place.keyspace)
    asked = ledger.requests(stored.apply_id)
    return Recorded(
        mark=f"{stored.apply_id} {stored.state} {stored.version} {_said_by_people(asked)}",
        plan_id=stored.plan_id,
        state=stored.state,
        hold=stored.hold,
        is_driven=drivers.is_there(place, stored.apply_id, lease),
        is_released=_is_released(ledger, stored),
        is_stopped=is_stopped(asked),
    )


def _said_by_people(asked: list[Request]) -> int:
    return sum(one.state is RequestState.APPLIED and one.kind in _NEWS for one in asked)


def _is_released(ledger: Ledger, stored: StoredApply) -> bool:
    if stored.hold in (Hold.NONE, Hold.GUARD):
        return False
    return is_released(stored, ledger.operations(stored.apply_id))
