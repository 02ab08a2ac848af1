"""What a forge has to hold for a rollout over regions, place by place."""

from __future__ import annotations

from dataclasses import replace

from reconciler.flows.forge.doctor_parts import judge_parts, places_of_logins
from reconciler.outcomes.doctor import CheckMark
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


def test_without_a_gate_or_without_regions_nothing_is_asked() -> None:
    ungated = of_regions(replace(GATED, gate=False))
    found = [one.subject for one in judge_parts([ungated], there(production_region_us=0))]
    assert found == ["who may ask by production/control"]
    assert not [*judge_parts([environment(GATED), of_regions()], there(production=1))]
