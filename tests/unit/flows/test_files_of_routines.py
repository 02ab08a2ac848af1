"""The files of routines by `pull` and `plan --revert`: one each, and what its session was."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.ddl.programs.kinds import program_text
from reconciler.flows.drift import _unmanaged
from reconciler.flows.pull import _files
from reconciler.flows.revert import _files_of_before
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.programs import CreatedWith, ManagedKind, Routine, Security
from reconciler.plan.model import ObjectBefore
from tests.offline_fleet import SETTINGS

STRICT = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="STRICT_TRANS_TABLES",
    database_collation="utf8mb4_bin",
)
OF_VIEWS = CreatedWith(character_set_client="utf8mb4", collation_connection="utf8mb4_bin")
LOOSE = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="",
    database_collation="utf8mb4_bin",
)


def routine(kind: ObjectKind, made: CreatedWith = STRICT) -> Routine:
    is_function = kind is ObjectKind.FUNCTION
    return Routine(
        kind=kind,
        name="total",
        security=Security.INVOKER,
        definer=None,
        signature="() RETURNS int" if is_function else "()",
        traits=(),
        body="RETURN 1" if is_function else "SELECT 1",
        created_with=made,
    )


PROCEDURE, FUNCTION = routine(ObjectKind.PROCEDURE), routine(ObjectKind.FUNCTION)


def wanted(*programs: Routine, paths: dict[str, Routine] | None = None) -> dict[str, str]:
    there = [SimpleNamespace(object_id=r.object_id, path=p) for p, r in (paths or {}).items()]
    files: Any = SimpleNamespace(
        spec=SimpleNamespace(schema_dir="s", path="specs/s.yaml"),
        existing=SimpleNamespace(files=(), programs=there),
    )
    model: Any = SimpleNamespace(
        definitions={},
        programs={one.object_id: SimpleNamespace(value=one) for one in programs},
        observation=SimpleNamespace(settings=SETTINGS),
    )
    return {file.path: file.text for file in _files(files, model, OF_VIEWS, STRICT)}


@pytest.mark.invariant("PG-9")
def test_a_procedure_and_a_function_of_one_name_have_a_file_each() -> None:
    found = wanted(PROCEDURE, FUNCTION)
    assert sorted(found) == ["s/routines/total.procedure.sql", "s/routines/total.sql"]
    found = wanted(PROCEDURE, FUNCTION, paths={"s/routines/total.sql": PROCEDURE})
    assert "CREATE PROCEDURE" in found["s/routines/total.sql"]
    assert "CREATE FUNCTION" in found["s/routines/total.function.sql"]


@pytest.mark.invariant("PG-9")
def test_the_way_back_of_one_leaves_the_file_of_the_other() -> None:
    touched = ObjectBefore(object_id=FUNCTION.object_id, definition=program_text(FUNCTION))
    core: Any = SimpleNamespace(
        cleans=(), vschema=(), change_sets=[SimpleNamespace(shards=("-",), touched=(touched,))]
    )
    there = SimpleNamespace(object_id=PROCEDURE.object_id, path="s/routines/total.sql")
    spec = SimpleNamespace(schema_dir="s", policy=Policy())
    files: Any = SimpleNamespace(files=(), programs=(there,), spec=spec)
    assert [*_files_of_before(core, files).texts] == ["s/routines/total.function.sql"]


@pytest.mark.invariant("PG-9")
@pytest.mark.parametrize(("made", "is_said"), [(STRICT, False), (LOOSE, True)])
def test_a_file_says_the_sql_mode_that_no_session_has_by_itself(
    made: CreatedWith, is_said: bool
) -> None:
    (text,) = wanted(routine(ObjectKind.PROCEDURE, made)).values()
    assert ("-- reconciler: created with" in text) is is_said
    assert ("sql_mode=''" in text) is is_said


def test_a_shard_that_has_two_of_one_left_alone_name_is_told_once() -> None:
    others = (FUNCTION.object_id, PROCEDURE.object_id)
    shown = tuple(SimpleNamespace(kind=one.kind, name=one.name) for one in others)
    seen = SimpleNamespace(
        shard="-80", observation=SimpleNamespace(definitions=(), others=shown), shadow_triggers={}
    )
    policy = Policy(manage=(ManagedKind.TABLES, ManagedKind.ROUTINES))
    reader = SimpleNamespace(policy=policy, is_left_alone=lambda name: name == "total")
    begun: Any = SimpleNamespace(look=SimpleNamespace(seen=(seen,)), reader=reader)
    assert _unmanaged(begun, ()) == (("total", ("-80",)),)
