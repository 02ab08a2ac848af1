"""Applies and splits exclude each other: who holds a keyspace, and whose turn it is to ask.

Both are looked for in the transaction that begins either, behind a write to the keyspace's row
that the other one has to wait for: of two processes that begin at once, the second sees the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, select, text

from reconciler.edges.ledger import rows
from reconciler.edges.ledger.split_tables import LETS_GO, LIVE, keyspaces, split_jobs
from reconciler.edges.ledger.tables import applies
from reconciler.errors import Problem, Refused
from reconciler.ledger.model import StoredApply
from reconciler.ledger.states import FINISHED
from reconciler.plan.visible import visible_line

_UNFINISHED = (
    select(applies)
    .where(
        applies.c.environment == bindparam("of_environment"),
        applies.c.keyspace == bindparam("of_keyspace"),
        applies.c.region.in_(bindparam("of_regions", expanding=True)),
        applies.c.state.not_in([state.value for state in FINISHED]),
    )
    .order_by(applies.c.apply_id.desc())
    .limit(1)
)
_BEGIN = f"INSERT INTO {keyspaces.name} (environment, keyspace, turns) VALUES (:e, :k, 1)"
_AGAIN = {
    "sqlite": "ON CONFLICT (environment, keyspace) DO UPDATE SET turns = turns + 1",
    # Takes the row's exclusive lock at once: INSERT IGNORE would share it, and two who then both
    # want it for themselves end in a deadlock.
    "mysql": "ON DUPLICATE KEY UPDATE turns = turns + 1",
}


def check_free(connection: Connection, environment: str, keyspace: str, region: str = "") -> None:
    """For an apply: nobody else begins anything on the keyspace until this transaction ends. Two
    regions have no shard in common; what is of all shards has one with each of them (RG-20). A
    split whose targets serve lets applies begin (SP-79). Raises Refused (`apply-unfinished`,
    `split-unfinished`)."""
    check_no_apply(connection, environment, keyspace, region)
    _check_no_split(connection, environment, keyspace, split_jobs.c.reserves != LETS_GO)


def check_free_for_split(connection: Connection, environment: str, keyspace: str) -> None:
    """The same, for a split: it comes behind the whole of any other."""
    check_no_apply(connection, environment, keyspace)
    _check_no_split(connection, environment, keyspace)


def check_no_apply(
    connection: Connection, environment: str, keyspace: str, region: str = ""
) -> None:
    """And none begins until this transaction ends. Raises Refused (`apply-unfinished`)."""
    take_turn(connection, environment, keyspace)
    regions = ("", region) if region else _regions_of(connection, environment, keyspace)
    if found := find_unfinished(connection, environment, keyspace, regions):
        raise _apply_unfinished(found)


def take_turn(connection: Connection, environment: str, keyspace: str) -> None:
    """Wait until no other transaction is about to begin something on the keyspace."""
    dialect = "sqlite" if connection.dialect.name == "sqlite" else "mysql"
    turn = text(f"{_BEGIN} {_AGAIN[dialect]}")
    connection.execute(turn, {"e": environment, "k": keyspace})


def find_unfinished(
    connection: Connection, environment: str, keyspace: str, regions: Sequence[str]
) -> StoredApply | None:
    of = {"of_environment": environment, "of_keyspace": keyspace, "of_regions": regions}
    row = connection.execute(_UNFINISHED, of).mappings().first()
    return rows.stored_apply(row) if row else None


def _regions_of(connection: Connection, environment: str, keyspace: str) -> tuple[str, ...]:
    """Those of every apply that there was."""
    of = (applies.c.environment == environment, applies.c.keyspace == keyspace)
    return ("", *connection.execute(select(applies.c.region).where(*of).distinct()).scalars())


def _check_no_split(
    connection: Connection, environment: str, keyspace: str, *of: ColumnElement[bool]
) -> None:
    """Of any protocol: whoever began it, it is there."""
    job = split_jobs.c
    wanted = select(job.job_id, job.phase, job.plan_id, job.commit_id).where(
        job.environment == environment, job.keyspace == keyspace, job.live_slot == LIVE, *of
    )
    if (found := connection.execute(wanted).first()) is not None:
        job_id, phase, plan_id, commit = (
            visible_line(str(value), limit_chars=80) for value in found
        )
        raise Refused(
            Problem(
                code="split-unfinished",
                message=f"split {job_id} of {keyspace} is in its phase {phase} and keeps the"
                f" keyspace reserved (plan {plan_id})",
                recovery="let `reconciler apply` go on with it until its targets serve, or have it"
                " give the split up after a `reconciler abandon` before its cutover: with"
                f" `retiring` in the spec, and the plan, as they are at commit {commit[:12]}",
            )
        )


def _apply_unfinished(found: StoredApply) -> Refused:
    return Refused(
        Problem(
            code="apply-unfinished",
            message=f"apply {found.apply_id} of {found.keyspace}{_in_region(found)} is"
            f" {found.state} and keeps its shards reserved (plan {found.plan_id})",
            recovery="`reconciler resume` it, or `reconciler cancel` it",
        )
    )


def _in_region(found: StoredApply) -> str:
    return f" in region {found.region}" if found.region else ""
