"""What each kind of write to a split job is, on a connection whose transaction is open.

Every write is conditional on the phase and the revision that were read, and locks the job's row
before any other: two who write to one job come one after the other, and the second one is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from reconciler.edges.ledger.rows import known_as, problem_text
from reconciler.edges.ledger.split_tables import (
    OF_A_JOB,
    split_brackets,
    split_jobs,
    split_path,
)
from reconciler.edges.ledger.splits import rows
from reconciler.errors import Problem, Refused
from reconciler.ports.split_jobs import JobMoved
from reconciler.reshard.job import Bracket, NewSplitJob, SplitJob
from reconciler.reshard.transitions import first_row

# What every look and every step of a split sends is built once, with names in place of its values.
_AS_READ = (
    split_jobs.c.job_id == bindparam("of_job"),
    split_jobs.c.phase == bindparam("of_phase"),
    split_jobs.c.revision == bindparam("of_revision"),
)
_LOCK_AS_READ = select(split_jobs.c.job_id).where(*_AS_READ).with_for_update()
_WRITE_JOB = update(split_jobs).where(*_AS_READ)


def insert_job(connection: Connection, new: NewSplitJob, holder: str, now_s: float) -> SplitJob:
    unnumbered = first_row(new, job_id=0, holder=known_as(holder), now_s=now_s)
    columns = rows.lasting_job_columns(unnumbered) | rows.job_columns(unnumbered)
    made = connection.execute(insert(split_jobs).values(**columns))
    key = made.inserted_primary_key
    assert key is not None, "a single-row insert returns its key"
    return first_row(new, job_id=int(key[0]), holder=known_as(holder), now_s=now_s)


def write_job(connection: Connection, before: SplitJob, after: SplitJob) -> SplitJob:
    """Raises JobMoved unless the job is as it was read."""
    assert after.revision == before.revision + 1, "every write is another revision"
    changed = connection.execute(_WRITE_JOB, {**_as_read(before), **rows.job_columns(after)})
    if changed.rowcount != 1:
        raise job_moved(before)
    if after.phase is not before.phase:
        _write_path(connection, before, after)
    return after


def check_as_read(connection: Connection, job: SplitJob) -> None:
    """Locks the job's row, where the database has row locks, until the transaction ends. Raises
    JobMoved."""
    if connection.execute(_LOCK_AS_READ, _as_read(job)).first() is None:
        raise job_moved(job)


def write_bracket(connection: Connection, job: SplitJob, bracket: Bracket) -> None:
    """Raises Refused where it is further already."""
    key = (
        split_brackets.c.job_id == job.job_id,
        split_brackets.c.bracket_id == bracket.bracket_id,
    )
    columns = rows.bracket_columns(bracket)
    forward = split_brackets.c.batch <= bracket.batch
    if connection.execute(update(split_brackets).where(*key, forward).values(**columns)).rowcount:
        return
    if connection.execute(select(split_brackets.c.batch).where(*key)).first() is not None:
        raise _went_back(job, bracket)
    connection.execute(
        insert(split_brackets).values(job_id=job.job_id, bracket_id=bracket.bracket_id, **columns)
    )


def forget_jobs(connection: Connection, job_ids: Sequence[int]) -> None:
    for table in (*OF_A_JOB, split_jobs):
        connection.execute(delete(table).where(table.c.job_id.in_(job_ids)))


def job_moved(job: SplitJob) -> JobMoved:
    return JobMoved(
        Problem(
            code="split-moved",
            message=f"another process has written to split {job.job_id} of {job.keyspace} since it"
            " was read here",
            recovery="look at `reconciler status`; this process changed nothing since",
        )
    )


def _as_read(job: SplitJob) -> dict[str, object]:
    return {"of_job": job.job_id, "of_phase": job.phase.value, "of_revision": job.revision}


def _write_path(connection: Connection, before: SplitJob, after: SplitJob) -> None:
    connection.execute(
        insert(split_path).values(
            job_id=after.job_id,
            revision=after.revision,
            at_s=after.phase_since_s,
            phase_before=before.phase.value,
            phase_after=after.phase.value,
            problem=problem_text(after.problem),
        )
    )


def _went_back(job: SplitJob, bracket: Bracket) -> Refused:
    return Refused(
        Problem(
            code="split-batch-went-back",
            message=f"table {bracket.table} on its way from {bracket.source} to {bracket.target} is"
            f" further than batch {bracket.batch} of split {job.job_id}",
            recovery="run `reconciler apply` again: it asks the target how far the table is",
        )
    )
