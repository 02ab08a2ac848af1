"""The gate before a wave, as the forge has it on record: who let this very run in (RG-34).

Whoever orders parts says when; that a person has looked is not for them to say.
"""

from __future__ import annotations

from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.gates import Gate
from reconciler.guard.model import Refusal
from reconciler.guard.review.asker import Asker
from reconciler.guard.review.places import wave_place
from reconciler.guard.review.protection import wave_gate_refusals
from reconciler.plan.model import Plan
from reconciler.rollout.hold import kept_for
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.parts import held_waves
from reconciler.spec.model import Environment


def wave_gate(
    job: ForgeJob, environment: Environment, order: PartOrder | None, asker: Asker | None
) -> Gate:
    """Refuses a part behind a gate that nobody opened, `asker` being who asks to go on, if it is
    somebody who may: that opens it, too. Raises Refused for whatever the forge did
    not clearly say (RV-6). Where no part is asked for, the rollout itself waits at its gates."""

    def gate(plan: Plan) -> tuple[Refusal, ...]:
        if order is None or not environment.rollout.gate:
            return ()
        if order.wave not in held_waves(plan.core):
            return ()
        if asker is not None and not kept_for(environment.rollout, asker):
            return ()
        name = wave_place(environment.name, order.wave)
        try:
            let_in_by = job.ask().run_approvers(name)
        except (Unavailable, InvalidInput) as unclear:
            raise Refused(*unclear.problems) from None
        return wave_gate_refusals(name, let_in_by, order.wave, environment.rollout)

    return gate
