"""Whose turn it is on a shard: what is asked of the server, and what its answers mean."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import pytest

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.split.turn import take_turn, turn_name
from reconciler.errors import Unavailable
from reconciler.model.server import ServerError

NAME = turn_name("shop", "identity", "rows")


@dataclass
class Server:
    """`frees_when` is what the holder's lock is freed by: its end, or nothing. `refuses` is the
    number that a KILL is refused with."""

    holder: int | None = None
    frees_when: str = "KILL"
    refuses: int | None = None
    asked: list[str] = field(default_factory=list)
    answer: bytes | None = None

    def query_bytes(self, sql: bytes) -> tuple[tuple[bytes | None, ...], ...]:
        self.asked.append(sql.decode())
        if self.answer is not None:
            return ((self.answer,),)
        if b"IS_USED_LOCK" in sql:
            return ((None if self.holder is None else str(self.holder).encode(),),)
        if b", 0)" not in sql and self.frees_when == "waited for":
            self.holder = None
        return ((b"1" if self.holder is None else b"0",),)

    def execute(self, sql: str) -> None:
        self.asked.append(sql)
        if self.refuses is not None:
            raise ServerRefusal(ServerError(number=self.refuses, message="no"))
        if self.frees_when == "KILL":
            self.holder = None


def take(server: Server) -> None:
    take_turn(cast(Link, server), "shard -80", NAME)


def test_a_name_is_of_one_database_one_move_and_one_session() -> None:
    names = {
        turn_name(database, identity, role)
        for database in ("shop", "other", "d" * 64)
        for identity in ("identity", "i" * 64)
        for role in ("looks", "rows")
    }
    assert len(names) == 12
    assert max(map(len, names)) <= 64
    assert turn_name("Shop", "identity", "rows") == NAME


def test_a_free_lock_is_taken_and_nobody_is_ended() -> None:
    server = Server()
    take(server)
    assert server.asked == [f"SELECT GET_LOCK('{NAME}', 0)"]


@pytest.mark.invariant("SP-57")
def test_who_has_it_is_ended_and_waited_for() -> None:
    server = Server(holder=7)
    take(server)
    assert server.asked[1:] == [
        f"SELECT IS_USED_LOCK('{NAME}')",
        "KILL CONNECTION 7",
        f"SELECT GET_LOCK('{NAME}', 10)",
    ]


@pytest.mark.invariant("SP-57")
@pytest.mark.parametrize("refuses", [1094, 1095])
def test_who_may_not_be_ended_is_waited_for(refuses: int) -> None:
    take(Server(holder=7, frees_when="waited for", refuses=refuses))


@pytest.mark.runbook("split-driven-elsewhere")
@pytest.mark.invariant("SP-57")
@pytest.mark.parametrize("refuses", [None, 1095])
def test_who_does_not_end_keeps_the_turn(refuses: int | None) -> None:
    """Until somebody who may ends it."""
    server = Server(holder=7, frees_when="never", refuses=refuses)
    with pytest.raises(Unavailable) as refusal:
        take(server)
    assert refusal.value.problems[0].code == "split-driven-elsewhere"
    assert "session 7" in refusal.value.problems[0].message
    server.holder = None
    take(server)


def test_another_refusal_is_told() -> None:
    with pytest.raises(ServerRefusal):
        take(Server(holder=7, refuses=1064))


def test_an_answer_that_is_no_number_is_none() -> None:
    with pytest.raises(LinkLost):
        take(Server(answer=b"yes"))
