"""What a person asks of a live move: to stop, to go on, to try again, to give up; and what a person
allows: the cutover, the clean-up.

Requests are durable before anybody is told that they were made; the tick that drives the job
answers them, or the next one. An approval is given to the plan that stands in the person's own
tree, and counts for no other (SP-78).
"""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from reconciler.errors import Problem, Refused
from reconciler.outcomes.split import SplitAsked, SplitControlOutcome
from reconciler.ports.split_jobs import SplitJobs
from reconciler.reshard.job import Approval, JobRequestKind, SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.model import SplitPlan
from reconciler.reshard.transitions import why_not_retried
from reconciler.reshard.vitess.failures import why_not_taken_back


class Whose(StrEnum):
    """Of what on a keyspace something is asked that can be asked of both."""

    SPLIT = "split"
    APPLY = "apply"


def whose(job: SplitJob, asked: SplitAsked, *, is_applying: bool) -> tuple[Whose, ...]:
    """Beside a split that lets go of its keyspace an apply may run for days (SP-79): a stop is for
    both, a retry for what has failed, and anything else for the apply as long as it is not over."""
    if job.reserves:
        return (Whose.SPLIT,)
    if asked is SplitAsked.STOP:
        return (Whose.SPLIT, Whose.APPLY) if is_applying else (Whose.SPLIT,)
    if asked is SplitAsked.RETRY:
        return (Whose.SPLIT,) if job.phase is Phase.FAILED else (Whose.APPLY,)
    return (Whose.APPLY,) if is_applying else (Whose.SPLIT,)


def ask_split(
    jobs: SplitJobs,
    job: SplitJob,
    asked: SplitAsked,
    *,
    plan: SplitPlan | None,
    by: str,
    now_s: float,
) -> SplitControlOutcome:
    """`plan` is the one in the tree, which only a release needs. Raises Refused for what the job
    can never be asked in its phase."""
    match asked:
        case SplitAsked.RELEASE | SplitAsked.RELEASE_CLEANUP:
            return _released(jobs, job, asked, plan, by=by, now_s=now_s)
        case SplitAsked.RETRY:
            _check(why_not_retried(job))
            kind = JobRequestKind.RETRY
        case SplitAsked.ABANDON:
            approved = {one.approval for one in jobs.approvals(job.job_id)}
            _check(why_not_taken_back(job, approved))
            kind = JobRequestKind.ABANDON
        case SplitAsked.STOP:
            kind = JobRequestKind.STOP
        case SplitAsked.RESUME:
            kind = JobRequestKind.RESUME
        case _:
            assert_never(asked)
    jobs.ask(job.job_id, kind, asked_by=by, now_s=now_s)
    return _outcome(job, asked)


def _released(
    jobs: SplitJobs,
    job: SplitJob,
    asked: SplitAsked,
    plan: SplitPlan | None,
    *,
    by: str,
    now_s: float,
) -> SplitControlOutcome:
    """What drops tables is allowed by its name (SP-105): a release that is said twice, or that a
    cutover has overtaken, means no more than it did."""
    if plan is None:
        raise Refused(_without_plan(job))
    approved = {one.approval for one in jobs.approvals(job.job_id)}
    wanted = Approval.CLEANUP if asked is SplitAsked.RELEASE_CLEANUP else Approval.CUTOVER
    if (wanted is Approval.CLEANUP) != job.is_past_cutover:
        raise Refused(_other_step(job))
    if wanted in approved:
        raise Refused(_nothing_to_release(job, wanted))
    jobs.approve(job.job_id, wanted, plan_id=plan.plan_id, by=by, now_s=now_s)
    return _outcome(job, asked, wanted)


def _outcome(
    job: SplitJob, asked: SplitAsked, approval: Approval | None = None
) -> SplitControlOutcome:
    return SplitControlOutcome(
        environment=job.environment,
        keyspace=job.keyspace,
        asked=asked,
        job_id=job.job_id,
        is_driven=job.holder is not None,
        approval=approval,
    )


def _check(problem: Problem | None) -> None:
    if problem is not None:
        raise Refused(problem)


def _without_plan(job: SplitJob) -> Problem:
    return Problem(
        code="split-release-without-plan",
        message=f"split {job.job_id} of {job.keyspace}: its plan {job.plan_id} is not in this tree,"
        " so that nobody here knows what would be released",
        recovery="use a checkout of the protected branch, where the plan is, and look at it with"
        " `reconciler show`",
    )


def _nothing_to_release(job: SplitJob, wanted: Approval) -> Problem:
    return Problem(
        code="split-released-already",
        message=f"split {job.job_id} of {job.keyspace}: its {wanted} is released already; it is in"
        f" its phase {job.phase}",
        recovery="let `reconciler apply` go on with it",
    )


def _other_step(job: SplitJob) -> Problem:
    if not job.is_past_cutover:
        return Problem(
            code="split-cleanup-early",
            message=f"split {job.job_id} of {job.keyspace} is before its cutover, in its phase"
            f" {job.phase}: nothing is to be cleaned up yet",
            recovery="release the cutover first, by `reconciler release` without --clean-up",
        )
    ends = "gives up the sources" if job.is_of_vitess else "drops the sources' tables"
    return Problem(
        code="split-cleanup-unnamed",
        message=f"split {job.job_id} of {job.keyspace} is past its cutover: what is left to be"
        f" released is its clean-up, which {ends}",
        recovery="run `reconciler release --clean-up` when nothing misses them",
    )


def no_split(keyspace: str, environment: str) -> Problem:
    return Problem(
        code="split-none",
        message=f"no split of {keyspace} in {environment} is live",
        recovery="look at `reconciler status`; an apply of a schema is ended by `reconciler"
        " cancel`",
    )
