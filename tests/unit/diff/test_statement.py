"""Clauses make one ALTER TABLE, with what may only stand at an end at that end."""

from __future__ import annotations

from reconciler.diff.model import Clause, ClauseKind, Operation, RequiredAlgorithm, Step
from reconciler.diff.statement import alter_sql, step_sql


def clause(kind: ClauseKind, sql: str) -> Clause:
    return Clause(kind=kind, object="x", sql=sql)


ADD = clause(ClauseKind.ADD_COLUMN, "ADD COLUMN `a` int")
DROP = clause(ClauseKind.DROP_INDEX, "DROP KEY `k`")
PARTITION_BY = clause(ClauseKind.PARTITION_BY, "PARTITION BY HASH (`a`)")


def test_clauses_keep_their_order() -> None:
    assert alter_sql("t`t", [DROP, ADD]) == "ALTER TABLE `t``t` DROP KEY `k`, ADD COLUMN `a` int"


def test_partitioning_comes_last_without_a_comma() -> None:
    assert alter_sql("t", [PARTITION_BY, ADD]) == (
        "ALTER TABLE `t` ADD COLUMN `a` int PARTITION BY HASH (`a`)"
    )
    assert alter_sql("t", [PARTITION_BY]) == "ALTER TABLE `t` PARTITION BY HASH (`a`)"


def test_an_algorithm_that_is_part_of_the_meaning_comes_first() -> None:
    drop = clause(ClauseKind.DROP_PARTITION, "DROP PARTITION `p`")
    step = Step(
        operation=Operation.ALTER_TABLE,
        table="t",
        before=None,
        after=None,
        clauses=(drop,),
        algorithm=RequiredAlgorithm.INPLACE,
    )
    assert step_sql(step) == "ALTER TABLE `t` ALGORITHM=INPLACE, DROP PARTITION `p`"
