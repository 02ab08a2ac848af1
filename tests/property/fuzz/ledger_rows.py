"""Rows of the ledger: a database that others can write to. A row is a JSON object here, of column
and value, so that a value of any type can stand in any column."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, cast

from reconciler.edges.ledger import rows
from reconciler.edges.ledger.rows import Row
from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.plan.visible import is_hidden
from reconciler.report.engine_words import progress_words
from reconciler.report.reason_words import wait_words
from tests.property.fuzz.reader import Reader

PROBLEM = json.dumps({"code": "x", "message": "it broke", "recovery": "look"})
APPLY = {
    "apply_id": 1,
    "environment": "production",
    "keyspace": "shop",
    "region": "eu",
    "plan_id": "sha256:ab",
    "commit_id": "ab",
    "waves": '[["-40"], ["40-80", "80-"]]',
    "state": "running",
    "version": 3,
    "started_s": 1.5,
    "hold": "none",
    "reason": "waits",
    "waits_since_s": 2.5,
    "soaking_wave": 2,
    "soak_until_s": 3.5,
    "gates_open": 1,
    "failures_released": 0,
    "copies_released": '[["-40", 0]]',
    "completed_s": None,
    "problem": PROBLEM,
}
OPERATION = {
    "shard": "-40",
    "object_kind": "table",
    "object_name": "users",
    "wave": 1,
    "position": 1,
    "statements": 2,
    "state": "running",
    "version": 1,
    "statements_done": 0,
    "started_s": 1,
    "settled_s": None,
    "waits_for": "connection 12",
    "waits_since_s": None,
    "problem": None,
}
STATEMENT = {
    "shard": "-40",
    "statement_index": 0,
    "object_kind": "table",
    "object_name": "users",
    "sql_text": "ALTER TABLE users ADD a int",
    "state": "intended",
    "attempts": 1,
    "intended_s": 1.5,
    "engine": "direct",
    "handle_version": 1,
    "handle": '{"connection": 7}',
    "progress": json.dumps({**asdict(Progress(percent=40)), "stage": "copy"}),
    "left_tables": '["_users_del"]',
    "settled_s": None,
    "problem": PROBLEM,
}
FINALIZER = {
    "moment": "last",
    "before_fingerprint": "sha256:ab",
    "after_fingerprint": "sha256:cd",
    "state": "running",
    "version": 2,
    "attempts": 1,
    "started_s": 1.5,
    "intended_s": 1.5,
    "settled_s": None,
    "problem": PROBLEM,
}
EVENT = {"at_s": 1.5, "what": "begun", "shard": None, "object_kind": None, "object_name": None}
LEASE = {"apply_id": 1, "fence": 2, "holder": "ada on host (process 1)", "heartbeat_s": 5.5}
REQUEST = {
    "request_id": 1,
    "apply_id": 1,
    "kind": "stop",
    "asked_by": "ada",
    "asked_s": 1.5,
    "state": "pending",
    "answer": "",
}


def _reader(name: str, read: Callable[[Row], Any], sound: dict[str, Any]) -> Reader:
    def from_bytes(content: bytes) -> Any:
        try:
            row = json.loads(content)
        except (ValueError, RecursionError):
            return None  # no database would hand it over
        return read(cast(Row, row)) if isinstance(row, dict) else None

    return Reader(
        name=f"ledger-{name}",
        read=from_bytes,
        seeds=(json.dumps(sound).encode(),),
        words=(
            b"null",
            b"[]",
            b"{}",
            b"1e400",
            b"-1",
            b'""',
            b"true",
            b"1.5",
            b"NaN",
            b'"\\u0000"',
        ),
        check=_can_be_shown,
        grown=(
            ("waves", lambda size: _with(sound, "waves", "[" + '["a"],' * (size // 6) + '["b"]]')),
            ("deep waves", lambda size: _with(sound, "waves", "[" * size)),
            ("problem", lambda size: _with(sound, "problem", '{"code":' * (size // 8))),
            ("progress", lambda size: _with(sound, "progress", '{"stage":' * (size // 8))),
            ("words", lambda size: _with(sound, "reason", "\u202e" * (size // 6))),
        ),
    )


def _with(sound: dict[str, Any], column: str, value: str) -> bytes:
    return json.dumps({**sound, column: value}).encode()


def _can_be_shown(found: Any) -> None:
    """Whoever can write to the ledger cannot reach the terminal of whoever asks for the status."""
    waits = wait_words(getattr(found, "waits_for", None))
    progress = progress_words(getattr(found, "progress", NOTHING_TOLD))
    asked_by = getattr(found, "asked_by", None)
    for shown in (waits, progress, getattr(found, "holder", None), asked_by):
        assert shown is None or not any(map(is_hidden, shown))
    problem = getattr(found, "problem", None)
    assert problem is None or not any(map(is_hidden, problem.message + problem.recovery))


READERS = (
    _reader("apply", rows.stored_apply, APPLY),
    _reader("operation", rows.stored_operation, OPERATION),
    _reader("statement", rows.stored_statement, STATEMENT),
    _reader("finalizer", rows.stored_finalizer, FINALIZER),
    _reader("event", rows.event_entry, EVENT),
    _reader("lease", rows.stored_lease, LEASE),
    _reader("request", rows.stored_request, REQUEST),
)
