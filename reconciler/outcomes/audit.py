"""What `audit` ends in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.ledger.states import ApplyState


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One apply. `statements` are those that took effect; `pull_request` None: no forge was asked
    for one when it began. `problem` is the code of the first failure."""

    apply_id: int
    environment: str
    keyspace: str
    region: str | None
    started_s: float
    ended_s: float | None
    plan_id: str
    commit: str
    pull_request: int | None
    author: str
    approved_by: tuple[str, ...]
    started_by: str
    shards: int
    statements: int
    outcome: ApplyState
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOutcome:
    """Newest first. `more_before`: where the next page begins, None: these are all."""

    environment: str
    rows: tuple[AuditRow, ...]
    more_before: int | None = None


def audit_page(environment: str, rows: Sequence[AuditRow], limit: int) -> AuditOutcome:
    """The newest of all, by their numbers; where there are more, the next page begins behind the
    last. Of several ledgers each counts for itself: those with the last one's number are all of
    this page, for the next one has none of them."""
    newest = sorted(rows, key=lambda row: -row.apply_id)
    if len(newest) <= limit:
        return AuditOutcome(environment=environment, rows=tuple(newest))
    last = newest[limit - 1].apply_id
    shown = tuple(row for row in newest if row.apply_id >= last)
    more = last if len(shown) < len(newest) else None
    return AuditOutcome(environment=environment, rows=shown, more_before=more)
