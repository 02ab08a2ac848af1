"""A deadlock undoes a statement: looking and scratch try again, a session that changes does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pymysql
import pytest

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import DEADLOCK_TRIES_MAX
from reconciler.edges.mysql.problems import DEADLOCK, ServerRefusal


@dataclass
class Wire:
    """A server that ends so many statements to break a deadlock."""

    deadlocks: int
    sent: int = 0
    warnings: int = 0
    unread: int = 0

    def send(self, sql: str) -> None:
        self.sent += 1

    def receive(self) -> tuple[tuple[object, ...], ...]:
        if self.sent <= self.deadlocks:
            raise pymysql.err.OperationalError(DEADLOCK, "Deadlock found when trying to get lock")
        return ((1,),)


def link_on(wire: Wire) -> Link:
    return Link(cast(Any, wire), cast(Any, None), None)


def test_looking_goes_on_after_a_deadlock() -> None:
    wire = Wire(deadlocks=2)
    link = link_on(wire)
    link.try_again_on_deadlock()
    assert link.query("SELECT 1") == ((1,),)
    assert wire.sent == 3


def test_it_ends_after_so_many_deadlocks() -> None:
    wire = Wire(deadlocks=100)
    link = link_on(wire)
    link.try_again_on_deadlock()
    with pytest.raises(ServerRefusal):
        link.query("SELECT 1")
    assert wire.sent == DEADLOCK_TRIES_MAX


def test_a_statement_on_a_shard_is_sent_once() -> None:
    wire = Wire(deadlocks=1)
    with pytest.raises(ServerRefusal):
        link_on(wire).execute("ALTER TABLE `t` FORCE")
    assert wire.sent == 1
