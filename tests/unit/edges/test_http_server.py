"""A request is read whole and answered, or it ends: whatever a client sends, and however slowly."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reconciler.edges.http_server import server as http
from reconciler.edges.http_server.limits import (
    BODY_BYTES_MAX,
    CONNECTION_S_MAX,
    CONNECTIONS_MAX,
)
from reconciler.edges.http_server.server import Answer, Asked, HttpServer
from reconciler.errors import Unavailable
from tests.waiting import PATIENCE_S, until

ASKED: list[Asked] = []
GET = b"GET / HTTP/1.1\r\n\r\n"


def respond(asked: Asked) -> Answer:
    ASKED.append(asked)
    if asked.path == "/fault":
        raise RuntimeError("the password is hunter2")
    return Answer(status=200, body=b"fine")


@pytest.fixture(autouse=True)
def nothing_asked() -> None:
    ASKED.clear()


@pytest.fixture(scope="module")
def server() -> Iterator[HttpServer]:
    with HttpServer("127.0.0.1", 0, respond) as one:
        yield one


def connected(server: HttpServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE_S)


def exchanged(server: HttpServer, sent: bytes) -> bytes:
    with connected(server) as client:
        client.sendall(sent)
        return read(client)


def read(client: socket.socket) -> bytes:
    told = b""
    try:
        while more := client.recv(65_536):
            told += more
    except ConnectionResetError:
        pass  # what was not read is thrown away with the connection
    return told


def comes_to_send(client: socket.socket, *, for_s: float) -> bool:
    """A byte now and then, until the connection is ended."""
    until_s = time.monotonic() + for_s
    try:
        while time.monotonic() < until_s:
            client.sendall(b"G")
            time.sleep(0.05)
    except OSError:
        return False
    return True


def status(told: bytes) -> int:
    return int(told.split(b" ", 2)[1])


@dataclass
class StandingClock:
    """For the server: time goes by when the test says so, however busy the machine is."""

    now_s: float = 0.0

    def monotonic(self) -> float:
        return self.now_s


def test_a_request_is_answered_with_its_headers_and_its_body(server: HttpServer) -> None:
    told = exchanged(
        server, b"POST /nudge HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nContent-Length: 4\r\n\r\nbody"
    )
    assert (status(told), told.partition(b"\r\n\r\n")[2]) == (200, b"fine")
    (asked,) = ASKED
    assert (asked.verb, asked.path, asked.body, asked.headers["x-one"]) == (
        "POST",
        "/nudge",
        b"body",
        "1",
    )


@pytest.mark.threat("TM-CONTROLLER-5")
@pytest.mark.invariant("RG-49")
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        pytest.param(b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", 414, id="long path"),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 100_000 + b"\r\n\r\n", 431, id="long header"
        ),
        pytest.param(
            b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n", 431, id="many headers"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES_MAX + 1), 413, id="large"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400, id="huge"
        ),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, id="negative"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na", 400, id="signed"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 0x10\r\n\r\n", 400, id="hexadecimal"),
        pytest.param(
            b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, id="twice"
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
            411,
            id="chunked",
        ),
        pytest.param(b"nonsense <script>\r\n\r\n", 400, id="nonsense"),
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", 505, id="version"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, id="TLS"),
    ],
)
def test_what_is_malformed_or_too_large_gets_a_number_and_no_words(
    server: HttpServer, sent: bytes, expected: int
) -> None:
    told = exchanged(server, sent)
    assert ASKED == []
    if told:  # else the connection was ended while the client still sent
        assert status(told) == expected
        assert told.partition(b"\r\n\r\n")[2] == b""
        assert b"script" not in told
    assert status(exchanged(server, GET)) == 200, "it goes on"


@pytest.mark.invariant("RG-49")
def test_a_header_that_comes_twice_is_none(server: HttpServer) -> None:
    exchanged(server, b"GET / HTTP/1.1\r\nAuthorization: a\r\nauthorization: b\r\n\r\n")
    assert "authorization" not in ASKED[0].headers


@pytest.mark.invariant("RG-48")
def test_a_fault_is_told_without_its_text(server: HttpServer) -> None:
    told = exchanged(server, b"GET /fault HTTP/1.1\r\n\r\n")
    assert status(told) == 500
    assert b"hunter2" not in told
    assert b"Python" not in told


def test_a_body_that_is_cut_off_is_not_answered(server: HttpServer) -> None:
    with connected(server) as client:
        client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc")
        client.shutdown(socket.SHUT_WR)
        assert read(client) == b""
    assert ASKED == []


@pytest.mark.threat("TM-CONTROLLER-5")
@pytest.mark.invariant("RG-49")
def test_a_client_that_sends_a_byte_now_and_then_is_ended(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "CONNECTION_S_MAX", 0.6)
    with connected(server) as client:
        assert not comes_to_send(client, for_s=PATIENCE_S)


@pytest.mark.threat("TM-CONTROLLER-5")
@pytest.mark.invariant("RG-49")
def test_clients_that_say_nothing_hold_no_more_threads_than_there_are(
    server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = StandingClock()
    monkeypatch.setattr(http, "time", clock)
    monkeypatch.setattr(http._Exchange, "timeout", PATIENCE_S)
    silent = [connected(server) for _ in range(CONNECTIONS_MAX + 8)]
    try:
        turned_away = 0
        for client in silent[CONNECTIONS_MAX:]:
            turned_away += read(client) == b""
        assert turned_away == 8
        clock.now_s += CONNECTION_S_MAX
        for client in silent:  # whoever was let in is ended in time
            assert read(client) == b""
        # Their threads end a moment after their connections.
        until(lambda: exchanged(server, GET).startswith(b"HTTP/1.0 200 "), "room for another one")
    finally:
        for client in silent:
            client.close()


def test_a_port_that_is_taken_is_refused(server: HttpServer) -> None:
    with pytest.raises(Unavailable, match="nobody can listen"):
        HttpServer("127.0.0.1", server.port, respond)
