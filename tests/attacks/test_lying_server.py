"""A shard's server that lies: whatever it does makes that shard unreachable, and nothing else."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.client.limits import ANSWER_BYTES_MAX
from reconciler.edges.mysql import live
from reconciler.model.object_id import table_id
from reconciler.model.observation import ObservedShard, Unreachable
from reconciler.model.policy import Policy
from reconciler.observe.shards import DefinitionReader, read_all
from reconciler.spec.model import Connection
from tests.attacks import packets
from tests.attacks.lying_server import (
    Catalogue,
    Conversation,
    Lies,
    Login,
    LyingServer,
    lying_server,
)
from tests.integration.mysql_edges import observe
from tests.waiting import PATIENCE_S

TABLE = (
    "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
)
HONEST = Catalogue(tables={"t": TABLE})
PASSWORD = "s3cret-password"

# Of a liar that may never answer: once to connect, ten times for answers. Any other has its time.
LIMIT_S = 2
PATIENT_S = 60
BUSY_S = 60.0  # what a busy machine may add; an answer that drips in takes 200 s


def connection_to(server: LyingServer, *, limit_s: int = PATIENT_S) -> Connection:
    return Connection(
        host="127.0.0.1",
        port=str(server.port),
        database="d",
        user="app",
        password=PASSWORD,
        connect_timeout_s=limit_s,
        read_timeout_s=limit_s,
    )


def seen_beside_an_honest_one(lies: Lies, catalogue: Catalogue = HONEST) -> Unreachable:
    """What a look makes of the liar; the other shard is seen whatever it does."""
    with lying_server(catalogue, lies) as liar, lying_server(HONEST) as honest:
        seen, other = observe(connection_to(liar, limit_s=LIMIT_S), connection_to(honest))
    assert isinstance(other, ObservedShard), other
    assert isinstance(seen, Unreachable), "the liar was believed"
    return seen


def test_while_it_tells_the_truth_it_is_a_shard_like_any_other() -> None:
    """Otherwise the lies below would be refused for something else."""
    with lying_server(HONEST) as server:
        [seen] = observe(connection_to(server))
    assert isinstance(seen, ObservedShard), seen
    assert seen.definitions == (("t", TABLE),)
    assert [login.user for login in server.logins] == ["app"]


# At the greeting and the login

GREETINGS: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"\x0a",
    "no version": b"\x0a\0",
    "no end of the version": b"\x0a8.4.6",
    "a version that is no number": packets.greeting("latest"),
    "an old protocol": b"\x09" + packets.greeting()[1:],
    "half": packets.greeting()[:20],
    "no capabilities": packets.greeting(capabilities=0),
    "no salt": packets.greeting()[:-24] + b"\0",
    "a plugin that is no text": packets.greeting(plugin="x").replace(b"x\0", b"\xff\xfe\0"),
    "an error": packets.error(1040, "Too many connections"),
    "an error without a message": b"\xff\x10\x04",
    "an error without a number": b"\xff",
    "a server that nobody supports": packets.greeting("5.1.73"),
}


@pytest.mark.threat("TM-SERVER-1")
@pytest.mark.invariant("CN-4")
@pytest.mark.parametrize("greeting", GREETINGS.values(), ids=GREETINGS.keys())
def test_a_greeting_that_is_none_is_one_unreachable_shard(greeting: bytes) -> None:
    catalogue = Catalogue(version="5.1.73", tables={"t": TABLE})
    seen_beside_an_honest_one(Lies(greeting=greeting), catalogue)


def _raw(data: bytes) -> Callable[[Conversation], None]:
    def talk(conversation: Conversation) -> None:
        conversation.send_raw(data)
        conversation.receive()

    return talk


RAW: dict[str, bytes] = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "a packet of 16 MB that never comes": b"\xff\xff\xff\0",
    "a sequence number that is not next": packets.packet(packets.greeting(), 9),
    "two greetings at once": packets.packet(packets.greeting(), 0) * 2,
    "a login accepted before it was sent": packets.packet(packets.greeting(), 0)
    + packets.packet(packets.ok(), 2),
}


@pytest.mark.threat("TM-SERVER-1")
@pytest.mark.invariant("CN-4")
@pytest.mark.parametrize("data", RAW.values(), ids=RAW.keys())
def test_bytes_that_are_no_login_are_one_unreachable_shard(data: bytes) -> None:
    seen_beside_an_honest_one(Lies(on_connect=_raw(data)))


def _login_answered_by(*payloads: bytes) -> Lies:
    def answer(conversation: Conversation, _login: Login) -> bool:
        conversation.send(*payloads)
        while conversation.receive():
            conversation.send(payloads[-1])
        return True

    return Lies(on_login=answer)


LOGINS: dict[str, tuple[bytes, ...]] = {
    "an empty packet": (b"",),
    "an unknown packet": (b"\x42",),
    "rows": tuple(packets.result(["a"], [["b"]])),
    "a switch without a name": (b"\xfe",),
    "a switch to a plugin that nobody has": (packets.auth_switch("auth_of_my_own"),),
    "a switch to a plugin whose name is no text": (b"\xfe\xff\xff\0abc",),
    "a switch without a challenge": (packets.auth_switch("caching_sha2_password", b""),),
    "a broken key": (packets.auth_switch("sha256_password"), b"\x01-----BEGIN nonsense"),
    "switches without an end": (packets.auth_switch("mysql_native_password"),),
    "more and more questions": (packets.auth_switch("caching_sha2_password"), b"\x01\x04"),
    "the old plugin": (packets.auth_switch("mysql_old_password", b"abcdefgh\0"),),
    "no switch at all, but a question": (b"\x01\x04",),
}


@pytest.mark.threat("TM-SERVER-1")
@pytest.mark.invariant("CN-4")
@pytest.mark.parametrize("payloads", LOGINS.values(), ids=LOGINS.keys())
def test_a_login_that_goes_astray_is_one_unreachable_shard(payloads: tuple[bytes, ...]) -> None:
    began = time.monotonic()
    seen_beside_an_honest_one(_login_answered_by(*payloads))
    assert time.monotonic() - began < 2 * LIMIT_S + BUSY_S


# Behind the login

ONE_COLUMN = [b"\x01", packets.column("a"), packets.eof()]
ANSWERS: dict[str, tuple[bytes, ...]] = {
    "OK in place of rows": (packets.ok(),),
    "an empty packet": (b"",),
    "half an OK": (b"\0\0",),
    "an OK that promises more": (packets.ok(status=packets.MORE_RESULTS),),
    "rows that promise more": (
        *ONE_COLUMN,
        packets.row(["x"]),
        packets.eof(status=packets.MORE_RESULTS),
    ),
    "no rows": (*ONE_COLUMN, packets.eof()),
    "no columns": (*packets.result([], []),),
    "a row of too few": (*ONE_COLUMN, b"", packets.eof()),
    "a row of too many": (*ONE_COLUMN, packets.row(["x", "y"]), packets.eof()),
    "a value longer than its packet": (*ONE_COLUMN, b"\xfe" + b"\xff" * 8 + b"x", packets.eof()),
    "a length without a length": (*ONE_COLUMN, b"\xfc\x01", packets.eof()),
    "a reserved length": (*ONE_COLUMN, b"\xffx", packets.eof()),
    "text that is none": (*ONE_COLUMN, packets.text(b"\xff\xfe\xfd"), packets.eof()),
    "as many columns as there are numbers": (b"\xfe" + b"\xff" * 8,),
    "a column that is none": (b"\x01", b"\x03def", packets.eof()),
    "columns without an end": (b"\x01", packets.column("a"), packets.column("b")),
    "an error without a number": (b"\xff",),
    "an error without a text": (b"\xff\x48\x04",),
    "a file request": (packets.file_request("/etc/passwd"),),
    "a table where a version was asked for": tuple(packets.result(["a"] * 30, [["b"] * 30])),
}


def _answering(fragment: str, *payloads: bytes) -> Lies:
    def answer(conversation: Conversation, sql: str) -> bool:
        if fragment not in sql:
            return False
        conversation.send(*payloads)
        return True

    return Lies(on_statement=answer)


# One of each kind of question that a look asks.
QUESTIONS = (
    "SELECT VERSION()",
    "SHOW GRANTS",
    "TABLE_TYPE FROM information_schema.TABLES",
    "TABLE_ROWS",
    "SHOW CREATE TABLE",
    "information_schema.TRIGGERS",
    "setup_instruments",
    "SHOW BINARY LOG STATUS",
)
NONE_IS_AN_ANSWER = QUESTIONS[-3:]


@pytest.mark.threat("TM-SERVER-1")
@pytest.mark.invariant("CN-4")
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("payloads", ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_is_none_is_one_unreachable_shard(
    question: str, payloads: tuple[bytes, ...]
) -> None:
    if question in NONE_IS_AN_ANSWER and payloads == ANSWERS["no rows"]:
        return  # that is an answer
    seen_beside_an_honest_one(_answering(question, *payloads))


# Without an end


def _endless(row: bytes) -> Lies:
    """In place of the list of tables: rows without an end, in packets that are right."""

    def answer(conversation: Conversation, sql: str) -> bool:
        if "TABLE_TYPE FROM" not in sql:
            return False
        conversation.send(*packets.result(["TABLE_NAME", "TABLE_TYPE"], [])[:-1])
        first = conversation.sequence
        round_of_numbers = b"".join(packets.packet(row, first + n) for n in range(256))
        while True:
            conversation.send_raw(round_of_numbers * 16)

    return Lies(on_statement=answer)


@pytest.mark.threat("TM-SERVER-2")
@pytest.mark.invariant("CN-3")
@pytest.mark.parametrize(
    "row",
    [packets.row(["x", "BASE TABLE"]), packets.row([None, None]), packets.row(["x" * 9_999, ""])],
    ids=["short rows", "rows of nothing", "long rows"],
)
def test_rows_without_an_end_take_no_more_memory_than_an_answer_may(row: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with lying_server(HONEST, _endless(row)) as liar:
        [seen] = observe(connection_to(liar))
    assert isinstance(seen, Unreachable)
    assert "longer than any answer" in seen.reason
    grown_bytes = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    assert grown_bytes < 4 * ANSWER_BYTES_MAX


@pytest.mark.threat("TM-SERVER-2")
@pytest.mark.invariant("CN-3")
def test_a_value_without_an_end_is_not_waited_for() -> None:
    """A packet may have 16 MB and another behind it: of one value there is no end in sight."""

    def answer(conversation: Conversation, sql: str) -> bool:
        if "SHOW CREATE TABLE" not in sql:
            return False
        conversation.send(*packets.result(["Table", "Create Table"], [])[:-1])
        while True:
            conversation.send(b"x" * 0xFF_FFFF)

    with lying_server(HONEST, Lies(on_statement=answer)) as liar:
        [seen] = observe(connection_to(liar))
    assert isinstance(seen, Unreachable)
    assert "longer than any answer" in seen.reason


@pytest.mark.threat("TM-SERVER-2")
@pytest.mark.invariant("CN-3")
def test_tables_without_an_end_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer is a right one, and there are as many as the server likes."""
    monkeypatch.setattr(live, "LOOK_BYTES_MAX", 20_000_000)
    padding = f"  `c` int DEFAULT NULL COMMENT '{'x' * 900_000}',\n"
    long = TABLE.replace("  PRIMARY KEY", f"{padding}  PRIMARY KEY")
    tables = {f"t{n:04}": long.replace("`t`", f"`t{n:04}`", 1) for n in range(50)}
    with lying_server(Catalogue(tables=tables)) as liar:
        [seen] = observe(connection_to(liar))
    assert isinstance(seen, Unreachable)
    assert "together are longer" in seen.reason


@pytest.mark.threat("TM-SERVER-23")
@pytest.mark.invariant("CN-6")
@pytest.mark.parametrize(
    "padding",
    [
        f"  `c` int DEFAULT NULL COMMENT '{'x' * 16_000_000}',\n",
        "".join(f"  `c{n}` int DEFAULT nextval(`d`.`s`),\n" for n in range(400_000)),
        "  KEY `" + "``" * 4_000_000 + "` (`id`),\n",
        "🌀" * 300_000,
    ],
    ids=["a comment", "columns", "a name", "no definition"],
)
def test_a_definition_that_no_file_could_hold_refuses_its_table_alone(padding: str) -> None:
    long = TABLE.replace("  PRIMARY KEY", f"{padding}  PRIMARY KEY")
    tables = {"t": TABLE, "u": long.replace("`t`", "`u`", 1)}
    began_s = time.monotonic()
    with lying_server(Catalogue(tables=tables)) as liar:
        observed = observe(connection_to(liar))
    whole = [each for each in observed if isinstance(each, ObservedShard)]
    (seen,), refusals = read_all(whole, DefinitionReader(Policy()))
    assert time.monotonic() - began_s < PATIENCE_S
    (refusal,) = refusals
    assert refusal.code == "definition-too-large"
    assert (refusal.shard, refusal.object_id) == (seen.observation.shard, table_id("u"))
    assert "table u: the server's definition has" in refusal.message
    assert list(seen.definitions) == ["t"]


@pytest.mark.threat("TM-SERVER-23")
@pytest.mark.invariant("CN-6")
def test_a_program_that_is_too_long_to_be_read_is_not_seen() -> None:
    """And what is not seen, nobody takes for something that uses no table."""
    body = "BEGIN " + "SET @x = 1; " * 200_000 + "END"
    programs = [["procedure", "p", None, None, None, None, body]]
    view = f"CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select '{'x' * 2_000_000}'"
    known = replace(HONEST, programs=programs, views={"v": view})
    with lying_server(known) as liar:
        [seen] = observe(connection_to(liar))
    assert isinstance(seen, ObservedShard)
    assert {"the text of procedure p", "the text of view v"} <= set(seen.unseen)
    assert [program.text for program in seen.dependents.programs] == [None]


@pytest.mark.threat("TM-SERVER-2")
@pytest.mark.invariant("CN-3")
@pytest.mark.parametrize("stage", ["greeting", "login", "answer"])
def test_an_answer_that_drips_in_is_not_waited_for_longer_than_one_that_hangs(stage: str) -> None:
    """Each byte comes in time, all of them never."""

    def drip(conversation: Conversation, payload: bytes) -> None:
        for byte in packets.packet(payload, conversation.sequence):
            conversation.send_raw(bytes([byte]))
            time.sleep(0.2)

    def on_login(conversation: Conversation, _login: Login) -> bool:
        drip(conversation, packets.error(1, "x" * 1_000))
        return True

    def on_statement(conversation: Conversation, sql: str) -> bool:
        if "VERSION()" in sql:
            drip(conversation, packets.error(1, "x" * 1_000))
        return False

    lies = {
        "greeting": Lies(on_connect=lambda c: drip(c, packets.greeting("8.4.6-" + "x" * 1_000))),
        "login": Lies(on_login=on_login),
        "answer": Lies(on_statement=on_statement),
    }
    began = time.monotonic()
    seen = seen_beside_an_honest_one(lies[stage])
    assert seen.code == "shard-timeout"
    assert time.monotonic() - began < 2 * LIMIT_S + BUSY_S


@pytest.mark.threat("TM-SERVER-2")
@pytest.mark.invariant("CN-3")
def test_a_look_that_nobody_waits_for_any_more_lets_go_of_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every answer comes in time, but there are many: the look is over at its own limit, and then
    so is its connection."""
    monkeypatch.setattr(live, "time_limit_s", lambda _shard: 1.0)

    def answer(_conversation: Conversation, sql: str) -> bool:
        if "SHOW CREATE" in sql:
            time.sleep(0.4)
        return False

    tables = {f"t{n}": TABLE.replace("`t`", f"`t{n}`", 1) for n in range(50)}
    with lying_server(Catalogue(tables=tables), Lies(on_statement=answer)) as liar:
        [seen] = observe(connection_to(liar))
        assert isinstance(seen, Unreachable)
        assert seen.code == "shard-timeout"
        assert liar.ended.wait(PATIENCE_S), "the connection was left to itself"


# Files and passwords


@pytest.mark.threat("TM-SERVER-3")
@pytest.mark.invariant("CN-5")
def test_a_server_that_asks_for_a_file_gets_an_end_of_the_connection(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("the-content-of-a-file")
    answered: list[bytes] = []

    def answer(conversation: Conversation, sql: str) -> bool:
        if "VERSION()" not in sql:
            return False
        conversation.send(packets.file_request(str(secret)))
        answered.append(conversation.receive())
        return True

    with lying_server(HONEST, Lies(on_statement=answer)) as liar:
        [seen] = observe(connection_to(liar))
        assert isinstance(seen, Unreachable)
        assert "asked for a file" in seen.reason
        assert liar.ended.wait(PATIENCE_S)
    assert answered == [b""]
    assert not any(login.capabilities & packets.LOCAL_FILES for login in liar.logins)
    assert not any(b"the-content-of-a-file" in said for said in liar.heard)
