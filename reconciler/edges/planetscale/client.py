"""Calls to PlanetScale's API: JSON in, JSON out, and an error for everything that is no answer.

Only reading is repeated, and only where the service failed or asked to wait a moment; a write that
got no answer may have happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.edges.http import (
    Authorization,
    Http,
    NoReply,
    Reply,
    Request,
    TooLarge,
    Transient,
    asked_to_wait_s,
    is_guarded,
    repeated,
)
from reconciler.edges.json_object import JsonObject
from reconciler.edges.planetscale.limits import (
    PLANETSCALE_ANSWER_BYTES_MAX,
    PLANETSCALE_ANSWER_S_MAX,
    PLANETSCALE_ANSWER_VALUES_MAX,
    PLANETSCALE_ATTEMPTS_MAX,
    PLANETSCALE_PAGE,
    PLANETSCALE_PAGES_MAX,
    PLANETSCALE_RETRY_S_MAX,
    PLANETSCALE_WAIT_S_MAX,
    PLANETSCALE_WORDS_CHARS_MAX,
)
from reconciler.edges.planetscale.problems import (
    denied,
    failing,
    insecure_address,
    not_taken,
    rate_limited,
    unclear,
    unreachable,
)
from reconciler.edges.secrets import SECRETS
from reconciler.errors import Unavailable
from reconciler.strict_json import JsonUnreadable, read_json

API_URL = "https://api.planetscale.com/v1"

# What says for sure that a write was not taken.
_NOT_TAKEN = (400, 404, 409, 422)


class Fields(JsonObject):
    """PlanetScale's JSON, read strictly."""

    def _unclear(self, what: str) -> Unavailable:
        return unclear(self._call, what)


class PlanetScaleClient:
    def __init__(
        self,
        *,
        api_url: str,
        token_id: str,
        token: str,
        dated: Callable[[str], None] = lambda date: None,
    ) -> None:
        """`dated` hears when the service says that it answers, of each answer that says so."""
        if not is_guarded(api_url):
            raise insecure_address()
        SECRETS.add(token)
        self._api_url = api_url.rstrip("/")
        self._dated = dated
        self._http = Http(
            authorization=Authorization(f"{token_id}:{token}"),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": "reconciler",
            },
            wait_s_max=PLANETSCALE_WAIT_S_MAX,
            answer_s_max=PLANETSCALE_ANSWER_S_MAX,
        )

    def find(self, path: str) -> Fields | None:
        """One object; None for HTTP 404."""
        reply = self._read(_request("GET", path))
        return None if reply is None else Fields(_parsed(f"GET {path}", reply.body), f"GET {path}")

    def rows(self, path: str, parameters: Mapping[str, str]) -> list[Fields]:
        """A whole list, page after page; its end is where the service says that none follows."""
        call, found = f"GET {path}", list[Fields]()
        for number in range(1, PLANETSCALE_PAGES_MAX + 1):
            asked = {**parameters, "page": str(number), "per_page": str(PLANETSCALE_PAGE)}
            page = Fields(_parsed(call, self._present(path, asked)), call)
            if page.number("current_page") != number:
                raise unclear(call, "it is another page than was asked for")
            found += [Fields(row, call) for row in page.items("data")]
            if page.has_none("next_page"):
                return found
            if page.number("next_page") != number + 1:
                raise unclear(call, "it does not say where it goes on")
        raise unclear(call, f"it goes on after {PLANETSCALE_PAGES_MAX} pages")

    def whole(self, path: str, parameters: Mapping[str, str]) -> list[Fields]:
        """A list that has no pages."""
        call = f"GET {path}"
        answer = Fields(_parsed(call, self._present(path, parameters)), call)
        return [Fields(row, call) for row in answer.items("data")]

    def send(self, verb: str, path: str, body: Mapping[str, Any] | None = None) -> Fields | None:
        """A write, never repeated; None where the answer has no body. Raises Refused with the
        service's words where it says that it did nothing."""
        request = _request(verb, path, body=json.dumps(dict(body or {})).encode())
        reply = self._once(request)
        if reply.status in _NOT_TAKEN:
            raise not_taken(request.call, _words(reply.body))
        if reply.status not in (200, 201, 204):
            raise _failure(request.call, reply.status)
        if reply.status == 204:
            return None
        return Fields(_parsed(request.call, reply.body), request.call)

    def _present(self, path: str, parameters: Mapping[str, str]) -> bytes:
        reply = self._read(_request("GET", path, parameters))
        if reply is None:
            raise denied(f"GET {path}", 404)
        return reply.body

    def _read(self, request: Request) -> Reply | None:
        return repeated(lambda: self._read_once(request), attempts_max=PLANETSCALE_ATTEMPTS_MAX)

    def _read_once(self, request: Request) -> Reply | None:
        try:
            reply = self._exchanged(request)
        except NoReply as none:
            raise Transient(unreachable(request.call, str(none))) from None
        except TooLarge:
            raise _too_large(request) from None
        if reply.status == 404:
            return None
        if reply.status == 200:
            return reply
        if reply.status >= 500:
            raise Transient(failing(request.call, reply.status))
        wait_s = asked_to_wait_s(reply.headers)
        if reply.status == 429 and wait_s is not None and wait_s <= PLANETSCALE_RETRY_S_MAX:
            raise Transient(rate_limited(request.call), wait_s=wait_s)
        raise _failure(request.call, reply.status)

    def _once(self, request: Request) -> Reply:
        try:
            return self._exchanged(request)
        except NoReply as none:
            raise unreachable(request.call, str(none)) from None
        except TooLarge:
            raise _too_large(request) from None

    def _exchanged(self, request: Request) -> Reply:
        reply = self._http.exchange(self._api_url + request.path, request)
        if date := reply.headers.get("Date"):
            self._dated(date)
        return reply


def _request(
    verb: str, path: str, parameters: Mapping[str, str] | None = None, *, body: bytes | None = None
) -> Request:
    return Request(
        verb=verb,
        path=path,
        parameters=dict(parameters or {}),
        body=body,
        bytes_max=PLANETSCALE_ANSWER_BYTES_MAX,
    )


def _failure(call: str, status: int) -> Unavailable:
    if status == 429:
        return rate_limited(call)
    return denied(call, status) if 400 <= status < 500 else failing(call, status)


def _too_large(request: Request) -> Unavailable:
    return unclear(request.call, f"it is larger than {request.bytes_max} bytes")


def _words(body: bytes) -> str:
    """Of an error; '' where there are none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    words = answer.get("message") if isinstance(answer, dict) else None
    return words[:PLANETSCALE_WORDS_CHARS_MAX] if isinstance(words, str) else ""


def _parsed(call: str, body: bytes) -> Any:
    try:
        return read_json(body, values_max=PLANETSCALE_ANSWER_VALUES_MAX)
    except JsonUnreadable as unreadable:
        raise unclear(call, f"it {unreadable.reason}") from None
