"""The VSchema steps of a plan: kept, bound, and refused as a whole where they make no sense."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest

from reconciler.errors import Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.plan.codec import dump_plan, load_plan
from reconciler.plan.commitment import is_same_commitment, reasons_of
from reconciler.plan.model import Moment, Plan, VSchemaStep
from reconciler.plan.validate import core_errors
from tests.sample_plans import sample_plan, with_core, with_hazards
from tests.sample_vschema import FIRST, LAST, SHARDED, routed, table_added, vschema_step


def with_steps(*steps: VSchemaStep) -> Plan:
    return with_core(replace(sample_plan().core, vschema=steps))


def test_a_plan_without_steps_has_the_id_it_always_had() -> None:
    assert b'"vschema"' not in dump_plan(sample_plan())


def test_a_plan_with_steps_comes_back_as_it_was() -> None:
    plan = with_steps(FIRST, LAST)
    assert load_plan(dump_plan(plan), "plan.json") == plan
    assert list(core_errors(plan.core)) == []


@pytest.mark.invariant("VS-1")
@pytest.mark.parametrize("name", [field.name for field in fields(VSchemaStep)])
def test_no_field_of_a_step_escapes_the_id(name: str) -> None:
    other: dict[str, Any] = {
        "moment": Moment.LAST,
        "before": LAST.before,
        "after": LAST.after,
        "found": LAST.found,
        "document": LAST.document,
        "changes": LAST.changes,
    }
    changed = replace(FIRST, **{name: other[name]})
    assert with_steps(changed).plan_id != with_steps(FIRST).plan_id
    assert not is_same_commitment(with_steps(changed).core, with_steps(FIRST).core)


@pytest.mark.invariant("PL-14")
def test_reasons_of_the_vschema_stand_behind_those_of_statements_and_are_words_alone() -> None:
    core = with_hazards("of a statement").core
    one = replace(core, vschema=(replace(LAST, changes=(table_added("users", "a", "b"),)),))
    assert reasons_of(one) == ("of a statement", "a", "b")
    other = replace(one, vschema=(replace(LAST, changes=(table_added("users", "c", "d"),)),))
    assert is_same_commitment(one, other)
    plan = with_core(one)
    assert load_plan(dump_plan(plan), "plan.json") == plan


@pytest.mark.invariant("VS-1")
@pytest.mark.invariant("PL-7")
@pytest.mark.parametrize("key", ["shard", "shards", "sql", "statements"])
def test_a_step_with_a_shard_or_with_sql_is_no_step(key: str) -> None:
    document = json.loads(dump_plan(with_steps(FIRST)))
    document["core"]["vschema"][0][key] = "-80"
    with pytest.raises(Refused) as refused:
        load_plan(json.dumps(document).encode(), "plan.json")
    assert "is not a key of a plan" in refused.value.problems[0].message


def _of_view() -> VSchemaStep:
    change = replace(LAST.changes[0], object_id=ObjectId(ObjectKind.VIEW, "users"))
    return replace(LAST, changes=(change,))


UNSOUND = {
    "two of one moment": (LAST, vschema_step(Moment.LAST, LAST.document, routed("users", "a"))),
    "the last one first": (
        replace(FIRST, moment=Moment.LAST),
        replace(LAST, moment=Moment.FIRST),
    ),
    "steps that do not join": (FIRST, vschema_step(Moment.LAST, routed("a"), routed("b"))),
    "a step back": (FIRST, vschema_step(Moment.LAST, SHARDED, FIRST.found)),
    "a step to where it was": (vschema_step(Moment.LAST, SHARDED, SHARDED),),
    "a step that changes nothing": (replace(LAST, changes=()),),
    "a change to what was": (
        replace(LAST, changes=(replace(LAST.changes[0], before=LAST.changes[0].after),)),
    ),
    "a change of a view": (_of_view(),),
    "another document than it is bound to": (replace(LAST, document=routed("orders")),),
    "another document before": (replace(LAST, found=routed("orders")),),
    "a document in other words": (vschema_step(Moment.LAST, SHARDED, '{"sharded":true}'),),
    "a document that is none": (vschema_step(Moment.LAST, SHARDED, "[]\n"),),
    "a document cut short": (vschema_step(Moment.LAST, SHARDED, "{"),),
}


@pytest.mark.invariant("VS-1")
@pytest.mark.parametrize("steps", UNSOUND.values(), ids=UNSOUND)
def test_steps_that_make_no_sense_refuse_the_plan(steps: tuple[VSchemaStep, ...]) -> None:
    assert list(core_errors(with_steps(*steps).core))
