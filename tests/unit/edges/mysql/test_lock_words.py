"""What a statement is said to have waited for."""

from __future__ import annotations

import pytest

from reconciler.diff.model import Operation
from reconciler.edges.mysql.engine_direct import _lock_not_had, _locked_by
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.plan.model import ExecutionClass, PlannedStatement
from reconciler.ports.engine import EngineWork


@pytest.mark.parametrize(
    ("kind", "sql", "table", "said"),
    [
        (ObjectKind.TABLE, "ALTER TABLE `x` ADD COLUMN `a` int", "x", "that of table x"),
        (ObjectKind.VIEW, "DROP VIEW `x`", "x", "that of view x"),
        (ObjectKind.PROCEDURE, "DROP PROCEDURE `x`", "", "that of procedure x"),
        (ObjectKind.TRIGGER, "DROP TRIGGER `x`", "", "that of the table of trigger x"),
        (
            ObjectKind.TRIGGER,
            (
                "CREATE OR REPLACE DEFINER=`a`@`b` TRIGGER `x` BEFORE INSERT ON `t` FOR EACH ROW"
                " SET NEW.a = 1"
            ),
            "t",
            "that of table t",
        ),
    ],
)
def test_the_lock_is_named_by_what_it_is_of(
    kind: ObjectKind, sql: str, table: str, said: str
) -> None:
    statement = PlannedStatement(
        object_id=ObjectId(kind, "x"),
        operation=Operation.ALTER_TABLE,
        sql=sql,
        execution=ExecutionClass(),
        effects=(),
    )
    work = EngineWork(statement=statement, lock_wait_s=5, run_limit_s=60)
    assert _locked_by(work) == table
    assert f"5 s for {said}, and gave up" in _lock_not_had(work).message
