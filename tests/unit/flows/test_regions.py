"""A region that sees its own shards alone derives its part of the plan, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import InvalidInput
from reconciler.flows.check import Checked, check_against_live
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.compare import compare_plans
from reconciler.guard.model import Done, ToDo
from reconciler.guard.part import as_seen_whole
from reconciler.outcomes.plan import VerifyState
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from reconciler.plan.part import restricted
from reconciler.spec.regions import in_region
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    STATES,
    Files,
    Shards,
    environment,
    repository,
    with_plan,
    world,
)
from tests.sample_plans import sample_plan
from tests.sample_regions import COUNT, LIVE, NAMES, REGIONS, fleet_of, spec_of


def cut_off(shards: Shards, others: tuple[str, ...]) -> Shards:
    """The fleet as a machine has it that may not even ask for the shards of other regions."""
    return Shards({host: shown for host, shown in shards.shown.items() if host[3:] not in others})


def checked_in(files: Files, shards: Shards, region: str) -> tuple[Plan, Checked]:
    keyspace = files.keyspace()
    part = in_region(environment(keyspace), region)
    own = {shard.name for shard in part.shards}
    world_there = world(cut_off(shards, tuple(name for name in NAMES if name not in own)))
    plan = read_plan(files, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    return plan, check_against_live(world_there, begin_pass(world_there, keyspace, part), plan)


@st.composite
def fleets(draw: st.DrawFn) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    live = {shard: draw(st.sampled_from(LIVE)) for shard in NAMES}
    live[draw(st.sampled_from(NAMES))] = STATES[0]  # there is something to do
    cut = draw(st.lists(st.sampled_from(("eu", "us", "ap")), min_size=COUNT, max_size=COUNT))
    regions = {
        name: tuple(s for s, region in zip(NAMES, cut, strict=True) if region == name)
        for name in sorted({*cut})
    }
    return live, regions


@pytest.mark.invariant("RG-4")
@settings(max_examples=12, deadline=None)
@given(fleets())
def test_each_region_derives_its_part_of_the_plan_over_all(
    drawn: tuple[dict[str, str], dict[str, tuple[str, ...]]],
) -> None:
    live, regions = drawn
    shards = fleet_of(live)
    files = with_plan(repository(spec=spec_of(regions)), shards)
    ran: dict[str, tuple[str, ...]] = {}
    for region, names in regions.items():
        plan, checked = checked_in(files, shards, region)
        assert checked.refusals == ()
        assert set(checked.standings) == set(names)
        if checked.derived is not None:
            for found in checked.derived.change_sets:
                ran |= dict.fromkeys(found.shards, tuple(s.sql for s in found.statements))
    assert ran == {
        shard: tuple(s.sql for s in found.statements)
        for found in plan.core.change_sets
        for shard in found.shards
    }


def half_and_half() -> tuple[Files, Shards]:
    shards = fleet_of(dict.fromkeys(NAMES, STATES[0]))
    return with_plan(repository(spec=spec_of(REGIONS)), shards), shards


@pytest.mark.invariant("RG-4")
def test_drift_in_one_region_refuses_that_region_and_no_other() -> None:
    files, shards = half_and_half()
    shards.shown[f"db-{NAMES[4]}"] = {"users": STATES[2]}
    _, here = checked_in(files, shards, "eu")
    _, there = checked_in(files, shards, "us")
    assert here.refusals == ()
    assert [(found.code, found.shard) for found in there.refusals] == [("drift", NAMES[4])]


@pytest.mark.invariant("RG-4")
def test_a_region_that_is_done_has_nothing_left_while_another_has() -> None:
    files, shards = half_and_half()
    shards.shown |= {f"db-{name}": {"users": STATES[1]} for name in REGIONS["us"]}
    _, there = checked_in(files, shards, "us")
    _, here = checked_in(files, shards, "eu")
    assert there.all_done
    assert all(isinstance(one, Done) for one in there.standings.values())
    assert all(isinstance(one, ToDo) for one in here.standings.values())


@pytest.mark.invariant("RG-4")
def test_a_table_that_only_one_region_has_is_told_where_it_is() -> None:
    """`managed` of the plan has it everywhere; the plan drops it on one shard alone."""
    files, shards = half_and_half()
    shards.shown[f"db-{NAMES[0]}"] = {
        "users": STATES[0],
        "stray": STATES[0].replace("users", "stray"),
    }
    _, here = checked_in(files, shards, "eu")
    assert here.refusals
    assert {found.shard for found in here.refusals} == {NAMES[0]}


@pytest.mark.invariant("RG-4")
def test_what_only_one_region_has_is_dropped_there_and_keeps_no_other_from_its_part() -> None:
    """`managed` of the plan has the table everywhere; only one region can see it."""
    shards = fleet_of(dict.fromkeys(NAMES, STATES[0]))
    stray = STATES[0].replace("users", "stray")
    shards.shown[f"db-{NAMES[5]}"] = {"users": STATES[0], "stray": stray}
    allowed = "policy: {allow: [{table: stray, hazard: drop-table, reason: nobody reads it}]}\n"
    files = with_plan(repository(spec=spec_of(REGIONS) + allowed), shards)
    for region, dropped in (("eu", 0), ("us", 1)):
        _, checked = checked_in(files, shards, region)
        assert checked.refusals == ()
        assert checked.derived is not None
        statements = [s.sql for found in checked.derived.change_sets for s in found.statements]
        assert sum("DROP TABLE `stray`" in sql for sql in statements) == dropped


@pytest.mark.invariant("RG-4")
def test_a_region_has_some_of_the_series_that_the_plan_was_made_on_and_no_other() -> None:
    core = replace(sample_plan().core, server="mysql 8.4, mysql 9.7")
    part = restricted(core, core.shards[:2])

    def refusals(server: str) -> list[str]:
        ours = as_seen_whole(replace(part, server=server), part, lambda one, other: one == other)
        return [found.message for found in compare_plans(part, ours, {})]

    assert refusals("mysql 8.4") == []
    assert len(refusals("mysql 8.0")) == 1


@pytest.mark.invariant("RG-4")
def test_a_shard_that_moved_to_another_region_refuses_both() -> None:
    files, shards = half_and_half()
    moved = {"eu": NAMES[:2], "us": NAMES[2:]}
    files.content["specs/shop.yaml"] = spec_of(moved).encode()
    for region in moved:
        _, checked = checked_in(files, shards, region)
        assert [found.code for found in checked.refusals] == ["input-changed"]


def test_verify_of_a_region_says_what_an_apply_there_would_do() -> None:
    files, shards = half_and_half()
    keyspace = files.keyspace()
    part = in_region(environment(keyspace), "eu")
    outcome = verify_keyspace(world(shards), keyspace, part, tree=files)
    assert outcome.state is VerifyState.VERIFIED
    assert outcome.refusals == ()


@pytest.mark.invariant("RG-2")
def test_a_region_has_the_addresses_of_its_own_shards_alone() -> None:
    files, _ = half_and_half()
    whole = environment(files.keyspace())
    part = in_region(whole, "us")
    assert tuple(shard.name for shard in part.shards) == REGIONS["us"]
    assert part.shard_names == whole.shard_names == NAMES
    with pytest.raises(InvalidInput) as refused:
        in_region(whole, "uss")
    assert refused.value.problems[0].code == "region-unknown"
    assert "'us'" in refused.value.problems[0].recovery


def test_a_row_ceiling_is_the_fleets_and_no_region_s() -> None:
    """The largest shard may be elsewhere: a region would come to a lower one."""
    core = sample_plan().core
    part = restricted(core, core.shards[:2])
    bounded = tuple(
        replace(s, row_ceiling=ceiling)
        for s, ceiling in zip(part.change_sets[0].statements, (50_000_000, None, None), strict=True)
    )
    reviewed = replace(part, change_sets=(replace(part.change_sets[0], statements=bounded),))
    lower = (replace(bounded[0], row_ceiling=100_000), *bounded[1:])
    derived = replace(reviewed, change_sets=(replace(reviewed.change_sets[0], statements=lower),))
    ours = as_seen_whole(derived, reviewed, lambda one, other: one == other)
    assert compare_plans(reviewed, derived, {}) != ()
    assert compare_plans(reviewed, ours, {}) == ()
    rows = {(core.shards[0], "users"): 60_000_000}
    assert [r.code for r in compare_plans(reviewed, ours, rows)] == ["row-ceiling-exceeded"]
