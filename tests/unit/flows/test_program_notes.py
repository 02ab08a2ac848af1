"""What a plan tells of programs that no server tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diff.model import Operation
from reconciler.flows.program_notes import program_notes
from reconciler.flows.reconcile_pass import Pass, begin_pass
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import Event, ManagedProgram, Routine, Security
from reconciler.model.schema import OtherObject
from reconciler.observe.shards import as_read
from reconciler.plan.model import ExecutionClass, PlanCore, PlannedStatement
from tests.offline_fleet import SPEC, STATES, fleet, planned, repository, world
from tests.unit.ddl.programs.test_event import EVENT, HERE
from tests.unit.ddl.programs.test_trigger import trigger

OPERATIONS = {
    ObjectKind.EVENT: Operation.ALTER_EVENT,
    ObjectKind.TRIGGER: Operation.REPLACE_TRIGGER,
    ObjectKind.PROCEDURE: Operation.REPLACE_ROUTINE,
}
ROUTINE = Routine(
    kind=ObjectKind.PROCEDURE,
    name="p",
    security=Security.INVOKER,
    definer=None,
    signature="()",
    traits=(),
    body="SELECT 1",
    created_with=replace(HERE, time_zone=None),
)
CALLS = "CALL nobody(1)"
USES = "DELETE FROM nowhere WHERE id IN (SELECT id FROM users)"


def looked(spec: str = SPEC) -> tuple[Pass, PlanCore]:
    shards, files = fleet(STATES[0]), repository(STATES[1], spec=spec)
    environment = files.keyspace().spec.environment("production")
    assert environment is not None
    plan = planned(files, shards).plan
    assert plan is not None
    return begin_pass(world(shards), files.keyspace(), environment), plan.core


def notes(
    *after: ManagedProgram,
    before: tuple[ManagedProgram, ...] = (),
    others: tuple[OtherObject, ...] = (),
    unchanged: tuple[ManagedProgram, ...] = (),
    unseen: tuple[str, ...] = (),
    spec: str = SPEC,
) -> tuple[str, ...]:
    """Of a plan that makes or changes these, whatever else it does."""
    begun, core = looked(spec)
    wanted = {one.object_id: as_read(one) for one in (*after, *unchanged)}
    there = {one.object_id: as_read(one) for one in before}
    desired = {shard: replace(one, programs=wanted) for shard, one in begun.desired.items()}
    seen = tuple(
        replace(
            one, programs=there, observation=replace(one.observation, others=others, unseen=unseen)
        )
        for one in begun.look.seen
    )
    begun = replace(begun, desired=desired, look=replace(begun.look, seen=seen))
    statements = tuple(
        PlannedStatement(
            object_id=one.object_id,
            operation=OPERATIONS[one.object_id.kind],
            sql="",
            execution=ExecutionClass(),
            effects=(),
        )
        for one in after
    )
    (change_set,) = core.change_sets
    changed = replace(change_set, statements=(*change_set.statements, *statements))
    return program_notes(begun, replace(core, change_sets=(changed,)))


@pytest.mark.invariant("PG-35")
def test_a_table_that_a_body_uses_and_nobody_has_is_told_by_name() -> None:
    made = (replace(EVENT, body=USES), replace(ROUTINE, body=USES), trigger(body=USES))
    assert [note.partition(",")[0] for note in notes(*made)] == [
        "event e uses nowhere",
        "procedure p uses nowhere",
        "trigger x uses nowhere",
    ]
    (note,) = notes(trigger(body=USES))
    assert "a write to t that comes to it fails" in note
    assert "unless its session has a temporary table of that name" in note


@pytest.mark.invariant("PG-35")
def test_a_procedure_that_a_body_calls_and_nobody_has_is_told_by_name() -> None:
    made = (replace(EVENT, body=CALLS), replace(ROUTINE, body=CALLS), trigger(body=CALLS))
    assert [note.partition(",")[0] for note in notes(*made)] == [
        "event e calls nobody",
        "procedure p calls nobody",
        "trigger x calls nobody",
    ]
    (note,) = notes(trigger(body=CALLS))
    assert note.endswith("no shard has then: a write to t that comes to it fails")


@pytest.mark.invariant("PG-35")
def test_a_procedure_that_may_be_there_is_not_told() -> None:
    event = replace(EVENT, body=CALLS)
    live = OtherObject(kind=ObjectKind.PROCEDURE, name="Nobody", definition="")
    function = replace(live, kind=ObjectKind.FUNCTION)
    assert notes(event, others=(live,)) == ()
    assert notes(event, others=(function,)) != ()
    assert notes(event, unchanged=(replace(ROUTINE, name="NOBODY"),)) == ()
    assert notes(replace(ROUTINE, body="CALL p()")) == ()
    assert notes(event, spec=SPEC + 'policy: {ignore_tables: ["no*"]}\n') == ()
    assert notes(event, unseen=("routines (needs EXECUTE, or SHOW_ROUTINE)",)) == ()
    assert notes(unchanged=(event,)) == ()


@pytest.mark.invariant("PG-35")
def test_what_may_be_there_is_not_told() -> None:
    routine = replace(ROUTINE, body=USES)
    view = OtherObject(kind=ObjectKind.VIEW, name="Nowhere", definition="CREATE VIEW ...")
    makes = "BEGIN CREATE TEMPORARY TABLE nowhere (id int); END"
    assert notes(routine, others=(view,)) == ()
    assert notes(routine, unchanged=(replace(ROUTINE, name="other", body=makes),)) == ()
    assert notes(routine, spec=SPEC + 'policy: {ignore_tables: ["no*"]}\n') == ()
    assert notes(replace(ROUTINE, body="DELETE FROM USERS")) == ()
    assert notes(unchanged=(routine,)) == ()


@pytest.mark.invariant("PG-37")
def test_an_event_that_is_on_may_still_be_running_when_it_is_changed() -> None:
    body = "DELETE FROM users"
    event = replace(EVENT, body=body)

    def told(before: Event, after: Event) -> tuple[str, ...]:
        return notes(after, before=(before,))

    (note,) = told(event, replace(event, body=f"{body} WHERE id < 0"))
    assert note.startswith("event e: a run that has begun when it is changed goes on")
    assert "another may begin beside it" in note
    (turned_off,) = told(event, replace(event, is_on=False))
    assert "beside it" not in turned_off
    off = replace(event, is_on=False)
    assert told(off, replace(off, body=f"{body} WHERE id < 0")) == ()
    assert told(event, replace(event, comment="'x'")) == ()
    assert notes(event) == ()
