"""Who stands on a program that goes: what says its own name does not hold itself up."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith, Routine, Security
from reconciler.prove.managed import _Trial


def routine(kind: ObjectKind, name: str, body: str) -> Routine:
    return Routine(
        kind=kind,
        name=name,
        security=Security.INVOKER,
        definer=None,
        signature="()",
        traits=(),
        body=body,
        created_with=CreatedWith(
            character_set_client="utf8mb4", collation_connection="utf8mb4_bin", sql_mode=""
        ),
    )


@pytest.mark.invariant("PG-3")
def test_what_calls_itself_may_go_before_the_table_that_it_uses() -> None:
    again = routine(ObjectKind.PROCEDURE, "again", "BEGIN DELETE FROM t; CALL again(); END")
    calls = routine(ObjectKind.PROCEDURE, "calls", "CALL again()")
    trial: Any = _Trial.__new__(_Trial)
    trial._names = {}
    trial._there = {again.object_id: again}
    assert trial._users(again.object_id) == []
    trial._there = {one.object_id: one for one in (again, calls)}
    assert trial._users(again.object_id) == [calls.object_id]
