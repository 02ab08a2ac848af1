"""A swap that the server refuses in its midst: what is put back, and what is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from reconciler.ddl.statement.trigger import swap_parts
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.trigger_swap import finish_swap
from reconciler.model.server import ServerError

OLD = "CREATE DEFINER=`a`@`b` TRIGGER `x` BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = 1"
PARTS = swap_parts(
    "LOCK TABLES `t` WRITE;\nDROP TRIGGER IF EXISTS `x`;\nCREATE DEFINER=`c`@`d` TRIGGER `x`"
    " BEFORE INSERT ON `t` FOR EACH ROW SET NEW.a = 2;\nUNLOCK TABLES"
)


class Locked:
    """A session that holds the lock, on a server that drops and makes nothing again."""

    database = "d"

    def __init__(self, *, puts_back: bool) -> None:
        self._puts_back = puts_back
        self._is_there = True
        self.sent: list[str] = []

    def query(self, sql: str, parameters: Sequence[object], *, width: int) -> list[Any]:
        return [("x", "t", 1, "BEFORE", "INSERT")] if self._is_there else []

    def row(self, sql: str, *, width: int) -> tuple[str, ...]:
        return ("x", "STRICT_TRANS_TABLES", OLD, "utf8mb4", "utf8mb4_bin", "utf8mb4_bin", "")

    def execute_both(self, drop: str, create: str) -> None:
        self._is_there = False
        raise ServerRefusal(ServerError(number=1064, message="the new one is wrong"))

    def execute(self, sql: str) -> None:
        self.sent.append(sql)
        if sql == OLD:
            if not self._puts_back:
                raise ServerRefusal(ServerError(number=1227, message="not yours to give"))
            self._is_there = True


@pytest.mark.invariant("PG-17")
@pytest.mark.invariant("PG-24")
@pytest.mark.parametrize("puts_back", [True, False])
def test_a_refused_put_back_hides_no_first_refusal(puts_back: bool) -> None:
    assert PARTS is not None
    link = Locked(puts_back=puts_back)
    with pytest.raises(ServerRefusal) as refused:
        finish_swap(cast("Link", link), PARTS, "x")
    error = refused.value.error
    assert (error.number, error.message.startswith("the new one is wrong")) == (1064, True)
    assert ("could not be put back" in error.message) != puts_back
    assert ("not yours to give (1227)" in error.message) != puts_back
    assert (OLD in link.sent, link.sent[-1]) == (True, "UNLOCK TABLES")
