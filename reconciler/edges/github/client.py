"""Calls to GitHub's API: JSON in, JSON out, and an error for everything that is not an answer.

PyGithub carries the requests; its objects, which fetch what they lack when they are looked at, are
not used: each request here is one that is written here. Only reading is repeated, and only where
the server failed or asked to wait a moment; a write that got no answer may have happened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
import stamina
from github import Auth, Github
from requests import RequestException
from requests.utils import parse_header_links
from urllib3.exceptions import HTTPError

from reconciler.edges.github.problems import denied, failing, rate_limited, unclear, unreachable
from reconciler.errors import InvalidInput, Problem, Unavailable
from reconciler.limits import (
    FORGE_ANSWER_S_MAX,
    FORGE_ATTEMPTS_MAX,
    FORGE_PAGE,
    FORGE_PAGES_MAX,
    FORGE_WAIT_S_MAX,
)

API_VERSION = "2022-11-28"
_TIME_S_MAX = 1 << 37  # in the year 6325, which datetime still holds


class _Transient(Exception):
    """The server failed to answer a read, or asked to wait `wait_s`; `final` is what to say if it
    keeps doing so."""

    def __init__(self, final: Unavailable, *, wait_s: float | None = None) -> None:
        super().__init__(str(final))
        self.final, self.wait_s = final, wait_s


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """`goes_on`: the server says that there is a next page."""

    value: Any
    goes_on: bool


class GithubClient:
    def __init__(self, *, api_url: str, token: str) -> None:
        _check_transport(api_url)
        client = Github(
            auth=Auth.Token(token),
            base_url=api_url.rstrip("/"),
            timeout=FORGE_ANSWER_S_MAX,
            retry=None,
            seconds_between_requests=None,
            seconds_between_writes=None,
            api_version=API_VERSION,
        )
        self._requester = client.requester
        self._api_url, self._token = api_url.rstrip("/"), token
        self._graphql_path = "/api/graphql" if api_url.rstrip("/").endswith("/v3") else "/graphql"

    def get(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any:
        """Raises Unavailable for anything but a whole answer with HTTP 200."""
        return self._present(path, parameters or {}).value

    def find(self, path: str, parameters: Mapping[str, str | int] | None = None) -> Any | None:
        """As `get`; None for HTTP 404."""
        found = self._found(path, parameters or {})
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

    def send(self, verb: str, path: str, body: Mapping[str, Any]) -> Any:
        """A write; never repeated."""
        call = f"{verb} {path}"
        try:
            status, headers, text = self._requester.requestJson(verb, path, input=dict(body))
        except (RequestException, RuntimeError, OSError) as error:
            raise unreachable(call, type(error).__name__) from None
        if status not in (200, 201, 204):
            raise _refusal(call, status, headers, text)
        return None if status == 204 else _parsed(call, text)

    def download(self, path: str, *, bytes_max: int) -> bytes:
        """The bytes that GitHub leads to, on a host of its storage: there without the token, which
        requests leaves behind at the border."""
        call = f"GET {path}"
        headers = {"Authorization": f"Bearer {self._token}", "X-GitHub-Api-Version": API_VERSION}
        try:
            with requests.get(
                f"{self._api_url}{path}", headers=headers, timeout=FORGE_ANSWER_S_MAX, stream=True
            ) as answer:
                if answer.status_code != 200:
                    raise _refusal(call, answer.status_code, answer.headers, "")
                content = answer.raw.read(bytes_max + 1, decode_content=True)
        except (RequestException, HTTPError, OSError) as error:
            raise unreachable(call, type(error).__name__) from None
        if len(content) > bytes_max:
            raise unclear(call, f"it is larger than {bytes_max} bytes")
        return bytes(content)

    def graphql(self, query: str, variables: Mapping[str, Any]) -> Any:
        """The data of the answer, for what REST has no call for. Never repeated."""
        answer = self.send("POST", self._graphql_path, {"query": query, "variables": variables})
        if not isinstance(answer, dict) or answer.get("errors") or "data" not in answer:
            raise unclear("a GraphQL query", "it has errors")
        return answer["data"]

    def _present(self, path: str, parameters: Mapping[str, str | int]) -> _Answer:
        found = self._found(path, parameters)
        if found is None:
            raise denied(f"GET {path}", 404)
        return found

    def _found(self, path: str, parameters: Mapping[str, str | int]) -> _Answer | None:
        try:
            for attempt in stamina.retry_context(
                on=_wait_before_next, attempts=FORGE_ATTEMPTS_MAX, timeout=None
            ):
                with attempt:
                    return self._read(path, parameters)
        except _Transient as failed:
            raise failed.final from None
        raise AssertionError("the last attempt returns or raises")

    def _read(self, path: str, parameters: Mapping[str, str | int]) -> _Answer | None:
        call = f"GET {path}"
        try:
            status, headers, text = self._requester.requestJson(
                "GET", path, parameters=dict(parameters)
            )
        except (RequestException, RuntimeError, OSError) as error:
            raise _Transient(unreachable(call, type(error).__name__)) from None
        if status >= 500:
            raise _Transient(failing(call, status))
        if status == 404:
            return None
        if status != 200:
            refusal, wait_s = _refusal(call, status, headers, text), _asked_to_wait_s(headers)
            if wait_s is not None and wait_s <= FORGE_WAIT_S_MAX:
                raise _Transient(refusal, wait_s=wait_s)
            raise refusal
        goes_on = any(
            link.get("rel") == "next" for link in parse_header_links(headers.get("link", ""))
        )
        return _Answer(value=_parsed(call, text), goes_on=goes_on)


def _wait_before_next(failed: Exception) -> bool | float:
    if not isinstance(failed, _Transient):
        return False
    return True if failed.wait_s is None else failed.wait_s


def _refusal(call: str, status: int, headers: Mapping[str, str], text: str) -> Unavailable:
    """GitHub refuses with 403 or 429 what comes too often; of a burst (its secondary limits) at
    times only the text tells."""
    limited = headers.get("x-ratelimit-remaining") == "0" or "retry-after" in headers
    if status == 429 or (status == 403 and (limited or "rate limit" in text.lower())):
        return rate_limited(call, _until(headers))
    return failing(call, status) if status >= 500 else denied(call, status)


def _asked_to_wait_s(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None


def _until(headers: Mapping[str, str]) -> str:
    if (wait_s := _asked_to_wait_s(headers)) is not None:
        return f"in {wait_s:.0f} s"
    reset = headers.get("x-ratelimit-reset", "")
    if reset.isdecimal() and int(reset) < _TIME_S_MAX:
        return f"after {datetime.fromtimestamp(int(reset), UTC):%H:%M:%S} UTC"
    return "in some minutes"


def _parsed(call: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise unclear(call, "it is not JSON, or not all of it arrived") from None


def _check_transport(api_url: str) -> None:
    """A token goes over TLS, or does not leave the machine."""
    parts = urlsplit(api_url)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        return
    raise InvalidInput(
        Problem(
            code="forge-address-insecure",
            message="GITHUB_API_URL does not begin with https://: the token would be readable",
            recovery="set it to the https address of the forge's API",
        )
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
