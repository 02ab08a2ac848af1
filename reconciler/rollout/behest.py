"""At whose word a run begins an apply, or goes on with one, and which words of others hold it.

A stop or a cancel is held against whoever comes without a newer word of somebody's (RG-50, RG-63).
"""

from __future__ import annotations

from enum import StrEnum

from reconciler.ledger.states import FINISHED, ApplyState
from reconciler.plan.model import PlanCore
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.parts import held_waves
from reconciler.rollout.waves import WaveChoice


class Behest(StrEnum):
    SOMEBODY = "somebody"  # who started this run did so for it: a person, or a merge
    RESUME = "resume"  # a person, of what was begun and has not ended
    ROLLOUT = "rollout"  # a person, of this part of a rollout over regions
    NEXT_WAVE = "next wave"  # of a rollout that was begun before; nobody has said so since
    NOBODY = "nobody"  # a controller

    @property
    def is_a_word(self) -> bool:
        """A stop that came before it is for the runs before it."""
        return self in (Behest.SOMEBODY, Behest.RESUME, Behest.ROLLOUT)

    @property
    def stays_ended(self) -> frozenset[ApplyState]:
        """The ends of an apply behind which none of the same plan is begun. Behind a failure
        people run the jobs again that failed."""
        match self:
            case Behest.SOMEBODY | Behest.ROLLOUT:
                return frozenset()
            case Behest.RESUME | Behest.NEXT_WAVE:
                return frozenset({ApplyState.CANCELLED})
            case Behest.NOBODY:
                return FINISHED


def of_wave(behest: Behest, core: PlanCore, waves: WaveChoice, part: PartOrder | None) -> Behest:
    """What that of a whole run is for the waves it was ordered for, of the plan over all shards:
    which wave of a rollout comes next, nobody has to say."""
    comes_next = waves is WaveChoice.REST or (part is not None and part.wave in held_waves(core))
    return Behest.NEXT_WAVE if behest is Behest.SOMEBODY and comes_next else behest
