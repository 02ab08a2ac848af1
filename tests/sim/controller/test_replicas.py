"""Replicas that are killed, stopped and told what to do: what is merged is done once, by one."""

from __future__ import annotations

import errno
from collections import Counter
from random import Random

import pytest

from reconciler.controller.limits import LEADER_SILENT_S_MAX
from reconciler.controller.model import Place, WaitsFor
from reconciler.ledger.states import ApplyState, RequestKind
from reconciler.outcomes.controller import TurnFailed
from tests.offline_fleet import users
from tests.series import series
from tests.sim.controller.world import SHARDS, SimWorld

PRODUCTION, STAGING = Place("production", "shop"), Place("staging", "shop")
BOTH = (PRODUCTION, STAGING)

# From a kill until another leads and has looked: the silence, a beat, and a reading of the ledger
# by which the dead one's apply is driven by nobody.
TAKE_OVER_S = int(LEADER_SILENT_S_MAX) + 15


def merged(seed: int = 0) -> SimWorld:
    world = SimWorld(Random(seed))
    world.merge(users("a"))
    return world


def waits_for(world: SimWorld, place: Place = PRODUCTION) -> WaitsFor:
    (leader,) = world.leaders
    assert leader.seen is not None
    view = leader.seen.place(place.environment, place.keyspace)
    assert view is not None
    return view.apply.waits_for


def each_once(world: SimWorld) -> bool:
    return set(world.runs.values()) == {1}


@pytest.mark.invariant("RG-40")
def test_what_is_merged_is_done_once_and_then_left_alone() -> None:
    world = merged()
    world.start()
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    world.pass_by(300)
    assert (each_once(world), world.attempts) == (True, {PRODUCTION: 1, STAGING: 1})
    world.merge(users("a", "b"))
    world.passes_until(lambda: len(world.runs) == 4 * len(SHARDS), within_s=120)
    assert each_once(world)


def test_a_nudge_makes_the_wait_for_what_is_merged_short() -> None:
    world = merged()
    replica = world.start()
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    world.pass_by(10)
    world.merge(users("a", "b"))
    replica.is_nudged = True
    before = world.attempts[PRODUCTION]
    # A turn each: here whatever runs beside the loop ends a second later.
    world.passes_until(lambda: world.attempts[PRODUCTION] > before, within_s=4)


@pytest.mark.invariant("RG-46")
def test_nudges_make_nobody_ask_git_all_the_time() -> None:
    world = merged()
    replica = world.start()
    fetches = 0
    fetch = replica.fetch

    def counted() -> None:
        nonlocal fetches
        fetches += 1
        fetch()

    replica.fetch = counted  # type: ignore[method-assign]
    for _ in range(100):
        replica.is_nudged = True
        world.pass_by(1)
    assert 15 <= fetches <= 21


@pytest.mark.invariant("RG-44")
@pytest.mark.parametrize("off_s", [0.0, -86_400.0, 86_400.0])
def test_one_leads_and_another_takes_over_whatever_their_clocks_say(off_s: float) -> None:
    world = merged()
    first, second = world.start(), world.start(off_s=off_s)
    for _ in range(60):
        world.pass_by(1)
        assert world.leaders in ([], [first])
    first.kill()
    world.passes_until(lambda: world.leaders == [second], within_s=TAKE_OVER_S)


@pytest.mark.invariant("RG-40")
def test_one_that_begins_to_lead_looks_at_git_first() -> None:
    """What it knew as a follower may be what another one has gone past."""
    world = merged()
    first, second = world.start(), world.start()
    world.passes_until(lambda: world.is_settled(BOTH), within_s=120)
    world.merge(users("a", "b"))
    first.is_nudged = True
    world.passes_until(lambda: world.is_settled(BOTH), within_s=60)
    tries = world.attempts.total()
    world.is_remote_down = True
    first.kill()
    world.pass_by(TAKE_OVER_S)
    assert world.leaders == []
    world.is_remote_down = False
    world.passes_until(lambda: world.leaders == [second], within_s=100)
    world.pass_by(30)
    assert world.attempts.total() == tries


@pytest.mark.invariant("RG-45")
def test_one_that_is_told_to_end_ends_at_a_statement_and_hands_over_at_once() -> None:
    world = merged()
    first, second = world.start(), world.start()
    world.passes_until(lambda: PRODUCTION in world.locks, within_s=30)
    first.interrupts = 1
    world.passes_until(lambda: not first.is_alive, within_s=10)
    assert world.latest(PRODUCTION).state in (ApplyState.STOPPED, ApplyState.COMPLETED)
    assert not world.locks
    world.passes_until(lambda: world.leaders == [second], within_s=5)
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    assert each_once(world)


@pytest.mark.invariant("RG-41")
def test_what_a_person_stopped_stays_stopped_whoever_leads() -> None:
    world = merged()
    first = world.start()
    world.start()
    world.passes_until(lambda: PRODUCTION in world.locks, within_s=30)
    world.ask(PRODUCTION, RequestKind.STOP)
    world.passes_until(lambda: world.latest(PRODUCTION).state is ApplyState.STOPPED, within_s=30)
    ran = dict(world.runs)
    world.passes_until(lambda: world.is_done(STAGING), within_s=60)
    first.kill()
    world.pass_by(200)
    assert waits_for(world) is WaitsFor.STOPPED
    assert {k: v for k, v in world.runs.items() if k[0] == PRODUCTION and v} == {
        k: v for k, v in ran.items() if k[0] == PRODUCTION and v
    }


@pytest.mark.invariant("RG-50")
@pytest.mark.parametrize("seed", series(range(12)))
def test_nothing_runs_after_a_stop_whatever_is_killed_and_whatever_clocks_say(seed: int) -> None:
    """A stop is recorded at any moment, and who asked may be gone before anybody answers it."""
    random = Random(seed)
    world = merged(seed)
    for _ in range(random.randrange(1, 4)):
        world.start(off_s=random.uniform(-900, 900))
    world.passes_until(lambda: PRODUCTION in world.locks, within_s=60)
    world.pass_by(random.randrange(4))
    if random.random() < 0.7:
        world.locks.get(PRODUCTION, world.replicas[0]).kill()
        world.pass_by(random.randrange(30))
    apply_id, now_s = world.latest(PRODUCTION).apply_id, random.uniform(0, 2_000_000)
    world.ledger.ask(apply_id, RequestKind.STOP, asked_by="me", now_s=now_s)
    ran = Counter(world.runs)
    for _ in range(random.randrange(1, 5)):
        world.start(off_s=random.uniform(-900, 900))
        world.pass_by(random.randrange(60))
        random.choice(world.replicas).kill()
    world.start()
    world.pass_by(TAKE_OVER_S + 100)
    of_place = [count for key, count in (world.runs - ran).items() if key[0] == PRODUCTION]
    assert sum(of_place) <= 1, "the statement that ran"
    if world.latest(PRODUCTION).state is not ApplyState.COMPLETED:
        assert waits_for(world) is WaitsFor.STOPPED
    assert world.is_done(STAGING)


@pytest.mark.invariant("RG-41")
def test_a_gate_is_waited_at_and_a_release_is_taken_up_by_itself() -> None:
    world = merged()
    world.gated = True
    world.start()
    world.passes_until(lambda: world.latest_is(PRODUCTION, ApplyState.PAUSED), within_s=60)
    world.pass_by(200)
    assert (waits_for(world), world.attempts[PRODUCTION]) == (WaitsFor.GATE, 1)
    world.ask(PRODUCTION, RequestKind.RELEASE)
    world.passes_until(lambda: world.is_done(PRODUCTION), within_s=40)
    assert world.attempts[PRODUCTION] == 2


@pytest.mark.invariant("RG-42")
def test_what_is_refused_is_tried_ever_more_rarely_and_never_given_up() -> None:
    world = merged()
    world.broken.add(PRODUCTION)
    world.start()
    world.pass_by(1_200)
    assert 6 <= world.attempts[PRODUCTION] <= 8
    world.broken.clear()
    world.passes_until(lambda: world.is_done(*BOTH), within_s=700)
    assert each_once(world)


@pytest.mark.invariant("RG-41")
def test_what_its_own_tries_write_is_nothing_new_to_a_controller() -> None:
    """A closed window is asked about ever more rarely, though each time leaves a word."""
    world = merged()
    world.is_shut = True
    world.start()
    world.pass_by(600)
    assert 4 <= world.attempts[PRODUCTION] <= 8
    world.is_shut = False
    world.passes_until(lambda: world.is_done(*BOTH), within_s=700)
    assert each_once(world)


def test_a_remote_that_is_away_keeps_nothing_from_going_on() -> None:
    world = merged()
    replica = world.start()
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    world.is_remote_down = True
    world.pass_by(200)
    assert replica.seen is not None
    assert replica.seen.fetch_failures >= 2
    assert replica.seen.led


FAULTS = (OSError(errno.EMFILE, "git.example:22"), MemoryError(), RuntimeError("ada@db.example"))


@pytest.mark.invariant("RG-53")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_no_fault_of_a_fetch_or_of_a_ledger_ends_a_controller(fault: Exception) -> None:
    world = merged()
    replica = world.start()
    world.ledger_fault = fault
    world.pass_by(100)
    world.ledger_fault = None
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    world.remote_fault = fault
    world.pass_by(200)
    assert replica.seen is not None
    assert replica.seen.fetch_failures >= 2
    world.remote_fault = None
    world.merge(users("a", "b"))
    world.passes_until(lambda: world.is_settled(BOTH), within_s=200)
    told = [event.problem for event in replica.events if isinstance(event, TurnFailed)]
    assert told
    assert not any("example" in f"{problem.message} {problem.recovery}" for problem in told)


@pytest.mark.invariant("RG-53")
def test_no_fault_of_reading_what_was_fetched_ends_a_controller() -> None:
    world = merged()
    replica = world.start()
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    world.commit = "f" * 40  # of which the clone has no tree: a KeyError
    world.pass_by(150)
    assert replica.seen is not None
    assert replica.seen.commit != world.commit
    assert replica.seen.led, "what was read before is gone on with"
    world.merge(users("a", "b"))
    world.passes_until(lambda: world.is_settled(BOTH), within_s=200)


@pytest.mark.invariant("RG-52")
def test_a_spec_without_its_approvals_keeps_no_other_from_the_ledger_they_share() -> None:
    world = SimWorld(Random(0))
    world.unreviewed = {"aaa"}
    world.broken = {Place("production", "aaa"), Place("staging", "aaa")}
    world.merge(users("a"), "aaa")
    world.start()
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    world = SimWorld(Random(0))
    world.unreviewed = {"aaa", "shop"}
    world.merge(users("a"), "aaa")
    world.start()
    world.pass_by(100)
    assert not world.attempts, "nobody vouches for any of those that name it"


@pytest.mark.invariant("RG-43")
def test_each_place_is_looked_at_on_its_schedule_and_nothing_is_done_about_it() -> None:
    world = merged()
    world.start()
    world.passes_until(lambda: world.is_done(*BOTH), within_s=60)
    world.pass_by(2_000)
    assert world.looks == {PRODUCTION: 4, STAGING: 1}
    assert world.attempts == {PRODUCTION: 1, STAGING: 1}


@pytest.mark.invariant("RG-42")
@pytest.mark.invariant("RG-44")
@pytest.mark.parametrize("seed", series(range(70)))
def test_random_kills_of_replicas_lose_nothing_and_run_nothing_twice(seed: int) -> None:
    """Up to three replicas, each killed or told to end at any moment and started again, while
    commits are merged; then one is left alone."""
    random = Random(seed)
    world = merged(seed)
    for _ in range(random.randrange(1, 4)):
        world.start(off_s=random.choice((0.0, random.uniform(-900, 900))))
    columns = ["a"]
    for _ in range(random.randrange(4, 12)):
        world.pass_by(random.randrange(1, 40))
        alive = [one for one in world.replicas if one.is_alive]
        match random.randrange(4):
            case 0 if alive:
                random.choice(alive).kill()
            case 1 if alive:
                random.choice(alive).interrupts = 1
            case 2 if world.is_settled(BOTH):
                columns.append(f"c{len(columns)}")
                world.merge(users(*columns))
            case _:
                world.start(off_s=random.uniform(-900, 900))
    for one in world.replicas:
        if one.is_alive:
            one.kill()
    world.start()
    # The pause after tries that were in the way of each other, on top of taking over.
    world.passes_until(lambda: world.is_settled(BOTH), within_s=TAKE_OVER_S + 700)
    assert each_once(world)
    assert world.crowded <= world.attempts.total() // 2
