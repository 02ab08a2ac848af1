"""What the statements of a view may do to those who read it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diff.model import Operation
from reconciler.diff.programs import ProgramStep, program_steps
from reconciler.model.programs import Event, Security, View, event_id, view_id
from reconciler.plan.hazards.programs import program_hazards
from tests.unit.ddl.programs.test_event import EVENT
from tests.unit.ddl.programs.test_view import VIEW

DEFINERS = replace(VIEW, security=Security.DEFINER, definer="1" * 64)


def found(before: View | None, after: View | None) -> list[str]:
    step = ProgramStep(about=view_id("v"), before=before, after=after)
    hazards = program_hazards(step, "app@%")
    assert all(hazard.needs_permission for hazard in hazards)
    return [f"{hazard.kind} {hazard.object}" for hazard in hazards]


@pytest.mark.invariant("PG-4")
def test_whose_rights_a_view_has_needs_permission() -> None:
    assert found(None, VIEW) == []
    assert found(VIEW, replace(VIEW, query="select 2 AS `id`")) == []
    assert found(None, DEFINERS) == ["runs-as v"]
    assert found(VIEW, DEFINERS) == ["runs-as v"]
    assert found(DEFINERS, VIEW) == ["runs-as v"]
    assert found(replace(DEFINERS, definer="another"), DEFINERS) == ["runs-as v"]
    assert found(DEFINERS, replace(DEFINERS, query="select 3 AS `id`")) == []


def test_what_readers_lose_needs_permission() -> None:
    two = replace(VIEW, query="select 1 AS `id`,2 AS `b` from `t`")
    assert found(two, VIEW) == ["drop-view-column b"]
    assert found(replace(VIEW, query="select 1 AS `ID`"), VIEW) == []
    assert found(VIEW, None) == ["drop-program v"]
    (told,) = program_hazards(ProgramStep(about=view_id("v"), before=VIEW, after=None), None)
    assert "granted on it stays" in told.reason


def test_steps_are_those_views_that_differ() -> None:
    steps = program_steps(
        {view_id("a"): VIEW, view_id("b"): VIEW, view_id("d"): VIEW},
        {view_id("b"): VIEW, view_id("c"): VIEW, view_id("d"): DEFINERS},
    )
    assert [(step.name, step.operation) for step in steps] == [
        ("a", Operation.DROP_VIEW),
        ("c", Operation.CREATE_VIEW),
        ("d", Operation.REPLACE_VIEW),
    ]
    assert steps[2].difference == "its SQL SECURITY, definer differ"


@pytest.mark.invariant("PG-29")
def test_what_runs_by_itself_needs_permission() -> None:
    """A change of what it does needs none, nor does one that is off."""

    def of(before: Event | None, after: Event | None) -> list[str]:
        step = ProgramStep(about=event_id("e"), before=before, after=after)
        return [str(hazard.kind) for hazard in program_hazards(step, "app@%")]

    off = replace(EVENT, is_on=False)
    assert of(None, EVENT) == ["runs-by-itself", "runs-as"]
    assert of(None, off) == ["runs-as"]
    assert of(off, EVENT) == ["runs-by-itself"]
    assert of(EVENT, replace(EVENT, every="2 DAY")) == ["runs-by-itself"]
    assert of(EVENT, replace(EVENT, body="SELECT 2", comment="'x'")) == []
    assert of(EVENT, off) == []
    assert of(EVENT, replace(EVENT, definer="another")) == ["runs-as"]
    assert of(EVENT, None) == ["drop-program"]
