"""Past applies from the ledger alone, a row each, for whoever audits: when, what, whose, by whom
approved and started, where, how much, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from reconciler.drive.limits import FIRST_EVENTS_MAX
from reconciler.ledger.deploys import DeployStep
from reconciler.ledger.model import EVERY_APPLY, EventEntry, StoredApply, Wanted
from reconciler.ledger.reasons import Begun, TakenUp
from reconciler.ledger.reviewed import Reviewed
from reconciler.ledger.states import SETTLED, StatementState
from reconciler.model.fleet import key_order
from reconciler.outcomes.audit import AuditRow, StatementsOn
from reconciler.ports.ledger import Ledger


def audit_rows(
    ledger: Ledger,
    environment: str,
    keyspace: str,
    *,
    limit: int,
    before: int | None = None,
    region: str = "",
    wanted: Wanted = EVERY_APPLY,
) -> Iterator[AuditRow]:
    """Newest first; `before` is the number of an apply where an earlier page ended."""
    found = ledger.applies(
        environment, keyspace=keyspace, limit=limit, region=region, before=before, wanted=wanted
    )
    for stored in found:
        row = _row(ledger, stored)
        # Another apply that ends may have had it forgotten: of what is half gone nothing is told.
        if ledger.apply(stored.apply_id) is not None:
            yield row


def _row(ledger: Ledger, stored: StoredApply) -> AuditRow:
    sent = _sent(ledger, stored.apply_id)
    events = ledger.first_events(stored.apply_id, limit=FIRST_EVENTS_MAX)
    reviewed = next((one.what for one in events if isinstance(one.what, Reviewed)), None)
    return AuditRow(
        apply_id=stored.apply_id,
        environment=stored.environment,
        keyspace=stored.keyspace,
        region=stored.region or None,
        started_s=stored.started_s,
        ended_s=stored.completed_s,
        plan_id=stored.plan_id,
        commit=stored.commit,
        pull_request=reviewed.pull_request if reviewed else None,
        author=reviewed.author if reviewed else "",
        approved_by=reviewed.approved_by if reviewed else (),
        started_by=_started_by(events),
        shards_planned=sum(len(wave) for wave in stored.waves),
        ran=_in_states(sent, StatementState.APPLIED),
        failed=_in_states(sent, StatementState.FAILED),
        unknown=_in_states(sent, StatementState.INTENDED, StatementState.UNKNOWN),
        outcome=stored.state,
        problem=stored.problem.code if stored.problem else "",
    )


def _sent(ledger: Ledger, apply_id: int) -> Mapping[str, Mapping[StatementState, int]]:
    """By this apply itself: what an operation counts as done may have been so when it began."""
    if DeployStep.CUT_OVER not in ledger.deploys(apply_id):
        return ledger.sent(apply_id)
    # A deploy request, which takes effect as a whole and knows no single statement.
    found: dict[str, Counter[StatementState]] = {}
    for row in ledger.operations(apply_id):
        of_shard = found.setdefault(row.shard, Counter())
        of_shard[StatementState.APPLIED] += row.statements_done
        if row.state not in SETTLED:
            of_shard[StatementState.UNKNOWN] += row.statements - row.statements_done
    return found


def _in_states(
    sent: Mapping[str, Mapping[StatementState, int]], *states: StatementState
) -> StatementsOn:
    counts = {shard: sum(of.get(state, 0) for state in states) for shard, of in sent.items()}
    shards = sorted((shard for shard, number in counts.items() if number), key=key_order)
    return StatementsOn(sum(counts.values()), tuple(shards))


def _started_by(events: list[EventEntry]) -> str:
    return next((one.what.by for one in events if isinstance(one.what, Begun | TakenUp)), "")
