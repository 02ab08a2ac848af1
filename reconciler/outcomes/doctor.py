"""What `doctor` ends in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CheckMark(StrEnum):
    """`doctor`: a warning works today and may not tomorrow."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """One check: `subject` is what was looked at, `shard` which shard if it was one, `recovery`
    how to fix it."""

    subject: str
    shard: str | None = None
    mark: CheckMark
    message: str
    recovery: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorOutcome:
    environment: str
    keyspace: str
    findings: tuple[DoctorFinding, ...]
    region: str | None = None
