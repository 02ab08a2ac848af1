"""What the ledger knows of the moves of a keyspace: the live one, or, asked for, those that
ended."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import ReconcilerError
from reconciler.ledger.states import RequestState
from reconciler.limits import STATUS_APPLIES_MAX
from reconciler.outcomes.split import SplitStatus
from reconciler.ports.split_jobs import SplitJobs
from reconciler.reshard.job import Bracket, JobProgress, SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.files import read_split_plan
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.tree import FileTree


def current_split(
    jobs: SplitJobs, environment: str, keyspace: str, *, tree: FileTree
) -> SplitStatus | None:
    """`tree` may hold the plan that it was begun by, with estimates of its rows."""
    job = jobs.live(environment, keyspace)
    if job is None:
        return None
    brackets, progress = jobs.brackets(job.job_id), jobs.progress(job.job_id)
    plan = _plan_of(tree, job)
    copied_of = None if plan is None else _copied_of(brackets, plan)
    return SplitStatus(
        job=job,
        brackets=brackets,
        approvals=jobs.approvals(job.job_id),
        requests=jobs.requests(job.job_id, RequestState.PENDING),
        progress=progress,
        copied_of=copied_of,
        left_s=left_s(job, progress, copied_of),
    )


def past_splits(
    jobs: SplitJobs,
    environment: str,
    keyspace: str,
    *,
    phase: Phase | None = None,
    before: int | None = None,
) -> tuple[SplitStatus, ...]:
    """The newest first, of those that ended in `phase` (None: in any), below the number `before`:
    the last one that was shown is where the next page begins."""
    ended = jobs.ended(
        environment, keyspace=keyspace, phase=phase, before=before, limit=STATUS_APPLIES_MAX
    )
    return tuple(SplitStatus(job=job) for job in ended)


def _plan_of(tree: FileTree, job: SplitJob) -> SplitPlan | None:
    """None for one that is not there, or cannot be read: `apply` says so, and status goes on."""
    try:
        plan = read_split_plan(tree, job.environment, job.keyspace)
    except ReconcilerError:
        return None
    return plan if plan is not None and plan.plan_id == job.plan_id else None


def _copied_of(brackets: Sequence[Bracket], plan: SplitPlan) -> tuple[int, int] | None:
    """A row of a source is read once, and goes to one target, or to all of them; Vitess' streams
    each take rows of their own target from it."""
    moved = {table.name for table in plan.core.moved}
    estimated = [size.rows for size in plan.meta.sizes if size.table in moved]
    if not estimated or any(rows is None for rows in estimated):
        return None
    read: dict[tuple[str, str, str], int] = {}
    for one in brackets:
        place = (one.source, one.table, one.target if plan.core.is_of_vitess else "")
        read[place] = max(read.get(place, 0), one.rows_scanned)
    return sum(read.values()), sum(rows or 0 for rows in estimated)


def left_s(
    job: SplitJob, progress: JobProgress | None, copied_of: tuple[int, int] | None
) -> float | None:
    """Of the copy; behind it, of what has queued up, if it goes over faster than it comes."""
    if progress is None:
        return None
    if job.phase is Phase.BACKFILL:
        if copied_of is None or not progress.copied_per_s:
            return None
        read, there = copied_of
        return max(there - read, 0) / progress.copied_per_s
    if job.phase is not Phase.CATCHUP or progress.drained_per_s is None:
        return None
    gain = progress.drained_per_s - (progress.arrivals_per_s or 0.0)
    return progress.queued / gain if gain > 0 else None
