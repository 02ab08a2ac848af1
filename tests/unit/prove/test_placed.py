"""Statements of programs and of triggers at one place among those of tables."""

from __future__ import annotations

import pytest

from reconciler.diff.model import Operation
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.plan.model import ExecutionClass, PlannedStatement
from reconciler.prove.placed import PlacedPrograms


def of(kind: ObjectKind, name: str, operation: Operation) -> PlannedStatement:
    return PlannedStatement(
        object_id=ObjectId(kind, name),
        operation=operation,
        sql=name,
        execution=ExecutionClass(),
        effects=(),
    )


def view(name: str, operation: Operation) -> PlannedStatement:
    return of(ObjectKind.VIEW, name, operation)


def trigger(name: str, operation: Operation) -> PlannedStatement:
    return of(ObjectKind.TRIGGER, name, operation)


@pytest.mark.invariant("PG-20")
def test_no_trigger_fires_between_what_it_uses_and_itself() -> None:
    others = PlacedPrograms(
        placed=(
            (0, of(ObjectKind.FUNCTION, "f-goes", Operation.DROP_ROUTINE)),
            (0, of(ObjectKind.FUNCTION, "f-comes", Operation.CREATE_ROUTINE)),
            (0, view("v-comes", Operation.CREATE_VIEW)),
            (0, view("v-goes", Operation.DROP_VIEW)),
            (2, view("w-goes", Operation.DROP_VIEW)),
        )
    )
    triggers = PlacedPrograms(
        placed=(
            (0, trigger("x-goes", Operation.DROP_TRIGGER)),
            (0, trigger("y-other", Operation.REPLACE_TRIGGER)),
            (0, trigger("z-goes", Operation.DROP_TRIGGER)),
            (1, trigger("z-comes", Operation.CREATE_TRIGGER)),
        )
    )
    placed = [(at, one.sql) for at, one in others.with_triggers(triggers).placed]
    assert placed == [
        (0, "x-goes"),
        (0, "f-goes"),
        (0, "f-comes"),
        (0, "v-comes"),
        (0, "y-other"),
        (0, "z-goes"),
        (0, "v-goes"),
        (1, "z-comes"),
        (2, "w-goes"),
    ]
