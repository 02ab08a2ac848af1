"""Which shards change is said once, by their change sets; nothing else is asked or given."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused
from reconciler.plan.codec import dump_plan, load_plan
from reconciler.rollout.operations import work_of
from tests.sample_plans import SHARDS, sample_plan


@pytest.mark.invariant("PL-1")
@pytest.mark.invariant("PL-2")
@given(st.sets(st.sampled_from(SHARDS), min_size=1))
def test_exactly_the_shards_of_change_sets_get_work(chosen: set[str]) -> None:
    changing = tuple(shard for shard in SHARDS if shard in chosen)
    matching = tuple(shard for shard in SHARDS if shard not in chosen)
    plan = sample_plan(changing, matching)
    assert {work.shard for work in work_of(plan)} == chosen
    assert {s for s in SHARDS if plan.core.change_set_of(s) is not None} == chosen
    assert plan.core.matching == matching


@pytest.mark.invariant("PL-4")
@pytest.mark.invariant("DS-2")
def test_an_empty_list_is_refused_and_never_filled_from_another() -> None:
    plan = sample_plan()
    (full,) = plan.core.change_sets
    document = json.loads(dump_plan(plan))
    document["core"]["change_sets"][0]["statements"] = []
    with pytest.raises(Refused, match="a change set changes something"):
        load_plan(json.dumps(document).encode(), "a.plan.json")

    # Past the first check, as code could get it that makes a plan by itself (PL-8).
    object.__setattr__(full, "statements", ())
    with pytest.raises(Refused, match="without statements"):
        work_of(plan)


@pytest.mark.invariant("PL-4")
def test_a_shard_in_no_list_is_refused_and_never_given_everybodys() -> None:
    core = sample_plan().core
    (full,) = core.change_sets
    without_one = replace(full, shards=full.shards[1:])
    plan = replace(sample_plan(), core=replace(core, change_sets=(without_one,)))
    with pytest.raises(Refused, match="exactly once in a change set"):
        work_of(plan)
