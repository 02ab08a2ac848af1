"""What the ledger says of a place, as far as it matters for what a controller begins."""

from __future__ import annotations

from reconciler.controller.model import Place, Recorded
from reconciler.drive.status import is_driven, is_released
from reconciler.flows.controller.limits import EVENTS_SINCE_STOP_MAX, STOP_CLOCKS_DIFFER_S
from reconciler.ledger.model import Request, StoredApply
from reconciler.ledger.reasons import Begun, TakenUp
from reconciler.ledger.states import FINISHED, Hold, RequestKind, RequestState
from reconciler.ports.ledger import Ledger

_ORDERS = (RequestKind.STOP, RequestKind.RELEASE)


def read_record(ledger: Ledger, place: Place, now_s: float) -> Recorded:
    """Raises Unavailable if the ledger cannot be reached. `now_s` is the time of day, by which a
    lease that is written again and again tells that somebody drives."""
    found = ledger.applies(place.environment, keyspace=place.keyspace, limit=1)
    if not found:
        return Recorded(mark="none")
    stored = found[0]
    if stored.state in FINISHED:
        mark = f"{stored.apply_id} {stored.state}"
        return Recorded(mark=mark, plan_id=stored.plan_id, state=stored.state)
    lease = ledger.lease(place.environment, place.keyspace)
    orders = _orders(ledger, stored)
    return Recorded(
        mark=f"{stored.apply_id} {stored.state} {stored.version} {len(orders)}",
        plan_id=stored.plan_id,
        state=stored.state,
        hold=stored.hold,
        is_driven=is_driven(lease, stored.apply_id, now_s),
        is_released=_is_released(ledger, stored),
        is_stopped=_is_stopped(ledger, stored, orders),
    )


def _orders(ledger: Ledger, stored: StoredApply) -> list[Request]:
    """What people asked for and was done: to stop, or to go on."""
    done = ledger.requests(stored.apply_id, RequestState.APPLIED)
    return [request for request in done if request.kind in _ORDERS]


def _is_released(ledger: Ledger, stored: StoredApply) -> bool:
    if stored.hold in (Hold.NONE, Hold.GUARD):
        return False
    return is_released(stored, ledger.operations(stored.apply_id))


def _is_stopped(ledger: Ledger, stored: StoredApply, orders: list[Request]) -> bool:
    """The last that a person said was stop, and nobody has gone on since. A run that ended because
    its process was told to end has no request: that is gone on with."""
    if not orders or orders[-1].kind is not RequestKind.STOP:
        return False
    since_s = orders[-1].asked_s + STOP_CLOCKS_DIFFER_S
    events = ledger.events(stored.apply_id, limit=EVENTS_SINCE_STOP_MAX)
    later = [event for event in events if event.at_s > since_s]
    is_all_later = len(later) == EVENTS_SINCE_STOP_MAX
    return not is_all_later and not any(isinstance(e.what, Begun | TakenUp) for e in later)
