"""A small split, its job in any phase, and ledgers that hold it."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import insert, text, update

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.split_tables import route_leases, split_jobs
from reconciler.edges.ledger.splits.clock import NOW_US
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Problem
from reconciler.reshard.catalog import Catalog
from reconciler.reshard.job import JobChange, NewSplitJob, SplitEngine, SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.transitions import cut_over, first_row, moved, opened

BROKE = Problem(code="x", message="it broke", recovery="fix it")
FORWARD = (
    Phase.BACKFILL,
    Phase.CATCHUP,
    Phase.ARM,
    Phase.FENCE,
    Phase.DELTA_COPY,
    Phase.CUTOVER,
)


def new_job(keyspace: str = "commerce", **changes: object) -> NewSplitJob:
    new = NewSplitJob(
        environment="production",
        keyspace=keyspace,
        plan_id="sha256:1",
        commit="c" * 40,
        engine=SplitEngine.TRACKER,
        sources=("-80",),
        targets=("-40", "40-80"),
        expected_version=1,
    )
    return replace(new, **changes)  # type: ignore[arg-type]


def planned(**changes: object) -> SplitJob:
    return replace(first_row(new_job(), job_id=7, holder="me", now_s=1.0), **changes)  # type: ignore[arg-type]


def at(phase: Phase) -> SplitJob:
    """The job in a phase before its cutover, at its clean-up, or ended well."""
    job = planned()
    for number, step in enumerate(FORWARD):
        if job.phase is phase:
            return job
        job = moved(job, step, now_s=2.0 + number)
    if phase is Phase.CUTOVER:
        return job
    job = opened(cut_over(job, now_s=10.0))
    return job if phase is Phase.CLEANUP else moved(job, Phase.DONE, now_s=11.0)


def failed_in(phase: Phase, retry_phase: Phase) -> SplitJob:
    change = JobChange(problem=BROKE, retry_phase=retry_phase)
    return moved(at(phase), Phase.FAILED, change=change, now_s=12.0)


SHARDS = ("-80", "80-")


def adopted_in(ledger: SqlLedger, keyspace: str = "commerce") -> Catalog:
    return ledger.routes.adopt(
        "production", keyspace, key_function="xxhash", shards=SHARDS, by="ada", now_s=0.5
    )


def opened_in(ledger: SqlLedger, keyspace: str = "commerce") -> SplitJob:
    """A split of version 1 that has just begun."""
    adopted_in(ledger, keyspace)
    return ledger.split_jobs.open(new_job(keyspace), holder="me", now_s=1.0)


def brought_to(ledger: SqlLedger, job: SplitJob, phase: Phase) -> SplitJob:
    """By the way forward, from where it is, to a phase up to its cutover."""
    for step in FORWARD[FORWARD.index(job.phase) + 1 if job.phase in FORWARD else 0 :]:
        if job.phase is phase:
            break
        job = ledger.split_jobs.move(job, step, now_s=2.0)
    return job


def serving_in(ledger: SqlLedger, keyspace: str = "commerce") -> SplitJob:
    """Behind its cutover; its targets serve."""
    job = brought_to(ledger, opened_in(ledger, keyspace), Phase.CUTOVER)
    return ledger.routes.open_targets(ledger.routes.cut_over(job))


def later(ledger: SqlLedger, seconds: float) -> None:
    """As if its own clock had gone on so far since the live split's cutover."""
    with writing(ledger._engine) as connection:
        cutover_s = split_jobs.c.cutover_s
        connection.execute(update(split_jobs).values(cutover_s=cutover_s - seconds))


def ended_in(ledger: SqlLedger, job: SplitJob, *, now_s: float = 9.0) -> SplitJob:
    job = ledger.split_jobs.move(job, Phase.ABANDONING, now_s=now_s)
    return ledger.split_jobs.move(job, Phase.ABANDONED, now_s=now_s)


def leased(
    ledger: SqlLedger, router: str, *, version: int, capabilities: str = "split-v1", left_s: int
) -> None:
    """As the reference client registers itself, which does it by the server's clock."""
    with writing(ledger._engine) as connection:
        dialect = "sqlite" if connection.dialect.name == "sqlite" else "mysql"
        now_us = connection.execute(text(f"SELECT {NOW_US[dialect]}")).scalar()
        assert isinstance(now_us, int)
        connection.execute(
            insert(route_leases).values(
                environment="production",
                keyspace="commerce",
                router=router,
                seen_version=version,
                capabilities=capabilities,
                lease_until_us=now_us + left_s * 1_000_000,
            )
        )
