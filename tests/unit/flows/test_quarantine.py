"""A shard in quarantine: nothing reaches it, everything names it, and somebody says how it ends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from reconciler.drive.open import RolloutOrder
from reconciler.errors import Refused
from reconciler.flows import apply
from reconciler.flows.check import check_against_live
from reconciler.flows.drift import find_drift
from reconciler.flows.gates import Gates
from reconciler.flows.plan import plan_keyspace
from reconciler.flows.pull import Specified, pull_keyspace, specified_in
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.review.git import Review
from reconciler.model.access import ShardAccess
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.quarantine import Quarantine
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.plan.codec import dump_plan, load_plan, plan_from_core
from reconciler.plan.files import read_plan
from reconciler.plan.validate import check_core, core_errors
from reconciler.spec.addresses import shared_databases
from reconciler.spec.model import Environment, ShardSpec
from reconciler.spec.regions import in_region
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    STATES,
    Files,
    Shards,
    environment,
    fleet,
    no_ledger,
    planned,
    repository,
    with_plan,
    world,
)
from tests.sample_plans import sample_plan
from tests.sample_regions import NAMES, fleet_of, spec_of
from tests.sample_regions import REGIONS as OF_SIX
from tests.sim.fleet import SimClock
from tests.unit.flows.test_offline_gates import OneVersion

LAST_DAY, OVER = "1970-03-31", "1969-12-30"  # the clock stands at 1970
REASON = "its disk is failing"


def spec(until: str = LAST_DAY, *, reason: str = REASON, more: str = "") -> str:
    entry = f'{{shard: "80-", until: {until}, reason: {reason}}}'
    return f"{SPEC}    quarantine: [{entry}]\n{more}"


def with_quarantine(definition: str = STATES[1], *, until: str = LAST_DAY) -> Files:
    return repository(definition, spec=spec(until))


def half_dead(live: str = STATES[0]) -> Shards:
    """Its server would say so if it were asked."""
    shards = fleet(live)
    del shards.shown["db-80-"]
    return shards


def verify_of(files: Files, shards: Shards, chosen: Environment) -> VerifyOutcome:
    return verify_keyspace(world(shards), files.keyspace(), chosen, tree=files)


def verified(files: Files, shards: Shards) -> VerifyOutcome:
    return verify_of(files, shards, environment(files.keyspace()))


def drift_of(files: Files, shards: Shards, chosen: Environment) -> DriftOutcome:
    keyspace = files.keyspace()
    return find_drift(world(shards), keyspace, chosen, tree=files, open_ledger=no_ledger)


def drift(files: Files, shards: Shards) -> DriftOutcome:
    return drift_of(files, shards, environment(files.keyspace()))


def codes(outcome: PlanOutcome | VerifyOutcome | DriftOutcome) -> list[str]:
    return [getattr(refusal, "code", "") for refusal in outcome.refusals]


def planned_after(files: Files, protected: Files, shards: Shards) -> PlanOutcome:
    """In a pull request, with another plan merged before."""
    keyspace = files.keyspace()
    return plan_keyspace(
        world(shards),
        keyspace,
        environment(keyspace),
        protected=protected,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )


@pytest.mark.invariant("RG-60")
def test_a_shard_in_quarantine_is_asked_nothing_and_named_by_every_report() -> None:
    files = with_plan(with_quarantine(), half_dead())
    plan = read_plan(files, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    assert plan.core.shards == ("-80",)
    assert plan.core.waves == (("-80",),)
    assert plan.format == "1.2"
    assert (
        b"In quarantine, and left alone: shard 80-, until 1970-03-31: its disk is failing."
        in (files.content[f"plans/{ENVIRONMENT}/{KEYSPACE}.plan.sql"])
    )
    outcome = verified(files, half_dead())
    assert (outcome.state, outcome.quarantine) == (VerifyState.VERIFIED, plan.core.quarantine)
    seen = drift(files, half_dead(STATES[1]))
    assert {group.mark: group.shards for group in seen.groups} == {
        ShardMark.MATCHING: ("-80",),
        ShardMark.QUARANTINED: ("80-",),
    }
    assert drift_code(seen) is ExitCode.FINE


@pytest.mark.invariant("RG-61")
def test_the_return_of_a_shard_is_a_plan_for_it_alone() -> None:
    lagging = fleet(STATES[1])
    lagging.shown["db-80-"] = {"users": STATES[0]}
    assert planned(with_quarantine(), half_dead(STATES[1])).plan is not None
    back = planned(repository(), lagging).plan
    assert back is not None
    assert [found.shards for found in back.core.change_sets] == [("80-",)]
    assert back.core.matching == ("-80",)


@pytest.mark.invariant("RG-61")
@pytest.mark.parametrize(
    ("reviewed", "now", "said"),
    [
        (SPEC, spec(), "shard 80- was put into quarantine since the plan was made"),
        (spec(), SPEC, "shard 80- was taken out of quarantine since the plan was made"),
        (spec(), spec("1970-02-01"), "the quarantine of shard 80- has changed since"),
        (spec(), spec(reason="its rack is down"), "the quarantine of shard 80- has changed since"),
    ],
    ids=["in", "out", "day", "reason"],
)
def test_a_quarantine_that_changed_since_the_review_refuses_by_name(
    reviewed: str, now: str, said: str
) -> None:
    files = with_plan(repository(spec=reviewed), fleet())
    files.content["specs/shop.yaml"] = now.encode()
    outcome = verified(files, fleet())
    assert codes(outcome) == ["input-changed", "quarantine-changed"]
    assert said in getattr(outcome.refusals[1], "message", "")


@pytest.mark.invariant("RG-61")
def test_even_with_the_same_files_another_quarantine_is_another_plan() -> None:
    files = with_plan(with_quarantine(), fleet())
    plan, keyspace = read_plan(files, ENVIRONMENT, KEYSPACE), files.keyspace()
    assert plan is not None
    other = replace(plan.core.quarantine[0], reason="nobody knows")
    forged = plan_from_core(replace(plan.core, quarantine=(other,)), plan.meta)
    assert forged.plan_id != plan.plan_id
    begun = begin_pass(world(fleet()), keyspace, environment(keyspace))
    [refusal] = check_against_live(world(fleet()), begun, forged).refusals
    assert getattr(refusal, "code", "") == "quarantine-changed"


@pytest.mark.invariant("RG-62")
def test_when_the_day_is_over_everything_refuses_and_drift_still_looks() -> None:
    files = with_quarantine(until=OVER)
    assert codes(planned(files, half_dead())) == ["quarantine-ended"]
    assert codes(verified(files, half_dead(STATES[1]))) == ["quarantine-ended"]
    seen = drift(files, half_dead(STATES[1]))
    assert codes(seen) == ["quarantine-ended"]
    assert ShardMark.MATCHING in {group.mark for group in seen.groups}
    assert drift_code(seen) is ExitCode.REFUSED


def pulled(files: Files, shards: Shards) -> PullOutcome:
    found = specified_in(files)[KEYSPACE]
    assert isinstance(found, Specified)
    return pull_keyspace(world(shards), found, environment(files.keyspace()), files)


@pytest.mark.invariant("RG-60")
@pytest.mark.invariant("RG-62")
def test_files_are_taken_from_live_without_the_shard_and_only_until_its_day() -> None:
    outcome = pulled(with_quarantine(STATES[0]), half_dead(STATES[1]))
    assert [found.shard for found in outcome.quarantine] == ["80-"]
    with pytest.raises(Refused, match="quarantine-ended"):
        pulled(with_quarantine(STATES[0], until=OVER), half_dead(STATES[1]))


@pytest.mark.invariant("RG-62")
def test_the_last_day_is_still_of_it() -> None:
    found = Quarantine(shard="80-", until="2026-11-22", reason=REASON)
    midnight = 1_795_392_000.0  # 2026-11-23T00:00:00Z
    assert not found.has_ended(midnight - 0.001)
    assert found.has_ended(midnight)
    assert not replace(found, until="9999-12-31").has_ended(midnight)


class Allowing(Shards):
    """Whose servers check no rights."""

    def _one(self, shard: ShardSpec) -> Observation:
        seen = super()._one(shard)
        assert isinstance(seen, ObservedShard)
        return replace(seen, access=ShardAccess(database="d", privileges=None))


@pytest.mark.invariant("RG-62")
def test_a_rollout_that_goes_on_beyond_the_day_begins_no_further_wave(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was let in on the last day of it, and a soak has come between."""
    files, clock = with_plan(with_quarantine(until="1970-01-12"), half_dead()), SimClock()
    orders: list[RolloutOrder] = []

    def roll_out(_world: object, order: RolloutOrder, _locks: object, **_: object) -> ApplyOutcome:
        orders.append(order)
        return ApplyOutcome(
            environment=ENVIRONMENT, keyspace=KEYSPACE, verdict=ApplyVerdict.COMPLETED
        )

    monkeypatch.setattr(apply, "roll_out", roll_out)
    reached = apply.ApplyConnections(
        look=replace(world(Allowing(half_dead().shown)), clock=clock),
        locks=cast(Any, SimpleNamespace(take=lambda *_, **__: nullcontext())),
        rollout=cast(Any, SimpleNamespace(ledger=SimpleNamespace(unfinished=lambda *_: None))),
    )
    keyspace = files.keyspace()
    outcome = apply.apply_keyspace(
        apply.ApplyWorld(history=OneVersion(files), gates=Gates(), connect=lambda: reached),
        keyspace,
        environment(keyspace),
        apply.ApplyRequest(commit="1" * 40, review=Review.NONE, holder="a test"),
        on_progress=lambda event: None,
    )
    assert outcome.refusals == ()
    [order] = orders
    assert order.ask_gates() == ()
    clock.now += 86_400
    assert [refusal.code for refusal in order.ask_gates()] == ["quarantine-ended"]


@pytest.mark.invariant("RG-61")
def test_a_merged_plan_that_wants_the_shard_keeps_nobody_from_taking_it_out() -> None:
    """The shard is what keeps that plan from being applied."""
    merged = with_plan(repository(), fleet())
    outcome = planned_after(with_quarantine(), merged, half_dead())
    assert outcome.refusals == ()
    assert outcome.plan is not None
    assert [found.shards for found in outcome.plan.core.change_sets] == [("-80",)]


@pytest.mark.invariant("RG-61")
def test_a_merged_plan_without_the_shard_is_applied_before_the_shard_comes_back() -> None:
    merged = with_plan(with_quarantine(), half_dead())
    assert codes(planned_after(repository(), merged, fleet())) == ["pending-apply"]


@pytest.mark.invariant("RG-61")
def test_a_quarantine_that_ended_half_way_is_extended_by_a_plan_of_what_is_left() -> None:
    merged = with_plan(with_quarantine(), half_dead())
    stored = read_plan(merged, ENVIRONMENT, KEYSPACE)
    assert stored is not None
    ended = replace(stored.core.quarantine[0], until=OVER)
    plan = plan_from_core(replace(stored.core, quarantine=(ended,)), stored.meta)
    merged.content[f"plans/{ENVIRONMENT}/{KEYSPACE}.plan.json"] = dump_plan(plan)
    assert planned_after(with_quarantine(), merged, half_dead()).refusals == ()


@pytest.mark.invariant("RG-61")
@pytest.mark.parametrize(
    ("quarantine", "said"),
    [
        ((("c0-", LAST_DAY, REASON),), "and changes or matches"),
        ((("c0-", LAST_DAY, REASON), ("80-", LAST_DAY, REASON)), "not sorted and unique"),
        ((("-00", "some day", REASON),), "without a reason, or without an end"),
        ((("-00", LAST_DAY, " "),), "without a reason, or without an end"),
    ],
)
def test_a_plan_with_a_quarantine_that_makes_no_sense_is_no_plan(
    quarantine: tuple[tuple[str, str, str], ...], said: str
) -> None:
    found = tuple(Quarantine(shard=a, until=b, reason=c) for a, b, c in quarantine)
    core = replace(sample_plan().core, quarantine=found)
    assert any(said in wrong for wrong in core_errors(core))


def test_a_plan_must_cover_every_key_with_those_in_quarantine() -> None:
    plan = planned(with_quarantine(), half_dead()).plan
    assert plan is not None
    in_the_file = replace(plan, meta=replace(plan.meta, counts=()))  # of the look, and not kept
    assert load_plan(dump_plan(plan), "x.plan.json") == in_the_file
    with pytest.raises(Refused, match="no shard holds the keys from 80 up"):
        check_core(replace(plan.core, quarantine=()))


REGIONS = f"""{SPEC.rpartition("    shards: {count: 2}")[0]}    regions:
      eu: {{shards: ["-40", "40-80"]}}
      us: {{shards: ["80-"]}}
    rollout: {{canary: ["-40", "40-80"], waves: [{{regions: [us]}}, "100%"]}}
    quarantine:
      - {{shard: "80-", until: {LAST_DAY}, reason: {REASON}}}
      - {{shard: "-40", until: {LAST_DAY}, reason: {REASON}}}
"""


def regions() -> Environment:
    return environment(repository(spec=REGIONS).keyspace())


@pytest.mark.invariant("RG-60")
def test_a_region_without_another_shard_is_left_out_as_long() -> None:
    found = regions()
    assert [(region.name, region.shards) for region in found.regions] == [("eu", ("40-80",))]
    assert found.rollout.canary == ("40-80",)
    assert [shard.name for shard in in_region(found, "eu").shards] == ["40-80"]
    assert sorted(found.serving_names) == ["-40", "40-80", "80-"]


@pytest.mark.invariant("RG-60")
@pytest.mark.parametrize("verb", [drift_of, verify_of])
def test_what_such_a_region_began_can_be_asked_for_and_nothing_looks_at_it(
    verb: Callable[[Files, Shards, Environment], object],
) -> None:
    """A stop of what still runs there needs the region's ledger, and none of its shards."""
    resting = in_region(regions(), "us")
    assert (resting.region, resting.shards) == ("us", ())
    shards = Shards({})
    with pytest.raises(Refused, match="region-quarantined"):
        verb(repository(spec=REGIONS), shards, resting)
    assert shards.looks == 0


@pytest.mark.invariant("RG-61")
@pytest.mark.parametrize("region", sorted(OF_SIX))
def test_a_region_derives_its_part_of_a_plan_with_a_quarantine_anywhere(region: str) -> None:
    entry = f'{{shard: "{NAMES[4]}", until: {LAST_DAY}, reason: {REASON}}}'
    files = repository(spec=f"{spec_of(OF_SIX)}    quarantine: [{entry}]\n")
    live = {name: STATES[0] for name in NAMES if name != NAMES[4]}
    with_plan(files, fleet_of(live))
    keyspace, plan = files.keyspace(), read_plan(files, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    assert [found.shard for found in plan.core.quarantine] == [NAMES[4]]
    part = in_region(environment(keyspace), region)
    there = world(fleet_of({shard.name: STATES[0] for shard in part.shards}))
    checked = check_against_live(there, begin_pass(there, keyspace, part), plan)
    assert checked.refusals == ()
    assert [*checked.standings] == [name for name in OF_SIX[region] if name != NAMES[4]]


@pytest.mark.invariant("RG-60")
def test_the_database_of_a_shard_in_quarantine_is_nobody_else_s() -> None:
    overlaid = 'shards: {count: 2, overrides: {"80-": {connection: {host: "db-80-"}}}}'
    files = repository(spec=spec().replace("shards: {count: 2}", overlaid, 1)).keyspace()
    [pair] = shared_databases([files.spec])
    assert {one.shard for one in pair} == {"80-"}
