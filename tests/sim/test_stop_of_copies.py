"""What a stop, a cancel and the loss of a run do to copies that nobody has to release: none is made
to its last row and then thrown away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.drive.open import Releases
from reconciler.guard.health import Vitals
from reconciler.ledger.copies import CopyStopped
from reconciler.ledger.states import RequestKind
from reconciler.model.engine import TRAITS, EngineName
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.outcomes.progress import ShardEnded
from reconciler.plan.model import PlannedStatement
from reconciler.spec.model import CutoverSpec
from tests.series import series
from tests.sim.fleet import Online
from tests.sim.run import Simulation
from tests.sim.test_cutover import (
    Person,
    check_done,
    helpers_left,
    simulation,
    someone_asks,
    told,
)

LOOKS = 50
TWO = ("-80", "80-")
COPYING = [name for name in EngineName if TRAITS[name].copies]
FINISHED = [name for name in COPYING if not TRAITS[name].resumes]
AT_REST, BUSY = Vitals(threads_running=1), Vitals(threads_running=100)


def copying(shard: str, statement: PlannedStatement) -> Online:
    """Those of the last shard take longest."""
    return Online(looks=LOOKS * (2 if shard == TWO[-1] else 1), ends_with_process=True)


def of_one_shard(engine: EngineName, *, each: int = 1, refusals: int = 0) -> Simulation:
    def answer(shard: str, statement: PlannedStatement) -> Online:
        return replace(copying(shard, statement), refusals=refusals)

    sim = simulation(CutoverSpec(), answer, shards=("-",), each=each, engine=engine)
    sim.rollout = replace(sim.rollout, threads_running_max=10)
    sim.fleet.vitals = AT_REST
    return sim


def looks_left(sim: Simulation) -> list[int]:
    return [copy.online.looks for s in sim.fleet.shards.values() for copy in s.copies.values()]


def is_copying(sim: Simulation) -> Callable[[], bool]:
    return lambda: any(0 < looks < LOOKS - 5 for looks in looks_left(sim))


def sent(sim: Simulation) -> int:
    return sum(len(shard.sent) for shard in sim.fleet.shards.values())


def waits_while_busy(sim: Simulation, person: Person) -> list[float]:
    """From its last row on the server of each copy is busy; when that was seen is returned."""
    since: list[float] = []

    def note() -> None:
        is_complete = any(looks <= 1 for looks in looks_left(sim))  # by the look that goes on
        if is_complete and not sim.fleet.cut_over:
            since.append(sim.fleet.clock.now_s())
        is_over = bool(since) and since[-1] - since[0] > 60
        sim.fleet.vitals = BUSY if is_complete and not is_over else AT_REST

    person.noted = note
    return since


@pytest.mark.invariant("EN-83")
@pytest.mark.parametrize("engine", FINISHED)
@pytest.mark.parametrize("refusals", [0, 2])
def test_a_stop_finishes_the_copy_that_nobody_can_take_up(
    engine: EngineName, refusals: int
) -> None:
    """With its swap, and its tries; what comes behind it waits for a resume."""
    sim = of_one_shard(engine, each=2, refusals=refusals)
    someone_asks(sim, RequestKind.STOP, is_copying(sim))
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert (sent(sim), len(sim.fleet.cut_over)) == (1, 1 + refusals)
    assert helpers_left(sim) == 0
    check_done(sim, sim.run())
    assert sent(sim) == 2, "nothing was copied twice"


@pytest.mark.invariant("EN-83")
def test_a_stop_ends_the_copy_that_can_be_taken_up() -> None:
    sim = of_one_shard(EngineName.SPIRIT)
    someone_asks(sim, RequestKind.STOP, is_copying(sim))
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert sim.fleet.cut_over == []
    assert CopyStopped(is_kept=True) in told(sim)
    check_done(sim, sim.run())
    assert sim.fleet.shards["-"].resumed == 1


@pytest.mark.invariant("EN-83")
@pytest.mark.parametrize("engine", FINISHED)
def test_what_a_stop_finishes_is_guarded_as_before(engine: EngineName) -> None:
    """The server is busy for a minute, once the copy is complete."""
    sim = of_one_shard(engine)
    since = waits_while_busy(sim, someone_asks(sim, RequestKind.STOP, is_copying(sim)))
    check_done(sim, sim.run())
    assert since[-1] - since[0] > 60


@pytest.mark.invariant("EN-83")
@pytest.mark.parametrize(
    ("kind", "engine"),
    [
        *((RequestKind.CANCEL, engine) for engine in COPYING),
        (RequestKind.STOP, EngineName.SPIRIT),
    ],
)
def test_who_asks_for_the_end_right_before_a_swap_is_heard(
    kind: RequestKind, engine: EngineName
) -> None:
    """While all is looked at again: that may take a minute, and longer on a busy server."""
    sim = of_one_shard(engine)
    person = someone_asks(sim, kind)
    since = waits_while_busy(sim, person)
    person.when = lambda: len(since) > 20
    is_kept = kind is RequestKind.STOP
    ended = ApplyVerdict.STOPPED if is_kept else ApplyVerdict.CANCELLED
    assert sim.run().verdict is ended
    assert sim.fleet.cut_over == []
    assert CopyStopped(is_kept=is_kept) in told(sim)
    assert helpers_left(sim) == (1 if is_kept else 0)


@pytest.mark.invariant("EN-83")
@pytest.mark.parametrize("engine", series(COPYING))
def test_a_cancel_between_two_tries_of_a_swap_gives_the_copy_up(engine: EngineName) -> None:
    sim = of_one_shard(engine, refusals=100)
    someone_asks(sim, RequestKind.CANCEL, lambda: bool(sim.fleet.cut_over))
    assert sim.run().verdict is ApplyVerdict.CANCELLED
    assert CopyStopped(is_kept=False) in told(sim)
    assert (len(sim.fleet.cut_over), helpers_left(sim)) == (1, 0)


@pytest.mark.invariant("EN-83")
@pytest.mark.parametrize("engine", series(COPYING))
def test_a_run_that_is_lost_swaps_nothing_in(engine: EngineName) -> None:
    """One shard lost its lock, and no other may go on, though its own is held."""
    sim = simulation(CutoverSpec(), copying, shards=TWO, engine=engine)
    person = Person(lambda: False, lambda: None)

    def note() -> None:
        has_ended = any(isinstance(event, ShardEnded) for event in sim.events)
        sim.fleet.is_locked = has_ended or not is_copying(sim)()

    person.noted = note
    sim.fleet.clock = person
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "lock-lost"
    assert sim.fleet.cut_over == []
    person.noted, sim.fleet.is_locked = (lambda: None), True
    check_done(sim, sim.run(releases=Releases.WHAT_HOLDS))
