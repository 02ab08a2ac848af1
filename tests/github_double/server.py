"""The hub over HTTP on the loopback interface, page by page, with the faults a test asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.github_double import answers, writes
from tests.github_double.hub import Hub

TOKEN = "ghs_secretsecretsecret"


class Fault(Enum):
    FORBIDDEN = 403
    NOT_FOUND = 404
    BROKEN = 502
    LIMITED = 429
    HALF = "half"  # the body stops in the middle
    HANGS_UP = "hangs up"


@dataclass
class Double:
    """`fault` is asked for each call, with its number from 0 and its path."""

    hub: Hub
    url: str = ""
    calls: list[str] = field(default_factory=list)
    fault: Callable[[int, str], Fault | None] = lambda number, call: None

    def fail(self, pattern: str, fault: Fault) -> None:
        self.fault = lambda number, call: fault if re.search(pattern, call) else None


@contextmanager
def serving(hub: Hub) -> Iterator[Double]:
    double = Double(hub)

    class Handler(_Handler):
        pass

    Handler.double = double
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    double: Double

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if archive := re.fullmatch(r".*/artifacts/([0-9]+)/zip", parts.path):
            self._send(200, self.double.hub.artifacts[int(archive[1])][1])
            return
        query = dict(parse_qsl(parts.query))
        self._answer(
            lambda: _page(answers.read(self.double.hub, unquote(parts.path), query), query)
        )

    def do_POST(self) -> None:
        self._write()

    def do_PATCH(self) -> None:
        self._write()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass

    def _write(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = json.loads(self.rfile.read(length) or b"{}")
        path = unquote(urlsplit(self.path).path)
        self._answer(lambda: writes.write(self.double.hub, self.command, path, body))

    def _answer(self, ask: Callable[[], tuple[int, Any]]) -> None:
        double = self.double
        call = f"{self.command} {self.path}"
        fault = double.fault(len(double.calls), call)
        double.calls.append(call)
        if self.headers.get("Authorization") not in (f"token {TOKEN}", f"Bearer {TOKEN}"):
            return self._send(401, b'{"message": "Bad credentials"}')
        match fault:
            case None:
                status, body = ask()
                return self._send(status, json.dumps(body).encode())
            case Fault.HALF:
                status, body = ask()
                whole = json.dumps(body).encode()
                return self._send(status, whole[: len(whole) // 2])
            case Fault.HANGS_UP:
                self.close_connection = True
                return None
            case _:
                return self._send(int(fault.value), b'{"message": "no"}')

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _page(answer: tuple[int, Any], query: dict[str, str]) -> tuple[int, Any]:
    status, body = answer
    if isinstance(body, list):
        size, number = int(query.get("per_page", "30")), int(query.get("page", "1"))
        body = body[(number - 1) * size : number * size]
    return status, body
