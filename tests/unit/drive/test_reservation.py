"""Who drives an apply of a keyspace at PlanetScale, by the ledger alone."""

from __future__ import annotations

import pytest

from reconciler.drive.deploy.reservation import ReservedInLedger
from reconciler.drive.limits import HEARTBEAT_MISSED_S_MAX, SIGN_OF_LIFE_S_MAX
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


@pytest.mark.invariant("PS-16")
@pytest.mark.parametrize("off_s", [3_600.0, -3_600.0])
def test_a_driver_on_a_machine_with_another_time_of_day_is_seen(off_s: float) -> None:
    clock, theirs = SimClock(), SimClock()
    clock.off_s = off_s
    ledger = memory_ledger()
    lease = ledger.begin(new_apply(), holder="somebody", now_s=theirs.now_s())

    def both(seconds: float) -> None:
        clock.pass_by(seconds)
        theirs.pass_by(seconds)
        ledger.heartbeat(lease, now_s=theirs.now_s())

    clock.asleep = both
    locks = ReservedInLedger(ledger, clock, "production")
    with (
        pytest.raises(Refused, match="driven by somebody"),
        locks.take((), keyspace="commerce", holder="me"),
    ):
        raise AssertionError("it began")
    clock.asleep = clock.pass_by
    begun_s = clock.monotonic_s()
    with locks.take((), keyspace="commerce", holder="me"):
        assert clock.monotonic_s() - begun_s >= SIGN_OF_LIFE_S_MAX, "it was not watched"
    ledger.close()
