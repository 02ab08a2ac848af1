"""Who stands between us and a server may take one question at a time: no shard is lost by that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.observation import ObservedShard, Unreachable
from tests.attacks import packets
from tests.attacks.lying_server import Conversation, Lies, lying_server
from tests.attacks.test_lying_server import HONEST, TABLE, connection_to
from tests.integration.mysql_edges import observe

pytestmark = pytest.mark.invariant("FZ-13")

VIEW = "CREATE ALGORITHM=UNDEFINED DEFINER=`app`@`%` SQL SECURITY INVOKER VIEW `v` AS select 1"
WITH_A_VIEW = replace(HONEST, views={"v": VIEW})

ENDS: dict[str, Callable[[Conversation], None]] = {
    "the connection ends": lambda one: one.close(),
    "a goodbye": lambda one: one.send(packets.error(1053, "Server shutdown in progress", "08S01")),
    "what is no answer": lambda one: one.send(b"\0"),
    "an answer to another question": lambda one: one.send_raw(packets.packet(packets.ok(), 7)),
    "silence": lambda one: None,
}


def over_the_first(statement: str, end: Callable[[Conversation], None], *, times: int = 1) -> Lies:
    """At such a statement, over so many of the connections that come first."""
    met: list[Conversation] = []

    def answer(conversation: Conversation, sql: str) -> bool:
        if not sql.startswith(statement):
            return False
        if conversation not in met:
            met.append(conversation)
        if met.index(conversation) >= times:
            return False
        end(conversation)
        return True

    return Lies(on_statement=answer)


@pytest.mark.parametrize("statement", ["SHOW CREATE TABLE", "SHOW CREATE VIEW"])
@pytest.mark.parametrize("end", ENDS.values(), ids=[*ENDS])
def test_a_link_that_is_lost_over_it_is_made_again_to_ask_one_by_one(
    statement: str, end: Callable[[Conversation], None]
) -> None:
    with lying_server(WITH_A_VIEW, over_the_first(statement, end)) as server:
        limit_s = 1 if end is ENDS["silence"] else 60
        [seen] = observe(connection_to(server, limit_s=limit_s))
        assert isinstance(seen, ObservedShard), seen
        assert seen.definitions == (("t", TABLE),)
        assert [one.name for one in seen.others] == ["v"]
        assert server.connections == 2


def test_one_that_is_lost_again_is_lost() -> None:
    lies = over_the_first("SHOW CREATE TABLE", lambda one: one.close(), times=9)
    with lying_server(HONEST, lies) as server:
        [seen] = observe(connection_to(server))
        assert isinstance(seen, Unreachable)
        assert seen.code == "connection-lost"
        assert server.connections == 2


@pytest.mark.parametrize("statement", ["SELECT VERSION", "SHOW GRANTS", "SELECT TABLE_NAME"])
def test_one_that_is_lost_over_anything_else_is_not_made_again(statement: str) -> None:
    with lying_server(HONEST, over_the_first(statement, lambda one: one.close())) as server:
        [seen] = observe(connection_to(server))
        assert isinstance(seen, Unreachable)
        assert server.connections == 1
