"""Names of triggers that no file can have, told before any server is asked."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.spec.program_checks import program_contradictions
from reconciler.spec.read import read_spec

SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
manage: [tables, triggers]
definer: {triggers: {account: "app@%"}}
environments: {prod: {connection: {database: d, user: u}, shards: ["-"]}}
"""
TABLE = "CREATE TABLE users (id int PRIMARY KEY, a int);\n"


def told(*names: str) -> list[str]:
    triggers = (
        f"CREATE TRIGGER {name} BEFORE INSERT ON users FOR EACH ROW SET NEW.a = 1;\n"
        for name in names
    )
    file = read_definition_file(TABLE + "".join(triggers), "schemas/shop/users.sql")
    spec = read_spec(SPEC, "specs/shop.yaml")
    return [one.code for one in program_contradictions(file.triggers, [file], spec)]


@pytest.mark.invariant("PG-22")
@pytest.mark.parametrize("name", ["pt_osc_d_users_ins", "_reconciler_split_x"])
def test_what_engines_and_splits_call_their_own_is_no_name(name: str) -> None:
    assert told(name) == ["table-ignored"]


@pytest.mark.parametrize("names", [("x", "x"), ("x", "X")])
def test_two_of_one_name_are_told_in_one_file_too(names: tuple[str, ...]) -> None:
    assert told(*names) == ["program-twice"]
    assert told("x", "y") == []
    assert told("users") == [], "a table may be called so as well"
