"""The hub over HTTP on the loopback interface, page by page, with the faults a test asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests import loopback
from tests.github_double import answers, writes
from tests.github_double.hub import ADA, APP, ROBOT, Hub, User

TOKEN = "ghs_secretsecretsecret"
APP_TOKEN, PERSONS_TOKEN = "ghs_theappsownsecret", "github_pat_adasownsecret"
_SPEAKS_FOR: dict[str, User] = {TOKEN: ROBOT, APP_TOKEN: APP, PERSONS_TOKEN: ADA}

Reply = tuple[int, Any, dict[str, str]]


class Fault(Enum):
    """What GitHub does now and then, at any call."""

    FORBIDDEN = 403
    NOT_FOUND = 404
    BROKEN = 502
    LIMITED = 429  # the hour's limit is used up
    BURST = "burst"  # a secondary limit: wait a little
    BURST_WITHOUT_HEADER = "burst without header"
    HALF = "half"  # the body stops in the middle
    HANGS_UP = "hangs up"
    LOST = "lost"  # it is done, and the answer gets lost


RESET_S = 1_772_377_509  # 2026-03-01 15:05:09 UTC
_REFUSED: dict[Fault, tuple[int, dict[str, str], str]] = {
    Fault.LIMITED: (
        403,
        {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(RESET_S)},
        "API rate limit exceeded",
    ),
    Fault.BURST: (429, {"retry-after": "30"}, "You have exceeded a secondary rate limit"),
    Fault.BURST_WITHOUT_HEADER: (403, {}, "You have exceeded a secondary rate limit"),
}


@dataclass
class Double:
    """`fault` is asked for each call, with its number from 0 and its path. `page_max` is how many
    rows a page has at most, whatever was asked for."""

    hub: Hub
    url: str = ""
    page_max: int = 100
    calls: list[str] = field(default_factory=list)
    fault: Callable[[int, str], Fault | None] = lambda number, call: None
    token_of: dict[str, User] = field(default_factory=lambda: dict(_SPEAKS_FOR))

    def speaks_for_token(self, user: User) -> None:
        """The job was given somebody else's token."""
        self.token_of[TOKEN] = user

    def fail(self, pattern: str, fault: Fault) -> None:
        self.fault = lambda number, call: fault if re.search(pattern, call) else None


@contextmanager
def serving(hub: Hub) -> Iterator[Double]:
    double = Double(hub)

    class Handler(_Handler):
        pass

    Handler.double = double
    with loopback.serving(Handler) as double.url:
        yield double


class _Handler(BaseHTTPRequestHandler):
    double: Double

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if archive := re.fullmatch(r".*/artifacts/([0-9]+)/zip", parts.path):
            self._send(200, self.double.hub.artifacts[int(archive[1])][-1])
            return
        query = dict(parse_qsl(parts.query))
        path = unquote(parts.path)
        self._answer(lambda: self._page(answers.read(self.double.hub, path, query), query))

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
        self._answer(lambda: (*writes.write(self.double.hub, self.command, path, body), {}))

    def _answer(self, ask: Callable[[], Reply]) -> None:
        double = self.double
        call = f"{self.command} {self.path}"
        fault = double.fault(len(double.calls), call)
        double.calls.append(call)
        viewer = double.token_of.get(self.headers.get("Authorization", "").partition(" ")[2])
        if viewer is None:
            return self._send(401, b'{"message": "Bad credentials"}')
        double.hub.viewer = viewer
        match fault:
            case None:
                status, body, headers = ask()
                return self._send(status, json.dumps(body).encode(), headers)
            case Fault.HALF:
                status, body, headers = ask()
                whole = json.dumps(body).encode()
                return self._send(status, whole[: len(whole) // 2], headers)
            case Fault.HANGS_UP | Fault.LOST:
                if fault is Fault.LOST:
                    ask()
                self.close_connection = True
                return None
            case Fault.LIMITED | Fault.BURST | Fault.BURST_WITHOUT_HEADER:
                status, headers, message = _REFUSED[fault]
                return self._send(status, json.dumps({"message": message}).encode(), headers)
            case _:
                return self._send(int(fault.value), b'{"message": "no"}')

    def _page(self, answer: answers.Answer, query: dict[str, str]) -> Reply:
        """One page of a list, and in the header Link whether there is a next one: by its number, or
        where GitHub has pages without numbers by a cursor, which is no number there either."""
        status, body = answer
        key = _key_of_rows(body)
        rows = body[key] if key else body
        if status != 200 or not isinstance(rows, list):
            return status, body, {}
        size = min(int(query.get("per_page", "30")), self.double.page_max)
        path = urlsplit(self.path).path
        by_cursor = path.endswith("/activity")
        number = int(query.get("after", "c1")[1:] if by_cursor else query.get("page", "1"))
        page = rows[(number - 1) * size : number * size]
        headers = {}
        if number * size < len(rows):
            following = f"after=c{number + 1}" if by_cursor else f"page={number + 1}"
            url = f"{self.double.url}{path}?{following}"
            headers["Link"] = f'<{url}>; rel="next", <{url}>; rel="last"'
        return status, {**body, key: page} if key else page, headers

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _key_of_rows(body: Any) -> str:
    """Pages that are objects: `{"total_count": 3, "workflows": [...]}`."""
    counted = isinstance(body, dict) and "total_count" in body
    return next(key for key, rows in body.items() if isinstance(rows, list)) if counted else ""
