"""What `audit` ends in."""

from __future__ import annotations

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
