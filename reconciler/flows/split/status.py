"""What the ledger knows of the moves of a keyspace: the live one, or, asked for, those that
ended."""

from __future__ import annotations

from reconciler.ledger.states import RequestState
from reconciler.limits import STATUS_APPLIES_MAX
from reconciler.outcomes.split import SplitStatus
from reconciler.ports.split_jobs import SplitJobs


def current_split(jobs: SplitJobs, environment: str, keyspace: str) -> SplitStatus | None:
    job = jobs.live(environment, keyspace)
    if job is None:
        return None
    return SplitStatus(
        job=job,
        brackets=jobs.brackets(job.job_id),
        approvals=jobs.approvals(job.job_id),
        requests=jobs.requests(job.job_id, RequestState.PENDING),
    )


def past_splits(jobs: SplitJobs, environment: str, keyspace: str) -> tuple[SplitStatus, ...]:
    """The newest first."""
    ended = jobs.ended(environment, keyspace=keyspace, limit=STATUS_APPLIES_MAX)
    return tuple(SplitStatus(job=job) for job in ended)
