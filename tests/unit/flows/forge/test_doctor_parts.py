"""What a forge has to hold for a rollout over regions, place by place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.flows.forge.doctor_parts import judge_parts, places_of_logins
from reconciler.outcomes.doctor import CheckMark, DoctorFinding
from reconciler.ports.forge_settings import ForgeEnvironment
from reconciler.spec.model import Environment, Region, RolloutSpec, WaveShare
from tests.sim.plans import SHARDS, environment

GATED = RolloutSpec(waves=(WaveShare(percent=50), WaveShare(percent=100)), gate=True)
EU, US = "production/region/eu", "production/region/us"


def of_regions(rollout: RolloutSpec = GATED) -> Environment:
    regions = (Region(name="eu", shards=SHARDS[:1]), Region(name="us", shards=SHARDS[1:]))
    return replace(environment(rollout), regions=regions)


def there(**reviewers: int) -> dict[str, ForgeEnvironment]:
    names = {name.replace("_", "/"): count for name, count in reviewers.items()}
    return {
        name: ForgeEnvironment(name=name, limits_branches=True, reviewers=count)
        for name, count in names.items()
    }


def test_the_logins_of_regions_are_in_places_of_their_own_where_a_forge_has_one() -> None:
    whole = [of_regions()]
    assert places_of_logins(whole, there(production=0)) == ("production",)
    assert places_of_logins(whole, there(production_region_eu=0)) == (EU, US)
    assert places_of_logins([environment(GATED)], there()) == ("production",)


def test_a_wave_behind_a_gate_has_somebody_who_lets_a_run_in_and_somebody_may_ask() -> None:
    found = {
        one.subject: one.mark
        for one in judge_parts([of_regions()], there(production_region_eu=0, production_wave_2=0))
    }
    assert found == {
        "who lets a run into production/wave/2": CheckMark.FAILED,
        "who may ask by production/control": CheckMark.WARNING,
    }
    made = there(production_region_eu=0, production_wave_2=1, production_control=2)
    assert {one.mark for one in judge_parts([of_regions()], made)} == {CheckMark.OK}


@pytest.mark.invariant("RG-33")
def test_a_soak_has_a_timer_that_holds_a_run_as_long() -> None:
    rests = of_regions(replace(GATED, gate=False, soak_s=3601))
    longer = of_regions(replace(GATED, gate=False, soak_s=7200))
    subject = "for how long production/wave/2 holds a run"

    def found(wait_s: int | None, *specs: Environment) -> DoctorFinding:
        places = there(production_region_eu=0)
        if wait_s is not None:
            places |= there(production_wave_2=0)
            place = places["production/wave/2"]
            places["production/wave/2"] = replace(place, wait_s=wait_s)
        return next(one for one in judge_parts(specs, places) if one.subject == subject)

    assert found(3660, rests).mark is CheckMark.OK
    assert found(3600, rests).mark is CheckMark.FAILED
    assert "61 minutes" in found(3600, rests).recovery
    assert found(None, rests).message == "it does not exist"
    assert found(3660, rests, longer).mark is CheckMark.FAILED, "one timer holds the runs of both"


def test_without_a_gate_or_without_regions_nothing_is_asked() -> None:
    ungated = of_regions(replace(GATED, gate=False))
    found = [one.subject for one in judge_parts([ungated], there(production_region_us=0))]
    assert found == ["who may ask by production/control"]
    assert not [*judge_parts([environment(GATED), of_regions()], there(production=1))]
