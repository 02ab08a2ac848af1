"""What an engine that copies rows is told, and what it is never told."""

from __future__ import annotations

import pytest

from reconciler.ddl.statement.by_copy import ByCopy, NotByCopy, Renames, by_copy
from reconciler.errors import Refused

pytestmark = pytest.mark.invariant("EN-20")


@pytest.mark.parametrize(
    "clauses",
    [
        "ADD COLUMN `a` int",
        "ADD COLUMN `a` int, DROP COLUMN `b`",
        "ADD UNIQUE KEY `u` (`a`,`b`)",
        "MODIFY COLUMN `a` varchar(9) COMMENT 'x, `y`; -- z'",
        "CHANGE COLUMN `a` `A` bigint",
        "ENGINE=InnoDB",
        "RENAME INDEX `a` TO `b`",
        "ADD CONSTRAINT `ck` CHECK (`a` > 0)",
        "PARTITION BY HASH (`id`) PARTITIONS 4",
        "COMMENT='übermäßig'",
    ],
)
def test_the_clauses_are_told_as_they_were_written(clauses: str) -> None:
    assert by_copy(f"ALTER TABLE `my ``t` {clauses}") == ByCopy(table="my `t", clauses=clauses)
    assert by_copy(f"alter table t  {clauses} ;") == ByCopy(table="t", clauses=clauses)


@pytest.mark.parametrize(
    ("clause", "why"),
    [
        ("DROP PARTITION p0", "dropped partition"),
        ("drop partition p0, p1", "dropped partition"),
        ("RENAME COLUMN `a` TO `b`", "renamed column"),
        ("CHANGE `a` `b` int", "renamed column"),
        ("CHANGE COLUMN `my col` `my_col` int", "renamed column"),
        ("RENAME TO `u`", "cannot rename"),
        ("RENAME `u`", "cannot rename"),
        ("ALGORITHM=INPLACE", "mode"),
        ("LOCK=NONE", "mode"),
        ("ADD FOREIGN KEY (`a`) REFERENCES `u` (`id`)", "foreign keys"),
        ("ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `u` (`id`)", "foreign keys"),
        ("ADD CONSTRAINT FOREIGN KEY (`a`) REFERENCES `u` (`id`)", "foreign keys"),
        ("ADD COLUMN `c` int COMMENT 'alter table u drop x'", "words inside"),
        ("ADD COLUMN `alter table u` int", "words inside"),
    ],
)
def test_what_a_copy_does_otherwise_is_not_told(clause: str, why: str) -> None:
    for clauses in (clause, f"ADD COLUMN `z` int, {clause}"):
        refused = by_copy(f"ALTER TABLE `t` {clauses}")
        assert isinstance(refused, NotByCopy)
        assert why in refused.reason


@pytest.mark.parametrize("clause", ["RENAME COLUMN `a` TO `b`", "CHANGE `a` `b` int"])
def test_an_engine_that_follows_renames_is_told_them(clause: str) -> None:
    told = by_copy(f"ALTER TABLE `t` {clause}", Renames.FOLLOWED)
    assert told == ByCopy(table="t", clauses=clause)
    for other in ("RENAME TO `u`", "DROP PARTITION p0"):
        assert isinstance(by_copy(f"ALTER TABLE `t` {other}", Renames.FOLLOWED), NotByCopy)


@pytest.mark.parametrize("sql", ["DROP TABLE `t`", "RENAME TABLE `t` TO `u`"])
def test_other_statements_are_not_for_copies(sql: str) -> None:
    assert isinstance(by_copy(sql), NotByCopy)


@pytest.mark.parametrize(
    "sql",
    ["", "SELECT 1", "ALTER TABLE `t` ADD `a` int; DROP TABLE `t`", "ALTER TABLE a.b ADD c int"],
)
def test_what_is_no_statement_of_a_plan_is_refused(sql: str) -> None:
    with pytest.raises(Refused):
        by_copy(sql)
