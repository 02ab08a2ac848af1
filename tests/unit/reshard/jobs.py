"""A small split, and its job in any phase."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Problem
from reconciler.reshard.job import (
    JobChange,
    NewSplitJob,
    SplitEngine,
    SplitJob,
    cut_over,
    first_row,
    moved,
    opened,
)
from reconciler.reshard.phases import Phase

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
