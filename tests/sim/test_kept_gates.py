"""A gate that the spec keeps for somebody is opened by nobody else, whichever way is tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.drive.control import ask
from reconciler.drive.open import Releases
from reconciler.guard.review.asker import Asker, NamedInSpec, Reviewer
from reconciler.ledger.reasons import GateKept, Requested, TakenUp
from reconciler.ledger.states import RequestKind, RequestState
from reconciler.outcomes.apply import ApplyVerdict, ControlOutcome
from reconciler.rollout.hold import GateRight, kept_for
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import NamedPerson
from tests.sim.fleet import SimFleet
from tests.sim.plans import plan_for
from tests.sim.run import Simulation
from tests.sim.test_release import FIRST, GATED, SECOND
from tests.sim.watching import seen, touched

KEPT = replace(GATED, gate_by=(NamedPerson("ada", 1), NamedPerson("cai", 3)))
ADA = Asker(who="ada (account 1) by run 7", right=NamedInSpec("production"), account_id=1)
RENAMED = replace(ADA, who="lovelace (account 1) by run 7")
OTHERS = (
    Asker(who="somebody on a laptop"),
    Asker(who="ada (account 1) by run 7"),  # says so of itself
    Asker(who="ada (account 9) by run 7", right=Reviewer("production/control"), account_id=9),
    Asker(who="ben (account 2) by run 7", right=Reviewer("production/control"), account_id=2),
)


def at_the_gate() -> Simulation:
    plan = plan_for(KEPT)
    sim = Simulation(plan=plan, rollout=KEPT, fleet=SimFleet(plan))
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert touched(sim) == FIRST
    return sim


def right_of(sim: Simulation, asker: Asker) -> GateRight:
    others = kept_for(KEPT, asker)
    return GateRight(for_others=others, signs_plan=None if others else sim.plan.plan_id)


def released(sim: Simulation, asker: Asker, kind: RequestKind) -> ControlOutcome:
    return ask(
        sim.ledger,
        sim.fleet.clock,
        environment="production",
        keyspace="commerce",
        kind=kind,
        asked_by=asker.line,
        right=right_of(sim, asker),
    )


@pytest.mark.invariant("RG-38")
@pytest.mark.threat("TM-REGION-12")
@pytest.mark.parametrize("asker", OTHERS, ids=lambda asker: asker.line)
def test_nobody_else_opens_it(asker: Asker) -> None:
    sim = at_the_gate()
    answer = released(sim, asker, RequestKind.RELEASE)
    assert answer.state is RequestState.REFUSED
    assert answer.answer == GateKept(("ada (account 1)", "cai (account 3)"))
    assert sim.run(releases=Releases.WHAT_HOLDS, asker=asker).verdict is ApplyVerdict.PAUSED
    assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.PAUSED
    assert sim.run(waves=WaveChoice.REST).verdict is ApplyVerdict.PAUSED
    # An apply that begins anew has its gates closed.
    assert released(sim, asker, RequestKind.CANCEL).state is RequestState.APPLIED
    assert sim.run(waves=WaveChoice.REST).verdict is ApplyVerdict.PAUSED
    assert touched(sim) == FIRST


@pytest.mark.invariant("RG-38")
@pytest.mark.parametrize("asker", [ADA, RENAMED], ids=lambda asker: asker.who)
def test_one_of_those_named_opens_it_under_whatever_name(asker: Asker) -> None:
    sim = at_the_gate()
    assert released(sim, asker, RequestKind.RELEASE).state is RequestState.APPLIED
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert touched(sim) == SECOND, "the next gate is still to be waited at"
    assert sim.run(releases=Releases.WHAT_HOLDS, asker=asker).verdict is ApplyVerdict.COMPLETED


@pytest.mark.invariant("RG-38")
@pytest.mark.threat("TM-REGION-12")
@pytest.mark.parametrize(
    "right",
    [
        pytest.param(GateRight(), id="by a spec at hand that keeps it for nobody"),
        pytest.param(GateRight(signs_plan="sha256:other"), id="as named for another plan"),
        pytest.param(
            GateRight(for_others=("eve (account 66)",), signs_plan=None), id="by a spec of others"
        ),
    ],
)
def test_whose_it_is_says_the_spec_that_the_plan_was_made_from(right: GateRight) -> None:
    """Who asks may have edited the one at hand, or have it from a branch of their own."""
    sim = at_the_gate()
    answer = ask(
        sim.ledger,
        sim.fleet.clock,
        environment="production",
        keyspace="commerce",
        kind=RequestKind.RELEASE,
        asked_by=OTHERS[0].line,
        right=right,
    )
    assert answer.state is RequestState.REFUSED
    assert answer.answer == GateKept(right.for_others)
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert touched(sim) == FIRST


@pytest.mark.invariant("RG-36")
def test_who_asked_and_by_what_right_is_on_record() -> None:
    sim = at_the_gate()
    released(sim, OTHERS[0], RequestKind.STOP)
    sim.run(releases=Releases.WHAT_HOLDS, asker=ADA)
    told = [event.what for event in seen(sim).events]
    stops = [one.by for one in told if isinstance(one, Requested)]
    assert stops == ["somebody on a laptop, by the login of the ledger"]
    resumes = [one.by for one in told if isinstance(one, TakenUp)]
    assert resumes == ["ada (account 1) by run 7, as named in the spec for production"]
