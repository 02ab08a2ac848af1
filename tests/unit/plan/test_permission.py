"""Permission is per finding: what one entry covers, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diff.model import Operation
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import Allow, Hazard, HazardKind
from reconciler.plan.model import Effect, ExecutionClass, PlannedStatement
from reconciler.plan.permission import check_permissions, findings_of, permission_notes


def hazard(kind: HazardKind, name: str, *, needs_permission: bool = True) -> Hazard:
    return Hazard(kind=kind, object=name, reason="because", needs_permission=needs_permission)


def statement(table: str, *hazards: Hazard) -> PlannedStatement:
    return PlannedStatement(
        object_id=table_id(table),
        operation=Operation.ALTER_TABLE,
        sql=f"ALTER TABLE `{table}` ...",
        execution=ExecutionClass(),
        effects=(Effect(object_id=table_id(table), before="sha256:a", after="sha256:b"),),
        hazards=hazards,
    )


def allow(table: str, kind: HazardKind, name: str | None = None) -> Allow:
    return Allow(object_id=table_id(table), hazard=kind, object=name, reason="agreed")


DROP_A = hazard(HazardKind.DROP_COLUMN, "a")
DROP_B = hazard(HazardKind.DROP_COLUMN, "b")
DROP_TABLE = hazard(HazardKind.DROP_TABLE, "users")


@pytest.mark.invariant("RV-7")
def test_permission_for_one_column_does_not_cover_another() -> None:
    entries = [allow("users", HazardKind.DROP_COLUMN, "a")]
    found = check_permissions([statement("users", DROP_A, DROP_B)], entries)
    assert [finding.object for finding in found.missing] == ["b"]
    assert [granted.finding.object for granted in found.granted] == ["a"]


@pytest.mark.invariant("RV-7")
@pytest.mark.parametrize(
    "entry",
    [
        allow("orders", HazardKind.DROP_COLUMN, "a"),
        allow("users", HazardKind.NARROW_TYPE, "a"),
        allow("users", HazardKind.DROP_COLUMN),  # without an object it is about the table itself
        allow("users", HazardKind.DROP_COLUMN, "A"),
        allow("users", HazardKind.DROP_COLUMN, "aa"),
        allow("user", HazardKind.DROP_COLUMN, "a"),
        allow("users", HazardKind.DROP_COLUMN, "[a]"),
        replace(
            allow("users", HazardKind.DROP_COLUMN, "a"),
            object_id=ObjectId(ObjectKind.VIEW, "users"),
        ),
    ],
)
def test_what_does_not_name_the_finding_does_not_permit_it(entry: Allow) -> None:
    assert check_permissions([statement("users", DROP_A)], [entry]).missing


def test_a_finding_about_the_table_itself_needs_an_entry_without_object() -> None:
    dropped = statement("users", DROP_TABLE)
    permitted = [allow("users", HazardKind.DROP_TABLE)]
    assert not check_permissions([dropped], permitted).missing
    named = [allow("users", HazardKind.DROP_TABLE, "users")]
    assert check_permissions([dropped], named).missing


def test_what_needs_no_permission_is_asked_for_none() -> None:
    seen = hazard(HazardKind.DROP_INDEX, "k", needs_permission=False)
    assert findings_of([statement("users", seen)]) == ()


def test_one_finding_on_two_statements_is_asked_for_once() -> None:
    assert len(findings_of([statement("users", DROP_A), statement("users", DROP_A)])) == 1


def test_patterns_permit_and_are_told_apart() -> None:
    pattern = allow("user?", HazardKind.DROP_COLUMN, "*")
    plain = allow("users", HazardKind.DROP_COLUMN, "b")
    found = check_permissions([statement("users", DROP_A, DROP_B)], [pattern, plain])
    assert not found.missing
    assert found.by_pattern == (pattern,)
    assert found.unused == ()


def test_entries_that_nothing_needs_are_told() -> None:
    entry = allow("users", HazardKind.DROP_COLUMN, "long_gone")
    assert check_permissions([statement("users")], [entry]).unused == (entry,)


def test_patterns_are_said_loudly_with_what_they_permit() -> None:
    entry = allow("*", HazardKind.DROP_COLUMN, "*")
    (note,) = permission_notes(check_permissions([statement("users", DROP_A)], [entry]))
    assert note.startswith("ATTENTION: policy.allow {table: *, hazard: drop-column, object: *}")
    assert "1 finding here" in note


def test_a_permission_that_nothing_needs_is_said() -> None:
    entry = allow("users", HazardKind.DROP_COLUMN, "a")
    (note,) = permission_notes(check_permissions([], [entry]))
    assert note.endswith("object: a} permits nothing here: it can go")


def test_one_reason_for_many_findings_is_said_loudly_with_each_of_them() -> None:
    names = ("a", "b", "c", "d")
    hazards = [hazard(HazardKind.DROP_COLUMN, name) for name in names]
    entries = [allow("users", HazardKind.DROP_COLUMN, name) for name in names]
    (note,) = permission_notes(check_permissions([statement("users", *hazards)], entries))
    assert note == (
        "ATTENTION: one reason permits 4 findings of drop-column here (agreed): users (a, b, c, d)"
    )


def test_many_permissions_that_nothing_needs_are_said_in_one_line() -> None:
    entries = [allow(table, HazardKind.DROP_TABLE) for table in ("a", "b", "c", "d")]
    (note,) = permission_notes(check_permissions([], entries))
    assert note == (
        "policy.allow of drop-table (agreed) permits nothing here for a, b, c, d: these can go"
    )
