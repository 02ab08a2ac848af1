"""What `audit` ends in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.ledger.model import Forgotten
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.failed import KeyspaceFailed


@dataclass(frozen=True, slots=True)
class StatementsOn:
    """So many statements that an apply sent, and the shards on which they were."""

    statements: int
    shards: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One apply, by what it sent itself: an earlier one of the same plan has a row of its own.
    `ran` took effect, and of `unknown` nobody has looked yet whether they did. `shards_planned`
    are all that the plan changes. `pull_request` None: no forge was asked for one when it began.
    `problem` is the code of the first failure."""

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
    shards_planned: int
    ran: StatementsOn
    failed: StatementsOn
    unknown: StatementsOn
    outcome: ApplyState
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOutcome:
    """Newest first. `more_before`: where the next page begins, None: these are all that the ledgers
    have; what they have `forgotten` came before. `failed`: ledgers of these keyspaces could not be
    asked, or may not be."""

    environment: str
    rows: tuple[AuditRow, ...]
    more_before: int | None = None
    forgotten: tuple[Forgotten, ...] = ()
    failed: tuple[KeyspaceFailed, ...] = ()


def audit_page(
    environment: str,
    rows: Sequence[AuditRow],
    limit: int,
    forgotten: tuple[Forgotten, ...] = (),
) -> AuditOutcome:
    """Those of the highest numbers, of which ledgers each have their own: a page ends behind all
    that have one and the same, for the next one begins below it. Within a page the newest stand
    first."""
    numbers = sorted((row.apply_id for row in rows), reverse=True)
    last = numbers[min(limit, len(numbers)) - 1] if numbers else 0
    shown = [row for row in rows if row.apply_id >= last]
    newest = sorted(shown, key=lambda row: (-row.started_s, -row.apply_id))
    more = last if len(shown) < len(rows) else None
    return AuditOutcome(
        environment=environment,
        rows=tuple(newest),
        more_before=more,
        forgotten=forgotten if more is None else (),
    )
