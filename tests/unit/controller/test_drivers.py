"""Who drives, as a controller sees it, on a machine with whatever time of day."""

from __future__ import annotations

import pytest

from reconciler.controller.model import Place
from reconciler.drive.limits import SIGN_OF_LIFE_S_MAX
from reconciler.flows.controller.limits import LEDGER_READ_S
from reconciler.flows.controller.record import Drivers
from reconciler.ledger.model import StoredLease
from tests.sim.fleet import SimClock

HERE = Place("production", "shop")


@pytest.mark.invariant("RG-41")
@pytest.mark.parametrize("off_s", [0.0, 60.0, -3_600.0])
def test_a_driver_is_there_while_it_shows_signs_of_life(off_s: float) -> None:
    clock, beats_s = SimClock(), 0.0
    drivers = Drivers(clock)

    def is_there(beat_s: float | None) -> bool:
        at_s = 0.0 if beat_s is None else beat_s
        holder = None if beat_s is None else "somebody"
        lease = StoredLease(apply_id=7, fence=1, holder=holder, heartbeat_s=at_s)
        return drivers.is_there(HERE, 7, lease)

    for _ in range(10):
        beats_s = clock.now_s() + off_s
        assert is_there(beats_s), "whatever its clock says"
        clock.pass_by(LEDGER_READ_S + 1)
    for _ in range(4):
        is_there(beats_s)
        clock.pass_by(SIGN_OF_LIFE_S_MAX)
    assert not is_there(beats_s), "it died"
    assert not is_there(None), "it said good-bye"
