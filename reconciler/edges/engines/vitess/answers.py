"""What a migration's state means to who began it."""

from __future__ import annotations

import re
from typing import assert_never

from reconciler.edges.engines.vitess.limits import MIGRATION_MESSAGE_CHARS_MAX
from reconciler.edges.engines.vitess.migration import Migration, Status
from reconciler.edges.mysql.problems import OF_LOCKS
from reconciler.edges.mysql.server_texts import of_a_program, server_error
from reconciler.model.engine import Progress
from reconciler.model.server import ServerError
from reconciler.plan.visible import visible_line
from reconciler.ports.engine import Answer, Applied, Failed, ReadyToCutOver, Running

#: MySQL's and Vitess' ER_UNKNOWN_ERROR: what is told is Vitess' own.
_VITESS_S_OWN = 1105
_NUMBER = re.compile(r"\(errno (?P<number>\d{1,5})\) \(sqlstate (?P<state>\w{5})\)")
_STAGES = re.compile(r"^(?:(?:vreplication|terminal error|task error): )+")
# The statement that failed, with the rows that it was to write.
_QUOTED = re.compile(r" during query: .*| Sql: .*|, BindVars: .*|\(CallerID: .*", re.DOTALL)
# What a row holds, up to the last quote that may end it: it can be any text, such as all of these.
_HELD = re.compile(
    r"(?P<before>\b[Dd]uplicate entry |\bvalue: |\bfor value )"
    r"(?:'.*'(?= for (?:key|column|function) )|'.*'(?= \(errno ))",
    re.DOTALL,
)


def answer_of(migration: Migration, *, throttled_by: str = "", database: str = "") -> Answer:
    """Of a migration that is ours."""
    match migration.status:
        case Status.COMPLETE:
            return Applied()
        case Status.CANCELLED:
            return Failed(error=_told(migration, database), transient=False)
        case Status.FAILED if migration.is_retried:
            return Running(
                progress=Progress(stage="queued", waits_for="another tablet, after its own")
            )
        case Status.FAILED:
            error = _told(migration, database)
            return Failed(error=error, transient=error.number in OF_LOCKS)
        case Status.REQUESTED | Status.QUEUED | Status.READY:
            return Running(progress=Progress(stage="queued", throttled_by=throttled_by))
        case Status.RUNNING:
            return _running(migration, throttled_by)
        case _:
            assert_never(migration.status)


def _running(migration: Migration, throttled_by: str) -> Running | ReadyToCutOver:
    progress = Progress(
        stage="copying rows" if migration.is_postponed else "cut over",
        percent=min(99, migration.progress_percent),
        rows_done=migration.rows_copied,
        rows_total=migration.table_rows or None,
        left_s=migration.eta_s,
        throttled_by=throttled_by or _throttled(migration),
    )
    if migration.is_ready and migration.is_postponed:
        return ReadyToCutOver(progress=progress, copy=migration.copy)
    return Running(progress=progress)


def _throttled(migration: Migration) -> str:
    if migration.throttle_ratio > 0:
        return f"a throttle of Vitess, at a ratio of {migration.throttle_ratio:g}"
    return ""


def _told(migration: Migration, database: str) -> ServerError:
    """Vitess' message, without statements, values of rows, addresses and accounts (PL-17)."""
    return said_by_vitess(migration.message or f"the migration is {migration.status}", database)


def said_by_vitess(message: str, database: str = "") -> ServerError:
    message = _HELD.sub(r"\g<before><value>", message)
    if found := _NUMBER.search(message):
        before, behind = message[: found.start()].rstrip(), message[found.end() :].lstrip(": ")
        said = f"{before} {behind}" if before.endswith(":") else before
        said = _QUOTED.sub("", _STAGES.sub("", said)).strip()
        return server_error(
            int(found["number"]), said, state=found["state"], database=database or None
        )
    text = of_a_program(_QUOTED.sub("", message), database=database or None)
    shown = visible_line(text, limit_chars=MIGRATION_MESSAGE_CHARS_MAX)
    return ServerError(number=_VITESS_S_OWN, message=f"Vitess says: {shown}")
