"""What a MySQL server says, from its greeting to its last answer: to a look at a shard, and to a
statement.

An input is a conversation: what the server says in its turns, of which the next one begins when the
client has said something. It is made of bytes as they are sent, or of payloads that are put into
packets with the right lengths and numbers, so that what is inside them is reached. A turn holds
several answers where the client asked ahead; one in which the words for it stand, wherever, is an
error of that number instead.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.edges.mysql.live import MysqlLiveShards
from reconciler.edges.shard_session import MysqlShardSessions
from reconciler.errors import Problem, Unavailable
from reconciler.model.observation import Observation, ObservedShard, Unreachable
from reconciler.model.policy import Policy
from reconciler.observe.shards import DefinitionReader, read_all
from reconciler.ports.engine import Applied, Failed, Outcome, Unknown
from reconciler.spec.model import Connection, ShardSpec
from tests.attacks import packets
from tests.attacks.lying_server import Catalogue, Conversation, Lies, lying_server
from tests.integration.mysql_edges import carried_out
from tests.property.fuzz.reader import Reader
from tests.sample_plans import sample_plan

TURN, ANSWER, PACKET = b"\n--turn--\n", b"\n--answer--\n", b"\n--packet--\n"
_ERROR = re.compile(rb"\n--error (\d{4,5})--\n")
LIMIT_S = 2
# A client that says nothing for so long waits for more of an answer, which nobody will send.
PATIENCE_S = 0.05
WHOLE_S_MAX = 60 * LIMIT_S  # of a busy machine; what hangs does so for good

TABLE = (
    "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `p` int DEFAULT NULL,\n  PRIMARY KEY (`id`),\n"
    "  KEY `k` (`p`),\n  CONSTRAINT `f` FOREIGN KEY (`p`) REFERENCES `other`.`x` (`id`)\n"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
)
VIEW = "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select `t`.`id` from `t`"
OUTSIDE = "CREATE TABLE `x` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
TRIGGER: list[packets.Value] = ["trigger", "g", "t", 1, "BEFORE", "INSERT", "SET NEW.`p` = 1"]
KNOWN = Catalogue(
    tables={"t": TABLE},
    views={"v": VIEW},
    outside={("other", "x"): OUTSIDE},
    programs=[TRIGGER],
)

Framing = Callable[[bytes], bytes]


def raw(turn: bytes) -> bytes:
    return turn


def _refusal(asked: re.Match[bytes]) -> bytes:
    return packets.error(min(int(asked[1]), 0xFFFF), "an error of the server's")


def framed(first: int) -> Framing:
    def packed(turn: bytes) -> bytes:
        answers = turn.split(ANSWER)
        return b"".join(_packets(each, 1 if n else first) for n, each in enumerate(answers))

    return packed


def _packets(answer: bytes, first: int) -> bytes:
    error = _ERROR.search(answer)
    payloads = [_refusal(error)] if error else answer.split(PACKET)
    return b"".join(packets.packet(each, first + n) for n, each in enumerate(payloads))


@contextmanager
def saying(content: bytes, *, in_packets: bool) -> Iterator[int]:
    """The port of a server that says so."""
    turns = content.split(TURN)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # A client may come more than once: each time it is told the same.
        thread = threading.Thread(target=_serve, args=(listener, turns, in_packets), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, turns: Sequence[bytes], in_packets: bool) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            with client, contextlib.suppress(OSError):
                client.settimeout(PATIENCE_S)
                for number, turn in enumerate(turns):
                    # The first packet is the greeting, the second the answer to a login.
                    first = {0: 0, 1: 2}.get(number, 1)
                    client.sendall((framed(first) if in_packets else raw)(turn))
                    if not client.recv(1 << 20):
                        break
                client.shutdown(socket.SHUT_RDWR)


def recorded(ask: Callable[[int], object], lies: Lies | None = None) -> tuple[bytes, ...]:
    """The turns of an honest server, but for `lies`, of whom the port is given to `ask`."""
    turns = [b""]
    with (
        lying_server(KNOWN, lies) as honest,
        socket.create_server(("127.0.0.1", 0)) as listener,
    ):

        def relay() -> None:
            client, _ = listener.accept()
            with client, socket.create_connection(("127.0.0.1", honest.port)) as server:
                back = threading.Thread(target=_say_all, args=(server, client, turns), daemon=True)
                back.start()
                while said := client.recv(1 << 20):
                    turns.append(b"")
                    server.sendall(said)
                server.shutdown(socket.SHUT_WR)
                back.join()

        between = threading.Thread(target=relay, daemon=True)
        between.start()
        ask(listener.getsockname()[1])
        between.join(LIMIT_S)
    return tuple(turn for turn in turns if turn)


def _say_all(server: socket.socket, client: socket.socket, turns: list[bytes]) -> None:
    with contextlib.suppress(OSError):
        while said := server.recv(1 << 20):
            turns[-1] += said
            client.sendall(said)


def payloads_of(turn: bytes) -> bytes:
    found, at = b"", 0
    while at < len(turn):
        size, number = int.from_bytes(turn[at : at + 3], "little"), turn[at + 3]
        parting = (ANSWER if number == 1 else PACKET) if at else b""
        found += parting + turn[at + 4 : at + 4 + size]
        at += 4 + size
    return found


def shard_at(port: int) -> ShardSpec:
    connection = Connection(
        host="127.0.0.1",
        port=str(port),
        user="app",
        password="s3cret",
        database="d",
        connect_timeout_s=LIMIT_S,
        read_timeout_s=LIMIT_S,
    )
    return ShardSpec(name="-", connection=connection)


def look(port: int) -> Observation:
    (seen,) = MysqlLiveShards(environ={}, root=Path("/")).observe([shard_at(port)], parallel=1)
    return seen


def run(port: int) -> Outcome:
    with MysqlShardSessions(environ={}, root=Path("/")).open(shard_at(port)) as session:
        return carried_out(session, STATEMENT, lock_wait_s=1, run_limit_s=LIMIT_S)


def _looked(in_packets: bool) -> Callable[[bytes], ObservedShard]:
    def read(content: bytes) -> ObservedShard:
        begun_s = time.monotonic()
        with saying(content, in_packets=in_packets) as port:
            seen = look(port)
        assert time.monotonic() - begun_s < WHOLE_S_MAX, "it hung"
        if isinstance(seen, Unreachable):
            # What nobody expected ends as this code, with the name of an exception.
            assert seen.code != "look-failed", seen.reason
            raise Unavailable(Problem(code=seen.code, message=seen.reason, recovery=seen.recovery))
        return seen

    return read


def _read_on(seen: ObservedShard) -> None:
    """What was taken from a server can be read by whoever comes next, or is refused by name."""
    assert len(read_all([seen], DefinitionReader(Policy()))[0]) == 1


def _stated(content: bytes) -> Outcome:
    """A statement has one of three outcomes, whatever is said to it."""
    begun_s = time.monotonic()
    with saying(content, in_packets=True) as port:
        outcome = run(port)
    assert time.monotonic() - begun_s < WHOLE_S_MAX, "it hung"
    return outcome


def _is_an_outcome(found: Outcome) -> None:
    assert isinstance(found, Applied | Failed | Unknown)
    if isinstance(found, Failed):
        assert found.error.number >= 1000


def _grown_row(size: int) -> bytes:
    """Instead of a listing: one value of so many bytes."""
    turns = [payloads_of(turn) for turn in TURNS[:3]]
    long = packets.result(["a", "b"], [["x" * size, "y"]])
    return TURN.join([*turns, PACKET.join(long)])


def _grown_rows(size: int) -> bytes:
    turns = [payloads_of(turn) for turn in TURNS[:3]]
    rows = packets.result(["a", "b"], [["x", "BASE TABLE"]] * (size // 16))
    return TURN.join([*turns, PACKET.join(rows)])


STATEMENT = sample_plan().core.change_sets[0].statements[0]


def _answering(payload: bytes) -> Lies:
    def answer(conversation: Conversation, sql: str) -> bool:
        if sql == STATEMENT.sql:
            conversation.send(payload)
            return True
        return False

    return Lies(on_statement=answer)


TURNS = recorded(look)
ERRORS = tuple(
    b"\n--error %d--\n" % number
    for number in (1045, 1049, 1053, 1064, 1105, 1142, 1146, 1193, 1205, 1213, 2013, 65_535)
)
WORDS = (
    *(b"\xff", b"\xfe", b"\xfb", b"\xfc\xff\xff", b"\xfd\xff\xff\xff", b"\xfe" + b"\xff" * 8),
    *(packets.ok(), packets.eof(), packets.eof(status=packets.MORE_RESULTS)),
    *(packets.file_request("/x"), packets.length_coded(1), packets.length_coded(5_000)),
    *(packets.auth_switch("mysql_clear_password"), packets.auth_switch("caching_sha2_password")),
    *(b"\x01\x03", b"\x01\x04", TURN, PACKET, b"\x00\x00\x00\x00", b"\xff\xff\xff\x00"),
    *(packets.column("a"), TURN + packets.ok() + TURN, ANSWER + packets.ok() + ANSWER),
    *ERRORS,
    *(TURN + PACKET.join(packets.result(["a"], [[value]])) + TURN for value in ("1", "x", None)),
)
STATEMENT_ANSWERS = (
    packets.ok(),
    packets.error(1064, "You have an error in your SQL syntax"),
    packets.error(1205, "Lock wait timeout exceeded"),
    packets.error(1105, "nobody knows"),
)

READERS = (
    Reader(
        name="server-bytes",
        read=_looked(in_packets=False),
        seeds=(TURN.join(TURNS),),
        words=WORDS,
        check=_read_on,
    ),
    Reader(
        name="server-packets",
        read=_looked(in_packets=True),
        seeds=(TURN.join(map(payloads_of, TURNS)),),
        words=WORDS,
        check=_read_on,
        grown=(("a value", _grown_row), ("rows", _grown_rows)),
    ),
    Reader(
        name="server-statement",
        read=_stated,
        seeds=tuple(
            TURN.join(map(payloads_of, recorded(run, _answering(answer))))
            for answer in STATEMENT_ANSWERS
        ),
        words=WORDS,
        check=_is_an_outcome,
    ),
)
