"""Whether somebody drives an apply, where two machines' clocks may disagree: a lease that looks old
counts as nobody's only if no sign of life comes while one looks."""

from __future__ import annotations

from reconciler.drive.limits import SIGN_OF_LIFE_S_MAX
from reconciler.drive.status import is_driven
from reconciler.ledger.model import StoredLease
from reconciler.ports.clock import Clock


class DriverWatch:
    """Whether somebody drives an apply, as it shows while one looks again and again."""

    def __init__(self, clock: Clock, apply_id: int) -> None:
        self._clock = clock
        self._apply_id = apply_id
        self._last: StoredLease | None = None
        self._since_s = clock.monotonic_s()

    def is_there(self, lease: StoredLease | None) -> bool:
        if lease is None or lease.apply_id != self._apply_id or lease.holder is None:
            return False
        if lease != self._last:
            self._last, self._since_s = lease, self._clock.monotonic_s()
        if is_driven(lease, self._apply_id, self._clock.now_s()):
            return True
        return self._clock.monotonic_s() - self._since_s < SIGN_OF_LIFE_S_MAX
