"""Silence is measured on the clock of the one who listens."""

from __future__ import annotations

import pytest

from reconciler.controller.lease import may_take, watched
from reconciler.controller.limits import LEADER_SILENT_S_MAX
from reconciler.flows.controller.limits import LEADER_SURE_S_MAX
from reconciler.ledger.model import StoredLease

LEASE = StoredLease(apply_id=0, fence=3, holder="another", heartbeat_s=5.0)


@pytest.mark.invariant("RG-44")
@pytest.mark.parametrize("heartbeat_s", [-1e9, 0.0, 1e12])
def test_what_a_leader_wrote_down_says_nothing(heartbeat_s: float) -> None:
    lease = StoredLease(apply_id=0, fence=3, holder="another", heartbeat_s=heartbeat_s)
    seen = watched(None, lease, 100.0)
    assert not may_take(seen, 100.0)
    assert not may_take(watched(seen, lease, 114.0), 114.0)
    assert may_take(watched(seen, lease, 100.0 + LEADER_SILENT_S_MAX), 100.0 + LEADER_SILENT_S_MAX)


@pytest.mark.invariant("RG-44")
def test_each_sign_of_life_begins_the_silence_anew() -> None:
    seen = watched(None, LEASE, 100.0)
    beaten = StoredLease(apply_id=0, fence=3, holder="another", heartbeat_s=7.0)
    seen = watched(seen, beaten, 114.0)
    assert not may_take(seen, 128.0)
    assert may_take(seen, 129.0)


def test_a_lease_that_nobody_has_is_free() -> None:
    assert may_take(watched(None, None, 0.0), 0.0)
    given_up = StoredLease(apply_id=0, fence=3, holder=None, heartbeat_s=7.0)
    assert may_take(watched(None, given_up, 0.0), 0.0)


@pytest.mark.invariant("RG-44")
def test_a_leader_is_unsure_of_itself_before_another_may_take_its_silence_for_death() -> None:
    assert LEADER_SURE_S_MAX < LEADER_SILENT_S_MAX
