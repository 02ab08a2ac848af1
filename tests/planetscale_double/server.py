"""The double over HTTP on the loopback interface, shaped as the reference says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from enum import Enum
from http.server import BaseHTTPRequestHandler
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from reconciler.model.deploy_request import Branch, DeployOperation, DeployRequest
from tests import loopback
from tests.planetscale_double.hub import Hub, NotTaken, NotThere

TOKEN_ID, TOKEN = "abcdefghijkl", "pscale_tkn_averysecretsecret"
BRANCH_PASSWORD = "pscale_pw_thebranchessecret"
ROOT = "/organizations/acme/databases/store"

Answer = tuple[int, Any]


class Fault(Enum):
    """What the service does now and then, at any call."""

    DENIED = 403
    BROKEN = 502
    LIMITED = 429
    HALF = "half"  # the body stops in the middle
    LOST = "lost"  # it is done, and the answer gets lost
    HANGS_UP = "hangs up"


@dataclass
class Double:
    """`fault` is asked for each call, with its number from 0; `page_max` is how many rows a page
    has at most; `changed` makes of an answer what it says instead; bytes are
    said as they are."""

    hub: Hub
    url: str = ""
    page_max: int = 100
    calls: list[str] = field(default_factory=list)
    fault: Callable[[int, str], Fault | None] = lambda number, call: None
    changed: Callable[[str, Any], Any] = lambda call, answer: answer
    logins: dict[str, str] = field(default_factory=dict)  # branch by user
    branch_host: str = "127.0.0.1"
    user_prefix: str = ""
    on_login: Callable[[str, str], None] = lambda user, branch: None
    lock: RLock = field(default_factory=RLock)

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

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.double.hub.now_s if timestamp is None else timestamp, usegmt=True)

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass

    def _handle(self) -> None:
        parts = urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        call = f"{self.command} {unquote(parts.path)}"
        fault = self.double.fault(len(self.double.calls), call)
        self.double.calls.append(call)
        if self.headers.get("Authorization") != f"{TOKEN_ID}:{TOKEN}":
            return self._send(401, {"code": "unauthorized", "message": "Unauthorized"})
        if fault is Fault.HANGS_UP:
            self.close_connection = True
            return None
        if fault is not None and isinstance(fault.value, int):
            return self._send(fault.value, {"code": "error", "message": "no"})
        with self.double.lock:
            status, answer = _answered(self.double, call, dict(parse_qsl(parts.query)), body)
        if fault is Fault.LOST:
            self.close_connection = True
            return None
        return self._send(status, self.double.changed(call, answer), half=fault is Fault.HALF)

    def _send(self, status: int, answer: Any, *, half: bool = False) -> None:
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        content = b"" if status == 204 else content
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if half else content)
        if half:
            self.close_connection = True


def _answered(double: Double, call: str, query: dict[str, str], body: dict[str, Any]) -> Answer:
    path = call.replace(ROOT, "", 1)
    try:
        for pattern, answer in _ROUTES:
            if match := re.fullmatch(pattern, path):
                return answer(double, match, query | body)
    except NotThere:
        pass
    except NotTaken as refused:
        return 422, {"code": "unprocessable", "message": str(refused)}
    return 404, {"code": "not_found", "message": "Not Found"}


def _branch(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    found = double.hub.branch(match[1])
    if found is None:
        raise NotThere
    return 200, branch_json(found)


def _schema(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    if asked.get("keyspace") != double.hub.keyspace:
        raise NotThere
    rows = double.hub.schema(match[1])
    return 200, {"data": [{"name": name, "raw": raw, "html": ""} for name, raw in rows]}


def _create_branch(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    double.hub.create_branch(asked["name"], asked["parent_branch"])
    return 201, branch_json(double.hub.branches[asked["name"]])


def _delete_branch(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    double.hub.delete_branch(match[1])
    return 204, None


def _create_login(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    if match[1] not in double.hub.branches or asked["role"] != "admin" or asked["ttl"] <= 0:
        raise NotThere
    user = f"user{len(double.logins)}"
    double.logins[user] = match[1]
    double.on_login(user, match[1])
    name = f"{double.user_prefix}{user}"
    login = {"id": f"id-{user}", "username": name, "plain_text": BRANCH_PASSWORD}
    return 201, login | {"access_host_url": double.branch_host, "role": "admin"}


def _delete_login(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    double.logins.pop(match[2].removeprefix("id-"))
    return 204, None


def _requests(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    found = double.hub.requests_from(asked.get("branch", ""))
    return _page(double, [request_json(double.hub, one) for one in found], asked)


def _queue(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    numbers = [one.number for one in double.hub.queue()]
    every = {one.number: one for one in double.hub.requests_from("")}
    rows = [request_json(double.hub, every[number])["deployment"] for number in numbers]
    return _page(double, rows, asked)


def _open(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    number = double.hub.open_request(
        asked["branch"], asked["into_branch"], asked["notes"], cuts_over=asked["auto_cutover"]
    )
    return 201, request_json(double.hub, double.hub.requests[number].seen)


def _close(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    if asked != {"state": "closed"}:
        raise NotTaken("state must be closed")
    return _after(double, match[1], double.hub.close)


def _act(double: Double, match: re.Match[str], asked: dict[str, Any]) -> Answer:
    hub = double.hub
    acts = {
        "deploy": hub.deploy,
        "apply-deploy": hub.cut_over,
        "cancel": hub.cancel,
        "revert": hub.revert,
        "skip-revert": hub.skip_revert,
    }
    return _after(double, match[1], acts[match[2]])


def _after(double: Double, number: str, act: Callable[[int], None]) -> Answer:
    act(int(number))
    return 200, request_json(double.hub, double.hub.requests[int(number)].seen)


_ROUTES: tuple[tuple[str, Callable[[Double, re.Match[str], dict[str, Any]], Answer]], ...] = (
    (r"GET /branches/([^/]+)", _branch),
    (r"DELETE /branches/([^/]+)", _delete_branch),
    (r"GET /branches/([^/]+)/schema", _schema),
    (r"POST /branches", _create_branch),
    (r"POST /branches/([^/]+)/passwords", _create_login),
    (r"DELETE /branches/([^/]+)/passwords/([^/]+)", _delete_login),
    (r"GET /deploy-requests", _requests),
    (r"POST /deploy-requests", _open),
    (r"PATCH /deploy-requests/([0-9]+)", _close),
    (r"POST /deploy-requests/([0-9]+)/(deploy|apply-deploy|cancel|revert|skip-revert)", _act),
    (r"GET /deploy-queue", _queue),
)


def _page(double: Double, rows: list[Any], asked: dict[str, Any]) -> Answer:
    number, size = int(asked.get("page", 1)), min(int(asked.get("per_page", 25)), double.page_max)
    more = len(rows) > number * size
    return 200, {
        "current_page": number,
        "next_page": number + 1 if more else None,
        "prev_page": number - 1 or None,
        "data": rows[(number - 1) * size : number * size],
    }


def branch_json(branch: Branch) -> dict[str, Any]:
    return {
        "id": f"id-{branch.name}",
        "name": branch.name,
        "parent_branch": branch.parent,
        "ready": branch.is_ready,
        "production": branch.is_production,
        "safe_migrations": branch.has_safe_migrations,
        "html_url": "https://app.planetscale.com/acme/store",
    }


def request_json(hub: Hub, request: DeployRequest) -> dict[str, Any]:
    ended = request.ended_s
    return {
        "id": f"id-{request.number}",
        "number": request.number,
        "branch": request.branch,
        "into_branch": request.into_branch,
        "approved": False,
        "state": "open" if request.is_open else "closed",
        "deployment_state": request.state.value,
        "deployment": {
            "id": f"deployment-{request.number}",
            "state": request.state.value,
            "deploy_request_number": request.number,
            "into_branch": request.into_branch,
            "deployable": request.is_deployable,
            "auto_cutover": request.cuts_over_by_itself,
            "cutover_expiring": request.cutover_expires_soon,
            "deploy_check_errors": None,
            "lint_errors": [{"error_description": words} for words in request.errors],
            "finished_at": None if ended is None else _time(ended),
            "preceding_deployments": [
                {"deploy_request_number": number, "state": "in_progress"}
                for number in request.preceding
            ],
            "deploy_operations": [_operation_json(one) for one in request.operations],
        },
    }


def _operation_json(operation: DeployOperation) -> dict[str, Any]:
    return {
        "id": f"operation-{operation.table}",
        "state": operation.state,
        "keyspace_name": operation.keyspace,
        "table_name": operation.table,
        "operation_name": operation.sql.split()[0],
        "ddl_statement": operation.sql,
        "eta_seconds": operation.eta_s,
        "progress_percentage": operation.progress_percent,
        "can_drop_data": operation.sql.startswith("DROP"),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
