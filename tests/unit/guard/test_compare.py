"""The reviewed plan against the derived one: any difference refuses, and says what it is."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from reconciler.diff.model import Operation
from reconciler.diff.session import UNCHECKED
from reconciler.guard.compare import compare_plans
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.policy import ColumnOrder, Hazard, HazardKind, PartitionLists, Policy
from reconciler.model.quarantine import Quarantine
from reconciler.plan.model import (
    Algorithm,
    CarriedOut,
    ChangeSet,
    Effect,
    ExecutionClass,
    InputDigest,
    Leftover,
    PlanCore,
    PlannedStatement,
    RuleVersions,
)
from tests.sample_plans import digest, fingerprint, sample_plan, statement
from tests.sample_vschema import LAST

CORE = sample_plan().core


def codes(derived: PlanCore, **rows: int) -> set[str]:
    live_rows = {("-40", table): count for table, count in rows.items()}
    return {refusal.code for refusal in compare_plans(CORE, derived, live_rows)}


def with_statements(*statements: PlannedStatement) -> PlanCore:
    return replace(CORE, change_sets=(replace(CORE.change_sets[0], statements=statements),))


@pytest.mark.invariant("GD-1")
def test_equal_plans_are_equal() -> None:
    assert codes(CORE) == set()


@pytest.mark.invariant("GD-3")
@pytest.mark.parametrize(
    "sql",
    [
        "alter table users   add column c0 int,\n algorithm = instant",
        "ALTER TABLE `users` ADD COLUMN `c0` int, ALGORITHM = INSTANT;",
    ],
)
def test_canonical_form_is_what_the_multiset_compares(sql: str) -> None:
    """What it forgives is still not the reviewed text: the plan as a whole differs."""
    first, *rest = CORE.change_sets[0].statements
    spaced = replace(first, sql="ALTER TABLE `users` ADD COLUMN `c0` int, ALGORITHM = INSTANT")
    reviewed = with_statements(spaced, *rest)
    derived = with_statements(replace(first, sql=sql), *rest)
    assert {r.code for r in compare_plans(reviewed, derived, {})} == {"plan-differs"}


@pytest.mark.invariant("GD-2")
def test_a_change_twice_on_one_side_refuses_although_the_sets_are_equal() -> None:
    statements = CORE.change_sets[0].statements
    refusals = compare_plans(CORE, with_statements(*statements, statements[0]), {})
    assert {(r.code, str(r.object_id)) for r in refusals} == {("statement-differs", "users")}
    assert "shards -40, 40-80, 80-c0" in refusals[0].message


@pytest.mark.invariant("GD-7")
def test_a_refusal_shows_both_sides_and_the_next_step() -> None:
    other = statement("users", 0, "ALTER TABLE `users` ADD COLUMN `c0` bigint, ALGORITHM=INSTANT")
    derived = with_statements(other, *CORE.change_sets[0].statements[1:])
    (refusal,) = compare_plans(CORE, derived, {})
    assert (refusal.shard, str(refusal.object_id)) == ("-40", "users")
    assert "`c0` int" in str(refusal.expected)
    assert "`c0` bigint" in str(refusal.observed)
    assert "reconciler plan" in refusal.recovery


@pytest.mark.invariant("RV-1")
@pytest.mark.parametrize(
    "inputs",
    [
        (),
        (InputDigest(path="specs/commerce.yaml", sha256=digest("edited")),),
        (InputDigest(path="specs/renamed.yaml", sha256=digest("spec")),),
        (*CORE.inputs, InputDigest(path="schemas/new.sql", sha256=digest("new"))),
    ],
    ids=["deleted", "edited", "renamed", "added"],
)
def test_a_changed_input_refuses_and_names_the_file(inputs: tuple[InputDigest, ...]) -> None:
    assert codes(replace(CORE, inputs=inputs)) == {"input-changed"}


@pytest.mark.invariant("GD-6")
@pytest.mark.parametrize("shards", [CORE.shards[:-1], (*CORE.shards, "c0-e0")])
def test_a_shard_more_or_less_refuses(shards: tuple[str, ...]) -> None:
    assert codes(replace(CORE, shards=shards)) == {"shards-changed"}


@pytest.mark.invariant("GD-6")
def test_two_shards_swapped_refuse() -> None:
    swapped = replace(CORE.change_sets[0], shards=("-40", "40-80", "c0-"))
    derived = replace(CORE, change_sets=(swapped,), matching=("80-c0",))
    assert codes(derived) == {"statement-differs"}


def test_rows_above_the_ceiling_refuse_and_below_do_not() -> None:
    copies = [replace(s, row_ceiling=100_000) for s in CORE.change_sets[0].statements]
    reviewed = with_statements(*copies)
    derived = with_statements(*[replace(s, row_ceiling=1_000_000) for s in copies])
    assert compare_plans(reviewed, derived, {("-40", "users"): 100_000}) == ()
    (refusal,) = compare_plans(reviewed, derived, {("-40", "users"): 100_001})
    assert (refusal.code, refusal.shard) == ("row-ceiling-exceeded", "-40")
    assert refusal.object_id == table_id("users")


ANOTHER: dict[str, Any] = {
    "environment": "staging",
    "keyspace": "other",
    "server": "mysql 8.4",
    "rules": RuleVersions(normalizer=99, renderer=1, hazards=1),
    "inputs": (),
    "policy": Policy(),
    "shards": (),
    "waves": (("-40", "40-80"), ("80-c0", "c0-")),
    "managed": (),
    "change_sets": (),
    "matching": (),
    "after": fingerprint("another"),
    "cleans": (Leftover(name="_users_del", of="users", engine=EngineName.GH_OST, apply_id=7),),
    "vschema": (LAST,),
    "carried_out": CarriedOut.BY_DEPLOY_REQUEST,
    "quarantine": (Quarantine(shard="c0-", until="2027-01-31", reason="its disk is failing"),),
}


@pytest.mark.invariant("GD-1")
@pytest.mark.parametrize("field", [f.name for f in fields(PlanCore) if f.name != "words"])
def test_no_field_of_a_plan_is_invisible_to_the_comparison(field: str) -> None:
    assert codes(replace(CORE, **{field: ANOTHER[field]}))


@pytest.mark.invariant("GD-1")
@pytest.mark.parametrize("field", [f.name for f in fields(RuleVersions)])
def test_other_rules_refuse(field: str) -> None:
    assert codes(replace(CORE, rules=replace(CORE.rules, **{field: 99}))) == {"plan-differs"}


ANOTHER_STATEMENT: dict[str, Any] = {
    "object_id": table_id("orders"),
    "operation": Operation.DROP_TABLE,
    "sql": "ALTER TABLE `users` ADD COLUMN `c9` int, ALGORITHM=INSTANT",
    "session": UNCHECKED,
    "execution": ExecutionClass(algorithm=Algorithm.COPY),
    "effects": (Effect(object_id=table_id("users"), before=None, after=None),),
    "hazards": (Hazard(kind=HazardKind.RENAME, object="c", reason="r", needs_permission=False),),
    "row_ceiling": 5,
    "engine": EngineName.GH_OST,
    "passes": (Effect(object_id=table_id("users"), before=None, after=None),),
}


@pytest.mark.invariant("GD-1")
@pytest.mark.parametrize("field", [f.name for f in fields(PlannedStatement)])
def test_no_field_of_a_statement_is_invisible_to_the_comparison(field: str) -> None:
    first, *rest = CORE.change_sets[0].statements
    assert codes(with_statements(replace(first, **{field: ANOTHER_STATEMENT[field]}), *rest))


ANOTHER_SET: dict[str, Any] = {
    "before": fingerprint("x"),
    "after": fingerprint("x"),
    "touched": (),
    "statements": CORE.change_sets[0].statements[:1],
    "shards": ("-40",),
}


@pytest.mark.invariant("PL-3")
@pytest.mark.parametrize("field", [f.name for f in fields(ChangeSet)])
def test_no_field_of_a_change_set_is_invisible_to_the_comparison(field: str) -> None:
    altered = replace(CORE.change_sets[0], **{field: ANOTHER_SET[field]})
    assert codes(replace(CORE, change_sets=(altered,)))


@pytest.mark.parametrize(
    ("policy", "minds"),
    [
        (Policy(), True),
        (Policy(partition_lists=PartitionLists.ROTATION), False),
        (Policy(column_order=ColumnOrder.IGNORE), False),
    ],
)
def test_a_before_definition_may_differ_in_what_is_left_to_the_shards(
    policy: Policy, minds: bool
) -> None:
    """Its fingerprint, which is without that, is compared with the effects."""
    reviewed = replace(CORE, policy=policy)
    first, *rest = reviewed.change_sets
    moved = tuple(replace(t, definition=f"{t.definition} moved") for t in first.touched)
    derived = replace(reviewed, change_sets=(replace(first, touched=moved), *rest))
    found = compare_plans(reviewed, derived, {})
    assert bool(found) is minds
    gone = tuple(replace(t, definition=None) for t in first.touched)
    derived = replace(reviewed, change_sets=(replace(first, touched=gone), *rest))
    assert compare_plans(reviewed, derived, {})


@pytest.mark.invariant("GD-1")
def test_a_ceiling_that_no_row_count_leads_to_refuses() -> None:
    """A million is what 80,000 estimated rows come to; 45,000 are estimated now."""
    copies = [replace(s, row_ceiling=100_000) for s in CORE.change_sets[0].statements]
    derived = with_statements(*copies)
    rows = {(CORE.change_sets[0].shards[0], copies[0].object_id.name): 45_000}
    one_step = with_statements(replace(copies[0], row_ceiling=1_000_000), *copies[1:])
    assert compare_plans(one_step, derived, rows) == ()
    for ceiling in (0, -1, 1, 99_999, 100_001, 200_000, 10_000_000):
        forged = with_statements(replace(copies[0], row_ceiling=ceiling), *copies[1:])
        assert compare_plans(forged, derived, rows)
    (refusal,) = compare_plans(one_step, derived, {})
    assert refusal.code == "plan-differs"
    assert "row ceiling" in refusal.message


def test_a_login_that_sees_more_may_rule_out_what_was_permitted_unseen() -> None:
    """Plan jobs hold a read-only identity, which may not see every trigger; apply's does."""
    first, *rest = CORE.change_sets[0].statements
    seen = Hazard(kind=HazardKind.REBUILDS, object="users", reason="r", needs_permission=False)
    unseen = Hazard(kind=HazardKind.UNPROVEN, object="users", reason="u", needs_permission=True)
    reviewed = with_statements(replace(first, hazards=(seen, unseen)), *rest)
    assert (
        compare_plans(reviewed, with_statements(replace(first, hazards=(seen,)), *rest), {}) == ()
    )
    for hazards in ((), (unseen,)):  # a known danger is never ruled out so
        derived = with_statements(replace(first, hazards=hazards), *rest)
        assert {r.code for r in compare_plans(reviewed, derived, {})} == {"plan-differs"}
    known = with_statements(replace(first, hazards=(seen,)), *rest)
    derived = with_statements(replace(first, hazards=(seen, unseen)), *rest)
    assert {r.code for r in compare_plans(known, derived, {})} == {"plan-differs"}
