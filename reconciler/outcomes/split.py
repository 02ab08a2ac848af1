"""What planning, verifying, driving and steering a move of shards ends in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem
from reconciler.guard.model import Obstacle
from reconciler.outcomes.plan import VerifyState
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval, Approved, Bracket, JobProgress, JobRequest, SplitJob
from reconciler.reshard.plan.model import SplitPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPlanOutcome:
    """`plan` None only with refusals; with refusals nothing is written. `written` are the files
    that now hold the plan."""

    environment: str
    keyspace: str
    plan: SplitPlan | None = None
    readable_sql: str = ""
    refusals: tuple[Obstacle, ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitVerifyOutcome:
    """`plan` is the committed one; of UNPLANNED the one that would be made."""

    environment: str
    keyspace: str
    state: VerifyState
    plan: SplitPlan | None = None
    refusals: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitApplyOutcome:
    """`how` None: nothing was driven, for the reasons in `refusals`. `job` is as the tick left it,
    `problem` what kept it from going further, `foreseen` what the switch of the traffic would do,
    in Vitess' words, where that waits to be released."""

    environment: str
    keyspace: str
    plan: SplitPlan | None = None
    job: SplitJob | None = None
    how: TickEnd | None = None
    problem: Problem | None = None
    foreseen: tuple[str, ...] = ()
    refusals: tuple[Obstacle, ...] = ()


class SplitAsked(StrEnum):
    STOP = "stop"
    RESUME = "resume"
    RETRY = "retry"
    ABANDON = "abandon"
    RELEASE = "release"
    RELEASE_CLEANUP = "release-clean-up"


OF_A_SPLIT_ALONE = (SplitAsked.RELEASE_CLEANUP, SplitAsked.ABANDON)
"""What nothing else can be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitControlOutcome:
    """It is recorded. `is_driven`: a process drives the job, and answers; else the next apply does.
    `approval` is what was released."""

    environment: str
    keyspace: str
    asked: SplitAsked
    job_id: int
    is_driven: bool
    approval: Approval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitStatus:
    """A job as the ledger knows it: how far its brackets are as the last tick wrote it down, what
    is allowed, and what was asked and not answered yet. `copied_of` are the rows that were read,
    and those that there are by the plan's estimate; None: nobody can tell. `left_s` is how long
    the copy, or what has queued up, takes at the pace of now; None: nobody can tell."""

    job: SplitJob
    brackets: tuple[Bracket, ...] = ()
    approvals: tuple[Approved, ...] = ()
    requests: tuple[JobRequest, ...] = ()
    progress: JobProgress | None = None
    copied_of: tuple[int, int] | None = None
    left_s: float | None = None
