"""The record of split jobs in the ledger's database.

Rule: what a method has recorded is on disk when it returns, and a COMMIT whose answer was lost is
told as unknown, never as failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Engine,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from reconciler.edges.ledger.engine import GroupCommit, deciding, reading
from reconciler.edges.ledger.rows import Row, known_as, problem_text
from reconciler.edges.ledger.split_tables import (
    LIVE,
    split_approvals,
    split_brackets,
    split_jobs,
    split_path,
    split_progress,
    split_requests,
)
from reconciler.edges.ledger.splits import rows
from reconciler.edges.ledger.splits.catalog import (
    check_routers,
    forget_leases,
    lock_catalog,
)
from reconciler.edges.ledger.splits.clock import read_now_s
from reconciler.edges.ledger.splits.writes import (
    check_as_read,
    forget_jobs,
    insert_job,
    write_bracket,
    write_job,
)
from reconciler.edges.ledger.unfinished import check_free_for_split, check_no_apply
from reconciler.errors import Problem, Refused
from reconciler.ledger.states import RequestState
from reconciler.reshard.catalog import check_version, not_adopted
from reconciler.reshard.job import (
    NO_CHANGE,
    Approval,
    Approved,
    Bracket,
    JobChange,
    JobProgress,
    JobRequest,
    JobRequestKind,
    NewSplitJob,
    PhaseEntry,
    SplitEngine,
    SplitJob,
)
from reconciler.reshard.phases import Phase
from reconciler.reshard.transitions import let_go, moved

# What every look of a split asks is built once, with names in place of its values.
_OF_JOB: BindParameter[int] = bindparam("of_job")
_JOB = select(split_jobs).where(split_jobs.c.job_id == _OF_JOB)
_LOCKED_JOB = _JOB.with_for_update()
_BEAT = update(split_jobs).where(split_jobs.c.job_id == _OF_JOB)
_PROGRESS = select(split_progress).where(split_progress.c.job_id == _OF_JOB)
_FORGET_PROGRESS = delete(split_progress).where(split_progress.c.job_id == _OF_JOB)
_TELL = insert(split_progress)
_APPROVALS = (
    select(split_approvals)
    .where(split_approvals.c.job_id == _OF_JOB)
    .order_by(split_approvals.c.approved_s, split_approvals.c.approval)
)
_REQUESTS_MADE = select(split_requests).where(split_requests.c.job_id == _OF_JOB)
_REQUESTS = _REQUESTS_MADE.order_by(split_requests.c.request_id)
_REQUESTS_IN = _REQUESTS_MADE.where(split_requests.c.state == bindparam("of_state")).order_by(
    split_requests.c.request_id
)


class SqlSplitJobs:
    """Implements the SplitJobs port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._group = GroupCommit(lambda: deciding(engine))

    def open(self, new: NewSplitJob, *, holder: str, now_s: float) -> SplitJob:
        with deciding(self._engine) as connection:
            check_free_for_split(connection, new.environment, new.keyspace)
            if new.engine is SplitEngine.TRACKER:
                _check_catalog(connection, new)
            return insert_job(connection, new, holder, now_s)

    def live(self, environment: str, keyspace: str) -> SplitJob | None:
        job = split_jobs.c
        found = self._rows(
            select(split_jobs).where(
                job.environment == environment, job.keyspace == keyspace, job.live_slot == LIVE
            )
        )
        return rows.stored_job(found[0]) if found else None

    def job(self, job_id: int) -> SplitJob | None:
        found = self._rows(_JOB, of_job=job_id)
        return rows.stored_job(found[0]) if found else None

    def settled(self, job_id: int) -> SplitJob:
        with deciding(self._engine) as connection:  # waits for whoever has the row locked
            found = connection.execute(_LOCKED_JOB, {"of_job": job_id})
            return rows.stored_job(found.mappings().one())

    def take_up(self, job: SplitJob, *, holder: str, now_s: float) -> SplitJob:
        return self._write(job, replace(job, holder=known_as(holder), heartbeat_s=now_s))

    def beat(self, job: SplitJob, *, now_s: float, progress: JobProgress | None = None) -> None:
        with deciding(self._engine) as connection:
            check_as_read(connection, job)
            connection.execute(_BEAT, {"of_job": job.job_id, "heartbeat_s": now_s})
            if progress is not None:
                connection.execute(_FORGET_PROGRESS, {"of_job": job.job_id})
                connection.execute(_TELL, rows.progress_columns(job.job_id, progress))

    def progress(self, job_id: int) -> JobProgress | None:
        found = self._rows(_PROGRESS, of_job=job_id)
        return rows.stored_progress(found[0]) if found else None

    def put_down(self, job: SplitJob) -> SplitJob:
        return self._write(job, replace(job, holder=None))

    def move(
        self, job: SplitJob, to: Phase, *, change: JobChange = NO_CHANGE, now_s: float
    ) -> SplitJob:
        after = moved(job, to, change=change, now_s=now_s)
        with deciding(self._engine) as connection:
            if after.cutover_s is not None and job.cutover_s is None:
                after = replace(after, cutover_s=read_now_s(connection))
            write_job(connection, job, after)
            if to is Phase.FENCE and to is not job.phase:
                check_routers(connection, job)
            return after

    def since_cutover_s(self, job: SplitJob) -> float | None:
        if job.cutover_s is None:
            return None
        with reading(self._engine) as connection:
            return read_now_s(connection) - job.cutover_s

    def hold(self, job: SplitJob, by: str | None) -> SplitJob:
        return self._write(job, replace(job, held_by=None if by is None else known_as(by)))

    def let_go(self, job: SplitJob) -> SplitJob:
        after = let_go(job)
        with deciding(self._engine) as connection:
            return write_job(connection, job, after)

    def reserve(self, job: SplitJob) -> SplitJob:
        with deciding(self._engine) as connection:
            check_no_apply(connection, job.environment, job.keyspace)
            after = replace(job, reserves=True, revision=job.revision + 1)
            return write_job(connection, job, after)

    def brackets(self, job_id: int) -> tuple[Bracket, ...]:
        wanted = select(split_brackets).where(split_brackets.c.job_id == job_id)
        found = self._rows(wanted.order_by(split_brackets.c.bracket_id))
        return tuple(rows.stored_bracket(row) for row in found)

    def record(self, job: SplitJob, brackets: Sequence[Bracket]) -> None:
        def write(connection: Connection) -> None:
            check_as_read(connection, job)
            for bracket in brackets:
                write_bracket(connection, job, bracket)

        self._group.submit(write)

    def path(self, job_id: int) -> tuple[PhaseEntry, ...]:
        wanted = select(split_path).where(split_path.c.job_id == job_id)
        return tuple(
            rows.phase_entry(row) for row in self._rows(wanted.order_by(split_path.c.revision))
        )

    def approvals(self, job_id: int) -> tuple[Approved, ...]:
        found = self._rows(_APPROVALS, of_job=job_id)
        return tuple(rows.stored_approval(row) for row in found)

    def approve(
        self, job_id: int, approval: Approval, *, plan_id: str, by: str, now_s: float
    ) -> None:
        with deciding(self._engine) as connection:
            found = connection.execute(_LOCKED_JOB, {"of_job": job_id})
            job = rows.stored_job(found.mappings().one())
            if job.plan_id != plan_id:
                raise _other_plan(job, plan_id)
            row = split_approvals.c.job_id == job_id, split_approvals.c.approval == approval.value
            if connection.execute(select(split_approvals).where(*row)).first() is None:
                connection.execute(
                    insert(split_approvals).values(
                        job_id=job_id,
                        approval=approval.value,
                        approved_by=known_as(by),
                        approved_s=now_s,
                    )
                )

    def ask(self, job_id: int, kind: JobRequestKind, *, asked_by: str, now_s: float) -> JobRequest:
        asker = known_as(asked_by)
        with deciding(self._engine) as connection:
            made = connection.execute(
                insert(split_requests).values(
                    job_id=job_id,
                    kind=kind.value,
                    asked_by=asker,
                    asked_s=now_s,
                    state=RequestState.PENDING.value,
                )
            )
            key = made.inserted_primary_key
        assert key is not None, "a single-row insert returns its key"
        return JobRequest(
            request_id=int(key[0]), job_id=job_id, kind=kind, asked_by=asker, asked_s=now_s
        )

    def answer(self, request_id: int, state: RequestState, problem: Problem | None = None) -> None:
        with deciding(self._engine) as connection:
            connection.execute(
                update(split_requests)
                .where(
                    split_requests.c.request_id == request_id,
                    split_requests.c.state == RequestState.PENDING.value,
                )
                .values(state=state.value, problem=problem_text(problem))
            )

    def requests(self, job_id: int, state: RequestState | None = None) -> tuple[JobRequest, ...]:
        if state is None:
            found = self._rows(_REQUESTS, of_job=job_id)
        else:
            found = self._rows(_REQUESTS_IN, of_job=job_id, of_state=state.value)
        return tuple(rows.stored_request(row) for row in found)

    def ended(
        self,
        environment: str,
        *,
        keyspace: str | None = None,
        phase: Phase | None = None,
        before: int | None = None,
        limit: int,
    ) -> tuple[SplitJob, ...]:
        job = split_jobs.c
        wanted = select(split_jobs).where(job.environment == environment, job.live_slot.is_(None))
        if keyspace is not None:
            wanted = wanted.where(job.keyspace == keyspace)
        if phase is not None:
            wanted = wanted.where(job.phase == phase.value)
        if before is not None:
            wanted = wanted.where(job.job_id < before)
        found = self._rows(wanted.order_by(job.job_id.desc()).limit(limit))
        return tuple(rows.stored_job(row) for row in found)

    def sweep(self, *, ended_before_s: float, keep: int, limit: int) -> int:
        job = split_jobs.c
        has_ended = select(job.job_id).where(job.live_slot.is_(None))
        with deciding(self._engine) as connection:
            kept = has_ended.order_by(job.job_id.desc()).limit(1).offset(keep)
            surplus = connection.execute(kept).scalar()
            too_old = job.ended_s < ended_before_s
            is_due = too_old if surplus is None else or_(too_old, job.job_id <= surplus)
            oldest_first = has_ended.where(is_due).order_by(job.job_id).limit(limit)
            due = [int(job_id) for job_id in connection.execute(oldest_first).scalars()]
            forget_jobs(connection, due)
            forget_leases(connection, limit)
        return len(due)

    def _write(self, job: SplitJob, after: SplitJob) -> SplitJob:
        with deciding(self._engine) as connection:
            return write_job(connection, job, replace(after, revision=job.revision + 1))

    def _rows(self, wanted: Any, **of: object) -> list[Row]:
        with reading(self._engine) as connection:
            return list(connection.execute(wanted, of).mappings())


def _check_catalog(connection: Connection, new: NewSplitJob) -> None:
    """Nobody changes the version from here to the end of the transaction."""
    catalog = lock_catalog(connection, new.environment, new.keyspace)
    if catalog is None:
        raise not_adopted(new.environment, new.keyspace)
    check_version(catalog, new.expected_version)


def _other_plan(job: SplitJob, plan_id: str) -> Refused:
    return Refused(
        Problem(
            code="split-other-plan",
            message=f"split {job.job_id} of {job.keyspace} carries out plan {job.plan_id}, and"
            f" {plan_id} was approved",
            recovery="look at `reconciler status`, and approve the plan that is carried out",
        )
    )
