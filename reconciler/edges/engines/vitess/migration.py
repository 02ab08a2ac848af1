"""A migration of Vitess' Online DDL, read from the shard that runs it.

Rule: what is there is read strictly; a column that is missing, or a status that nobody knows, is an
answer that was not understood, never "not there" (CN-4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import misread
from reconciler.edges.mysql.reading import number, text


class Status(StrEnum):
    """Vitess' own words."""

    REQUESTED = "requested"
    QUEUED = "queued"
    READY = "ready"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({Status.COMPLETE, Status.FAILED, Status.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Of one shard. `artifacts` are its tables, the newest first; `moved` changes whenever Vitess
    has done anything about it; `is_retried`: Vitess begins it again by itself."""

    uuid: str
    context: str
    table: str
    statement: str
    strategy: str
    options: str
    status: Status
    is_ready: bool
    is_postponed: bool
    is_cleaned_up: bool
    is_retried: bool
    rows_copied: int
    table_rows: int
    progress_percent: int
    eta_s: int | None
    stage: str
    message: str
    cut_overs: int
    throttle_ratio: float
    throttled_by: str
    artifacts: tuple[str, ...]
    moved: tuple[str, ...]

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED and not self.is_retried

    @property
    def is_without_message(self) -> bool:
        """It has failed, and nothing says why yet."""
        return self.status is Status.FAILED and not self.message

    @property
    def has_begun(self) -> bool:
        """To copy rows, as far as its row tells."""
        return bool(self.rows_copied or self.is_ready or self.cut_overs)

    @property
    def copy(self) -> str:
        """The table it copies into; after the swap, the table as it was."""
        return next((name for name in self.artifacts if name.startswith("_vt_vrp_")), "")


def read_migration(link: Link, uuid: str) -> Migration | None:
    """Raises ServerRefusal or LinkLost."""
    found = _read(link, f"migration_uuid = '{uuid}'")
    if len(found) > 1 or any(one.uuid != uuid for one in found):
        raise misread()
    return found[0] if found else None


def read_stream_message(link: Link, uuid: str) -> str:
    """What the stream that copies a migration's rows says, '' for nothing: why it does not get on,
    the migration's own row never tells. It is in the sidecar's database, whatever that is called;
    a server may have those of several keyspaces. Raises ServerRefusal or LinkLost."""
    found = link.query(
        "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_NAME = 'vreplication'",
        width=1,
    )
    for (sidecar,) in found:
        asked = f"SELECT message FROM {quote_identifier(text(sidecar))}.vreplication"
        for (message,) in link.query(f"{asked} WHERE workflow = '{uuid}'", width=1):
            return text(message)
    return ""


def open_migrations(link: Link) -> tuple[Migration, ...]:
    """Those of the shard that are not at an end. Raises ServerRefusal or LinkLost."""
    ended = ", ".join(f"'{status}'" for status in sorted(ENDED))
    found = _read(link, f"migration_status NOT IN ({ended}) OR tablet_failure = 1")
    return tuple(one for one in found if not one.has_ended)


def _read(link: Link, condition: str) -> tuple[Migration, ...]:
    rows = link.rows_by_name(f"SHOW VITESS_MIGRATIONS WHERE {condition}")
    try:
        return tuple(_migration(row) for row in rows)
    except (KeyError, ValueError):
        raise misread() from None


def _migration(row: Mapping[str, object]) -> Migration:
    """Raises KeyError or ValueError for what is no migration."""
    status = Status(text(row["migration_status"]))
    eta_s = _number(row["eta_seconds"])
    failed_with_tablet = _number(row["tablet_failure"]) != 0 and _number(row["retries"]) == 0
    return Migration(
        uuid=text(row["migration_uuid"]),
        context=text(row["migration_context"]),
        table=text(row["mysql_table"]),
        statement=text(row["migration_statement"]),
        strategy=text(row["strategy"]),
        options=text(row["options"]),
        status=status,
        is_ready=status is Status.RUNNING and _number(row["ready_to_complete"]) == 1,
        is_postponed=_number(row["postpone_completion"]) == 1,
        is_cleaned_up=row["cleanup_timestamp"] is not None,
        is_retried=status is Status.FAILED and failed_with_tablet,
        rows_copied=_number(row["rows_copied"]),
        table_rows=_number(row["table_rows"]),
        progress_percent=int(float(text(row["progress"]))),
        eta_s=eta_s if eta_s >= 0 else None,
        stage=text(row["stage"]),
        message=text(row["message"]),
        cut_overs=_number(row["cutover_attempts"]),
        throttle_ratio=float(text(row["user_throttle_ratio"])),
        throttled_by=text(row["reason_throttled"]),
        artifacts=tuple(name for name in text(row["artifacts"]).split(",") if name),
        moved=tuple(
            text(row[name])
            for name in (
                "migration_status",
                "stage",
                "message_timestamp",
                "liveness_timestamp",
                "last_throttled_timestamp",
                "rows_copied",
                "cutover_attempts",
                "ready_to_complete",
            )
        ),
    )


def _number(value: object) -> int:
    found = number(value)
    if found is None:
        raise ValueError("no number")
    return found
