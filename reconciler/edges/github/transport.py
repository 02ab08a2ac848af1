"""One request and its whole answer over HTTP, bounded in bytes and in time: from the first byte
that is sent to the last one that is read, however slowly they come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from reconciler.edges.github.limits import FORGE_ANSWER_S_MAX, FORGE_WHOLE_ANSWER_S_MAX
from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.secrets import SECRETS
from reconciler.errors import InvalidInput, Problem

API_VERSION = "2022-11-28"
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`follows`: to where the server leads, without the token if that is another host."""

    verb: str
    path: str
    parameters: Mapping[str, str | int]
    body: bytes | None = None
    bytes_max: int
    follows: bool = False

    @property
    def call(self) -> str:
        """As messages name it."""
        return f"{self.verb} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Names of `headers` in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoReply(Exception):
    """There was no whole answer; its text is the kind of failure, never an address or a token."""


class TooLarge(Exception):
    pass


class _Bearer(AuthBase):
    """Also keeps `requests` from looking for another login in the files of whoever runs the job."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Transport:
    def __init__(self, *, api_url: str, token: str) -> None:
        _check_transport(api_url)
        SECRETS.add(token)
        self._api_url = api_url.rstrip("/")
        self._auth = _Bearer(token)

    def exchange(self, request: Request) -> Reply:
        """Raises NoReply, or TooLarge for an answer of more than its `bytes_max`."""
        (reply,) = map_with_deadline(
            self._ask, [request], parallel=1, limit_s=lambda _: FORGE_WHOLE_ANSWER_S_MAX
        )
        if isinstance(reply, Overdue):
            raise NoReply(f"no whole answer in {FORGE_WHOLE_ANSWER_S_MAX} s")
        return reply

    def _ask(self, request: Request, patience: Patience) -> Reply:
        try:
            with requests.request(
                request.verb,
                self._url(request.path),
                params=dict(request.parameters),
                data=_redacted(request.body),
                auth=self._auth,
                headers={
                    "Accept": "application/vnd.github+json",
                    "Content-Type": "application/json",
                    "User-Agent": "reconciler",
                    "X-GitHub-Api-Version": API_VERSION,
                },
                timeout=FORGE_ANSWER_S_MAX,
                allow_redirects=request.follows,
                stream=True,
            ) as answer:
                patience.when_over(answer.close)
                body = _whole_body(answer, request.bytes_max)
                return Reply(status=answer.status_code, headers=answer.headers, body=body)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NoReply(type(error).__name__) from None

    def _url(self, path: str) -> str:
        """GraphQL is beside the REST API of an enterprise's server, and below GitHub's own."""
        if path == "/graphql":
            return self._api_url.removesuffix("/v3") + path
        return self._api_url + path


def _redacted(body: bytes | None) -> bytes | None:
    return None if body is None else SECRETS.redacted(body.decode()).encode()


def _whole_body(answer: requests.Response, bytes_max: int) -> bytes:
    chunks, size = [], 0
    for chunk in answer.iter_content(_CHUNK_BYTES):
        size += len(chunk)
        if size > bytes_max:
            raise TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


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
