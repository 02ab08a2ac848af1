"""Whose lock a statement waits for: who holds another one's is never ended."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from reconciler.drive.shard.looks import locked_by
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.ports.shards import ShardSession
from tests.sim.plans import statement

CREATE = (
    "CREATE DEFINER=`a`@`%` TRIGGER `orders` BEFORE INSERT ON `users` FOR EACH ROW SET NEW.a = 1"
)
SWAP = f"LOCK TABLES `users` WRITE;\nDROP TRIGGER IF EXISTS `orders`;\n{CREATE};\nUNLOCK TABLES"
SHOWN = CREATE.replace("DEFINER=`a`@`%` ", "")


class _Session:
    """A shard that has one trigger, if any."""

    def __init__(self, definition: str | None) -> None:
        self._definition = definition

    def definition(self, object_id: ObjectId) -> str | None:
        return self._definition


def table_of(kind: ObjectKind, sql: str, there: str | None = None) -> str | None:
    about = replace(statement("t", 0), object_id=ObjectId(kind, "orders"), sql=sql)
    found = locked_by(cast(ShardSession, _Session(there)), about)
    assert found is None or found.kind in (ObjectKind.TABLE, kind)
    return found.name if found is not None else None


@pytest.mark.parametrize(
    ("sql", "there", "table"),
    [
        (CREATE, None, "users"),
        (SWAP, SHOWN, "users"),
        ("DROP TRIGGER `orders`", SHOWN, "users"),
        ("DROP TRIGGER `orders`", None, None),
    ],
)
def test_a_trigger_waits_for_the_table_that_it_fires_on(
    sql: str, there: str | None, table: str | None
) -> None:
    assert table_of(ObjectKind.TRIGGER, sql, there) == table


def test_a_routine_waits_for_no_table_that_is_called_like_it() -> None:
    assert table_of(ObjectKind.PROCEDURE, "DROP PROCEDURE `orders`") is None
    assert table_of(ObjectKind.TABLE, "DROP TABLE orders") == "orders"
    assert table_of(ObjectKind.VIEW, "DROP VIEW `orders`") == "orders"
