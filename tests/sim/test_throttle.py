"""Copies that are slowed down, or ended: by lag, load and a full disk, and by a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.drive.limits import VITALS_EVERY_S
from reconciler.drive.open import Releases
from reconciler.guard.health import Vitals
from reconciler.ledger.copies import CopiesThrottled, CopySlowed, CopyStopped
from reconciler.ledger.states import OperationState as S
from reconciler.ledger.states import RequestKind, RequestState
from reconciler.model.engine import EngineName
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.outcomes.progress import RolloutWaits, StatementAdvanced
from reconciler.plan.model import Algorithm, ExecutionClass, PlannedStatement
from reconciler.spec.model import CutoverSpec, RolloutSpec
from tests.sim.fleet import Online, SimFleet
from tests.sim.plans import SHARDS, interleaved, plan_for
from tests.sim.run import Simulation, file_ledger
from tests.sim.test_cutover import (
    GATED,
    Person,
    answers,
    asked,
    check_done,
    helpers_left,
    simulation,
    states,
    the_apply,
    told,
)
from tests.sim.watching import later, looks_left

WELL = Vitals(replica_lag_s=1.0, disk_free_percent=50.0, disk_free_bytes=10**9)
ILL = replace(WELL, replica_lag_s=60.0)


def slow_copy(shard: str, statement: PlannedStatement) -> Online:
    return Online(looks=30, ends_with_process=True)


def measured(**more: int) -> Simulation:
    sim = simulation(CutoverSpec(), slow_copy)
    sim.rollout = replace(sim.rollout, **more)  # type: ignore[arg-type]
    sim.fleet.vitals = WELL
    return sim


def held_up(sim: Simulation) -> set[str]:
    """What was shown as holding a copy up while it was made."""
    events = [event for event in sim.events if isinstance(event, StatementAdvanced)]
    return {event.progress.throttled_by for event in events} - {""}


def meanwhile(sim: Simulation, *does: tuple[Callable[[], bool], Callable[[], object]]) -> None:
    """One after the other, each as soon as it is time."""
    left = list(does)

    def note() -> None:
        if left and left[0][0]():
            left.pop(0)[1]()

    sim.fleet.clock = person = Person(lambda: False, lambda: None)
    person.noted = note


def is_copying(sim: Simulation) -> Callable[[], bool]:
    return lambda: any(looks < 25 for looks in looks_left(sim))


@pytest.mark.invariant("EN-8")
@pytest.mark.parametrize(
    ("ill", "shown"),
    [
        (replace(WELL, replica_lag_s=60.0), "replica lag is 60 s, limit is 10 s"),
        (replace(WELL, replica_lag_s=None), "replica lag could not be measured"),
    ],
)
def test_a_copy_waits_while_replicas_lag_and_goes_on_by_itself(ill: Vitals, shown: str) -> None:
    sim = measured(replica_lag_max_s=10)
    meanwhile(
        sim,
        (is_copying(sim), lambda: setattr(sim.fleet, "vitals", ill)),
        (later(sim, 300), lambda: setattr(sim.fleet, "vitals", WELL)),
    )
    check_done(sim, sim.run())
    assert any(shown in why for why in held_up(sim))
    slowed = [what for what in told(sim) if isinstance(what, CopySlowed)]
    assert {bool(what.because) for what in slowed} == {True, False}
    assert len(slowed) <= 2 * len(SHARDS)


@pytest.mark.invariant("EN-50")
@pytest.mark.parametrize("can_throttle", [True, False])
def test_no_rows_are_compared_while_a_limit_is_exceeded(can_throttle: bool) -> None:
    sim = simulation(CutoverSpec(), slow_copy, engine=EngineName.GH_OST, shards=("-",))
    sim.rollout = replace(sim.rollout, replica_lag_max_s=10)
    sim.fleet.vitals, sim.fleet.can_throttle = WELL, can_throttle
    compared_s: list[float] = []
    changed_s: list[float] = []

    def become(vitals: Vitals) -> None:
        sim.fleet.vitals = vitals
        changed_s.append(sim.fleet.clock.now)

    meanwhile(
        sim,
        (lambda: any(looks < 9 for looks in looks_left(sim)), lambda: become(ILL)),
        (later(sim, 60), lambda: become(WELL)),
    )
    sim.fleet.on_compare_ahead = lambda: compared_s.append(sim.fleet.clock.now)
    check_done(sim, sim.run())
    ill_s, well_s = changed_s
    assert compared_s
    assert compared_s[0] <= ill_s
    assert not [s for s in compared_s if ill_s + VITALS_EVERY_S + 2 < s < well_s + 10]


@pytest.mark.invariant("EN-8")
def test_a_disk_that_fills_ends_the_copy_and_says_why() -> None:
    sim = measured()
    full = replace(WELL, disk_free_percent=2.0)
    meanwhile(sim, (is_copying(sim), lambda: setattr(sim.fleet, "vitals", full)))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert "2 % of disk is free, limit is 5 %" in str(outcome.refusals[0])
    assert CopyStopped(is_kept=True) in told(sim)
    assert not any(shard.copies for shard in sim.fleet.shards.values())
    sim.fleet.vitals = WELL
    check_done(sim, sim.run())
    assert any(shard.resumed for shard in sim.fleet.shards.values())


@pytest.mark.invariant("EN-8")
@pytest.mark.parametrize(("size", "begins"), [(10**9, False), (10**8, True), (None, True)])
def test_no_copy_is_begun_where_its_table_does_not_fit_once_more(
    size: int | None, begins: bool
) -> None:
    sim = measured()
    sim.fleet.table_bytes = size
    outcome = sim.run()
    assert (outcome.verdict is ApplyVerdict.COMPLETED) == begins
    if not begins:
        assert outcome.refusals[0].code == "disk-too-small"
        assert not any(shard.sent for shard in sim.fleet.shards.values())


@pytest.mark.invariant("EN-8")
@pytest.mark.parametrize(("size", "begins"), [(10**9, False), (10**8, True), (None, True)])
def test_no_table_is_rebuilt_by_its_server_where_it_does_not_fit_once_more(
    size: int | None, begins: bool
) -> None:
    copied = ExecutionClass(algorithm=Algorithm.COPY)
    chain = tuple(replace(one, execution=copied) for one in interleaved(("users",), 1))
    rollout = RolloutSpec()
    plan = plan_for(rollout, tables=("users",), statements=chain)
    sim = Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan), ledger=file_ledger())
    sim.fleet.vitals, sim.fleet.table_bytes = WELL, size
    outcome = sim.run()
    assert (outcome.verdict is ApplyVerdict.COMPLETED) == begins
    if not begins:
        assert outcome.refusals[0].code == "disk-too-small"
        assert not any(shard.sent for shard in sim.fleet.shards.values())


def most_at_once(sim: Simulation) -> list[int]:
    """The number of copies that go on, each time any time passes."""
    seen = [0]

    def note() -> None:
        seen[0] = max(seen[0], len(looks_left(sim)))

    sim.fleet.clock = person = Person(lambda: False, lambda: None)
    person.noted = note
    return seen


@pytest.mark.invariant("EN-60")
@pytest.mark.parametrize(
    ("is_one_server", "free", "at_once"), [(True, 10**9, 1), (False, 10**9, 2), (True, 10**10, 2)]
)
def test_copies_of_one_server_that_do_not_fit_together_are_made_one_after_the_other(
    is_one_server: bool, free: int, at_once: int
) -> None:
    sim = measured()
    sim.servers = dict.fromkeys(SHARDS, sim.fleet.server) if is_one_server else {}
    sim.fleet.vitals = replace(WELL, disk_free_bytes=free)
    sim.fleet.table_bytes = 5 * 10**8
    seen = most_at_once(sim)
    check_done(sim, sim.run())
    assert seen == [at_once]
    waits = [str(event.reason) for event in sim.events if isinstance(event, RolloutWaits)]
    assert any("beside the copies that go on there" in why for why in waits) is (at_once == 1)


@pytest.mark.invariant("EN-60")
def test_a_copy_begins_once_what_the_others_need_yet_leaves_room_for_it() -> None:
    sim = measured()
    sim.servers = dict.fromkeys(SHARDS, sim.fleet.server)
    sim.fleet.table_bytes = 5 * 10**8
    seen = most_at_once(sim)
    sim.fleet.copied_bytes = 3 * 10**8
    check_done(sim, sim.run())
    assert seen == [2], "0.3 GB more and 0.6 GB fit into 1 GB"


@pytest.mark.invariant("EN-60")
def test_a_copy_that_waits_for_room_can_be_stopped() -> None:
    sim = measured()
    sim.servers = dict.fromkeys(SHARDS, sim.fleet.server)
    sim.fleet.table_bytes = 5 * 10**8
    meanwhile(sim, (is_copying(sim), lambda: setattr(sim, "interrupts", 1)))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.STOPPED
    sim.interrupts = 0
    check_done(sim, sim.run(releases=Releases.WHAT_HOLDS))


@pytest.mark.invariant("EN-8")
def test_a_person_holds_copies_up_and_a_later_run_knows() -> None:
    sim = measured()

    def ask(kind: RequestKind) -> Callable[[], object]:
        return lambda: sim.ledger.ask(
            the_apply(sim).apply_id, kind, asked_by="ann", now_s=sim.fleet.clock.now_s()
        )

    seen: list[list[int]] = []
    meanwhile(
        sim,
        (is_copying(sim), ask(RequestKind.THROTTLE)),
        (later(sim, 60), lambda: seen.append(looks_left(sim))),
        (later(sim, 300), lambda: seen.append(looks_left(sim))),
        (lambda: True, ask(RequestKind.STOP)),
    )
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert seen[0] == seen[1], "nothing was copied"
    assert (RequestState.APPLIED, CopiesThrottled(is_on=True)) in answers(sim)
    assert any("reconciler throttle --off" in why for why in held_up(sim))
    meanwhile(
        sim,
        (later(sim, 600), lambda: seen.append([len(sim.fleet.cut_over)])),
        (lambda: True, ask(RequestKind.UNTHROTTLE)),
    )
    check_done(sim, sim.run())
    assert seen[2] == [0]


@pytest.mark.invariant("EN-8")
def test_a_throttle_while_nobody_drives_is_for_the_next_run() -> None:
    sim = measured()
    sim.interrupts = 1
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert asked(sim, RequestKind.THROTTLE) == (RequestState.APPLIED, CopiesThrottled(is_on=True))
    sim.interrupts = 0
    meanwhile(sim, (later(sim, 3_000), lambda: setattr(sim, "interrupts", 1)))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.STOPPED
    assert S.COMPLETED not in states(outcome).values()
    sim.interrupts = 0
    asked(sim, RequestKind.UNTHROTTLE)
    check_done(sim, sim.run())


@pytest.mark.invariant("EN-8")
def test_an_engine_that_cannot_be_held_up_is_named_and_goes_on() -> None:
    sim = measured()
    sim.fleet.can_throttle = False
    apply_begun = is_copying(sim)
    meanwhile(
        sim,
        (
            apply_begun,
            lambda: sim.ledger.ask(
                the_apply(sim).apply_id, RequestKind.THROTTLE, asked_by="ann", now_s=1.0
            ),
        ),
    )
    check_done(sim, sim.run())
    assert answers(sim) == [(RequestState.APPLIED, CopiesThrottled(is_on=True))]
    slowed = [what for what in told(sim) if isinstance(what, CopySlowed)]
    assert not any(what.can_slow_down for what in slowed if what.because)
    assert held_up(sim) == set()


@pytest.mark.invariant("EN-8")
def test_copies_that_wait_for_their_cutover_end_when_the_disk_fills() -> None:
    sim = simulation(GATED)
    sim.fleet.vitals = WELL
    full = replace(WELL, disk_free_percent=2.0)
    meanwhile(
        sim,
        (
            lambda: bool(sim.fleet.shards[SHARDS[0]].copies),
            lambda: setattr(sim.fleet, "vitals", full),
        ),
    )
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert sim.fleet.cut_over == []
    assert helpers_left(sim) > 0
    assert EngineName.SPIRIT in {
        row.handle.engine for row in sim.ledger.statements(the_apply(sim).apply_id)
    }
