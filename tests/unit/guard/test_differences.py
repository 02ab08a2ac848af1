"""What `plan-differs` tells of plans that run the same statements."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from reconciler.diff.session import UNCHECKED
from reconciler.guard.compare import compare_plans
from reconciler.guard.differences import ASPECTS
from reconciler.guard.model import Refusal
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.model.engine import EngineName
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.model import (
    Algorithm,
    ChangeSet,
    Effect,
    ExecutionClass,
    PlanCore,
    PlannedStatement,
)
from tests.sample_plans import fingerprint, sample_plan

CORE = sample_plan().core
SETS = CORE.change_sets
FIRST = SETS[0].statements[0]
DROPS = Hazard(kind=HazardKind.DROP_COLUMN, object="legacy", reason="r", needs_permission=True)
REBUILDS = Hazard(kind=HazardKind.REBUILDS, object="users", reason="r", needs_permission=False)


def with_sets(*sets: ChangeSet) -> PlanCore:
    return replace(CORE, change_sets=sets)


def with_first(**changed: Any) -> PlanCore:
    statements = (replace(FIRST, **changed), *SETS[0].statements[1:])
    return with_sets(replace(SETS[0], statements=statements), *SETS[1:])


def refused(reviewed: PlanCore, derived: PlanCore) -> Refusal:
    (refusal,) = compare_plans(reviewed, derived, {})
    assert refusal.code == "plan-differs"
    return refusal


@pytest.mark.invariant("GD-7")
def test_other_hazards_name_the_shards_the_object_and_both_sides() -> None:
    found = refused(with_first(hazards=(REBUILDS,)), with_first(hazards=(REBUILDS, DROPS)))
    assert (found.shard, found.object_id) == (SETS[0].shards[0], FIRST.object_id)
    assert "shards -40, 40-80, 80-c0, table users: the hazards" in found.message
    assert found.expected == "rebuilds users"
    assert found.observed == "rebuilds users, drop-column legacy (needs permission)"
    gone = refused(with_first(hazards=(REBUILDS,)), with_first(hazards=()))
    assert gone.observed == "none"


OTHERWISE: dict[str, Any] = {
    "execution": ExecutionClass(algorithm=Algorithm.COPY, rebuilds=True),
    "engine": EngineName.GH_OST,
    "effects": (replace(FIRST.effects[0], after=fingerprint("elsewhere")),),
    "hazards": (DROPS,),
    "row_ceiling": 1_000,
    "session": UNCHECKED,
    "passes": (replace(FIRST.effects[0], after=fingerprint("elsewhere")),),
    "sql": f"{FIRST.sql} ",
}


@pytest.mark.invariant("GD-7")
@pytest.mark.parametrize("field", [field.name for field in fields(PlannedStatement)])
def test_every_field_of_a_statement_has_its_words(field: str) -> None:
    assert field in ASPECTS
    if field in OTHERWISE:
        found = refused(CORE, with_first(**{field: OTHERWISE[field]}))
        assert ASPECTS[field][0] in found.message
        assert found.expected != found.observed


def test_every_field_that_can_differ_here_is_tried() -> None:
    """Another object or kind of statement is another statement, which is told as such."""
    assert OTHERWISE.keys() == ASPECTS.keys() - {"object_id", "operation"}


@pytest.mark.invariant("GD-7")
def test_another_order_is_told_by_the_first_statement_that_is_another_one() -> None:
    one, two, *rest = (
        *SETS[0].statements,
        replace(FIRST, sql="ALTER TABLE `users` ADD COLUMN z int"),
    )
    ordered = with_sets(replace(SETS[0], statements=(one, two, *rest)), *SETS[1:])
    swapped = with_sets(replace(SETS[0], statements=(two, one, *rest)), *SETS[1:])
    found = refused(ordered, swapped)
    assert "the order of its statements" in found.message
    assert (found.expected, found.observed) == (one.sql, two.sql)


@pytest.mark.invariant("GD-7")
def test_shards_that_differ_alike_are_told_once_and_others_apart() -> None:
    halves = (SETS[0].shards[:1], SETS[0].shards[1:])
    reviewed = with_sets(*(replace(SETS[0], shards=shards) for shards in halves), *SETS[1:])
    changed = replace(FIRST, hazards=(DROPS,))
    other = replace(SETS[0], shards=halves[0], statements=(changed, *SETS[0].statements[1:]))
    derived = with_sets(other, replace(SETS[0], shards=halves[1]), *SETS[1:])
    found = refused(reviewed, derived)
    assert found.message.startswith(f"shard {halves[0][0]}, table users")


def test_many_shards_are_counted() -> None:
    names = tuple(f"s{number}" for number in range(SHARDS_NAMED_MAX + 1))
    reviewed = replace(CORE, shards=names, change_sets=(replace(SETS[0], shards=names),))
    changed = replace(SETS[0], shards=names, statements=(replace(FIRST, hazards=(DROPS,)),))
    reviewed = replace(
        reviewed, change_sets=(replace(reviewed.change_sets[0], statements=(FIRST,)),)
    )
    found = refused(reviewed, replace(reviewed, change_sets=(changed,)))
    assert f"{len(names)} of {len(names)} shards (s0, s1, s2, ...)" in found.message


@pytest.mark.invariant("GD-1")
def test_shards_that_are_only_grouped_otherwise_still_refuse() -> None:
    halves = (SETS[0].shards[:1], SETS[0].shards[1:])
    derived = with_sets(*(replace(SETS[0], shards=shards) for shards in halves), *SETS[1:])
    found = refused(CORE, derived)
    assert "which shards have the same statements" in found.message
    assert found.object_id is None


@pytest.mark.invariant("GD-1")
def test_an_effect_of_another_object_is_shown() -> None:
    more = Effect(object_id=FIRST.object_id, before=None, after=fingerprint("more"))
    found = refused(CORE, with_first(effects=(*FIRST.effects, more)))
    assert "users from none to" in str(found.observed)
