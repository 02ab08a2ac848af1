"""Who drives an apply of a keyspace at PlanetScale, by the ledger alone."""

from __future__ import annotations

import pytest

from reconciler.drive.deploy.reservation import ReservedInLedger
from reconciler.drive.limits import HEARTBEAT_MISSED_S_MAX
from reconciler.errors import Refused
from tests.contract.ledgers import new_apply
from tests.sim.fleet import SimClock
from tests.sim.run import memory_ledger


@pytest.mark.invariant("PS-16")
def test_a_second_run_does_not_begin_while_somebody_drives() -> None:
    clock = SimClock()
    ledger = memory_ledger()
    locks = ReservedInLedger(ledger, clock, "production")
    with locks.take((), keyspace="commerce", holder="me") as held:
        assert held.is_held("commerce")
    lease = ledger.begin(new_apply(), holder="somebody", now_s=clock.now_s())
    with (
        pytest.raises(Refused, match="driven by somebody"),
        locks.take((), keyspace="commerce", holder="me"),
    ):
        raise AssertionError("it began")
    clock.sleep(HEARTBEAT_MISSED_S_MAX + 1)
    with locks.take((), keyspace="commerce", holder="me"):
        pass
    ledger.heartbeat(lease, now_s=clock.now_s())
    ledger.give_up(lease, now_s=clock.now_s())
    with locks.take((), keyspace="commerce", holder="me"):
        pass
    ledger.close()
