"""Whoever reaches the ports of a controller: without a token, with a forged one, with tricks."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.cli.controller_http import Api, Board, Health, listening, metrics_of
from reconciler.controller.model import Task, TaskKind
from reconciler.edges.clock import SystemClock
from reconciler.edges.http_server.server import HttpServer
from reconciler.errors import Problem, UsageError
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.controller import TaskEnded
from tests.contract.ledgers import begun, intent
from tests.controller_views import COMMERCE, FAILED, HOST, LOGIN, SAID, SHOP, SQL, UNTOLD, snapshot
from tests.sim.run import close_ledgers, file_ledger

TOKEN, SECRET = "t" * 32, "s" * 32
ANY = "127.0.0.1:0"


@dataclass
class Ports:
    api: int
    health: int
    board: Board

    def ask(
        self,
        path: str,
        *,
        verb: str = "GET",
        token: str | None = None,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        port: int | None = None,
    ) -> tuple[int, bytes]:
        told = dict(headers or {})
        if token is not None:
            told["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", port or self.api, timeout=30)
        connection.request(verb, path, body=body, headers=told)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found


@pytest.fixture(scope="module")
def ports() -> Iterator[Ports]:
    clock, board, ledger = SystemClock(), Board(), file_ledger()
    ledger.give_up(begun(ledger), now_s=2.5)
    (stored,) = ledger.applies("production", keyspace="commerce", limit=1)
    driver = f"{LOGIN} on {HOST}"
    lease = ledger.take_over(stored.apply_id, holder=driver, now_s=clock.now_s())
    ledger.record(lease, [intent(sql=SQL)])
    board.publish(snapshot(clock.monotonic_s()))
    metrics = metrics_of(board, clock)
    metrics.errand_ended(TaskEnded(Task(TaskKind.APPLY, SHOP), FAILED))
    refused = ApplyOutcome(
        environment="production",
        keyspace="shop",
        verdict=ApplyVerdict.REFUSED,
        problem=Problem(code="plan-stale", message=SAID, recovery=SAID),
    )
    metrics.errand_ended(TaskEnded(Task(TaskKind.APPLY, SHOP), refused))
    api = Api(
        board=board,
        ledger_of=lambda place: ledger if place in (SHOP, COMMERCE) else None,
        clock=clock,
        token=TOKEN,
        secret=SECRET,
    )
    health = Health(board=board, metrics=metrics, clock=clock)
    with (
        HttpServer("127.0.0.1", 0, api.respond) as one,
        HttpServer("127.0.0.1", 0, health.respond) as other,
    ):
        yield Ports(one.port, other.port, board)
    close_ledgers()


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}"}


PATHS = ("/v1/plans", "/v1/status", "/v1/history", "/v1/drift", "/v1/status/production/commerce")


@pytest.mark.threat("TM-CONTROLLER-1")
@pytest.mark.invariant("RG-47")
@pytest.mark.parametrize("path", [*PATHS, "/v1/secrets", "/v1", "/", "/livez", "/metrics"])
@pytest.mark.parametrize(
    "token", [None, "", "t" * 31, "t" * 33, "T" * 32, "t" * 32 + " ", "\u00ff" * 32]
)
def test_who_has_no_token_is_told_nothing_not_even_which_paths_there_are(
    ports: Ports, path: str, token: str | None
) -> None:
    if token == "t" * 32 + " ":
        token = " " + "t" * 32 + " x"  # blanks at the end are no part of a header
    assert ports.ask(path, token=token) == (401, b"")


@pytest.mark.threat("TM-CONTROLLER-2")
@pytest.mark.invariant("RG-46")
def test_a_nudge_is_taken_once_and_only_as_it_was_signed(ports: Ports) -> None:
    body = json.dumps({"ref": "refs/heads/evil", "after": "f" * 40}).encode()
    for headers in ({}, signed(body, "w" * 32), signed(b"another"), {"X-Hub-Signature-256": "x"}):
        assert ports.ask("/nudge", verb="POST", body=body, headers=headers) == (401, b"")
    assert not ports.board.nudged()
    assert ports.ask("/nudge", verb="POST", body=body, headers=signed(body)) == (202, b"")
    assert ports.board.nudged()
    assert ports.ask("/nudge", verb="POST", body=body, headers=signed(body)) == (202, b"")
    assert not ports.board.nudged(), "said before"
    assert ports.ask("/nudge", headers=signed(b"")) == (405, b"")


@pytest.mark.threat("TM-CONTROLLER-3")
@pytest.mark.invariant("RG-47")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/plans/../status",
        "/v1//plans",
        "/v1/plans/",
        "/v1/plans?x=/etc/passwd",
        "/v1/plans%2fproduction/shop",
        "/v1/plans/production/..%2f..%2fetc",
        "/v1/plans/production/shop/../../../etc/passwd",
        "/v1/plans/production/%00",
        "/v1/history/production/nobody",
        "/v1/plans/" + "a" * 65 + "/shop",
        "http://elsewhere/v1/plans",
        "/V1/PLANS",
    ],
)
def test_a_path_is_one_of_a_few_or_none(ports: Ports, path: str) -> None:
    assert ports.ask(path, token=TOKEN) == (404, b"")


@pytest.mark.threat("TM-CONTROLLER-3")
@pytest.mark.parametrize("verb", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_nothing_can_be_written(ports: Ports, verb: str) -> None:
    for path in PATHS:
        assert ports.ask(path, verb=verb, token=TOKEN) == (405, b"")
    for path in ("/livez", "/readyz", "/metrics"):
        assert ports.ask(path, verb=verb, port=ports.health) == (405, b"")


@pytest.mark.threat("TM-CONTROLLER-4")
@pytest.mark.invariant("RG-48")
@pytest.mark.parametrize("path", [*PATHS, "/v1/drift/production/billing", "/metrics", "/readyz"])
def test_no_answer_holds_a_host_a_login_or_a_statement(ports: Ports, path: str) -> None:
    """Of a snapshot and a ledger that hold all of them."""
    ports.board.publish(snapshot(SystemClock().monotonic_s()))  # one that still turns
    at_health = not path.startswith("/v1")
    status, told = ports.ask(path, token=TOKEN, port=ports.health if at_health else None)
    assert status == 200
    if path.startswith(("/v1/status", "/v1/history")):
        assert json.loads(told)["applies"], "there is something to tell"
    assert HOST in SAID
    for secret in (*UNTOLD, TOKEN, SECRET):
        assert secret not in told.decode(), secret


def test_what_is_asked_for_is_told(ports: Ports) -> None:
    plans = json.loads(ports.ask("/v1/plans", token=TOKEN)[1])
    assert [one["keyspace"] for one in plans["keyspaces"]] == ["billing", "commerce", "shop"]
    assert plans["keyspaces"][2] | {"due_in_s": 0} == {
        "environment": "production",
        "keyspace": "shop",
        "plan_id": "sha256:1",
        "leads": True,
        "applies": False,
        "waits_for": "a later try",
        "due_in_s": 0,
    }
    (drift,) = json.loads(ports.ask("/v1/drift/production/shop", token=TOKEN)[1])["keyspaces"]
    assert [(g["state"], g["shards"], g["tables"]) for g in drift["groups"]] == [
        ("drifted", ["-80"], ["users"]),
        ("unreachable", ["80-"], []),
    ]


@pytest.mark.invariant("RG-48")
def test_metrics_are_sound_and_their_labels_are_of_closed_lists(ports: Ports) -> None:
    told = ports.ask("/metrics", port=ports.health)[1].decode()
    families = {family.name: family for family in text_string_to_metric_families(told)}
    assert {"reconciler_leader", "reconciler_shards", "reconciler_apply_waits"} <= families.keys()
    labels = {
        name
        for family in families.values()
        for sample in family.samples
        if family.name.startswith("reconciler")
        for name in sample.labels
    }
    assert labels == {"environment", "keyspace", "state", "for", "kind", "end", "code", "version"}
    # Of the one that was looked at; of the others nothing is counted.
    counted = {s.labels["state"]: s.value for s in families["reconciler_shards"].samples}
    assert counted == {
        "matching": 0,
        "drifted": 1,
        "pending-apply": 0,
        "quarantined": 0,
        "unreachable": 1,
    }


def test_probes_say_whether_the_loop_turns_and_whether_it_reaches_what_it_needs(
    ports: Ports,
) -> None:
    ports.board.publish(snapshot(SystemClock().monotonic_s()))
    assert ports.ask("/livez", port=ports.health) == (200, b"ok\n")
    assert ports.ask("/readyz", port=ports.health) == (200, b"ok\n")
    ports.board.publish(snapshot(SystemClock().monotonic_s() - 120))
    assert ports.ask("/livez", port=ports.health) == (503, b"no\n")
    assert ports.ask("/readyz", port=ports.health) == (503, b"no\n")


@pytest.mark.threat("TM-CONTROLLER-1")
@pytest.mark.invariant("RG-47")
@pytest.mark.parametrize(
    ("token", "secret", "code"),
    [
        (" " * 40, None, "api-secret-unreadable"),
        ("t" * 31 + "\n", None, "api-secret-short"),
        ("t" + " " * 40 + "t", None, "api-secret-unreadable"),
        ("\u00e9" * 32, None, "api-secret-unreadable"),
        ("\udcff" * 32, None, "api-secret-unreadable"),
        (None, "\n" * 32, "api-secret-unreadable"),
        (None, "\udcff" * 32, "api-secret-unreadable"),
        (None, "s" * 31 + "\x07" + "s", "api-secret-unreadable"),
        (None, "many words, yet short", "api-secret-short"),
        (TOKEN, TOKEN + "\n", "api-secrets-equal"),
        (None, None, "api-without-secret"),
    ],
)
def test_a_secret_that_is_none_is_refused_before_anybody_is_listened_to(
    monkeypatch: pytest.MonkeyPatch, token: str | None, secret: str | None, code: str
) -> None:
    told(monkeypatch, token, secret)
    with pytest.raises(UsageError) as refused, opened():
        pass
    assert [problem.code for problem in refused.value.problems] == [code]


def test_the_end_of_a_files_line_is_no_part_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, TOKEN + "\n", f" {SECRET}\r\n")
    with opened() as (api, board):
        ports = Ports(api, 0, board)
        assert ports.ask("/v1/plans", token=TOKEN) == (503, b""), "it has nothing to tell yet"
        assert ports.ask("/nudge", verb="POST", body=b"x", headers=signed(b"x")) == (202, b"")


def test_a_forge_may_sign_with_several_words(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "several words, of which one is \u00e9t\u00e9"
    told(monkeypatch, None, words)
    right = hmac.new(words.encode(), b"x", hashlib.sha256).hexdigest()
    with opened() as (api, board):
        given = {"X-Hub-Signature-256": f"sha256={right}"}
        asked = Ports(api, 0, board).ask("/nudge", verb="POST", body=b"x", headers=given)
        assert asked == (202, b"")


def told(monkeypatch: pytest.MonkeyPatch, token: str | None, secret: str | None) -> None:
    for name, value in (("RECONCILER_API_TOKEN", token), ("RECONCILER_NUDGE_SECRET", secret)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)


@contextmanager
def opened() -> Iterator[tuple[int, Board]]:
    """As `run` listens; the port of programs, which it says."""
    clock, board, said = SystemClock(), Board(), io.StringIO()
    with (
        redirect_stderr(said),
        listening(board, metrics_of(board, clock), clock, ANY, ANY, lambda _place: None),
    ):
        (port,) = re.findall(r"programs are answered on port (\d+)", said.getvalue())
        yield int(port), board
