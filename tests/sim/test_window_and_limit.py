"""Complete copies that may not be swapped in just now, by their window, by a limit, and by both:
they are kept up to date, say what they wait for, and go in when nothing is in their way."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reconciler.drive.limits import GUARD_WAIT_S_MAX
from reconciler.drive.status import current_apply
from reconciler.guard.health import Vitals
from reconciler.guard.windows import is_open
from reconciler.ledger.copies import CutoverOverdue, CutoverShut, ItsCutover
from reconciler.ledger.reasons import LimitExceeded
from reconciler.ledger.states import OperationState as S
from reconciler.ledger.states import RequestKind
from reconciler.model.engine import EngineName
from reconciler.outcomes.apply import ApplyVerdict
from reconciler.plan.model import PlannedStatement
from reconciler.spec.model import CutoverSpec, Together
from tests.series import series
from tests.sim.fleet import Online
from tests.sim.run import Simulation
from tests.sim.test_cutover import Person, check_done, helpers_left, reason, simulation, the_apply
from tests.sim.watching import later, looks_left

pytestmark = pytest.mark.invariant("EN-85")

# The simulation begins at 13:46:40 UTC.
EARLY = ("13:00-13:50 UTC", "13:55-14:05 UTC")
LATE = ("13:50-13:54 UTC", "14:00-14:10 UTC")
MINUTE_S = 60
AT_REST, BUSY = Vitals(threads_running=1), Vitals(threads_running=100)
LOAD = "shard -: 100 threads are running, limit is 10"
ENGINES = [EngineName.GH_OST, EngineName.SPIRIT]


class Watched(Person):
    """Notes what is shown of the table, in the order in which it changes, and when it is swapped;
    does what is to be done at its moment."""

    def __init__(self, sim: Simulation) -> None:
        super().__init__(lambda: False, lambda: None)
        self.sim = sim
        self.shown: list[object] = []
        self.swapped_s: list[float] = []
        self.does: list[tuple[Callable[[], bool], Callable[[], object]]] = []
        self.noted, self.seen_s = self.note, 0.0

    def note(self) -> None:
        while len(self.swapped_s) < len(self.sim.fleet.cut_over):
            self.swapped_s.append(self.now)
        if self.does and self.does[0][0]():
            self.does.pop(0)[1]()
        if self.now < self.seen_s + 10:
            return
        self.seen_s = self.now
        status = current_apply(self.sim.ledger, "production", "commerce", now_s=self.now)
        for row in status.shards[0].operations if status is not None else ():
            if row.state is S.WAITING_FOR_CUTOVER:
                is_told = isinstance(row.waits_for, ItsCutover)
                shown = reason(self.sim) if is_told else row.waits_for
                if shown is not None and shown not in self.shown[-1:]:
                    self.shown.append(shown)


def copies(
    cutover: CutoverSpec, *, engine: EngineName, **more: object
) -> tuple[Simulation, Watched]:
    """`looks` of the copies, each a second or so."""
    looks = more.pop("looks", 30)
    assert isinstance(looks, int)

    def copying(shard: str, statement: PlannedStatement) -> Online:
        return Online(looks=looks, ends_with_process=True)

    given = {"shards": ("-",), "threads_running_max": 10, **more}
    sim = simulation(cutover, copying, engine=engine, **given)  # type: ignore[arg-type]
    sim.fleet.vitals = AT_REST
    sim.fleet.clock = watched = Watched(sim)
    return sim, watched


def is_busy(sim: Simulation, *, when: Callable[[], bool], until: Callable[[], bool]) -> None:
    watched = sim.fleet.clock
    assert isinstance(watched, Watched)
    watched.does += [
        (when, lambda: setattr(sim.fleet, "vitals", BUSY)),
        (until, lambda: setattr(sim.fleet, "vitals", AT_REST)),
    ]


def waits(sim: Simulation) -> bool:
    return min(looks_left(sim), default=1) <= 0


def at_last_row(sim: Simulation) -> bool:
    return looks_left(sim) == [1]


@pytest.mark.invariant("EN-3")
@pytest.mark.parametrize("engine", series(ENGINES))
def test_a_copy_that_is_complete_after_its_window_waits_for_the_next_one(
    engine: EngineName,
) -> None:
    sim, watched = copies(CutoverSpec(), engine=engine, windows=EARLY, looks=150)
    check_done(sim, sim.run())
    assert len(sim.fleet.shards["-"].sent) == 1, "it was not made again"
    assert watched.shown == [CutoverShut(1, 1, EARLY)]
    assert [is_open(EARLY, at_s) for at_s in watched.swapped_s] == [True]


@pytest.mark.invariant("EN-86")
@pytest.mark.parametrize("engine", series(ENGINES))
def test_a_window_that_opens_under_load_is_used_once_the_load_has_gone(engine: EngineName) -> None:
    sim, watched = copies(CutoverSpec(windows=LATE), engine=engine)
    is_busy(
        sim,
        when=lambda: waits(sim),
        until=lambda: is_open(LATE, sim.fleet.clock.now - 2 * MINUTE_S),
    )
    check_done(sim, sim.run())
    assert len(sim.fleet.shards["-"].sent) == 1
    assert watched.shown == [CutoverShut(1, 1, LATE), LimitExceeded(LOAD)]
    assert [is_open(LATE, at_s) for at_s in watched.swapped_s] == [True]


@pytest.mark.parametrize("engine", series(ENGINES))
def test_a_load_that_outlasts_the_window_lets_the_copy_wait_for_the_next(
    engine: EngineName,
) -> None:
    sim, watched = copies(CutoverSpec(windows=LATE), engine=engine)
    is_busy(sim, when=lambda: waits(sim), until=later(sim, 15 * MINUTE_S))
    check_done(sim, sim.run())
    assert len(sim.fleet.shards["-"].sent) == 1
    assert watched.shown == [CutoverShut(1, 1, LATE), LimitExceeded(LOAD)] * 2
    assert [is_open(LATE, at_s) for at_s in watched.swapped_s] == [True]


@pytest.mark.parametrize("engine", series(ENGINES))
def test_a_complete_copy_outlasts_a_load_that_lasts(engine: EngineName) -> None:
    sim, _ = copies(CutoverSpec(), engine=engine)
    is_busy(sim, when=lambda: at_last_row(sim), until=later(sim, 1.5 * GUARD_WAIT_S_MAX))
    begun_s = sim.fleet.clock.now
    check_done(sim, sim.run())
    assert sim.fleet.clock.now - begun_s > 1.5 * GUARD_WAIT_S_MAX
    assert len(sim.fleet.shards["-"].sent) == 1


@pytest.mark.parametrize("engine", series(ENGINES))
def test_what_a_load_keeps_from_being_swapped_in_waits_no_longer_than_its_limit(
    engine: EngineName,
) -> None:
    sim, _ = copies(CutoverSpec(limit_s=10 * MINUTE_S), engine=engine)
    is_busy(sim, when=lambda: at_last_row(sim), until=lambda: False)
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert sim.fleet.cut_over == []
    assert isinstance(reason(sim), CutoverOverdue)


def test_a_release_holds_for_the_next_window_where_a_load_outlasts_the_first() -> None:
    """Gate, window and together: what was released is released once."""
    cutover = CutoverSpec(gate=True, windows=LATE, together=Together.WAVE)
    sim, watched = copies(cutover, engine=EngineName.GH_OST, shards=("-80", "80-"))

    def release() -> None:
        sim.ledger.ask(
            the_apply(sim).apply_id, RequestKind.RELEASE, asked_by="ann", now_s=watched.now
        )

    watched.does.append((lambda: waits(sim) and reason(sim) is not None, release))
    is_busy(sim, when=lambda: True, until=later(sim, 15 * MINUTE_S))
    check_done(sim, sim.run())
    assert {len(shard.sent) for shard in sim.fleet.shards.values()} == {1}
    assert [is_open(LATE, at_s) for at_s in watched.swapped_s] == [True, True]
    assert len(sim.ledger.requests(the_apply(sim).apply_id)) == 1


@pytest.mark.parametrize("kind", [RequestKind.STOP, RequestKind.CANCEL])
def test_what_waits_for_its_window_again_can_be_stopped_and_given_up(kind: RequestKind) -> None:
    sim, watched = copies(CutoverSpec(), engine=EngineName.GH_OST, windows=EARLY, looks=150)

    def ask() -> None:
        sim.ledger.ask(the_apply(sim).apply_id, kind, asked_by="ann", now_s=watched.now)

    watched.does.append((lambda: isinstance(reason(sim), CutoverShut), ask))
    ended = {RequestKind.STOP: ApplyVerdict.STOPPED, RequestKind.CANCEL: ApplyVerdict.CANCELLED}
    assert sim.run().verdict is ended[kind]
    assert sim.fleet.cut_over == []
    assert helpers_left(sim) == 0
