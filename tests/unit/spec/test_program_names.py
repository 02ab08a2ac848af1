"""Two files of one name: told by the kind that they are of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.ddl.definition.program_files import read_program_file
from reconciler.model.policy import Policy
from reconciler.model.programs import ManagedKind
from reconciler.spec.program_checks import program_contradictions

SPEC: Any = SimpleNamespace(policy=Policy(manage=tuple(ManagedKind)), path="specs/s.yaml")


@pytest.mark.parametrize(
    ("kind", "made", "again", "said"),
    [
        (ManagedKind.ROUTINES, "PROCEDURE p()", "PROCEDURE P()", "no server tells procedures"),
        (ManagedKind.SEQUENCES, "SEQUENCE s", "SEQUENCE S", "tables, views and sequences share"),
        (ManagedKind.ROUTINES, "PROCEDURE p()", "PROCEDURE p()", "theirs alone"),
    ],
)
def test_two_of_one_name_are_refused_in_words_of_their_kind(
    kind: ManagedKind, made: str, again: str, said: str
) -> None:
    end = " SQL SECURITY INVOKER SELECT 1" if kind is ManagedKind.ROUTINES else ""
    files = [
        read_program_file(kind, f"CREATE {text}{end};\n", f"{at}.sql")
        for at, text in enumerate((made, again))
    ]
    (problem,) = program_contradictions(files, (), SPEC)
    assert problem.code == "program-twice"
    assert said in problem.recovery
    differ = made != again
    assert ("differs by case alone from" in problem.message) == differ
    assert ("has the name of what 0.sql defines" in problem.message) != differ


def test_a_procedure_and_a_function_share_a_name() -> None:
    files = [
        read_program_file(ManagedKind.ROUTINES, f"CREATE {text};\n", f"{at}.sql")
        for at, text in enumerate(
            (
                "PROCEDURE p() SQL SECURITY INVOKER SELECT 1",
                "FUNCTION p() RETURNS int SQL SECURITY INVOKER RETURN 1",
            )
        )
    ]
    assert not [*program_contradictions(files, (), SPEC)]
