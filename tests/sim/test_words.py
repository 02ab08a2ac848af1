"""People who stop, cancel, retry, release and resume in any order, and waves and controllers:
whoever comes without a newer word of somebody's sends nothing behind a stop or a cancel."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from reconciler.drive.open import Releases
from reconciler.errors import Refused
from reconciler.guard.review.asker import Asker
from reconciler.ledger.states import RequestKind, RequestState
from reconciler.rollout.behest import Behest
from reconciler.rollout.waves import WaveChoice
from tests.sim.fleet import Fate, ProcessKilled, SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation
from tests.sim.test_by_itself import sent
from tests.sim.test_release import GATED
from tests.sim.watching import asked

HOLDS = {RequestKind.STOP: True, RequestKind.CANCEL: True, RequestKind.RETRY: False}
ASKED = (*HOLDS, RequestKind.RELEASE)
OF_SOMEBODY: tuple[dict[str, Any], ...] = (
    {},
    {"waves": WaveChoice.CANARY},
    {
        "behest": Behest.RESUME,
        "releases": Releases.WHAT_HOLDS,
        "asker": Asker(who="a person"),
    },
)
OF_NOBODY: tuple[dict[str, Any], ...] = (
    {"behest": Behest.NOBODY},
    {"behest": Behest.NEXT_WAVE, "waves": WaveChoice.REST},
)


@pytest.mark.invariant("RG-50")
@pytest.mark.invariant("RG-63")
@pytest.mark.invariant("RG-65")
@pytest.mark.parametrize("seed", range(16))
def test_nothing_is_sent_by_nobodys_word_behind_a_stop_or_a_cancel(seed: int) -> None:
    random, plan = Random(seed), plan_for(GATED)
    sim = Simulation(plan=plan, rollout=GATED, fleet=SimFleet(plan))
    is_held = False
    for _ in range(14):
        before, choice = sent(sim), random.randrange(3)
        if choice == 0:
            kind = random.choice(ASKED)
            if asked(sim, kind).state is RequestState.APPLIED:
                is_held = HOLDS.get(kind, is_held)
            assert sent(sim) == before
        elif choice == 1:
            ran(sim, random, random.choice(OF_NOBODY))
            assert not is_held or sent(sim) == before
        elif ran(sim, random, random.choice(OF_SOMEBODY)):
            is_held = False


def ran(sim: Simulation, random: Random, how: dict[str, Any]) -> bool:
    """Whether it was let in; some are killed on the way."""
    kill_at = random.choice((None, random.randrange(2, 25)))
    try:
        sim.run(fate=Fate(kill_at=kill_at), **how)
    except ProcessKilled:
        return True
    except Refused:
        return False
    finally:
        sim.fleet.clock.sleep(3_700)
    return True
