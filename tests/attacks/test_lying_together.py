"""A server that lies while several of its shards are looked at over one connection: what it says
then is believed of none of them, and each is looked at by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.observation import ObservedShard
from tests.attacks import packets
from tests.attacks.lying_server import Conversation, Lies, LyingServer, lying_server
from tests.attacks.test_lying_server import HONEST, TABLE, connection_to
from tests.integration.mysql_edges import observe

pytestmark = [pytest.mark.invariant("FZ-11"), pytest.mark.invariant("CN-4")]

SHOWN = packets.result(["Table", "Create Table"], [["t", TABLE]])
OTHER = packets.result(["Table", "Create Table"], [["t", TABLE.replace("`t`", "`u`")]])
MORE = packets.eof(status=packets.AUTOCOMMIT | packets.MORE_RESULTS)

# What comes as the answer to SHOW CREATE TABLE.
ANSWERS: dict[str, list[bytes]] = {
    "nothing": [b""],
    "an OK": [packets.ok()],
    "no OK": [b"\0"],
    "a refusal": [packets.error(1146, "Table doesn't exist", "42S02")],
    "a goodbye": [packets.error(1053, "Server shutdown in progress", "08S01")],
    "another table": [*OTHER],
    "no row": [*packets.result(["Table", "Create Table"], [])],
    "two rows": [*packets.result(["Table", "Create Table"], [["t", TABLE]] * 2)],
    "no text": [*packets.result(["Table", "Create Table"], [["t", None]])],
    "a value more": [*packets.result(["Table", "Create", "More"], [["t", TABLE, "x"]])],
    "columns that are none": [b"\x02", b"x", b"y", packets.eof(), packets.eof()],
    "no columns at all": [b"\xfa", packets.eof()],
    "more columns than any": [b"\xfc\xff\xff"],
    "a wish for a file": [b"\xfb/etc/passwd"],
    "a row of another length": [*SHOWN[:-2], b"\x01t\xfc", packets.eof()],
    "a row that goes on": [*SHOWN[:-2], SHOWN[-2] + b"x", packets.eof()],
    "another answer behind it": [*SHOWN[:-1], MORE],
    "more than was asked": [*SHOWN, *SHOWN],
}


def lying_at(statement: str, lie: Callable[[Conversation], None]) -> Lies:
    """Over the connection that came first, and nowhere else."""
    first: list[Conversation] = []

    def answer(conversation: Conversation, sql: str) -> bool:
        first.append(conversation)
        if conversation is not first[0] or not sql.startswith(statement):
            return False
        lie(conversation)
        return True

    return Lies(on_statement=answer)


def both_are_seen(lies: Lies) -> LyingServer:
    with lying_server(HONEST, lies) as server:
        one, two = connection_to(server), replace(connection_to(server), database="e")
        seen = observe(one, two)
        assert [type(found) for found in seen] == [ObservedShard, ObservedShard]
        for found in seen:
            assert isinstance(found, ObservedShard)
            assert found.definitions == (("t", TABLE),)
        return server


def test_an_honest_one_is_asked_over_one_connection() -> None:
    """Otherwise the lies below would be believed by nobody anyway."""
    assert both_are_seen(Lies()).connections == 1


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=[*ANSWERS])
def test_what_is_no_answer_is_believed_of_no_shard(answer: list[bytes]) -> None:
    server = both_are_seen(lying_at("SHOW CREATE TABLE", lambda one: one.send(*answer)))
    assert server.connections == 3


@pytest.mark.parametrize(
    ("statement", "width"),
    [("SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE FROM", 3), ("\nSELECT TRIGGER_SCHEMA", 8)],
)
def test_rows_of_a_database_that_nobody_asked_for_make_all_worthless(
    statement: str, width: int
) -> None:
    columns = [f"c{n}" for n in range(width)]
    row = ["other", *["x"] * (width - 1)]
    lie = lying_at(statement, lambda one: one.answer(columns, [row]))
    assert both_are_seen(lie).connections == 3


def test_a_session_that_is_refused_its_database_says_nothing_of_it() -> None:
    refused = packets.error(1044, "Access denied", "42000")
    lies = lying_at("USE `e`", lambda one: one.send(refused))
    assert both_are_seen(lies).connections == 2


def test_a_proxy_that_leads_elsewhere_for_another_database_is_no_server() -> None:
    """An old copy of the database may be left where the first one's questions are answered."""
    said = ["utf8mb4", "utf8mb4_0900_ai_ci", "NO", "6f2b4c1a-0000-4000-8000-000000000002"]
    about: list[Conversation] = []

    def answer(conversation: Conversation, sql: str) -> bool:
        if not sql.startswith("SELECT @@character_set"):
            return False
        about.append(conversation)
        if len(about) != 2:  # of the first database, or alone
            return False
        values = said[: sql.count("@@") + 1]
        conversation.answer(values, [values])
        return True

    assert both_are_seen(Lies(on_statement=answer)).connections == 3
