"""Everything that may happen to a split at once, from one seed; the end is always one of two."""

from __future__ import annotations

from random import Random

from reconciler.drive.split.world import TickResult
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import JobRequestKind
from reconciler.reshard.phases import ENDED, Phase
from tests.sim.split.fate import Fate
from tests.sim.split.run import SplitSimulation

#: Of troubled ticks; then the ones that nothing happens to must bring it to its end.
TROUBLED_TICKS = 12
TICKS_MAX = 40
#: More durable calls than a split of a few rows makes.
CALLS_MAX = 300


MOVES = [
    (("-80",), ("-40", "40-80")),
    (("-",), ("-40", "40-80", "80-")),
    (("-40", "40-80"), ("-80",)),
    (("-80",), ("-80",)),
]


def split_of(seed: int) -> Phase:
    """How it ended. Raises AssertionError if anything was lost, doubled, misplaced or left."""
    random = Random(seed)
    sources, targets = random.choice(MOVES)
    simulation = SplitSimulation(Random(seed), sources=sources, targets=targets)
    end = brought_to_end(simulation, random)
    if end is Phase.DONE:
        simulation.check_done()
    else:
        simulation.check_abandoned()
    return end


def brought_to_end(
    simulation: SplitSimulation, random: Random | None = None, *, retries: bool = True
) -> Phase:
    """Ticks until the split is done or abandoned; the first of them troubled by `random`. Without
    `retries` a failure is an end as well."""
    simulation.approve()
    for number in range(TICKS_MAX):
        if simulation.job.phase in ENDED:
            return simulation.job.phase
        fate = Fate()
        if random is not None and number < TROUBLED_TICKS:
            fate = _fate(simulation, random)
        else:
            simulation.jumps = 0.0
        _after(simulation, simulation.run(fate, holder=f"tick {number}"))
        if not retries and simulation.job.phase is Phase.FAILED:
            return Phase.FAILED
    raise AssertionError(f"no end in {TICKS_MAX} ticks: {simulation.job}")


def _fate(simulation: SplitSimulation, random: Random) -> Fate:
    """Dead, deaf, overtaken or asked for something, early more often than late."""
    simulation.jumps = random.choice((0.0, 0.0, 0.01, 0.05))
    if random.random() < 0.15:
        simulation.ask(random.choice(tuple(JobRequestKind)))

    def moment() -> int:
        return int(2 * CALLS_MAX * random.random() ** 2)

    def another_driver() -> None:
        inner = Fate(kill_at=random.choice((None, moment())))
        simulation.run(inner, holder=f"beside {random.random()}")

    return Fate(
        kill_at=moment() if random.random() < 0.6 else None,
        lose_at=moment() if random.random() < 0.4 else None,
        nested_at=moment() if random.random() < 0.3 else None,
        nested=another_driver,
    )


def _after(simulation: SplitSimulation, result: TickResult | None) -> None:
    """What a person would do next."""
    simulation.clock.sleep(1.0)
    if result is None:
        return
    if result.how is TickEnd.FAILED:
        simulation.ask(JobRequestKind.RETRY)
    if result.how is TickEnd.HELD:
        simulation.ask(JobRequestKind.RESUME)
