"""Reports of a move of shards."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from reconciler.errors import Problem, Refused
from reconciler.guard.model import refusals_from
from reconciler.outcomes.apply import StatusOutcome
from reconciler.outcomes.plan import VerifyState
from reconciler.outcomes.split import (
    SplitApplyOutcome,
    SplitPlanOutcome,
    SplitStatus,
    SplitVerifyOutcome,
)
from reconciler.report.render import (
    apply_report,
    plan_report,
    show_split_report,
    status_report,
    verify_report,
)
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.failures import source_unsealed
from reconciler.reshard.job import (
    EVERY_TABLE,
    Approval,
    Approved,
    Bracket,
    JobProgress,
    JobRequest,
    JobRequestKind,
    SplitEngine,
    SplitJob,
    Stage,
)
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.compare import compare_split_plans
from reconciler.reshard.plan.files import split_plan_paths
from reconciler.reshard.plan.preflight import schema_first
from reconciler.reshard.transitions import moved
from tests.golden.scenarios import Scenario
from tests.sample_split_plans import (
    sample_core,
    sample_readable,
    sample_reshard_plan,
    sample_reshard_readable,
    sample_split_plan,
)
from tests.sample_splits import at, failed_in

_PLAN = sample_split_plan()
_CORE = sample_core()
_PATHS = split_plan_paths("production", "shop")
_PLANNED = SplitPlanOutcome(
    environment="production", keyspace="shop", plan=_PLAN, readable_sql=sample_readable()
)
_REFUSED = SplitPlanOutcome(
    environment="production",
    keyspace="shop",
    refusals=refusals_from(Refused(schema_first("shop", "production", ["-80", "80-"]))),
)
_STALE = compare_split_plans(_CORE, replace(_CORE, base=replace(_CORE.base, version=2)))


def _driven(how: TickEnd, job: SplitJob, problem: Problem | None = None) -> SplitApplyOutcome:
    job = replace(job, environment="production", keyspace="shop", plan_id=_PLAN.plan_id)
    return SplitApplyOutcome(
        environment="production", keyspace="shop", plan=_PLAN, job=job, how=how, problem=problem
    )


def _applied(name: str, when: str, outcome: SplitApplyOutcome) -> Scenario:
    return Scenario(name, when, partial(apply_report, [outcome]))


_LIVE = SplitStatus(
    job=replace(at(Phase.BACKFILL), keyspace="shop", heartbeat_s=62.0),
    brackets=(
        Bracket(
            bracket_id=1,
            source="-80",
            target="-40",
            table="orders",
            stage=Stage.COPYING,
            rows_scanned=12_000,
            rows_accepted=5_990,
        ),
        Bracket(bracket_id=2, source="-80", target="40-80", table="orders"),
    ),
    approvals=(Approved(approval=Approval.START, by="ada", at_s=1.0),),
    requests=(
        JobRequest(
            request_id=1, job_id=7, kind=JobRequestKind.STOP, asked_by="grace", asked_s=60.0
        ),
    ),
)
_TOLD = JobProgress(
    at_s=63.0,
    queued=1_200,
    oldest_s=2.4,
    copied_per_s=19_500.0,
    arrivals_per_s=310.0,
    drained_per_s=4_800.0,
)
_LIVE = replace(_LIVE, progress=_TOLD, copied_of=(12_000, 2_100_000), left_s=107.0)
_BEHIND = SplitStatus(
    job=replace(
        failed_in(Phase.CLEANUP, Phase.CLEANUP),
        keyspace="shop",
        problem=source_unsealed(at(Phase.CLEANUP), "-80"),
    )
)
_RESHARD = SplitPlanOutcome(
    environment="production",
    keyspace="shop",
    plan=sample_reshard_plan(),
    readable_sql=sample_reshard_readable(),
    written=(_PATHS.json, _PATHS.sql),
)
_BY_VITESS = replace(at(Phase.CATCHUP), engine=SplitEngine.VITESS_RESHARD)
_SWITCHED = moved(moved(_BY_VITESS, Phase.CUTOVER, now_s=5.0), Phase.CLEANUP, now_s=6.0)
_STREAMS = SplitStatus(
    job=replace(_BY_VITESS, keyspace="shop", heartbeat_s=62.0),
    brackets=tuple(
        Bracket(
            bracket_id=number,
            source="-80",
            target=target,
            table=EVERY_TABLE,
            stage=Stage.COPIED,
            rows_scanned=rows,
            rows_accepted=rows,
        )
        for number, (target, rows) in enumerate((("-40", 5_990), ("40-80", 6_010)), start=1)
    ),
    progress=JobProgress(
        at_s=63.0,
        oldest_s=2.0,
        rests="Vitess compares rows, 4,200 so far",
    ),
    copied_of=(12_000, 12_100),
)
_STATUS = StatusOutcome(environment="production", applies=(), splits=(_LIVE,), now_s=64.0)
_FAILED = failed_in(Phase.BACKFILL, Phase.PLANNED)

SPLITS = (
    Scenario(
        "split-planned",
        "`plan --write`, where the spec replaces shards by others.",
        partial(plan_report, [replace(_PLANNED, written=(_PATHS.json, _PATHS.sql))]),
    ),
    Scenario(
        "split-plan-refused",
        "`plan`, where one pull request changes the schema as well.",
        partial(plan_report, [_REFUSED]),
    ),
    Scenario("split-shown", "`show` of a `.split.json`.", partial(show_split_report, _PLAN)),
    Scenario(
        "split-verified",
        "`verify`, where nothing has changed since.",
        partial(
            verify_report,
            [
                SplitVerifyOutcome(
                    environment="production",
                    keyspace="shop",
                    state=VerifyState.VERIFIED,
                    plan=_PLAN,
                )
            ],
        ),
    ),
    Scenario(
        "split-stale",
        "`verify`, where other shards were replaced in between.",
        partial(
            verify_report,
            [
                SplitVerifyOutcome(
                    environment="production",
                    keyspace="shop",
                    state=VerifyState.REFUSED,
                    plan=_PLAN,
                    refusals=_STALE,
                )
            ],
        ),
    ),
    _applied(
        "split-in-progress",
        "`apply`, whose time is over.",
        _driven(TickEnd.IN_PROGRESS, at(Phase.BACKFILL)),
    ),
    _applied(
        "split-awaits-cutover",
        "`apply`, when all rows are there.",
        _driven(TickEnd.AWAITS_CUTOVER, at(Phase.CATCHUP)),
    ),
    _applied(
        "split-failed",
        "`apply`, after a failure.",
        _driven(TickEnd.FAILED, _FAILED, _FAILED.problem),
    ),
    Scenario("split-status", "`status`, while rows are copied.", partial(status_report, _STATUS)),
    Scenario(
        "split-status-behind",
        "`status`, where it stopped behind the cutover.",
        partial(status_report, replace(_STATUS, splits=(_BEHIND,))),
    ),
    _applied(
        "split-retains",
        "`apply`, behind the cutover.",
        _driven(TickEnd.RETAINS_SOURCE, at(Phase.CLEANUP)),
    ),
    Scenario(
        "split-planned-vitess",
        "`plan --write`, where Vitess moves the rows.",
        partial(plan_report, [_RESHARD]),
    ),
    _applied(
        "split-foreseen-vitess",
        "`apply`, when Vitess has copied and compared all rows.",
        replace(
            _driven(TickEnd.AWAITS_CUTOVER, _BY_VITESS),
            foreseen=("Lock keyspace store", "Stop writes on keyspace store for tables [/.*]"),
        ),
    ),
    _applied(
        "split-switched-vitess",
        "`apply`, when Vitess has switched the traffic.",
        _driven(TickEnd.AWAITS_CLEANUP, _SWITCHED),
    ),
    Scenario(
        "split-status-vitess",
        "`status`, while Vitess compares rows.",
        partial(status_report, replace(_STATUS, splits=(_STREAMS,))),
    ),
)
