"""What a diff says beyond its statements; that these are right, the convergence cases show."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.diff.model import ClauseKind, Operation
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import ColumnOrder, PartitionLists, Policy
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerVersion
from tests.unit.diff.rich_schemas import rich_schema
from tests.unit.diff.tables import MARIADB, MYSQL, diff, schema, statements, table


@pytest.mark.parametrize("version", [MYSQL, MARIADB], ids=str)
def test_equal_schemas_need_nothing(version: ServerVersion) -> None:
    rich = rich_schema(version)
    found = diff(rich, replace(rich), version=version)
    assert (found.steps, found.refusals, found.notes) == ((), (), ())


def test_ignored_tables_are_ignored_on_both_sides() -> None:
    policy = Policy(ignore_tables=("_*", "tmp?"))
    observed = schema(table("_gho", "`a` int NOT NULL"), table("t", "`a` int NOT NULL"))
    desired = schema(table("tmp1", "`a` int NOT NULL"), table("t", "`a` int NOT NULL"))
    assert diff(observed, desired, policy=policy).steps == ()


def test_a_view_in_the_way_refuses_before_anything_runs() -> None:
    view = OtherObject(kind=ObjectKind.VIEW, name="t", definition="")
    found = diff(schema(others=(view,)), schema(table("t", "`a` int NOT NULL")))
    assert [refusal.table for refusal in found.refusals] == ["t"]
    assert found.steps == ()


def test_every_step_of_a_table_holds_both_of_its_ends() -> None:
    before = table("t", "`a` text", "`b` text")
    after = table("t", "`a` text", "`b` text", "FULLTEXT KEY `k` (`a`)", "FULLTEXT KEY `l` (`b`)")
    steps = diff(schema(before), schema(after)).steps
    assert len(steps) == 2
    assert len({(step.before, step.after) for step in steps}) == 1


def test_the_end_of_a_table_is_what_policy_leaves_of_the_file() -> None:
    policy = Policy(column_order=ColumnOrder.IGNORE, partition_lists=PartitionLists.ROTATION)
    rule = "\n/*!50100 PARTITION BY RANGE (`a`)\n(PARTITION {} VALUES LESS THAN (10)) */"
    before = table("t", "`a` int NOT NULL", "`b` int NOT NULL", ending=rule.format("p0"))
    after = table("t", "`b` bigint NOT NULL", "`a` int NOT NULL", ending=rule.format("p9"))
    (step,) = diff(schema(before), schema(after), policy=policy).steps
    assert step.after is not None
    assert [column.name for column in step.after.columns] == ["a", "b"]
    assert step.after.partitioning is not None
    assert [partition.name for partition in step.after.partitioning.partitions] == ["p0"]


def test_a_primary_key_and_its_counter_stay_in_one_statement() -> None:
    before = table("t", "`a` int NOT NULL AUTO_INCREMENT", "`b` int NOT NULL", "PRIMARY KEY (`a`)")
    after = table("t", "`a` int NOT NULL", "`b` int NOT NULL", "PRIMARY KEY (`b`)")
    (step,) = diff(schema(before), schema(after)).steps
    groups = {clause.bound_to for clause in step.clauses}
    assert len(groups) == 1
    assert None not in groups


def test_clauses_that_have_nothing_to_do_with_each_other_are_free() -> None:
    before = table("t", "`a` int NOT NULL", "KEY `k` (`a`)")
    after = table("t", "`a` int NOT NULL", "`b` int NOT NULL")
    (step,) = diff(schema(before), schema(after)).steps
    assert [clause.kind for clause in step.clauses] == [
        ClauseKind.DROP_INDEX,
        ClauseKind.ADD_COLUMN,
    ]
    assert {clause.bound_to for clause in step.clauses} == {None}


def test_an_index_that_is_replaced_under_a_foreign_key_stays_with_its_replacement() -> None:
    key = "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`)"
    parent = table("p", "`id` int NOT NULL", "PRIMARY KEY (`id`)")
    columns = ("`a` int NOT NULL", "`b` int NOT NULL")
    before = table("t", *columns, "KEY `k` (`a`)", key)
    after = table("t", *columns, "KEY `l` (`a`,`b`)", key)
    (step,) = diff(schema(parent, before), schema(parent, after)).steps
    assert len({clause.bound_to for clause in step.clauses}) == 1


def test_tables_come_and_go_in_the_order_of_their_foreign_keys() -> None:
    def child(name: str, parent: str) -> str:
        return f"CONSTRAINT `{name}` FOREIGN KEY (`p`) REFERENCES `{parent}` (`id`)"

    columns = ("`id` int NOT NULL", "`p` int NOT NULL", "PRIMARY KEY (`id`)", "KEY `k` (`p`)")
    old = schema(table("a", *columns), table("b", *columns, child("f", "a")))
    new = schema(table("c", *columns, child("g", "d")), table("d", *columns))
    steps = diff(old, new).steps
    assert [(step.operation, step.table) for step in steps] == [
        (Operation.DROP_TABLE, "b"),
        (Operation.DROP_TABLE, "a"),
        (Operation.CREATE_TABLE, "d"),
        (Operation.CREATE_TABLE, "c"),
    ]
    assert all(step.foreign_key_checks for step in steps)


def test_the_same_inputs_give_the_same_statements() -> None:
    before = table("t", "`a` int NOT NULL", "`b` int NOT NULL", "KEY `k` (`a`)", "KEY `l` (`b`)")
    after = table("t", "`c` int NOT NULL", "`b` bigint NOT NULL", "UNIQUE KEY `l` (`b`)")
    first = statements(schema(before), schema(after))
    assert all(statements(schema(before), schema(after)) == first for _ in range(5))
