"""Over any partition of the shards, the parts of a plan add up to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.fleet import even_shards
from reconciler.plan.commitment import without_words
from reconciler.plan.model import ChangeSet, PlanCore
from reconciler.plan.part import restricted
from reconciler.plan.validate import core_errors, part_errors
from tests.sample_plans import sample_plan, statement

REGIONS = ("ap", "eu", "us")


def core_of(sets: tuple[tuple[str, ...], ...], matching: tuple[str, ...], waves: int) -> PlanCore:
    """The sample's core for other shards: the change sets differ in what they do last."""
    core = sample_plan().core
    first = core.change_sets[0]
    shards = tuple(sorted((*matching, *(s for found in sets for s in found))))
    changing = tuple(
        replace(
            first,
            shards=tuple(sorted(names)),
            statements=(*first.statements[:2], statement("users", 1, _alter(number))),
        )
        for number, names in enumerate(sorted(sets, key=min))
    )
    size = -(-len(shards) // waves)
    return replace(
        core,
        shards=shards,
        matching=tuple(sorted(matching)),
        change_sets=changing,
        waves=tuple(shards[i : i + size] for i in range(0, len(shards), size)),
    )


def _alter(number: int) -> str:
    return f"ALTER TABLE `users` ADD COLUMN `n{number}` int, ALGORITHM=INSTANT"


@st.composite
def cores_and_regions(draw: st.DrawFn) -> tuple[PlanCore, dict[str, str]]:
    shards = even_shards(draw(st.integers(1, 12)))
    role = {shard: draw(st.integers(0, 3)) for shard in shards}  # 0: it matches already
    sets = tuple(
        names
        for number in (1, 2, 3)
        if (names := tuple(shard for shard in shards if role[shard] == number))
    )
    matching = tuple(shard for shard in shards if role[shard] == 0)
    core = core_of(sets, matching, draw(st.integers(1, 4)))
    return core, {shard: draw(st.sampled_from(REGIONS)) for shard in shards}


def work(core: PlanCore) -> Counter[tuple[str, str]]:
    return Counter(
        (s, one.sql) for found in core.change_sets for s in found.shards for one in found.statements
    )


def _order(found: ChangeSet) -> str:
    return found.shards[0]


@pytest.mark.invariant("RG-3")
@given(cores_and_regions())
def test_the_parts_of_any_partition_add_up_to_the_plan(
    drawn: tuple[PlanCore, dict[str, str]],
) -> None:
    core, region_of = drawn
    parts = [
        restricted(core, [shard for shard in core.shards if region_of[shard] == region])
        for region in sorted({*region_of.values()})
    ]
    assert sum((work(part) for part in parts), Counter()) == work(core)
    assert sorted(shard for part in parts for shard in part.matching) == list(core.matching)
    assert sorted(shard for part in parts for shard in part.shards) == list(core.shards)
    for number, wave in enumerate(core.waves):
        assert sorted(shard for part in parts for shard in part.waves[number]) == sorted(wave)
    for part in parts:
        assert list(part_errors(part)) == []
        for shard in part.shards:
            mine, whole = part.change_set_of(shard), core.change_set_of(shard)
            assert (mine and mine.statements) == (whole and whole.statements)
        assert [found.shards for found in part.change_sets] == [
            found.shards for found in sorted(part.change_sets, key=_order)
        ]


@pytest.mark.invariant("RG-3")
@given(cores_and_regions(), st.data())
def test_a_part_of_a_part_is_the_part_of_the_plan(
    drawn: tuple[PlanCore, dict[str, str]], data: st.DataObject
) -> None:
    core, region_of = drawn
    region = data.draw(st.sampled_from(sorted({*region_of.values()})))
    own = [shard for shard in core.shards if region_of[shard] == region]
    fewer = data.draw(st.lists(st.sampled_from(own), min_size=1, unique=True))
    assert without_words(restricted(restricted(core, own), fewer)) == without_words(
        restricted(core, fewer)
    )
    assert restricted(core, core.shards) == core


@pytest.mark.invariant("RG-3")
def test_a_part_is_no_plan() -> None:
    core = sample_plan().core
    part = restricted(core, core.shards[:1])
    assert "no shard holds the keys from 40 up" in list(core_errors(part))
