"""Between the ledger's values and the columns they are kept in. Text from servers is made visible
on its way in: nothing in a stored message can end a line or move a cursor (RP-6)."""

from __future__ import annotations

import json

from sqlalchemy import RowMapping

from reconciler.errors import Problem
from reconciler.ledger.codec import answer_of, happened_of, reason_of, told_text
from reconciler.ledger.model import (
    EventEntry,
    Request,
    Soaking,
    StoredApply,
    StoredLease,
    StoredOperation,
    StoredStatement,
)
from reconciler.ledger.states import (
    ApplyState,
    Hold,
    OperationState,
    RequestKind,
    RequestState,
    StatementState,
)
from reconciler.limits import LEDGER_MESSAGE_CHARS_MAX
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.plan.visible import visible_line

Row = RowMapping  # untyped, as drivers return it; each reader below gives it its types


def line(message: str) -> str:
    return visible_line(message, limit_chars=LEDGER_MESSAGE_CHARS_MAX)


def apply_columns(row: StoredApply) -> dict[str, object]:
    """The columns that change while an apply runs."""
    return {
        "state": row.state.value,
        "hold": row.hold.value,
        "reason": told_text(row.reason),
        "waits_since_s": row.waits_since_s,
        "soaking_wave": row.soaking.wave if row.soaking else None,
        "soak_until_s": row.soaking.until_s if row.soaking else None,
        "gates_open": row.gates_open,
        "failures_released": int(row.failures_released),
        "completed_s": row.completed_s,
        "problem": _problem_text(row.problem),
    }


def stored_apply(row: Row) -> StoredApply:
    return StoredApply(
        apply_id=row["apply_id"],
        environment=row["environment"],
        keyspace=row["keyspace"],
        plan_id=row["plan_id"],
        commit=row["commit_id"],
        waves=tuple(tuple(wave) for wave in json.loads(row["waves"])),
        state=ApplyState(row["state"]),
        version=row["version"],
        started_s=row["started_s"],
        hold=Hold(row["hold"]),
        reason=reason_of(row["reason"]),
        waits_since_s=row["waits_since_s"],
        soaking=_soaking(row),
        gates_open=row["gates_open"],
        failures_released=bool(row["failures_released"]),
        completed_s=row["completed_s"],
        problem=_problem(row["problem"]),
    )


def operation_columns(row: StoredOperation) -> dict[str, object]:
    return {
        "statements_done": row.statements_done,
        "state": row.state.value,
        "started_s": row.started_s,
        "settled_s": row.settled_s,
        "waits_for": line(row.waits_for),
        "waits_since_s": row.waits_since_s,
        "problem": _problem_text(row.problem),
    }


def stored_operation(row: Row) -> StoredOperation:
    return StoredOperation(
        shard=row["shard"],
        object_id=_object_id(row),
        wave=row["wave"],
        position=row["position"],
        statements=row["statements"],
        state=OperationState(row["state"]),
        version=row["version"],
        statements_done=row["statements_done"],
        started_s=row["started_s"],
        settled_s=row["settled_s"],
        waits_for=row["waits_for"] or "",
        waits_since_s=row["waits_since_s"],
        problem=_problem(row["problem"]),
    )


def statement_columns(row: StoredStatement) -> dict[str, object]:
    return {
        **object_columns(row.object_id),
        "sql_text": row.sql,
        "state": row.state.value,
        "attempts": row.attempts,
        "intended_s": row.intended_s,
        "settled_s": row.settled_s,
        "problem": _problem_text(row.problem),
    }


def stored_statement(row: Row) -> StoredStatement:
    return StoredStatement(
        shard=row["shard"],
        index=row["statement_index"],
        object_id=_object_id(row),
        sql=row["sql_text"],
        state=StatementState(row["state"]),
        attempts=row["attempts"],
        intended_s=row["intended_s"],
        settled_s=row["settled_s"],
        problem=_problem(row["problem"]),
    )


def event_columns(entry: EventEntry) -> dict[str, object]:
    return {
        "at_s": entry.at_s,
        "what": told_text(entry.what),
        "shard": entry.shard,
        "object_kind": entry.object_id.kind.value if entry.object_id else None,
        "object_name": entry.object_id.name if entry.object_id else None,
    }


def event_entry(row: Row) -> EventEntry:
    return EventEntry(
        at_s=row["at_s"],
        what=happened_of(row["what"]),
        shard=row["shard"],
        object_id=None if row["object_kind"] is None else _object_id(row),
    )


def stored_lease(row: Row) -> StoredLease:
    return StoredLease(
        apply_id=row["apply_id"],
        fence=row["fence"],
        holder=row["holder"],
        heartbeat_s=row["heartbeat_s"],
    )


def stored_request(row: Row) -> Request:
    return Request(
        request_id=row["request_id"],
        apply_id=row["apply_id"],
        kind=RequestKind(row["kind"]),
        asked_by=row["asked_by"],
        asked_s=row["asked_s"],
        state=RequestState(row["state"]),
        answer=answer_of(row["answer"]),
    )


def object_columns(object_id: ObjectId) -> dict[str, object]:
    return {"object_kind": object_id.kind.value, "object_name": object_id.name}


def _object_id(row: Row) -> ObjectId:
    return ObjectId(ObjectKind(row["object_kind"]), row["object_name"])


def _soaking(row: Row) -> Soaking | None:
    return (
        None if row["soaking_wave"] is None else Soaking(row["soaking_wave"], row["soak_until_s"])
    )


def _problem_text(problem: Problem | None) -> str | None:
    if problem is None:
        return None
    return json.dumps(
        {
            "code": problem.code,
            "message": line(problem.message),
            "recovery": line(problem.recovery),
        },
        ensure_ascii=False,
    )


def _problem(text: str | None) -> Problem | None:
    return Problem(**json.loads(text)) if text else None
