"""Triggers of a split: what tracks writes, what refuses them, what keeps strangers from a target.

Rules: writes are tracked in the writer's own transaction. The fence is read with a lock: a plain
read in an old snapshot would still find it open, and the lock makes whoever flips it wait for every
writer who has passed. A fence that cannot be read refuses (SP-30, SP-31).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.model.server import Flavor
from reconciler.reshard.helper_tables import (
    FenceState,
    GuardState,
    HelperNames,
    Numbered,
    queue_column,
)
from reconciler.reshard.rows import MovedTable

# What an application gets from them, with SQLSTATE 45000: see docs/routes.md.
FENCED_ERROR = 31017
CLOSED_ERROR = 31018

# How long an application does well to wait before it asks again: writes rest for about a second.
RETRY_AFTER_MS = 500

# What they add to an UPDATE of one row by its key, in microseconds: with the tracker, and with the
# fence beside it. Of `python bench/splitting.py` on 2 cores (MySQL 9.7.4, MariaDB 11.8.6), which
# says when they are no longer so.
TRACKER_US = {Flavor.MYSQL: 40, Flavor.MARIADB: 25}
TRACKER_AND_FENCE_US = {Flavor.MYSQL: 80, Flavor.MARIADB: 65}

# In a session with this variable at the job's number, the guard lets through: the split's own.
IMPORTING_VARIABLE = "@reconciler_split"


class Event(StrEnum):
    INSERT = "INSERT"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


class Purpose(StrEnum):
    """What a trigger is for: a part of its name."""

    TRACK = "track"
    FENCE = "fence"
    GUARD = "guard"


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitTrigger:
    """`body` is what the server's catalogue must show, to the letter."""

    name: str
    timing: str
    event: Event
    table: str
    body: str

    @property
    def sql(self) -> str:
        return (
            f"CREATE TRIGGER {quote_identifier(self.name)} {self.timing} {self.event} ON"
            f" {quote_identifier(self.table)} FOR EACH ROW {self.body}"
        )


def trigger_names(names: HelperNames, table: Numbered, purpose: Purpose) -> tuple[str, ...]:
    """In the order of `Event`."""
    return tuple(names.trigger(table, f"{purpose}_{event.lower()}") for event in Event)


def tracker_triggers(names: HelperNames, table: MovedTable) -> tuple[SplitTrigger, ...]:
    """AFTER, so that they see what the application's own triggers made of a row."""
    bodies = (
        _queued(names, table, "NEW"),
        _queued_update(names, table),
        _queued(names, table, "OLD"),
    )
    return _triggers(names, table, Purpose.TRACK, "AFTER", bodies)


def fence_triggers(names: HelperNames, table: MovedTable) -> tuple[SplitTrigger, ...]:
    return _triggers(names, table, Purpose.FENCE, "BEFORE", (_fence_body(names),) * len(Event))


def guard_triggers(names: HelperNames, table: MovedTable) -> tuple[SplitTrigger, ...]:
    return _triggers(names, table, Purpose.GUARD, "BEFORE", (_guard_body(names),) * len(Event))


def _triggers(
    names: HelperNames,
    table: MovedTable,
    purpose: Purpose,
    timing: str,
    bodies: tuple[str, ...],
) -> tuple[SplitTrigger, ...]:
    named = trigger_names(names, table, purpose)
    return tuple(
        SplitTrigger(name=name, timing=timing, event=event, table=table.name, body=body)
        for name, event, body in zip(named, Event, bodies, strict=True)
    )


def _queued(names: HelperNames, table: MovedTable, *rows: str) -> str:
    columns = ", ".join(
        quote_identifier(name)
        for name in ("changed_at", *(queue_column(n) for n, _ in enumerate(table.key, 1)))
    )
    values = ", ".join(f"(UTC_TIMESTAMP(6), {_key(table, row)})" for row in rows)
    return f"INSERT INTO {quote_identifier(names.queue(table))} ({columns}) VALUES {values}"


def _queued_update(names: HelperNames, table: MovedTable) -> str:
    """Both keys of a row whose key has changed: the one that is gone goes on the targets too."""
    same = " AND ".join(f"OLD.{name} <=> NEW.{name}" for name in map(quote_identifier, table.key))
    return (
        f"IF {same} THEN {_queued(names, table, 'OLD')};"
        f" ELSE {_queued(names, table, 'OLD', 'NEW')}; END IF"
    )


def _key(table: MovedTable, row: str) -> str:
    return ", ".join(f"{row}.{quote_identifier(name)}" for name in table.key)


def _fence_body(names: HelperNames) -> str:
    """UTC_TIMESTAMP is when the writer's statement began, in no time zone: never later than now, so
    a fence is at most taken for younger than it is."""
    open_, fenced = (quote_string(state) for state in (FenceState.OPEN, FenceState.FENCED))
    message = f"reconciler split: fenced, job={names.job} retry_after_ms={RETRY_AFTER_MS}"
    return (
        "BEGIN"
        " DECLARE fence_state varchar(64) CHARACTER SET ascii COLLATE ascii_bin;"
        " DECLARE fence_expires_at datetime(6);"
        " SELECT f.`state`, f.`expires_at` INTO fence_state, fence_expires_at"
        f" FROM {quote_identifier(names.fence)} f WHERE f.`job` = {names.job} LOCK IN SHARE MODE;"
        f" IF (fence_state = {open_} OR (fence_state = {fenced}"
        " AND fence_expires_at <= UTC_TIMESTAMP(6))) IS NOT TRUE THEN"
        f" {_signal(FENCED_ERROR, message)}; END IF;"
        " END"
    )


def _guard_body(names: HelperNames) -> str:
    """A plain read will do: a guard goes from closed to open and never back."""
    message = f"reconciler split: not open yet, job={names.job} retry_after_ms={RETRY_AFTER_MS}"
    return (
        "BEGIN"
        " DECLARE guard_state varchar(64) CHARACTER SET ascii COLLATE ascii_bin;"
        f" IF NOT ({IMPORTING_VARIABLE} <=> {names.job}) THEN"
        f" SELECT g.`state` INTO guard_state FROM {quote_identifier(names.guard)} g"
        f" WHERE g.`job` = {names.job};"
        f" IF (guard_state = {quote_string(GuardState.OPEN)}) IS NOT TRUE THEN"
        f" {_signal(CLOSED_ERROR, message)}; END IF;"
        " END IF;"
        " END"
    )


def _signal(number: int, message: str) -> str:
    return (
        f"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {number},"
        f" MESSAGE_TEXT = {quote_string(message)}"
    )
