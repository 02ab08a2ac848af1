"""What people asked of an apply, held against who goes on with it though nobody asked.

RG-50: a stop holds until somebody resumes, and what has ended is begun again by a person alone. It
is read in the transaction that takes the lease, and in the order of the requests' numbers: two
machines' clocks tell nothing about who spoke last.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from reconciler.edges.ledger import rows
from reconciler.edges.ledger.tables import applies, requests
from reconciler.errors import Problem, Refused
from reconciler.ledger.codec import told_text
from reconciler.ledger.last_word import OF_ENDED, OF_UNFINISHED
from reconciler.ledger.model import NewApply, StoredApply
from reconciler.ledger.resumes import TakenUpAgain
from reconciler.ledger.states import ApplyState, RequestKind, RequestState

# Locks what it reads, where the database has row locks: a stop that is being recorded is waited
# for, and the answer is not that of a look which the transaction took before.
_LAST_WORD = (
    select(requests.c.request_id, requests.c.kind)
    .where(
        requests.c.apply_id == bindparam("of_apply"),
        requests.c.kind.in_(bindparam("of_kinds", expanding=True)),
    )
    .order_by(requests.c.request_id.desc())
    .limit(1)
    .with_for_update()
)


_IF_LEFT = "`reconciler retry`, or `reconciler apply`, if what is left of the plan is to be run"
_BY_END = {
    ApplyState.COMPLETED: "`reconciler drift` shows what somebody has taken back since: plan again,"
    " or run `reconciler apply` if it is to be done once more",
    ApplyState.FAILED: _IF_LEFT,
    ApplyState.CANCELLED: _IF_LEFT,
}


def check_not_stopped(connection: Connection, apply: StoredApply, *, after: int = 0) -> int:
    """The number of the last word. Raises Refused (`apply-stopped`) if that is a stop behind the
    request `after`. It counts whatever became of it: who was asked may have died before it was
    written down."""
    last = _last_word(connection, apply.apply_id, OF_UNFINISHED)
    if last is None:
        return 0
    if last.kind == RequestKind.STOP.value and last.request_id > after:
        raise Refused(
            Problem(
                code="apply-stopped",
                message=f"somebody asked apply {apply.apply_id} of {apply.keyspace} to stop, and"
                " nobody has resumed it since",
                recovery="`reconciler resume` it, or `reconciler retry` where it is gone on with by"
                " a controller or by the next jobs of its run, or `reconciler cancel` it",
            )
        )
    return int(last.request_id)


def note_resume(
    connection: Connection, apply_id: int, asked_by: str, holder: str, now_s: float
) -> int:
    """The number of the request."""
    made = connection.execute(
        insert(requests).values(
            apply_id=apply_id,
            kind=RequestKind.RESUME.value,
            asked_by=rows.known_as(asked_by),
            asked_s=now_s,
            state=RequestState.APPLIED.value,
            answer=told_text(TakenUpAgain(holder)),
        )
    )
    key = made.inserted_primary_key
    assert key is not None, "a single-row insert returns its key"
    return int(key[0])


def check_not_ended(
    connection: Connection, new: NewApply, stays_ended: frozenset[ApplyState]
) -> None:
    """Raises Refused (`apply-ended`) unless a retry of it is the last word. The caller has made
    sure that none is unfinished."""
    of = applies.c
    latest = connection.execute(
        select(of.apply_id, of.plan_id, of.state)
        .where(
            of.environment == new.environment,
            of.keyspace == new.keyspace,
            of.region == new.region,
        )
        .order_by(of.apply_id.desc())
        .limit(1)
    ).first()
    if latest is None or latest.plan_id != new.plan_id or latest.state not in stays_ended:
        return
    last = _last_word(connection, latest.apply_id, OF_ENDED)
    if last is None or last.kind != RequestKind.RETRY.value:
        raise Refused(
            Problem(
                code="apply-ended",
                message=f"apply {latest.apply_id} of {new.keyspace} was of this very plan and has"
                f" ended as {latest.state}: nothing begins another one by itself",
                recovery=_BY_END[ApplyState(latest.state)],
            )
        )


def _last_word(connection: Connection, apply_id: int, kinds: tuple[RequestKind, ...]) -> Any:
    """Its number and its kind; None: nobody has said any."""
    of = {"of_apply": apply_id, "of_kinds": [kind.value for kind in kinds]}
    return connection.execute(_LAST_WORD, of).first()
