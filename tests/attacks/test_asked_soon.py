"""What is asked next may have been sent before: an answer is the question's own, and of the moment
at which it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.client.limits import SOON_S_MAX
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.problems import LinkLost, LostAhead, ServerRefusal
from reconciler.edges.mysql.target import resolve
from reconciler.edges.shard_session import MysqlShardSession
from reconciler.model.object_id import table_id
from reconciler.plan.model import Effect, PlannedStatement
from tests.attacks import packets
from tests.attacks.lying_server import Conversation, Lies, LyingServer, lying_server
from tests.attacks.test_asked_ahead import ENDS, over_the_first
from tests.attacks.test_lying_server import HONEST, TABLE, connection_to
from tests.integration.mysql_edges import planned

pytestmark = pytest.mark.invariant("ST-20")

QUESTIONS = [f"SELECT {number}" for number in (1, 2, 3)]


@contextmanager
def linked(answer: Callable[[Conversation, str], bool]) -> Iterator[tuple[LyingServer, Link]]:
    with lying_server(HONEST, Lies(on_statement=answer)) as server:
        target = resolve(connection_to(server), environ={}, root=Path(), shard="-40")
        with connect(target) as link:
            server.statements.clear()
            yield server, link


def says_its_number(conversation: Conversation, sql: str) -> bool:
    if not sql.startswith("SELECT "):
        return False
    conversation.answer(["n"], [[sql.removeprefix("SELECT ")]])
    return True


def asked(link: Link, sql: str) -> str:
    return str(link.row(sql, width=1)[0])


def test_each_is_sent_once_and_has_its_own_answer() -> None:
    with linked(says_its_number) as (server, link):
        link.ask_soon(QUESTIONS)
        assert [asked(link, sql) for sql in QUESTIONS] == ["1", "2", "3"]
        assert asked(link, "SELECT 4") == "4"
        assert server.statements == [*QUESTIONS, "SELECT 4"]


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_what_is_asked_in_between_has_the_rest_asked_again(taken: int) -> None:
    with linked(says_its_number) as (server, link):
        link.ask_soon(QUESTIONS)
        assert [asked(link, sql) for sql in QUESTIONS[:taken]] == ["1", "2", "3"][:taken]
        assert asked(link, "SELECT 9") == "9"
        assert [asked(link, sql) for sql in QUESTIONS[taken:]] == ["1", "2", "3"][taken:]
        assert server.statements == [*QUESTIONS, "SELECT 9", *QUESTIONS[taken:]]


def test_what_is_sent_in_between_has_the_rest_asked_again() -> None:
    with linked(says_its_number) as (server, link):
        link.ask_soon(QUESTIONS)
        link.send("SELECT 9")
        assert link.answer_begins_within(60)
        link.take_answer()
        assert asked(link, "SELECT 1") == "1"
        link.ask_soon(QUESTIONS)
        link.use("d")
        assert asked(link, "SELECT 1") == "1"
        link.ask_soon(QUESTIONS)
        assert len([*link.ask_ahead(["SELECT 7"])]) == 1
        assert asked(link, "SELECT 1") == "1"
        assert server.statements.count("SELECT 1") == 6


def test_an_answer_of_another_moment_is_none() -> None:
    with linked(says_its_number) as (server, link):
        link.ask_soon(QUESTIONS)
        link._soon._sent_s -= SOON_S_MAX
        assert [asked(link, sql) for sql in QUESTIONS] == ["1", "2", "3"]
        assert server.statements == QUESTIONS * 2


def test_what_is_refused_is_asked_again_alone() -> None:
    refused = iter([True, False])

    def answer(conversation: Conversation, sql: str) -> bool:
        if sql == "SELECT 2" and next(refused):
            conversation.send(packets.error(1234, "not now"))
            return True
        return says_its_number(conversation, sql)

    with linked(answer) as (server, link):
        link.ask_soon(QUESTIONS)
        assert [asked(link, sql) for sql in QUESTIONS] == ["1", "2", "3"]
        assert server.statements == [*QUESTIONS, "SELECT 2", "SELECT 3"]


def test_what_is_refused_twice_is_refused() -> None:
    def answer(conversation: Conversation, sql: str) -> bool:
        conversation.send(packets.error(1234, "never"))
        return True

    with linked(lambda conversation, sql: "2" in sql and answer(conversation, sql)) as (_, link):
        link.ask_soon(["SELECT 2"])
        with pytest.raises(ServerRefusal):
            asked(link, "SELECT 2")


def test_the_words_of_a_warning_are_those_of_the_question_asked_alone() -> None:
    def answer(conversation: Conversation, sql: str) -> bool:
        if sql == "SHOW WARNINGS":
            conversation.answer(["Level", "Code", "Message"], [["Warning", 1, "of the last one"]])
        elif sql == "SELECT 1":
            *payloads, _ = packets.result(["n"], [["1"]])
            conversation.send(*payloads, b"\xfe\x01\x00\x02\x00")
        else:
            return says_its_number(conversation, sql)
        return True

    with linked(answer) as (server, link):
        link.ask_soon(QUESTIONS)
        assert asked(link, "SELECT 1") == "1"
        assert server.statements == [*QUESTIONS, "SELECT 1", "SHOW WARNINGS"]


def test_a_link_that_is_lost_over_it_says_so_and_stays_lost() -> None:
    def answer(conversation: Conversation, sql: str) -> bool:
        if sql == "SELECT 1":
            conversation.close()
        return says_its_number(conversation, sql)

    with linked(answer) as (_, link):
        link.ask_soon(QUESTIONS)
        with pytest.raises(LostAhead):
            asked(link, "SELECT 1")
        with pytest.raises(LinkLost):
            asked(link, "SELECT 2")
        with pytest.raises(LostAhead):
            link.ask_soon(QUESTIONS)
        with pytest.raises(LinkLost):
            link.execute_both("SELECT 1", "SELECT 2")


ADDED = replace(
    planned("ALTER TABLE `t` ADD COLUMN c INT"),
    effects=(Effect(object_id=table_id("t"), before="a", after="b"),),
)


def before_a_statement(session: MysqlShardSession, statement: PlannedStatement) -> str | None:
    """What is asked of a shard right before it."""
    assert session.access([statement]).privileges is not None
    assert not session.still_running(statement.sql)
    return session.definition(table_id("t"))


@pytest.mark.parametrize(
    "statement",
    [
        *("SET SESSION", "SELECT @@session."),  # as it is opened
        *("SHOW GRANTS", "SHOW FULL PROCESSLIST", "SHOW CREATE TABLE"),
    ],
)
@pytest.mark.parametrize("end", ENDS.values(), ids=[*ENDS])
def test_a_session_whose_server_takes_one_at_a_time_is_lost_once(
    statement: str, end: Callable[[Conversation], None]
) -> None:
    with lying_server(HONEST, over_the_first(statement, end)) as server:
        limit_s = 1 if end is ENDS["silence"] else 60
        connection = connection_to(server, limit_s=limit_s)
        target = resolve(connection, environ={}, root=Path(), shard="-40")
        session = MysqlShardSession(target)
        try:
            assert before_a_statement(session, ADDED) == TABLE
            assert server.connections == 2
            said = len(server.statements)
            assert before_a_statement(session, ADDED) == TABLE
            assert server.connections == 2
            assert len({*server.statements[said:]}) == len(server.statements[said:])
        finally:
            session.close()
