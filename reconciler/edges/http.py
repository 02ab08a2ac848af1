"""One request and its whole answer over HTTP, bounded in bytes and in time: from the first byte
that is sent to the last one that is read, however slowly they come."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import stamina
from requests.auth import AuthBase
from stamina.instrumentation import RetryDetails, set_on_retry_hooks
from urllib3.exceptions import HTTPError

from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.secrets import SECRETS
from reconciler.errors import Unavailable

Read = TypeVar("Read")

_CHUNK_BYTES = 1 << 16
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`follows`: to where the server leads, without the login if that is another host."""

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


class Transient(Exception):
    """The server failed to answer a read, or asked to wait `wait_s`; `final` is what to say if it
    keeps doing so."""

    def __init__(self, final: Unavailable, *, wait_s: float | None = None) -> None:
        super().__init__(str(final))
        self.final, self.wait_s = final, wait_s


def repeated(read: Callable[[], Read], *, attempts_max: int) -> Read:
    """What `read` gives, asked again while it is Transient: only for what changes nothing."""
    try:
        for attempt in stamina.retry_context(
            on=_wait_before_next, attempts=attempts_max, timeout=None
        ):
            with attempt:
                return read()
    except Transient as failed:
        raise failed.final from None
    raise AssertionError("the last attempt returns or raises")


def _tell_of_next(details: RetryDetails) -> None:
    """What is asked again, why and when: the library's own line has the name of an event alone."""
    failed = details.caused_by
    why = failed.final.problems[0].message if isinstance(failed, Transient) else "no answer"
    _LOG.warning("%s; asked again in %.1f s (try %d)", why, details.wait_for, details.retry_num + 1)


set_on_retry_hooks((_tell_of_next,))


class Authorization(AuthBase):
    """Also keeps `requests` from looking for another login in the files of whoever runs the job."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class NoAuthorization(AuthBase):
    """Who is asked wants no login; the files of whoever runs the job are not searched for one."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Http:
    """One server's API: its login, what it is sent with every request, and how long each wait for
    bytes, and a whole answer, may take."""

    authorization: Authorization | NoAuthorization
    headers: Mapping[str, str]
    wait_s_max: float
    answer_s_max: float

    def exchange(self, url: str, request: Request) -> Reply:
        """Raises NoReply, or TooLarge for an answer of more than its `bytes_max`."""

        def ask(asked: Request, patience: Patience) -> Reply:
            return self._ask(url, asked, patience)

        (reply,) = map_with_deadline(
            ask, [request], parallel=1, limit_s=lambda _: self.answer_s_max
        )
        if isinstance(reply, Overdue):
            raise NoReply(f"no whole answer in {self.answer_s_max:g} s")
        return reply

    def _ask(self, url: str, request: Request, patience: Patience) -> Reply:
        try:
            with requests.request(
                request.verb,
                url,
                params=dict(request.parameters),
                data=_redacted(request.body),
                auth=self.authorization,
                headers=dict(self.headers),
                timeout=self.wait_s_max,
                allow_redirects=request.follows,
                stream=True,
            ) as answer:
                patience.when_over(answer.close)
                body = _whole_body(answer, request.bytes_max)
                return Reply(status=answer.status_code, headers=answer.headers, body=body)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise NoReply(type(error).__name__) from None


def is_guarded(url: str) -> bool:
    """A token goes over TLS, or does not leave the machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and _is_loopback(parts.hostname or "")
    )


def asked_to_wait_s(headers: Mapping[str, str]) -> float | None:
    """By `Retry-After`, in seconds; None: it does not say."""
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None


def _wait_before_next(failed: Exception) -> bool | float:
    if not isinstance(failed, Transient):
        return False
    return True if failed.wait_s is None else failed.wait_s


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


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
