"""A deploy request against the plan: the same clauses, as often as they are there, or it is
refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.guard.deploy_operations import operation_problems
from reconciler.model.deploy_request import DeployOperation

ADD = "ALTER TABLE `t` ADD COLUMN `a` int NOT NULL DEFAULT '0', ALGORITHM=INSTANT"


def operation(table: str, sql: str, keyspace: str = "shop") -> DeployOperation:
    return DeployOperation(keyspace=keyspace, table=table, sql=sql, state="pending")


def told(operations: Sequence[DeployOperation], *planned: str) -> list[str]:
    problems = operation_problems(7, "shop", operations, planned)
    assert {problem.code for problem in problems} <= {"planetscale-deploy-differs"}
    return [
        problem.message.removeprefix("deploy request 7 is not the plan: ") for problem in problems
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE `t` ADD COLUMN `a` int NOT NULL DEFAULT '0'",
        "alter table t add a INT not null default '0'",
        "ALTER TABLE `t`\n  ADD COLUMN `a` int NOT NULL DEFAULT '0', LOCK=NONE;",
    ],
)
def test_the_same_change_in_another_spelling_is_the_plan(sql: str) -> None:
    assert told([operation("t", sql)], ADD) == []


@pytest.mark.parametrize(
    ("sql", "difference"),
    [
        ("ALTER TABLE `t` ADD COLUMN `a` int NOT NULL DEFAULT '1'", "DEFAULT '1'"),
        ("ALTER TABLE `t` ADD COLUMN `a` int DEFAULT '0'", "INT DEFAULT"),
        ("ALTER TABLE `t` ADD COLUMN `A` int NOT NULL DEFAULT '0'", "`A`"),
        (f"{ADD}, DROP COLUMN `b`", "DROP `b`"),
        (f"{ADD}, ADD COLUMN `a` int NOT NULL DEFAULT '0'", "`a`"),
        ("DROP TABLE `t`", "DROP TABLE `t`"),
    ],
)
@pytest.mark.invariant("PS-5")
def test_any_other_change_of_the_table_is_not_the_plan(sql: str, difference: str) -> None:
    missing, beside = told([operation("t", sql)], ADD)
    assert missing.startswith("it does not do what was reviewed: ALTER TABLE `t` ADD `a`")
    assert beside.startswith("it does what nobody reviewed: ")
    assert difference in beside


@pytest.mark.invariant("PS-5")
def test_a_rename_that_became_a_drop_and_an_add_is_not_the_plan() -> None:
    sql = "ALTER TABLE `t` DROP COLUMN `old`, ADD COLUMN `new` int DEFAULT NULL"
    assert len(told([operation("t", sql)], "ALTER TABLE `t` RENAME COLUMN `old` TO `new`")) == 2


@pytest.mark.invariant("PS-5")
def test_more_or_fewer_tables_are_not_the_plan() -> None:
    beside = operation("u", "ALTER TABLE `u` DROP COLUMN `b`")
    assert told([operation("t", ADD), beside], ADD) == [
        "it does what nobody reviewed: ALTER TABLE `u` DROP `b`"
    ]
    assert told([], ADD)[0].startswith("it does not do what was reviewed: ALTER TABLE `t`")
    assert told([operation("t", ADD), operation("t", ADD)], ADD) != []


@pytest.mark.invariant("PS-5")
def test_another_keyspace_is_not_the_plan() -> None:
    assert told([operation("t", ADD, keyspace="other")], ADD) == [
        "it changes table t of keyspace other as well"
    ]


@pytest.mark.invariant("PS-5")
def test_a_statement_is_of_the_table_that_it_says() -> None:
    assert told([operation("u", ADD)], ADD) == ["what it says of table u is of another table"]


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "ALTER TABLE",
        "ALTER TABLE `t` ADD COLUMN `a` int; DROP TABLE `u`",
        "ALTER TABLE `t` /* x */ ADD COLUMN `a` int",
        "ALTER TABLE `t` /*!80000 DROP COLUMN b */",
        "RENAME TABLE `t` TO `u`",
        "DROP TABLE `t`, `u`",
        "CREATE VIEW `t` AS SELECT 1",
        "DELETE FROM `t`",
        "ALTER TABLE `t` ADD COLUMN (`a` int",
    ],
)
@pytest.mark.invariant("PS-5")
def test_what_cannot_be_compared_is_not_the_plan(sql: str) -> None:
    (said,) = told([operation("t", sql)], ADD)
    assert said.startswith("a statement cannot be compared: ")


def test_several_statements_of_a_table_are_one_of_the_deploy() -> None:
    whole = "ALTER TABLE `t` DROP KEY `k`, ADD COLUMN `a` int NOT NULL DEFAULT '0'"
    assert told([operation("t", whole)], ADD, "ALTER TABLE `t` DROP INDEX `k`") == []


def test_what_is_changed_before_it_is_dropped_or_after_it_is_made_is_not_told_apart() -> None:
    made = "CREATE TABLE `n` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB"
    told_of = operation("n", "CREATE TABLE `n` (\n\t`id` int NOT NULL,\n\tPRIMARY KEY (`id`)\n)")
    assert told([told_of], made, "ALTER TABLE `n` ADD COLUMN `a` int") == []
    assert told([operation("t", "DROP TABLE `t`")], ADD, "DROP TABLE `t`") == []


@pytest.mark.invariant("PS-5")
def test_a_table_that_is_made_again_is_not_compared() -> None:
    made = "CREATE TABLE `t` (`id` int NOT NULL, PRIMARY KEY (`id`)) ENGINE=InnoDB"
    (said,) = told([operation("t", made)], "DROP TABLE `t`", made)
    assert said.startswith("a statement cannot be compared: ")
