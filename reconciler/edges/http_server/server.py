"""One request for each connection, read whole and answered, or closed when its time is over.

RG-49: whatever a client sends, or does not send, it holds one of a few threads for some seconds,
and memory for one request of bounded size. What is wrong with a request is told by a number alone:
no text of the client's, of the server's or of an error is in an answer.

The parser is the standard library's; encryption is for the proxy in front.
"""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from io import BufferedIOBase
from socketserver import TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, cast

from reconciler.edges.http_server.limits import (
    BODY_BYTES_MAX,
    CONNECTION_S_MAX,
    CONNECTIONS_MAX,
    HEAD_BYTES_MAX,
    LINE_BYTES_MAX,
    LOOK_OVER_S,
    WAIT_S_MAX,
)
from reconciler.edges.secrets import SECRETS
from reconciler.errors import Problem, Unavailable

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`path` as it was sent: nothing in it is decoded. `headers` by their names in lower case,
    those that were sent once."""

    verb: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    body: bytes = b""
    kind: str = TEXT


Respond = Callable[[Asked], Answer]


class HttpServer:
    """Listens from the beginning of the block to its end."""

    def __init__(self, host: str, port: int, respond: Respond) -> None:
        """Raises Unavailable if nobody can listen there. Port 0: any that is free."""
        try:
            self._server = _Server(host, port, respond)
        except (OSError, OverflowError):
            raise Unavailable(_cannot_listen(port)) from None
        serve = self._server.serve_forever
        self._thread = Thread(target=serve, args=(LOOK_OVER_S,), name="http", daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def __enter__(self) -> HttpServer:
        self._thread.start()
        return self

    def __exit__(self, *_failed: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingMixIn, TCPServer):
    allow_reuse_address = True
    request_queue_size = CONNECTIONS_MAX  # whoever finds no place in it tries again a second later
    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int, respond: Respond) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.respond = respond
        self._room = BoundedSemaphore(CONNECTIONS_MAX)
        self._guard = Lock()
        self._until_s: dict[socket.socket, float] = {}
        super().__init__((host, port), _Exchange)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        with self._guard:
            self._until_s[request] = time.monotonic() + CONNECTION_S_MAX
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread could be started
            self._forget(request)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def service_actions(self) -> None:
        """Close what is overdue: whoever waits for it then reads an end."""
        now_s = time.monotonic()
        with self._guard:
            overdue = [one for one, until_s in self._until_s.items() if until_s <= now_s]
            for connection in overdue:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # it is closed already

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing is said: it would be about what a client sent."""

    def _forget(self, request: Any) -> None:
        with self._guard:
            if self._until_s.pop(request, None) is None:
                return
        self._room.release()


class _Head:
    """The lines before a request's body, counted: what is beyond the bound is not read."""

    def __init__(self, file: BufferedIOBase) -> None:
        self._file, self._left = file, HEAD_BYTES_MAX
        self.is_over = False

    def readline(self, limit: int = -1) -> bytes:
        line = self._file.readline(self._left + 1)
        self._left -= len(line)
        if self._left < 0:
            self.is_over, self._left = True, 0
            return b""
        return line


class _Exchange(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"  # one request for each connection
    timeout = WAIT_S_MAX

    def handle(self) -> None:
        try:
            self._exchange()
        except (OSError, ValueError):
            return  # who neither speaks nor listens is not answered

    def _exchange(self) -> None:
        file = self.rfile
        self.raw_requestline = file.readline(LINE_BYTES_MAX + 1)
        if not self.raw_requestline:
            return None
        if len(self.raw_requestline) > LINE_BYTES_MAX:
            self.requestline = self.request_version = self.command = ""
            return self._say(Answer(status=414))
        head = _Head(file)
        self.rfile = cast(Any, head)
        if not self.parse_request():
            return None  # it was answered by `send_error`
        if head.is_over:
            return self._say(Answer(status=431))
        length = self._length()
        if isinstance(length, Answer):
            return self._say(length)
        body = file.read(length)
        if len(body) < length:
            return None
        return self._say(self._responded(body))

    def _responded(self, body: bytes) -> Answer:
        headers = _sent_once(self.headers.items())
        asked = Asked(verb=self.command, path=self.path, headers=headers, body=body)
        try:
            return cast(_Server, self.server).respond(asked)
        except Exception:  # whatever it is about, it is not for who asked
            return Answer(status=500)

    def _length(self) -> int | Answer:
        if "transfer-encoding" in self.headers:
            return Answer(status=411)
        told = self.headers.get_all("content-length", ["0"])
        text = told[0].strip()
        if len(told) != 1 or not (text.isascii() and text.isdecimal() and len(text) <= 12):
            return Answer(status=400)
        return int(text) if int(text) <= BODY_BYTES_MAX else Answer(status=413)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the parser says would quote the request."""
        self._say(Answer(status=code))

    def _say(self, answer: Answer) -> None:
        body = SECRETS.redacted(answer.body.decode()).encode()
        self.send_response_only(answer.status)
        for name, value in (
            ("Content-Type", answer.kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_told: Any) -> None:
        """No line for each request: its path is a client's text."""


def _sent_once(headers: list[tuple[str, str]]) -> dict[str, str]:
    """Of a name that comes twice nobody knows which one somebody else has read."""
    counted = Counter(name.lower() for name, _ in headers)
    return {name.lower(): value for name, value in headers if counted[name.lower()] == 1}


def _cannot_listen(port: int) -> Problem:
    return Problem(
        code="http-address-taken",
        message=f"nobody can listen on port {port} of the address that was given",
        recovery="see which process has it, or give --serve and --serve-api another",
    )
