"""What a process that drives is called."""

from __future__ import annotations

import pytest

from reconciler.cli.who import process_token
from reconciler.edges.ledger.leader import SqlControllerLease
from reconciler.edges.ledger.rows import known_as
from reconciler.edges.mysql.limits import LOCK_HOLDER_BYTES_MAX
from reconciler.errors import Problem, Unavailable
from reconciler.flows.controller.leadership import Leadership
from reconciler.flows.controller.limits import LEADER_BEAT_S
from reconciler.flows.forge.merged import begin_merged
from reconciler.ledger.drivers import driver_name, is_called
from reconciler.ledger.model import StoredLease
from tests.offline_fleet import ENVIRONMENT, STATES, repository
from tests.offline_forge import BASE, MERGED, PUSH, KeptLog, KeptNotices, forge_job
from tests.sim.run import memory_ledger
from tests.sim.split.run import SimClock

#: Of an enterprise's forge, with long names.
LONG = "ada-of-the-platform-team by https://forge.example/" + "x" * 300


@pytest.mark.invariant("SP-123")
def test_names_of_two_processes_differ_however_they_are_cut() -> None:
    first, second = (driver_name(LONG, process_token()) for _ in range(2))
    assert first != second
    assert known_as(first) != known_as(second)
    assert first.encode()[:LOCK_HOLDER_BYTES_MAX] != second.encode()[:LOCK_HOLDER_BYTES_MAX]


@pytest.mark.invariant("SP-123")
def test_a_job_that_is_run_again_has_another_name() -> None:
    """Its actor, its commit and its address are the same."""
    trees = {commit: repository(STATES[1]) for commit in (BASE, MERGED)}
    names = [
        begin_merged(
            forge_job(PUSH, trees, KeptNotices(), KeptLog(), process=process),
            "apply",
            ENVIRONMENT,
            "push",
        ).holder
        for process in ("1f", "2e")
    ]
    assert names == [f"run {one} of Ada by https://forge.example/run/7" for one in ("1f", "2e")]


@pytest.mark.invariant("SP-123")
def test_a_name_is_known_again_however_it_was_stored() -> None:
    first, second = (driver_name(LONG, token) for token in ("1f", "2e"))
    assert is_called(known_as(first), first)
    assert not is_called(known_as(second), first)


class Unanswering:
    """`ControllerLease` whose first taking is written, and its answer lost."""

    def __init__(self, lease: SqlControllerLease) -> None:
        self._lease = lease
        self.taken = 0

    def seen(self) -> StoredLease | None:
        return self._lease.seen()

    def take(self, *, holder: str, now_s: float, seen: StoredLease | None) -> int:
        fence = self._lease.take(holder=holder, now_s=now_s, seen=seen)
        self.taken += 1
        if self.taken == 1:
            raise Unavailable(Problem(code="sim-lost", message="no answer", recovery="look"))
        return fence

    def beat(self, fence: int, *, holder: str, now_s: float) -> None:
        self._lease.beat(fence, holder=holder, now_s=now_s)

    def give_up(self, fence: int, *, now_s: float) -> None:
        self._lease.give_up(fence, now_s=now_s)


@pytest.mark.invariant("RG-44")
@pytest.mark.invariant("SP-123")
def test_a_controller_with_a_long_name_leads_though_the_answer_was_lost() -> None:
    lease, clock = Unanswering(memory_ledger().controller_lease), SimClock()
    leadership = Leadership(lease, clock, driver_name(LONG, "1f"))
    for _ in range(3):
        leadership.turn()
        clock.sleep(LEADER_BEAT_S)
    assert leadership.leads
    assert lease.taken == 1
