"""Where a shard stands, for every point of a chain and every way off it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.diff.model import Operation
from reconciler.guard.classify import classify
from reconciler.guard.model import Done, Drifted, ToDo
from reconciler.model.object_id import ObjectId, table_id
from reconciler.model.programs import trigger_id
from reconciler.plan.model import ChangeSet, Effect
from tests.sample_plans import BEFORE, DESIRED, live, sample_plan

CORE = sample_plan().core


@pytest.mark.invariant("ST-11")
@pytest.mark.parametrize(
    ("state", "index"),
    [
        (BEFORE, 0),
        (live(users=1, orders=0, zones=0), 1),
        (live(users=1, orders=1, zones=0), 2),
    ],
)
def test_a_shard_part_of_the_way_has_the_rest_to_do(state: dict[ObjectId, str], index: int) -> None:
    standing = classify(CORE, "-40", live=state, desired=DESIRED)
    assert standing == ToDo(shard="-40", next_index=index)


def test_a_shard_at_the_end_is_done() -> None:
    assert classify(CORE, "-40", live=DESIRED, desired=DESIRED) == Done(shard="-40")


@pytest.mark.invariant("PL-2")
def test_a_matching_shard_is_done_and_has_no_change_set() -> None:
    assert classify(CORE, "c0-", live=DESIRED, desired=DESIRED) == Done(shard="c0-")
    assert CORE.change_set_of("c0-") is None


@pytest.mark.invariant("PL-4")
def test_a_matching_shard_never_gets_the_statements_of_others() -> None:
    standing = classify(CORE, "c0-", live=BEFORE, desired=DESIRED)
    assert isinstance(standing, Drifted)


@pytest.mark.invariant("GD-4")
@pytest.mark.parametrize(
    ("state", "table"),
    [
        (live(users=9, orders=0, zones=0), "users"),  # a state of no statement
        (live(users=0, orders=1, zones=0), "orders"),  # a known state, out of order
        (live(users=0, orders=0, zones=5), "zones"),  # a table the plan leaves alone
        (live(users=2, orders=1, zones=5), "zones"),
        (live(users=0, orders=0), "zones"),  # dropped
        (live(users=0, zones=0), "orders"),
        (live(users=0, orders=0, zones=0, extra=0), "extra"),  # added
    ],
)
def test_anything_else_is_drift_and_names_the_table(state: dict[ObjectId, str], table: str) -> None:
    standing = classify(CORE, "-40", live=state, desired=DESIRED)
    assert isinstance(standing, Drifted)
    assert standing.object_id == table_id(table)
    assert standing.expected != standing.observed


def _swap(first: str, then: str) -> ChangeSet:
    """One statement that swaps a trigger, in front of which another stands."""
    about, neighbour = trigger_id("x"), trigger_id("y")
    statement = replace(
        CORE.change_sets[0].statements[0],
        object_id=about,
        operation=Operation.REPLACE_TRIGGER,
        effects=(Effect(object_id=about, before=first, after=then),),
        passes=(
            Effect(object_id=about, before=first, after=None),
            Effect(object_id=neighbour, before="y-behind-x", after="y-first"),
        ),
    )
    before = {about: first, neighbour: "y-behind-x"}
    return replace(
        CORE.change_sets[0],
        before=schema_fingerprint(before),
        statements=(statement,),
        shards=("-40",),
    )


@pytest.mark.invariant("PG-25")
def test_a_shard_in_the_midst_of_a_swap_goes_on_from_there() -> None:
    core = replace(CORE, change_sets=(_swap("old", "new"),))
    x, y = trigger_id("x"), trigger_id("y")
    for live_now, standing in (
        ({x: "old", y: "y-behind-x"}, ToDo(shard="-40")),
        ({y: "y-first"}, ToDo(shard="-40", is_between=True)),
        ({x: "new", y: "y-behind-x"}, Done(shard="-40")),
    ):
        assert classify(core, "-40", live=live_now, desired={}) == standing
    for live_now in ({y: "y-behind-x"}, {x: "old", y: "y-first"}, {}, {x: "another"}):
        assert isinstance(classify(core, "-40", live=live_now, desired={}), Drifted)
