"""The entries to add to a spec: as many as a person has to give reasons, and none that permits more
than was asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from reconciler.errors import InvalidInput
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import Allow, HazardKind
from reconciler.plan.permission import Finding, check_permissions
from reconciler.plan.permission_lines import allow_entries, allow_lines
from reconciler.spec.read import read_spec
from tests.sample_vschema import SHARDING, table_added
from tests.unit.plan.test_permission import DROP_A, DROP_B, DROP_TABLE, hazard, statement

SPEC = """\
version: 1
keyspace: k
schema: schemas/k
environments: {prod: {connection: {database: d, user: u}, shards: ["-"]}}
policy:
  allow:
"""


def drops(table: str, *names: str) -> tuple[Finding, ...]:
    kind = HazardKind.DROP_COLUMN
    return tuple(Finding(object_id=table_id(table), hazard=hazard(kind, name)) for name in names)


def gone(*tables: str) -> tuple[Finding, ...]:
    kind = HazardKind.DROP_TABLE
    return tuple(Finding(object_id=table_id(table), hazard=hazard(kind, table)) for table in tables)


def read_back(lines: tuple[str, ...]) -> tuple[Allow, ...]:
    """As the spec that they were added to is read, once a person has given the reasons."""
    text = SPEC + "".join(f"    {line}\n" for line in lines)
    return read_spec(text.replace('"..."', "agreed upon"), "specs/k.yaml").policy.allow


def test_the_lines_to_add_are_those_of_the_documentation() -> None:
    assert allow_lines(drops("users", "legacy")) == (
        '- {table: users, hazard: drop-column, object: legacy, reason: "..."}',
    )


@pytest.mark.parametrize("name", ["p\nq", "p\u0007", "\x7f\x85p", "p\u2028q", "\U000e0041"])
def test_lines_to_add_name_what_they_are_about_whatever_it_is_called(name: str) -> None:
    assert [one.object for one in read_back(allow_lines(drops("users", name)))] == [name]


def test_many_findings_of_a_kind_share_an_entry_that_names_each() -> None:
    found = (*drops("users", "a", "b"), *drops("orders", "a", "c"), *gone("p", "q", "r", "s"))
    assert allow_lines((*found, *drops("t", "a"))) == (
        "- hazard: drop-column",
        "  objects: {users: [a, b], orders: [a, c], t: [a]}",
        '  reason: "..."',
        "- hazard: drop-table",
        "  tables: [p, q, r, s]",
        '  reason: "..."',
    )


def test_few_findings_of_a_kind_have_an_entry_each() -> None:
    assert len(allow_lines((*drops("users", "a", "b", "c"), *gone("p", "q", "r")))) == 6


@pytest.mark.invariant("RV-7")
@pytest.mark.parametrize("names", [("users", "a b"), ("no", "on"), ("ü", "{x}"), ("007", "1e3")])
@pytest.mark.parametrize("number", [1, 5, 254])
def test_the_lines_permit_what_was_asked_for_and_no_more(
    number: int, names: tuple[str, str]
) -> None:
    table, name = names
    findings = tuple(
        found
        for i in range(number)
        for found in (*drops(f"{table}{i % 60}", f"{name}{i}"), *gone(f"{table}{i}"))
    )
    lines = allow_lines(findings)
    assert {(a.object_id, a.hazard, a.object) for a in read_back(lines)} == {
        (f.object_id, f.hazard.kind, f.object) for f in findings
    }
    assert number < 4 or sum(line.startswith("- ") for line in lines) == 2
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("table", "name"),
    [("users", "users"), ("no", "on"), ("a b", "it's"), ("ü", "{x}"), ("007", "1e3"), ("t-1", "-")],
)
def test_the_lines_to_add_are_read_back_as_the_entries(table: str, name: str) -> None:
    findings = drops(table, name)
    assert yaml.safe_load("\n".join(allow_lines(findings))) == list(allow_entries(findings))


def test_adding_the_lines_grants_exactly_what_was_missing() -> None:
    statements = [statement("users", DROP_A, DROP_TABLE), statement("orders", DROP_B)]
    missing = check_permissions(statements, []).missing
    found = check_permissions(statements, read_back(allow_lines(missing)))
    assert not found.missing
    assert not found.unused


def test_a_danger_of_a_vschema_is_permitted_by_what_it_is_about() -> None:
    lookup = ObjectId(ObjectKind.VINDEX, "by_name")
    changes = [
        replace(SHARDING, hazards=(replace(DROP_TABLE, object="sharded"),)),
        replace(SHARDING, object_id=lookup, hazards=(replace(DROP_TABLE, object="by_name"),)),
        table_added("users", "it may hurt"),
    ]
    lines = allow_lines(check_permissions(changes, []).missing)
    assert [line.split(",")[0] for line in lines] == [
        "- {vschema: sharded",
        "- {vindex: by_name",
        "- {table: users",
    ]
    found = check_permissions(changes, read_back(lines))
    assert not found.missing
    assert not found.unused
    assert check_permissions(changes[:1], read_back(lines[1:])).missing


@pytest.mark.invariant("RV-7")
def test_the_lines_as_they_are_printed_are_no_permission() -> None:
    text = SPEC + "".join(f"    {line}\n" for line in allow_lines(drops("users", "a")))
    with pytest.raises(InvalidInput, match="permission-without-reason"):
        read_spec(text, "specs/k.yaml")
