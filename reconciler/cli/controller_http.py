"""What `reconciler run` answers over HTTP: probes and metrics to its machine, the rest to others.

Two listeners, so that nobody who may nudge can keep a probe from its answer. Nothing here decides:
a nudge makes the loop look at git sooner, and everything else is read.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock

from reconciler import __version__
from reconciler.cli.limits import API_SECRET_CHARS_MIN, LOOP_SILENT_S_MAX, READY_FETCH_S_MAX
from reconciler.cli.streams import remark
from reconciler.cli.tokens import as_signing_secret, as_token
from reconciler.controller.model import Place
from reconciler.controller.nudge import NudgeEnd, NudgeJudge
from reconciler.drive.status import current_apply, past_applies
from reconciler.edges.http_server.server import JSON, Answer, Asked, HttpServer
from reconciler.edges.prometheus import Metrics
from reconciler.edges.secrets import SECRETS
from reconciler.errors import Problem, ReconcilerError, UsageError
from reconciler.flows.controller.world import LedgerOf
from reconciler.outcomes.apply import ApplyStatus
from reconciler.outcomes.controller import PlaceView, Snapshot
from reconciler.ports.clock import Clock
from reconciler.report.controller_json import applies_json, drift_json, plans_json

_TOKEN, _SECRET = "RECONCILER_API_TOKEN", "RECONCILER_NUDGE_SECRET"
_NAME = r"[A-Za-z0-9_.-]{1,64}"
_ASKED = re.compile(rf"/v1/(plans|status|history|drift)(?:/({_NAME})/({_NAME}))?")
_METRICS = "text/plain; version=0.0.4; charset=utf-8"

_NOT_FOUND, _NOT_ALLOWED = Answer(status=404), Answer(status=405)


class Board:
    """The last snapshot, for whoever asks, and whether somebody has nudged."""

    def __init__(self) -> None:
        self.snapshot: Snapshot | None = None
        self._nudged = Event()

    def publish(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    def nudge(self) -> None:
        self._nudged.set()

    def nudged(self) -> bool:
        was = self._nudged.is_set()
        self._nudged.clear()
        return was


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What probes and a scraper are told."""

    board: Board
    metrics: Metrics
    clock: Clock

    def respond(self, asked: Asked) -> Answer:
        if asked.path not in ("/livez", "/readyz", "/metrics"):
            return _NOT_FOUND
        if asked.verb not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        if asked.path == "/metrics":
            return Answer(status=200, body=self.metrics.text(), kind=_METRICS)
        is_well = self._is_alive() if asked.path == "/livez" else self._is_ready()
        return Answer(status=200 if is_well else 503, body=b"ok\n" if is_well else b"no\n")

    def _is_alive(self) -> bool:
        """The loop turns. Not a word of what it reaches: a restart would bring none of it back."""
        seen = self.board.snapshot
        return seen is not None and self.clock.monotonic_s() - seen.turned_s < LOOP_SILENT_S_MAX

    def _is_ready(self) -> bool:
        """Git and the ledgers answered when they were last asked."""
        seen = self.board.snapshot
        if seen is None or seen.fetched_s is None or seen.is_leaving:
            return False
        age_s = self.clock.monotonic_s() - seen.fetched_s
        return self._is_alive() and age_s < READY_FETCH_S_MAX and not seen.unread


@dataclass(slots=True, kw_only=True)
class Api:
    """What other programs are told, and who may nudge. `token` and `secret` None: nobody."""

    board: Board
    ledger_of: LedgerOf
    clock: Clock
    token: str | None
    secret: str | None
    _judge: NudgeJudge | None = None
    _turn: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._judge = NudgeJudge(self.secret.encode()) if self.secret else None

    def respond(self, asked: Asked) -> Answer:
        if asked.path == "/nudge":
            return self._nudge(asked) if asked.verb == "POST" else _NOT_ALLOWED
        if not self._may_read(asked):
            # RG-47: whoever has no token is not told which paths there are either.
            return Answer(status=401)
        found = _ASKED.fullmatch(asked.path)
        if found is None:
            return _NOT_FOUND
        if asked.verb not in ("GET", "HEAD"):
            return _NOT_ALLOWED
        what, environment, keyspace = found.groups()
        return self._read(what, Place(environment, keyspace) if environment else None)

    def _nudge(self, asked: Asked) -> Answer:
        if self._judge is None:
            return _NOT_FOUND
        with self._turn:
            judged = self._judge.judge(asked.body, asked.headers.get("x-hub-signature-256", ""))
        if judged is NudgeEnd.FORGED:
            return Answer(status=401)
        if judged is NudgeEnd.TAKEN:
            self.board.nudge()
        return Answer(status=202)

    def _may_read(self, asked: Asked) -> bool:
        """By digests: the comparison takes as long whatever was sent."""
        if self.token is None:
            return False
        told = asked.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        right = f"Bearer {self.token}".encode()
        return hmac.compare_digest(_digest(told), _digest(right))

    def _read(self, what: str, place: Place | None) -> Answer:
        seen = self.board.snapshot
        if seen is None:
            return Answer(status=503)
        views = [view for view in seen.places if place in (None, view.wanted.place)]
        if place is not None and not views:
            return _NOT_FOUND
        match what:
            case "plans":
                return Answer(status=200, body=plans_json(seen, views), kind=JSON)
            case "drift":
                return Answer(status=200, body=drift_json(seen, views), kind=JSON)
            case _:
                return self._applies(what, views)

    def _applies(self, what: str, views: Iterable[PlaceView]) -> Answer:
        try:
            found = [apply for view in views for apply in self._applies_of(what, view.wanted.place)]
        except ReconcilerError:
            return Answer(status=503)
        return Answer(status=200, body=applies_json(what, found), kind=JSON)

    def _applies_of(self, what: str, place: Place) -> Iterator[ApplyStatus]:
        """Raises Unavailable; nothing of a place whose ledger was never opened."""
        if (ledger := self.ledger_of(place)) is None:
            return
        of = (ledger, place.environment, place.keyspace)
        if what == "history":
            yield from past_applies(*of)
        elif (found := current_apply(*of, now_s=self.clock.now_s())) is not None:
            yield found


@contextmanager
def listening(
    board: Board,
    metrics: Metrics,
    clock: Clock,
    serve: str,
    serve_api: str | None,
    ledger_of: LedgerOf,
) -> Iterator[None]:
    """Both listeners, as long as the block. Raises UsageError or Unavailable."""
    with ExitStack() as open_ones:
        health = Health(board=board, metrics=metrics, clock=clock)
        probes = open_ones.enter_context(HttpServer(*_address(serve), health.respond))
        remark(f"probes and metrics are answered on port {probes.port}")
        if serve_api is not None:
            token, secret = _secret_of(_TOKEN), _secret_of(_SECRET)
            if token is None and secret is None:
                raise UsageError(_nobody_may())
            if token == secret:
                raise UsageError(_one_for_both())
            api = Api(board=board, ledger_of=ledger_of, clock=clock, token=token, secret=secret)
            asked = open_ones.enter_context(HttpServer(*_address(serve_api), api.respond))
            remark(f"nudges and programs are answered on port {asked.port}")
        yield


def metrics_of(board: Board, clock: Clock) -> Metrics:
    return Metrics(lambda: board.snapshot, clock.monotonic_s, __version__)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def _secret_of(variable: str) -> str | None:
    """Raises UsageError for one that could be guessed, or that nobody could show. What files add to
    it, such as the end of their line, is no part of it."""
    told = os.environ.get(variable, "")
    if not told:
        return None
    value = as_token(told) if variable == _TOKEN else as_signing_secret(told)
    if value is None:
        raise UsageError(_unreadable(variable))
    if len(value) < API_SECRET_CHARS_MIN:
        raise UsageError(_short(variable))
    SECRETS.add(value)
    return value


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdecimal() or int(port) > 65_535:
        raise UsageError(_no_address(text))
    return host.strip("[]"), int(port)


def _no_address(text: str) -> Problem:
    return Problem(
        code="http-address",
        message=f"{text!r} is no address to listen on",
        recovery="write HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080",
    )


def _nobody_may() -> Problem:
    return Problem(
        code="api-without-secret",
        message=f"--serve-api was given, and neither {_TOKEN} nor {_SECRET}: nobody could ask",
        recovery=f"set {_TOKEN} for programs that read, or {_SECRET} for a webhook, or both",
    )


def _one_for_both() -> Problem:
    return Problem(
        code="api-secrets-equal",
        message=f"{_TOKEN} and {_SECRET} are the same: whoever knows what the forge signs with"
        " could read plans and history",
        recovery="make another one for each: `openssl rand -hex 32`",
    )


def _unreadable(variable: str) -> Problem:
    return Problem(
        code="api-secret-unreadable",
        message=f"{variable} holds nothing, or what a token cannot: nobody could show it"
        if variable == _TOKEN
        else f"{variable} holds nothing, or what no forge signs with: nobody could nudge",
        recovery="make one: `openssl rand -hex 32`",
    )


def _short(variable: str) -> Problem:
    return Problem(
        code="api-secret-short",
        message=f"{variable} has fewer than {API_SECRET_CHARS_MIN} characters and could be guessed",
        recovery="make one: `openssl rand -hex 32`",
    )
