"""Calls to GitHub's API: JSON in, JSON out, and an error for everything that is not an answer.

Each request is one that is written here. Only reading is repeated, and only where the server failed
or asked to wait a moment; a write that got no answer may have happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from requests.utils import parse_header_links

from reconciler.edges.github.limits import (
    FORGE_ANSWER_BYTES_MAX,
    FORGE_ANSWER_VALUES_MAX,
    FORGE_ATTEMPTS_MAX,
    FORGE_PAGE,
    FORGE_PAGES_MAX,
    FORGE_WAIT_S_MAX,
)
from reconciler.edges.github.problems import denied, failing, rate_limited, unclear, unreachable
from reconciler.edges.github.transport import Transport
from reconciler.edges.http import (
    NoReply,
    Reply,
    Request,
    TooLarge,
    Transient,
    asked_to_wait_s,
    repeated,
)
from reconciler.errors import Unavailable
from reconciler.strict_json import JsonUnreadable, read_json

_TIME_S_MAX = 1 << 37  # in the year 6325, which datetime still holds
_SAID_BYTES_MAX = 4_096  # of a refusal, in which a few words are looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """`goes_on`: the server says that there is a next page; `next_cursor`: where that begins, in
    lists whose pages have no numbers."""

    value: Any
    goes_on: bool
    next_cursor: str | None


class GithubClient:
    def __init__(self, *, api_url: str, token: str | Callable[[], str]) -> None:
        """`token` as a function is asked before each request, and may raise Unavailable."""
        asked = token if callable(token) else lambda: token
        self._transport = Transport(api_url=api_url, token=asked)

    def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any:
        """Raises Unavailable for anything but a whole answer with HTTP 200."""
        return self._present(path, parameters or {}).value

    def find(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any | None:
        """As `get`; None for HTTP 404."""
        found = self._found(_request("GET", path, parameters))
        return None if found is None else found.value

    def pages(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        items: str | None = None,
    ) -> list[Any]:
        """A whole list: it ends with a page that is not full and of which the server does not say
        that there is a next one. `items` is the key of the list where pages are objects."""
        found: list[Any] = []
        for number in range(1, FORGE_PAGES_MAX + 1):
            asked = {**(parameters or {}), "per_page": FORGE_PAGE, "page": number}
            page = self._present(path, asked)
            rows = page.value
            if items and isinstance(rows, dict):
                rows = rows.get(items)
            if not isinstance(rows, list):
                raise unclear(f"GET {path}", "it is not a list")
            found += rows
            if len(rows) < FORGE_PAGE and not page.goes_on:
                return found
        raise unclear(f"GET {path}", f"it goes on after {len(found)} entries")

    def rows_by_cursor(self, path: str, parameters: Mapping[str, str | int]) -> Iterator[Any]:
        """A list whose pages have no numbers: each says where the next one begins. Read as far as
        it is asked for."""
        asked: dict[str, str | int] = {**parameters, "per_page": FORGE_PAGE}
        for _ in range(FORGE_PAGES_MAX):
            page = self._present(path, asked)
            if not isinstance(page.value, list):
                raise unclear(f"GET {path}", "it is not a list")
            yield from page.value
            if not page.goes_on:
                return
            if page.next_cursor in (None, asked.get("after")):
                raise unclear(f"GET {path}", "it does not say where it goes on")
            asked["after"] = page.next_cursor
        raise unclear(f"GET {path}", f"it goes on after {FORGE_PAGES_MAX} pages")

    def send(self, verb: str, path: str, body: Mapping[str, Any]) -> Any:
        """A write; never repeated."""
        request = _request(verb, path, body=json.dumps(dict(body)).encode())
        reply = self._once(request)
        if reply.status not in (200, 201, 204):
            raise _refusal(request.call, reply)
        return None if reply.status == 204 else _parsed(request.call, reply.body)

    def download(self, path: str, *, bytes_max: int) -> bytes:
        """The bytes that GitHub leads to, on a host of its storage: there without the token."""
        request = Request(verb="GET", path=path, parameters={}, bytes_max=bytes_max, follows=True)
        reply = self._once(request)
        if reply.status != 200:
            raise _refusal(request.call, reply)
        return reply.body

    def query(self, text: str, variables: Mapping[str, Any] | None = None) -> Any:
        """The data of a GraphQL query, for what REST has no call for. Repeated as `get` is."""
        body = json.dumps({"query": text, "variables": variables or {}}).encode()
        found = self._found(_request("POST", "/graphql", body=body))
        if found is None:
            raise denied("POST /graphql", 404)
        return _data(found.value)

    def mutate(self, text: str, variables: Mapping[str, Any]) -> Any:
        """The data of the answer to a GraphQL mutation; never repeated."""
        return _data(self.send("POST", "/graphql", {"query": text, "variables": variables}))

    def _present(self, path: str, parameters: Mapping[str, str | int]) -> _Answer:
        found = self._found(_request("GET", path, parameters))
        if found is None:
            raise denied(f"GET {path}", 404)
        return found

    def _found(self, request: Request) -> _Answer | None:
        return repeated(lambda: self._read(request), attempts_max=FORGE_ATTEMPTS_MAX)

    def _read(self, request: Request) -> _Answer | None:
        try:
            reply = self._transport.exchange(request)
        except NoReply as none:
            raise Transient(unreachable(request.call, str(none))) from None
        except TooLarge:
            raise _too_large(request) from None
        if reply.status >= 500:
            raise Transient(failing(request.call, reply.status))
        if reply.status == 404:
            return None
        if reply.status != 200:
            refusal, wait_s = _refusal(request.call, reply), asked_to_wait_s(reply.headers)
            if wait_s is not None and wait_s <= FORGE_WAIT_S_MAX:
                raise Transient(refusal, wait_s=wait_s)
            raise refusal
        link = _next_link(reply.headers)
        return _Answer(
            value=_parsed(request.call, reply.body),
            goes_on=link is not None,
            next_cursor=None if link is None else _cursor_of(link),
        )

    def _once(self, request: Request) -> Reply:
        try:
            return self._transport.exchange(request)
        except NoReply as none:
            raise unreachable(request.call, str(none)) from None
        except TooLarge:
            raise _too_large(request) from None


def _request(
    verb: str,
    path: str,
    parameters: Mapping[str, str | int] | None = None,
    *,
    body: bytes | None = None,
) -> Request:
    return Request(
        verb=verb,
        path=path,
        parameters=parameters or {},
        body=body,
        bytes_max=FORGE_ANSWER_BYTES_MAX,
    )


def _data(answer: Any) -> Any:
    if not isinstance(answer, dict) or answer.get("errors") or "data" not in answer:
        raise unclear("POST /graphql", "it has errors")
    return answer["data"]


def _too_large(request: Request) -> Unavailable:
    return unclear(request.call, f"it is larger than {request.bytes_max} bytes")


def _next_link(headers: Mapping[str, str]) -> str | None:
    links = parse_header_links(headers.get("link", ""))
    return next((link.get("url", "") for link in links if link.get("rel") == "next"), None)


def _cursor_of(link: str) -> str | None:
    """Of the address only this is taken: where it leads is not followed."""
    try:
        found = parse_qs(urlsplit(link).query).get("after")
    except ValueError:
        return None
    return found[0] if found else None


def _refusal(call: str, reply: Reply) -> Unavailable:
    """GitHub refuses with 403 or 429 what comes too often; of a burst (its secondary limits) at
    times only the text tells."""
    status, headers = reply.status, reply.headers
    text = reply.body[:_SAID_BYTES_MAX].decode(errors="replace").lower()
    limited = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    if status == 429 or (status == 403 and (limited or "rate limit" in text)):
        return rate_limited(call, _until(headers))
    return failing(call, status) if status >= 500 else denied(call, status)


def _until(headers: Mapping[str, str]) -> str:
    if (wait_s := asked_to_wait_s(headers)) is not None:
        return f"in {wait_s:.0f} s"
    reset = headers.get("x-ratelimit-reset", "")
    if reset.isdecimal() and int(reset) < _TIME_S_MAX:
        return f"after {datetime.fromtimestamp(int(reset), UTC):%H:%M:%S} UTC"
    return "in some minutes"


def _parsed(call: str, body: bytes) -> Any:
    try:
        return read_json(body, values_max=FORGE_ANSWER_VALUES_MAX)
    except JsonUnreadable as unreadable:
        raise unclear(call, f"it {unreadable.reason}") from None
