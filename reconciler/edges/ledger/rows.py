"""Between the ledger's values and the columns they are kept in. Words are made visible on their way
in and on their way out: nothing in a stored message can end a line or move a cursor (RP-6)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import RowMapping

from reconciler.edges.ledger.columns import Columns, is_kept_whole
from reconciler.edges.ledger.tables import HOLDER_CHARS_MAX
from reconciler.edges.secrets import SECRETS
from reconciler.errors import Problem
from reconciler.ledger.codec import answer_of, happened_of, reason_of, told_text, wait_of
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.ledger.model import (
    EventEntry,
    ReleasedCopy,
    Request,
    Soaking,
    StatementOfApply,
    StoredApply,
    StoredFinalizer,
    StoredLease,
    StoredOperation,
    StoredStatement,
)
from reconciler.ledger.reasons import Told
from reconciler.ledger.states import (
    FINISHED,
    ApplyState,
    Hold,
    OperationState,
    RequestKind,
    RequestState,
    StatementState,
)
from reconciler.limits import LEDGER_MESSAGE_CHARS_MAX
from reconciler.model.engine import NOTHING_TOLD, EngineName, Handle, Progress
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.plan.model import Moment
from reconciler.plan.visible import visible_line

_PROGRESS_WORDS = frozenset({"stage", "waits_for", "throttled_by"})
_PROGRESS_NUMBERS = frozenset(field.name for field in fields(Progress)) - _PROGRESS_WORDS

#: What `left_tables` holds of a statement that left nothing.
NOTHING_LEFT = "[]"

Row = RowMapping | Mapping[str, Any]  # untyped, as drivers return it


def line(message: str) -> str:
    return visible_line(SECRETS.redacted(message), limit_chars=LEDGER_MESSAGE_CHARS_MAX)


def known_as(holder: str) -> str:
    """Whoever drives, leads or asks, as it is stored."""
    return line(holder)[:HOLDER_CHARS_MAX]


def shown_line(message: str) -> str:
    """What `line` has made of a message comes through as it is, its note of what it cut included;
    whoever can write to the ledger can also write what no run of ours has made visible."""
    return visible_line(message, limit_chars=2 * LEDGER_MESSAGE_CHARS_MAX)


def apply_columns(row: StoredApply) -> dict[str, object]:
    """The columns that change while an apply runs."""
    return {
        "state": row.state.value,
        "hold": row.hold.value,
        "reason": _told(row.reason),
        "waits_since_s": row.waits_since_s,
        "soaking_wave": row.soaking.wave if row.soaking else None,
        "soak_until_s": row.soaking.until_s if row.soaking else None,
        "gates_open": row.gates_open,
        "failures_released": int(row.failures_released),
        "copies_released": json.dumps([(one.shard, one.index) for one in row.copies_released]),
        "completed_s": row.completed_s,
        "problem": problem_text(row.problem),
    }


def stored_apply(row: Row) -> StoredApply:
    found = Columns(row, "applies")
    return StoredApply(
        apply_id=found.whole("apply_id"),
        environment=found.text("environment"),
        keyspace=found.text("keyspace"),
        region=found.text("region"),
        plan_id=found.text("plan_id"),
        commit=found.text("commit_id"),
        waves=found.shard_waves("waves"),
        state=found.word("state", ApplyState),
        version=found.whole("version"),
        started_s=found.seconds("started_s"),
        hold=found.word("hold", Hold),
        reason=reason_of(found.text("reason")),
        waits_since_s=found.seconds_or_none("waits_since_s"),
        soaking=_soaking(found),
        gates_open=found.whole("gates_open"),
        failures_released=bool(found.whole("failures_released")),
        copies_released=tuple(
            ReleasedCopy(*pair) for pair in found.records("copies_released", (str, int))
        ),
        completed_s=found.seconds_or_none("completed_s"),
        problem=shown_problem(found.problem("problem")),
    )


#: Those that change while an apply runs.
OPERATION_COLUMNS = (
    "version",
    "statements_done",
    "state",
    "started_s",
    "settled_s",
    "waits_for",
    "waits_since_s",
    "problem",
)


def operation_columns(row: StoredOperation) -> dict[str, object]:
    """All of them but its version."""
    return {
        "statements_done": row.statements_done,
        "state": row.state.value,
        "started_s": row.started_s,
        "settled_s": row.settled_s,
        "waits_for": told_text(row.waits_for),
        "waits_since_s": row.waits_since_s,
        "problem": problem_text(row.problem),
    }


def stored_operation(row: Row) -> StoredOperation:
    found = Columns(row, "operations")
    return StoredOperation(
        shard=found.text("shard"),
        object_id=_object_id(found),
        wave=found.whole("wave"),
        position=found.whole("position"),
        statements=found.whole("statements"),
        state=found.word("state", OperationState),
        version=found.whole("version"),
        statements_done=found.whole("statements_done"),
        started_s=found.seconds_or_none("started_s"),
        settled_s=found.seconds_or_none("settled_s"),
        waits_for=wait_of(found.text_or_none("waits_for") or ""),
        waits_since_s=found.seconds_or_none("waits_since_s"),
        problem=shown_problem(found.problem("problem")),
    )


def statement_columns(row: StoredStatement) -> dict[str, object]:
    return {
        **object_columns(row.object_id),
        "sql_text": row.sql,
        "state": row.state.value,
        "attempts": row.attempts,
        "intended_s": row.intended_s,
        "engine": row.handle.engine.value,
        "handle_version": row.handle.version,
        "handle": row.handle.content,
        "progress": progress_text(row.progress),
        "left_tables": json.dumps(row.left),
        "settled_s": row.settled_s,
        "problem": problem_text(row.problem),
    }


def stored_statement(row: Row) -> StoredStatement:
    found = Columns(row, "statements")
    return StoredStatement(
        shard=found.text("shard"),
        index=found.whole("statement_index"),
        object_id=_object_id(found),
        sql=found.text("sql_text"),
        state=found.word("state", StatementState),
        attempts=found.whole("attempts"),
        intended_s=found.seconds("intended_s"),
        handle=Handle(
            engine=found.word("engine", EngineName),
            version=found.whole("handle_version"),
            content=found.text("handle"),
        ),
        progress=_progress(found),
        left=found.names("left_tables"),
        settled_s=found.seconds_or_none("settled_s"),
        problem=shown_problem(found.problem("problem")),
    )


def statement_of_apply(row: Row) -> StatementOfApply:
    """Of a row that has its apply's number and state beside the statement's columns."""
    found = Columns(row, "statements")
    return StatementOfApply(
        apply_id=found.whole("apply_id"),
        is_finished=found.word("apply_state", ApplyState) in FINISHED,
        row=stored_statement(row),
    )


def statements_counted(row: Row) -> tuple[str, StatementState, int]:
    """How many of an apply's stand so on a shard."""
    found = Columns(row, "statements")
    return found.text("shard"), found.word("state", StatementState), found.whole("statements")


def finalizer_columns(row: StoredFinalizer) -> dict[str, object]:
    """The columns that change while an apply runs."""
    return {
        "state": row.state.value,
        "attempts": row.attempts,
        "started_s": row.started_s,
        "intended_s": row.intended_s,
        "settled_s": row.settled_s,
        "problem": problem_text(row.problem),
    }


def stored_finalizer(row: Row) -> StoredFinalizer:
    found = Columns(row, "finalizers")
    return StoredFinalizer(
        moment=found.word("moment", Moment),
        before=found.text("before_fingerprint"),
        after=found.text("after_fingerprint"),
        state=found.word("state", OperationState),
        version=found.whole("version"),
        attempts=found.whole("attempts"),
        started_s=found.seconds_or_none("started_s"),
        intended_s=found.seconds_or_none("intended_s"),
        settled_s=found.seconds_or_none("settled_s"),
        problem=shown_problem(found.problem("problem")),
    )


def deploy_columns(intent: DeployIntent) -> dict[str, object]:
    return {
        "intended_s": intent.at_s,
        "times": intent.times,
        "problem": problem_text(intent.because),
    }


def deploy_intent(row: Row) -> tuple[DeployStep, DeployIntent]:
    found = Columns(row, "deploys")
    return found.word("step", DeployStep), DeployIntent(
        at_s=found.seconds("intended_s"),
        times=found.whole("times"),
        because=shown_problem(found.problem("problem")),
    )


def progress_text(progress: Progress) -> str:
    """'' for nothing told. Servers and engines count: a number that would not be read back is not
    worth the record that it stands in."""
    if progress == NOTHING_TOLD:
        return ""
    told = {field.name: getattr(progress, field.name) for field in fields(Progress)}
    return json.dumps({name: _kept(value) for name, value in told.items()}, ensure_ascii=False)


def _kept(value: str | int | None) -> str | int | None:
    if isinstance(value, str):
        return line(value)
    return value if value is None or is_kept_whole(value) else None


def _progress(found: Columns) -> Progress:
    told = found.told("progress", words=_PROGRESS_WORDS, numbers=_PROGRESS_NUMBERS)
    if told is None:
        return NOTHING_TOLD
    shown = {name: shown_line(v) if isinstance(v, str) else v for name, v in told.items()}
    return Progress(**shown)  # type: ignore[arg-type]


def event_columns(entry: EventEntry) -> dict[str, object]:
    return {
        "at_s": entry.at_s,
        "what": _told(entry.what),
        "shard": entry.shard,
        "object_kind": entry.object_id.kind.value if entry.object_id else None,
        "object_name": entry.object_id.name if entry.object_id else None,
    }


def event_entry(row: Row) -> EventEntry:
    found = Columns(row, "events")
    return EventEntry(
        at_s=found.seconds("at_s"),
        what=happened_of(found.text("what")),
        shard=found.text_or_none("shard"),
        object_id=None if found.text_or_none("object_kind") is None else _object_id(found),
    )


def stored_lease(row: Row) -> StoredLease:
    found = Columns(row, "leases")
    holder = found.text_or_none("holder")
    return StoredLease(
        apply_id=found.whole("apply_id"),
        fence=found.whole("fence"),
        holder=None if holder is None else shown_line(holder),
        heartbeat_s=found.seconds("heartbeat_s"),
    )


def stored_request(row: Row) -> Request:
    found = Columns(row, "requests")
    return Request(
        request_id=found.whole("request_id"),
        apply_id=found.whole("apply_id"),
        kind=found.word_or_unknown("kind", RequestKind),
        asked_by=shown_line(found.text("asked_by")),
        asked_s=found.seconds("asked_s"),
        state=found.word("state", RequestState),
        answer=answer_of(found.text("answer")),
    )


def object_columns(object_id: ObjectId) -> dict[str, object]:
    return {"object_kind": object_id.kind.value, "object_name": object_id.name}


def _object_id(found: Columns) -> ObjectId:
    return ObjectId(found.word("object_kind", ObjectKind), found.text("object_name"))


def _soaking(found: Columns) -> Soaking | None:
    wave = found.whole_or_none("soaking_wave")
    return None if wave is None else Soaking(wave, found.seconds("soak_until_s"))


def _told(told: Told | None) -> str:
    return SECRETS.redacted(told_text(told))


def problem_text(problem: Problem | None) -> str | None:
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


def shown_problem(problem: Problem | None) -> Problem | None:
    if problem is None:
        return None
    message, recovery = shown_line(problem.message), shown_line(problem.recovery)
    return replace(problem, message=message, recovery=recovery)
