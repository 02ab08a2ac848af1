"""A split's copy rests while one of its servers is not well, or cannot be asked."""

from __future__ import annotations

import pytest

from reconciler.drive.split.brake import Brake
from reconciler.drive.split.limits import BRAKE_ASKED_S
from reconciler.errors import Problem, Unavailable
from reconciler.guard.health import Vitals
from reconciler.spec.model import Connection, RolloutSpec, ShardSpec
from tests.sim.split.run import SimClock

SHARDS = tuple(ShardSpec(name=name, connection=Connection()) for name in ("-80", "-40"))
WELL = Vitals(threads_running=3, disk_free_percent=90.0, disk_free_bytes=10**12)


class Servers:
    def __init__(self, **vitals: Vitals | None) -> None:
        self.vitals = {"-80": WELL, "-40": WELL, **vitals}
        self.asked: list[str] = []

    def measure(self, shard: ShardSpec) -> Vitals:
        self.asked.append(shard.name)
        found = self.vitals[shard.name]
        if found is None:
            raise Unavailable(Problem(code="x", message="no answer", recovery="wait"))
        return found


def brake(servers: Servers, clock: SimClock | None = None) -> Brake:
    rollout = RolloutSpec(threads_running_max=20)
    return Brake(servers.measure, SHARDS, rollout, clock or SimClock())


@pytest.mark.invariant("SP-77")
def test_servers_that_are_well_are_copied() -> None:
    assert brake(Servers())() is None


@pytest.mark.invariant("SP-77")
@pytest.mark.parametrize(
    "vitals",
    [
        None,
        Vitals(threads_running=50, disk_free_percent=90.0, disk_free_bytes=10**12),
        Vitals(threads_running=None, disk_free_percent=90.0, disk_free_bytes=10**12),
        Vitals(threads_running=3, disk_free_percent=1.0, disk_free_bytes=10**6),
    ],
    ids=["silent", "busy", "unmeasured", "full"],
)
@pytest.mark.parametrize("shard", ["-80", "-40"])
def test_one_that_is_not_well_or_cannot_be_asked_holds_the_copy_up(
    shard: str, vitals: Vitals | None
) -> None:
    assert brake(Servers(**{shard: vitals}))()


@pytest.mark.invariant("SP-77")
def test_it_is_asked_once_in_a_while_and_again() -> None:
    servers, clock = Servers(), SimClock()
    found = brake(servers, clock)
    assert found() is None
    servers.vitals["-40"] = None
    assert found() is None
    clock.time_s += BRAKE_ASKED_S
    assert found() == "no answer"
    assert servers.asked == ["-80", "-40"] * 2
