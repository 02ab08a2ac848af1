"""Every report that the product can give, with sample values: what `docs/messages.md` shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

from reconciler.errors import Problem
from reconciler.flows.verify import unplanned
from reconciler.guard.model import Obstacle, Refusal
from reconciler.ledger.copies import CopiesNotReady, CutoverClosed, CutoverShut, ItsCutover
from reconciler.ledger.model import EventEntry
from reconciler.ledger.promotions import PromotionFailed, PromotionUnmeasured
from reconciler.ledger.reasons import (
    Begun,
    Completed,
    EndOfSoak,
    GateClosed,
    Halted,
    InWords,
    ItsTurn,
    NothingNewStarts,
    NothingUnfinished,
    Reason,
    Requested,
    Soaks,
    Stopped,
    Undriven,
    Wait,
    WaveRefused,
)
from reconciler.ledger.states import ApplyState, OperationState, RequestKind, RequestState
from reconciler.ledger.swaps import RoutineRemade, TriggerSwapped
from reconciler.lint.settings import LintException
from reconciler.model.engine import NOTHING_TOLD, EngineName, Progress
from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.quarantine import Quarantine
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark
from reconciler.outcomes.apply import (
    ApplyOutcome,
    ApplyStatus,
    ApplyVerdict,
    ControlOutcome,
    FinalizerRow,
    LeftAlone,
    OperationRow,
    ShardRow,
    StatusOutcome,
    WaveRow,
)
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.outcomes.drift import (
    DriftGroup,
    DriftOutcome,
    LeftAsGitSays,
    ShardMark,
    TableDifference,
)
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import FileGap, GapKind, LintOutcome, PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.outcomes.progress import (
    ProgressEvent,
    RolloutEnded,
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
    ShardStarted,
    ShardTakenUp,
    StatementAdvanced,
    StatementEnded,
    StatementStarted,
    StatementStopped,
)
from reconciler.outcomes.turns import Stands, Turn, TurnWord
from reconciler.plan.learned import Learned, PastStatement, TimeLeft
from reconciler.plan.model import Plan
from reconciler.report import render
from reconciler.report.render import Presentation
from reconciler.rollout.promotion import failed_problem
from tests.golden import samples
from tests.golden.preflight_scenarios import rows_in_the_way
from tests.golden.samples import SHARDS

Report = Callable[[Presentation], str]

START_S = 1_772_373_909.0  # 2026-03-01 14:05:09 UTC


@dataclass(frozen=True, slots=True)
class Scenario:
    """`name` is the stem of its golden files, `when` says what brings it about."""

    name: str
    when: str
    report: Report


class ApplyFields(TypedDict, total=False):
    """What a sample of an apply may say besides its verdict."""

    plan: Plan
    apply_id: int
    waves: tuple[WaveRow, ...]
    shards: tuple[ShardRow, ...]
    finalizers: tuple[FinalizerRow, ...]
    refusals: tuple[Obstacle, ...]
    problem: Problem
    reason: Reason
    statements_run: int
    elapsed_s: float


def planned(
    plan: Plan | None,
    *,
    refusals: tuple[Obstacle, ...] = (),
    written: tuple[str, ...] = (),
    lint: LintOutcome | None = None,
) -> Report:
    outcome = PlanOutcome(
        environment="production",
        keyspace="commerce",
        plan=plan,
        estimate=samples.estimate(plan),
        refusals=refusals,
        written=written,
        lint=lint,
    )
    return lambda how: render.plan_report([outcome], how)


_ESTIMATED = (VerifyState.VERIFIED, VerifyState.UNPLANNED)


def verified(
    state: VerifyState,
    plan: Plan | None = None,
    *,
    refusals: tuple[Refusal, ...] = (),
    quarantine: tuple[Quarantine, ...] = (),
) -> Report:
    outcome = VerifyOutcome(
        environment="production",
        keyspace="commerce",
        state=state,
        plan=plan,
        estimate=samples.estimate(plan) if state in _ESTIMATED else None,
        refusals=refusals,
        quarantine=quarantine,
    )
    return lambda how: render.verify_report([outcome], how)


def drifted(
    *groups: DriftGroup,
    pending_plan_id: str | None = None,
    unmanaged: tuple[tuple[str, tuple[str, ...]], ...] = (),
    shadows: tuple[ShadowGroup, ...] = (),
    refusals: tuple[Refusal, ...] = (),
) -> Report:
    outcome = DriftOutcome(
        environment="production",
        keyspace="commerce",
        groups=groups,
        pending_plan_id=pending_plan_id,
        unmanaged=unmanaged,
        shadows=shadows,
        refusals=refusals,
    )
    return lambda how: render.drift_report([outcome], how)


def applied(verdict: ApplyVerdict, **rest: Unpack[ApplyFields]) -> Report:
    outcome = ApplyOutcome(environment="production", keyspace="commerce", verdict=verdict, **rest)
    return lambda how: render.apply_report([outcome], how)


def operation(
    table: str,
    state: OperationState,
    done: int,
    of: int = 2,
    *,
    runs: str = "",
    progress: Progress = NOTHING_TOLD,
    waits_for: Wait | None = None,
    waits_since_s: float | None = None,
    problem: Problem | None = None,
) -> OperationRow:
    started = None if state is OperationState.PENDING else START_S
    settled = START_S + 1.2 if state is OperationState.COMPLETED else None
    return OperationRow(
        object_id=table_id(table),
        state=state,
        statements=of,
        statements_done=done,
        started_s=started,
        settled_s=settled,
        runs=runs,
        progress=progress,
        waits_for=waits_for,
        waits_since_s=waits_since_s,
        problem=problem,
    )


COPYING = Progress(
    stage="copy to tmp table", percent=40, rows_done=53_000, rows_total=131_000, left_s=240
)


def row(shard: str, wave: int, *operations: OperationRow) -> ShardRow:
    worst = next(
        (o.state for o in operations if o.state is not OperationState.COMPLETED),
        OperationState.COMPLETED,
    )
    return ShardRow(shard=shard, wave=wave, state=worst, operations=operations)


CHECK_FAILED = failed_problem(PromotionFailed(2, "orders come in", "-40"), has_begun=False)
DONE, FAILED, PENDING = OperationState.COMPLETED, OperationState.FAILED, OperationState.PENDING
UNKNOWN, RUNNING, STOPPED = OperationState.UNKNOWN, OperationState.RUNNING, OperationState.STOPPED

ALL_DONE = tuple(
    row(shard, 1 if shard == "-40" else 2, operation("users", DONE, 2)) for shard in SHARDS
)
WAVES_DONE = (
    WaveRow(number=1, shards=SHARDS[:1], completed=1, failed=0, running=0),
    WaveRow(number=2, shards=SHARDS[1:], completed=3, failed=0, running=0),
)
TWO_FAILED = (
    row("-40", 1, operation("users", DONE, 2)),
    row("40-80", 2, operation("users", FAILED, 1, problem=samples.DUPLICATES)),
    row("80-c0", 2, operation("users", FAILED, 0, problem=samples.LOCK_WAIT)),
    row("c0-", 2, operation("users", PENDING, 0)),
)
WAVES_FAILED = (
    WAVES_DONE[0],
    WaveRow(number=2, shards=SHARDS[1:], completed=0, failed=2, running=0),
)
WIDE_ROWS = tuple(
    row(shard, 1 if number == 0 else 2, operation("users", DONE, 2))
    if number < 20
    else row(
        shard,
        2,
        operation("users", FAILED, 0, problem=samples.DUPLICATES)
        if number == 20
        else operation("users", PENDING, 0),
    )
    for number, shard in enumerate(samples.WIDE_SHARDS)
)

SWAPPED = tuple(
    row(
        shard,
        1 if shard == "-40" else 2,
        replace(
            operation("users", DONE, 1, 1),
            object_id=ObjectId(ObjectKind.TRIGGER, "users_audit"),
            swapped=TriggerSwapped(held_ms),
        ),
        replace(
            operation("users", DONE, 2),
            object_id=ObjectId(ObjectKind.PROCEDURE, "close_account"),
            swapped=RoutineRemade(31) if shard == "-40" else None,
        ),
    )
    for shard, held_ms in zip(SHARDS, (7, 112, 9, 8), strict=True)
)

MATCHING = DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS[:1])
DRIFTED = DriftGroup(
    mark=ShardMark.DRIFTED,
    shards=("80-c0",),
    differences=(
        TableDifference(
            object_id=table_id("users"),
            what="index by_hand is on live, not in git",
            objects=("by_hand",),
            repair=(samples.written(samples.USERS_BY_HAND, samples.USERS),),
        ),
        TableDifference(
            object_id=table_id("orders"),
            what="column note is varchar(500) on live, varchar(200) in git",
            objects=("note",),
            repair=(samples.written(samples.ORDERS, samples.ORDERS_SHORTER),),
        ),
    ),
    left=LeftAsGitSays(apply_id=16, at_s=START_S - 3600),
)
QUARANTINED = DriftGroup(
    mark=ShardMark.QUARANTINED,
    shards=("e0-",),
    reason="until 2026-03-31: its disk is failing, DBA-1207",
)
PENDING_APPLY = DriftGroup(mark=ShardMark.PENDING_APPLY, shards=("40-80",))
SHADOWS = (
    ShadowGroup(
        mark=ShadowMark.LEFTOVER,
        name="_orders_gho",
        shards=SHARDS[:1],
        engine=EngineName.GH_OST,
        table="orders",
        apply_id=17,
    ),
    ShadowGroup(
        mark=ShadowMark.KEPT,
        name="_users_del",
        shards=SHARDS[:2],
        engine=EngineName.GH_OST,
        table="users",
        apply_id=17,
        kept_until_s=START_S,
    ),
    ShadowGroup(
        mark=ShadowMark.IN_PROGRESS,
        name="_users_new",
        shards=SHARDS[1:2],
        engine=EngineName.SPIRIT,
        table="users",
        apply_id=17,
    ),
    ShadowGroup(mark=ShadowMark.FOREIGN, name="_users_old", shards=SHARDS[:1]),
)
LEFT_TRIGGER = ShadowGroup(
    mark=ShadowMark.LEFTOVER,
    name="pt_osc_shop_orders_ins",
    shards=SHARDS[:1],
    engine=EngineName.PT_OSC,
    table="orders",
    apply_id=16,
)
UNREACHABLE = DriftGroup(
    mark=ShardMark.UNREACHABLE,
    code="shard-timeout",
    shards=("c0-",),
    reason="no answer within 10 s",
    recovery="restore the connection to the shard, then run the same command again",
)

STATUS = ApplyStatus(
    apply_id=17,
    environment="production",
    keyspace="commerce",
    plan_id=samples.UNIFORM.plan_id,
    commit="4f1c2ab",
    state=ApplyState.RUNNING,
    started_s=START_S,
    completed_s=None,
    holder="run 8123 on runner-4",
    heartbeat_s=START_S + 61,
    waits_since_s=None,
    reason=None,
    problem=None,
    waves=(
        WAVES_DONE[0],
        WaveRow(
            number=2,
            shards=SHARDS[1:],
            completed=1,
            failed=0,
            running=1,
        ),
    ),
    shards=(
        row("-40", 1, operation("users", DONE, 2)),
        row("40-80", 2, operation("users", DONE, 2)),
        row(
            "80-c0", 2, operation("users", RUNNING, 1, runs=samples.ADD_EMAIL.sql, progress=COPYING)
        ),
        row(
            "c0-",
            2,
            operation("users", PENDING, 0, waits_for=ItsTurn()),
        ),
    ),
    events=(
        EventEntry(at_s=START_S, what=Begun("run 8123 on runner-4")),
        EventEntry(at_s=START_S + 2, what=Completed(), shard="-40", object_id=table_id("users")),
    ),
    plan=samples.UNIFORM,
)

_PAST_COPY = PastStatement(
    apply_id=12,
    shard="40-80",
    table="users",
    sql=samples.ADD_INDEX.sql,
    engine=EngineName.DIRECT,
    took_s=912.0,
    at_s=START_S - 5 * 86_400,
    size_bytes=16 * 10**9,
)
_RUNS = operation("users", RUNNING, 1, runs=samples.ADD_INDEX.sql)
_TOOK_LONG = replace(operation("users", DONE, 2), settled_s=START_S + 560)
LIKE_BEFORE = replace(
    STATUS,
    heartbeat_s=START_S + 601,
    shards=(
        row("-40", 1, _TOOK_LONG),
        row("40-80", 2, _TOOK_LONG),
        row("80-c0", 2, _RUNS),
        STATUS.shards[3],
    ),
    time_left=TimeLeft(
        learned=Learned(
            shard="80-c0",
            table="users",
            size_bytes=17 * 10**9,
            takes_s=969.0,
            past=_PAST_COPY,
        ),
        ran_s=601.0,
    ),
)

STOP_ASKED = Requested(
    RequestKind.STOP, "ann on laptop (process 4711)", RequestState.APPLIED, NothingNewStarts()
)
STANDING = replace(
    STATUS,
    state=ApplyState.STOPPED,
    holder=None,
    reason=Undriven(),
    waves=(
        WAVES_DONE[0],
        WaveRow(number=2, shards=SHARDS[1:], completed=1, failed=0, running=0, stopped=2),
    ),
    shards=(
        *STATUS.shards[:2],
        row("80-c0", 2, operation("users", OperationState.STOPPED, 1)),
        row("c0-", 2, operation("users", OperationState.STOPPED, 0)),
    ),
    events=(
        *STATUS.events,
        EventEntry(at_s=START_S + 30, what=STOP_ASKED),
    ),
)
_PAST = (
    replace(STATUS, state=ApplyState.COMPLETED, completed_s=START_S + 90, holder=None, shards=()),
    replace(
        STATUS,
        apply_id=16,
        state=ApplyState.FAILED,
        started_s=START_S - 600,
        completed_s=START_S - 540,
        holder=None,
        problem=samples.DUPLICATES,
        shards=(),
    ),
)
PAST = tuple(replace(one, heartbeat_s=None, waves=(), events=(), plan=None) for one in _PAST)

BLOCKED = replace(
    STATUS,
    state=ApplyState.RUNNING_DEGRADED,
    shards=(
        *STATUS.shards[:2],
        row(
            "80-c0",
            2,
            operation(
                "users",
                OperationState.FAILED_RETRYABLE,
                1,
                waits_for=InWords(
                    "connection 4711 of reports for 912 s with SELECT * FROM `users`"
                ),
                waits_since_s=START_S + 20,
                problem=samples.LOCK_WAIT,
            ),
        ),
        STATUS.shards[3],
    ),
)
SOAKING = replace(
    STATUS,
    waits_since_s=START_S + 2,
    reason=Soaks(2, START_S + 602),
    waves=(
        WAVES_DONE[0],
        WaveRow(
            number=2,
            shards=SHARDS[1:],
            completed=0,
            failed=0,
            running=0,
            soak_until_s=START_S + 602,
        ),
    ),
    shards=(
        STATUS.shards[0],
        *(
            row(shard, 2, operation("users", PENDING, 0, waits_for=EndOfSoak()))
            for shard in SHARDS[1:]
        ),
    ),
)

_PRIMARY = Stands(
    environment="production.primary",
    keyspace="commerce",
    word=TurnWord.RESTS,
    until_s=START_S + 600,
)
_DR = Stands(environment="production.dr", keyspace="commerce", word=TurnWord.NOT_BEGUN)
TURNS = (
    Turn(
        stands=replace(_PRIMARY, word=TurnWord.DONE, until_s=None),
        deployment_of="production",
        among=3,
    ),
    Turn(stands=_DR, deployment_of="production", among=3, waits_for=(_PRIMARY,)),
    Turn(
        stands=replace(_DR, environment="production.tenant-b"),
        deployment_of="production",
        among=3,
        waits_for=(_PRIMARY, _DR),
    ),
    Turn(
        stands=replace(_DR, environment="staging", keyspace="mail"),
        waits_for=(
            Stands(
                environment="staging",
                keyspace="commerce",
                word=TurnWord.BEGUN,
                state=ApplyState.PAUSED,
            ),
        ),
    ),
)

_PLAN_FILES = ("plans/production/commerce.plan.json", "plans/production/commerce.plan.sql")

PLAN = (
    Scenario(
        "plan-uniform",
        "Every shard needs the same; `--write` put the plan into files.",
        planned(samples.UNIFORM, written=_PLAN_FILES),
    ),
    Scenario(
        "plan-divergent",
        "Two shards share a before-state, one has another, one matches already.",
        planned(samples.DIVERGENT),
    ),
    Scenario("plan-wide", "More shards than a line can name.", planned(samples.WIDE)),
    Scenario("plan-nothing", "Nothing to do.", planned(samples.NOTHING)),
    Scenario("plan-quarantine", "A shard is in quarantine.", planned(samples.WITHOUT_A_SHARD)),
    Scenario(
        "plan-not-allowed",
        "A destructive change that the spec does not allow.",
        planned(samples.NOT_ALLOWED, refusals=(samples.PERMISSION_MISSING,)),
    ),
    Scenario(
        "plan-unreachable",
        "A shard could not be observed.",
        planned(None, refusals=(samples.LOST,)),
    ),
    Scenario(
        "plan-failed",
        "Files that cannot be read as what they should be.",
        lambda how: render.plan_report(
            [
                KeyspaceFailed(
                    environment="production",
                    keyspace="commerce",
                    problems=(samples.BAD_KEY, samples.TWO_STATEMENTS),
                    exit_code=1,
                )
            ],
            how,
        ),
    ),
    Scenario(
        "plan-server-died",
        "Something that is needed did not do its part.",
        lambda how: render.plan_report(
            [
                KeyspaceFailed(
                    environment="production",
                    keyspace="commerce",
                    problems=(samples.SERVER_DIED,),
                    exit_code=1,
                )
            ],
            how,
        ),
    ),
    Scenario(
        "show",
        "A stored plan, without a look at any shard.",
        lambda how: render.show_report(samples.STORED, how),
    ),
)

VERIFY = (
    Scenario(
        "verify-verified",
        "The committed plan is what the shards need.",
        verified(VerifyState.VERIFIED, samples.UNIFORM),
    ),
    Scenario(
        "verify-no-change", "A branch without a schema change.", verified(VerifyState.NO_CHANGE)
    ),
    Scenario(
        "verify-quarantine",
        "Nothing to change where anybody may look.",
        verified(VerifyState.NO_CHANGE, quarantine=samples.QUARANTINE),
    ),
    Scenario(
        "verify-unplanned",
        "The branch changes the schema and holds no plan.",
        verified(
            VerifyState.UNPLANNED,
            samples.UNIFORM,
            refusals=(unplanned("production", "commerce"),),
        ),
    ),
    Scenario(
        "verify-applied",
        "The plan has run everywhere.",
        verified(VerifyState.APPLIED, samples.UNIFORM),
    ),
    Scenario(
        "verify-refused",
        "The world or the files are not what was reviewed.",
        verified(
            VerifyState.REFUSED,
            samples.UNIFORM,
            refusals=(samples.TABLE_DRIFTED, samples.INPUT_CHANGED),
        ),
    ),
    Scenario(
        "verify-rows",
        "Rows are in the plan's way, shown by `verify --explain`.",
        rows_in_the_way(samples.UNIFORM),
    ),
)

APPLY = (
    Scenario(
        "apply-swapped",
        "Programs were put in the place of others; how long that was felt was measured.",
        applied(
            ApplyVerdict.COMPLETED,
            plan=samples.UNIFORM,
            apply_id=18,
            waves=WAVES_DONE,
            shards=SWAPPED,
            statements_run=12,
            elapsed_s=3.4,
        ),
    ),
    Scenario(
        "apply-completed",
        "Everything ran.",
        applied(
            ApplyVerdict.COMPLETED,
            plan=samples.UNIFORM,
            apply_id=17,
            waves=WAVES_DONE,
            shards=ALL_DONE,
            statements_run=12,
            elapsed_s=83.4,
        ),
    ),
    Scenario(
        "apply-failed",
        "Two shards failed, each for its own reason; `on_failure: halt`.",
        applied(
            ApplyVerdict.FAILED,
            plan=samples.UNIFORM,
            apply_id=17,
            waves=WAVES_FAILED,
            shards=TWO_FAILED,
            problem=samples.DUPLICATES,
            statements_run=4,
            elapsed_s=12.25,
        ),
    ),
    Scenario(
        "apply-failed-wide",
        "One of many shards failed.",
        applied(
            ApplyVerdict.FAILED,
            plan=samples.WIDE,
            apply_id=18,
            waves=(
                WaveRow(number=1, shards=samples.WIDE_SHARDS[:1], completed=1, failed=0, running=0),
                WaveRow(
                    number=2, shards=samples.WIDE_SHARDS[1:], completed=19, failed=1, running=0
                ),
            ),
            shards=WIDE_ROWS,
            problem=samples.DUPLICATES,
            statements_run=40,
            elapsed_s=3_725,
        ),
    ),
    Scenario(
        "apply-divergent",
        "Shards began from different states; one change set is done, the other failed.",
        applied(
            ApplyVerdict.FAILED,
            plan=samples.DIVERGENT,
            apply_id=19,
            reason=Halted("80-c0"),
            waves=(
                WaveRow(number=1, shards=SHARDS[:1], completed=1, failed=0, running=0),
                WaveRow(number=2, shards=SHARDS[1:3], completed=0, failed=1, running=0),
            ),
            shards=(
                row("-40", 1, operation("orders", DONE, 1), operation("users", DONE, 2)),
                row(
                    "40-80",
                    2,
                    operation("orders", DONE, 1),
                    operation("users", OperationState.CANCELLED, 0),
                ),
                row("80-c0", 2, operation("users", FAILED, 0, problem=samples.DUPLICATES)),
            ),
            problem=samples.DUPLICATES,
            statements_run=4,
            elapsed_s=12.25,
        ),
    ),
    Scenario(
        "apply-refused",
        "A shard drifted after the review.",
        applied(ApplyVerdict.REFUSED, plan=samples.UNIFORM, refusals=(samples.TABLE_DRIFTED,)),
    ),
    Scenario(
        "apply-drifted",
        "All has run, and a shard of an earlier wave is not where the plan ends any more.",
        applied(
            ApplyVerdict.DRIFTED,
            plan=samples.UNIFORM,
            apply_id=17,
            waves=WAVES_DONE,
            shards=tuple(
                row(shard, 1 + (number > 0), operation("users", DONE, 2))
                for number, shard in enumerate(SHARDS)
            ),
            refusals=(samples.DRIFTED_MEANWHILE, samples.LOST),
            statements_run=8,
            elapsed_s=3_725,
        ),
    ),
    Scenario(
        "apply-unknown",
        "The connection ended while a statement ran, and nobody could look yet.",
        applied(
            ApplyVerdict.UNKNOWN,
            plan=samples.UNIFORM,
            apply_id=17,
            waves=(
                WAVES_DONE[0],
                WaveRow(number=2, shards=SHARDS[1:], completed=0, failed=0, running=0, unknown=1),
            ),
            shards=(
                row("-40", 1, operation("users", DONE, 2)),
                row("40-80", 2, operation("users", UNKNOWN, 0, problem=samples.CONNECTION_LOST)),
                row("80-c0", 2, operation("users", PENDING, 0)),
                row("c0-", 2, operation("users", PENDING, 0)),
            ),
            problem=samples.CONNECTION_LOST,
            statements_run=4,
            elapsed_s=31,
        ),
    ),
    Scenario(
        "apply-paused",
        "A person releases each wave.",
        applied(
            ApplyVerdict.PAUSED,
            plan=samples.UNIFORM,
            apply_id=17,
            reason=GateClosed(2),
            waves=(
                WAVES_DONE[0],
                WaveRow(number=2, shards=SHARDS[1:], completed=0, failed=0, running=0),
            ),
            shards=(
                row("-40", 1, operation("users", DONE, 2)),
                *(row(shard, 2, operation("users", PENDING, 0)) for shard in SHARDS[1:]),
            ),
            statements_run=3,
            elapsed_s=4.2,
        ),
    ),
    Scenario(
        "apply-held",
        "An approval was taken back during the soak.",
        applied(
            ApplyVerdict.PAUSED,
            plan=samples.UNIFORM,
            apply_id=17,
            reason=WaveRefused(2, "pull request #7 was merged although ben requested changes"),
            refusals=(samples.CHANGES_REQUESTED,),
            waves=(
                WAVES_DONE[0],
                WaveRow(number=2, shards=SHARDS[1:], completed=0, failed=0, running=0),
            ),
            shards=(
                row("-40", 1, operation("users", DONE, 2)),
                *(row(shard, 2, operation("users", PENDING, 0)) for shard in SHARDS[1:]),
            ),
            statements_run=3,
            elapsed_s=4.2,
        ),
    ),
    Scenario(
        "apply-check-failed",
        "What the spec measures is not as it expects on the canary.",
        applied(
            ApplyVerdict.FAILED,
            plan=samples.UNIFORM,
            apply_id=17,
            reason=Halted("40-80"),
            waves=(
                WAVES_DONE[0],
                WaveRow(number=2, shards=SHARDS[1:], completed=0, failed=1, running=0, cancelled=2),
            ),
            shards=(
                row("-40", 1, operation("users", DONE, 2)),
                row("40-80", 2, operation("users", FAILED, 0, problem=CHECK_FAILED)),
                *(
                    row(shard, 2, operation("users", OperationState.CANCELLED, 0))
                    for shard in SHARDS[2:]
                ),
            ),
            problem=CHECK_FAILED,
            statements_run=3,
            elapsed_s=4.2,
        ),
    ),
    Scenario(
        "apply-check-unmeasured",
        "What the spec measures could not be measured for a quarter of an hour.",
        applied(
            ApplyVerdict.PAUSED,
            plan=samples.UNIFORM,
            apply_id=17,
            reason=PromotionUnmeasured(
                2, "orders come in", "the server refuses the question (error 1146)", "-40"
            ),
            waves=(
                WAVES_DONE[0],
                WaveRow(number=2, shards=SHARDS[1:], completed=0, failed=0, running=0),
            ),
            shards=(
                row("-40", 1, operation("users", DONE, 2)),
                *(row(shard, 2, operation("users", PENDING, 0)) for shard in SHARDS[1:]),
            ),
            statements_run=3,
            elapsed_s=4.2,
        ),
    ),
    Scenario(
        "apply-stopped",
        "`reconciler stop` from another process.",
        applied(
            ApplyVerdict.STOPPED,
            plan=samples.UNIFORM,
            apply_id=17,
            reason=Stopped(),
            waves=(
                WAVES_DONE[0],
                WaveRow(number=2, shards=SHARDS[1:], completed=0, failed=0, running=0, stopped=3),
            ),
            shards=(
                row("-40", 1, operation("users", DONE, 2)),
                *(row(shard, 2, operation("users", STOPPED, 0)) for shard in SHARDS[1:]),
            ),
            statements_run=3,
            elapsed_s=4.2,
        ),
    ),
    Scenario(
        "apply-nothing-to-do",
        "The plan has run everywhere already.",
        applied(ApplyVerdict.NOTHING_TO_DO, plan=samples.UNIFORM),
    ),
    Scenario(
        "apply-superseded",
        "A newer merge owns the keyspace.",
        applied(
            ApplyVerdict.SUPERSEDED,
            plan=samples.UNIFORM,
            refusals=(samples.SUPERSEDED,),
        ),
    ),
    Scenario(
        "apply-cancelled",
        "`reconciler cancel`.",
        applied(
            ApplyVerdict.CANCELLED,
            plan=samples.UNIFORM,
            apply_id=17,
            shards=(
                row("-40", 1, operation("users", DONE, 2)),
                *(
                    row(shard, 2, operation("users", OperationState.CANCELLED, 0))
                    for shard in SHARDS[1:]
                ),
            ),
            statements_run=3,
            elapsed_s=4.2,
        ),
    ),
)

DRIFT = (
    Scenario(
        "drift-clean",
        "Live is what git says.",
        drifted(DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS)),
    ),
    Scenario(
        "drift-quarantine",
        "All that may be looked at is as git says.",
        drifted(
            DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS[:3]),
            replace(QUARANTINED, shards=SHARDS[3:]),
        ),
    ),
    Scenario(
        "drift-all-marks",
        "One shard of each kind, and a table that policy leaves alone.",
        drifted(
            MATCHING,
            DRIFTED,
            PENDING_APPLY,
            UNREACHABLE,
            QUARANTINED,
            pending_plan_id=samples.UNIFORM.plan_id,
            unmanaged=(("_swap", SHARDS[:2]),),
            shadows=SHADOWS,
        ),
    ),
    Scenario(
        "drift-shadow-tables",
        "Every shard is as git says, and tables of engines are there.",
        drifted(
            DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS), shadows=(*SHADOWS, LEFT_TRIGGER)
        ),
    ),
    Scenario(
        "drift-refused",
        "A definition on live that is not understood.",
        drifted(
            DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS[:3]),
            refusals=(
                Refusal(
                    code="definition-not-understood",
                    shard="c0-",
                    object_id=table_id("audit"),
                    message="the definition of table audit does not render back to its own text",
                    recovery="report the definition, or leave the table out with"
                    " `policy.ignore_tables`",
                ),
            ),
        ),
    ),
    Scenario(
        "drift-no-default",
        "A column without any default, which no file can say.",
        drifted(
            DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS[:3]),
            DriftGroup(
                mark=ShardMark.DRIFTED,
                shards=SHARDS[3:],
                differences=(
                    TableDifference(
                        object_id=table_id("users"),
                        what="column note differs; column note has no default at all on live",
                        objects=("note",),
                        repair=("ALTER TABLE `users` ALTER COLUMN `note` SET DEFAULT NULL",),
                        without_default=("note",),
                    ),
                ),
            ),
        ),
    ),
)

PULL = (
    Scenario(
        "init",
        "A spec and files are made from a fleet.",
        lambda how: render.pull_report(
            [
                PullOutcome(
                    environment="production",
                    keyspace="commerce",
                    source="-40",
                    alike=SHARDS[1:],
                    others=(),
                    written=("specs/commerce.yaml", "schemas/commerce/users.sql"),
                    unchanged=(),
                    removed=(),
                    spec="specs/commerce.yaml",
                )
            ],
            how,
        ),
    ),
    Scenario(
        "init-empty",
        "No shard of the fleet has a table yet.",
        lambda how: render.pull_report(
            [
                PullOutcome(
                    environment="production",
                    keyspace="commerce",
                    source="-40",
                    alike=SHARDS[1:],
                    others=(),
                    written=("specs/commerce.yaml",),
                    unchanged=(),
                    removed=(),
                    spec="specs/commerce.yaml",
                )
            ],
            how,
        ),
    ),
    Scenario(
        "pull",
        "The files are brought to what a shard has.",
        lambda how: render.pull_report(
            [
                PullOutcome(
                    environment="production",
                    keyspace="commerce",
                    source="-40",
                    alike=SHARDS[1:3],
                    others=SHARDS[3:],
                    written=("schemas/commerce/coupons.sql",),
                    unchanged=("schemas/commerce/orders.sql", "schemas/commerce/users.sql"),
                    removed=("schemas/commerce/old.sql",),
                )
            ],
            how,
        ),
    ),
    Scenario(
        "pull-gaps",
        "A shard has what no file says, or what its server takes no more.",
        lambda how: render.pull_report(
            [
                PullOutcome(
                    environment="production",
                    keyspace="commerce",
                    source="-40",
                    alike=SHARDS[1:],
                    others=(),
                    written=("schemas/commerce/old.sql", "schemas/commerce/users.sql"),
                    unchanged=("schemas/commerce/orders.sql",),
                    removed=(),
                    gaps=(
                        FileGap(
                            kind=GapKind.NO_DEFAULT,
                            table="users",
                            path="schemas/commerce/users.sql",
                            columns=("note", "born"),
                        ),
                        FileGap(
                            kind=GapKind.NOT_TAKEN,
                            table="old",
                            path="schemas/commerce/old.sql",
                            problem=Problem(
                                code="definition-rejected",
                                message="table old: mysql 9.7.4 rejects the definition: Column"
                                " 'kind' has duplicated value 'x' in ENUM (1291)",
                                recovery="fix the definition",
                            ),
                        ),
                    ),
                )
            ],
            how,
        ),
    ),
)

STATUS_SCENARIOS = (
    Scenario(
        "status-running",
        "An apply that another process drives.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(STATUS,), now_s=START_S + 64), how
        ),
    ),
    Scenario(
        "status-time-left",
        "Its engine says nothing of how far it is, and the record of applies knows the like.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(LIKE_BEFORE,), now_s=START_S + 604),
            how,
        ),
    ),
    Scenario(
        "status-blocked",
        "A shard's statement waits for somebody's transaction.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(BLOCKED,), now_s=START_S + 64), how
        ),
    ),
    Scenario(
        "status-soaking",
        "The canary is done, and the next wave waits for the soak.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(SOAKING,), now_s=START_S + 64), how
        ),
    ),
    Scenario(
        "status-stopped",
        "Somebody stopped it, and nobody drives it.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(STANDING,), now_s=START_S + 64), how
        ),
    ),
    Scenario(
        "status-history",
        "Past applies, the newest first.",
        lambda how: render.status_report(
            StatusOutcome(
                environment="production", applies=PAST, now_s=START_S + 3600, is_history=True
            ),
            how,
        ),
    ),
    Scenario(
        "status-left",
        "An apply has ended, and the table as it was is kept for a while.",
        lambda how: render.status_report(
            StatusOutcome(
                environment="production",
                applies=(replace(PAST[0], left=SHADOWS[:2]),),
                now_s=START_S,
            ),
            how,
        ),
    ),
    Scenario(
        "status-quarantine",
        "The quarantine of a shard has ended, and nobody has said what is meant now.",
        lambda how: render.status_report(
            StatusOutcome(
                environment="production",
                applies=PAST[:1],
                left_alone=(
                    LeftAlone(
                        environment="production",
                        keyspace="commerce",
                        quarantine=(replace(samples.QUARANTINE[0], until="2026-02-27"),),
                    ),
                ),
                now_s=START_S,
            ),
            how,
        ),
    ),
    Scenario(
        "status-deployments",
        "A schema on three fleets, and a keyspace that comes after another.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(), turns=TURNS, now_s=START_S), how
        ),
    ),
    Scenario(
        "status-none",
        "Nothing was ever applied.",
        lambda how: render.status_report(
            StatusOutcome(environment="production", applies=(), now_s=START_S), how
        ),
    ),
)

LISTS = (
    Scenario(
        "lint-problems",
        "The files have problems.",
        lambda how: render.lint_report(
            [
                LintOutcome(
                    keyspace="commerce",
                    tables=12,
                    problems=(samples.BAD_KEY, samples.TWO_STATEMENTS),
                )
            ],
            how,
        ),
    ),
    Scenario(
        "lint-remarks",
        "The files are sound, and rules have something to say of what a branch changes.",
        lambda how: render.lint_report(
            [
                LintOutcome(
                    keyspace="commerce",
                    tables=12,
                    looked_at=2,
                    remarks=samples.REMARKS,
                    listed=samples.REMARKS[1:2],
                    excepted=samples.REMARKS[:1],
                    unused=(LintException(rule="float", table="geo", reason="measured values"),),
                    baseline="specs/commerce.baseline",
                )
            ],
            how,
            since="3b18e512dba79e4c8300dd08aeb37f8e728b8dad",
        ),
    ),
    Scenario(
        "lint-fine",
        "The files are fine.",
        lambda how: render.lint_report([LintOutcome(keyspace="commerce", tables=12)], how),
    ),
    Scenario(
        "doctor",
        "What a set-up lacks.",
        lambda how: render.doctor_report(
            [
                DoctorOutcome(
                    environment="production",
                    keyspace="commerce",
                    findings=(
                        DoctorFinding(
                            subject="shard -40",
                            shard="-40",
                            mark=CheckMark.OK,
                            message="mysql 9.7.4, reachable",
                        ),
                        *(
                            DoctorFinding(
                                subject=f"shard {shard}",
                                shard=shard,
                                mark=CheckMark.WARNING,
                                message="not visible to this login: events (needs EVENT)",
                                recovery="grant it",
                            )
                            for shard in SHARDS[1:]
                        ),
                        DoctorFinding(
                            subject="scratch server",
                            mark=CheckMark.FAILED,
                            message="found no mysqld on the PATH",
                            recovery="install mysql-server-core, or name a scratch connection",
                        ),
                    ),
                )
            ],
            how,
        ),
    ),
)

SECTIONS = (
    ("plan and show", PLAN),
    ("verify", VERIFY),
    ("apply", APPLY),
    ("drift", DRIFT),
    ("pull and init", PULL),
    ("status", STATUS_SCENARIOS),
    ("lint and doctor", LISTS),
)

CONTROL = (
    ControlOutcome(
        environment="production",
        keyspace="commerce",
        kind=RequestKind.STOP,
        state=RequestState.APPLIED,
        answer=NothingNewStarts(),
        apply_id=17,
    ),
    ControlOutcome(
        environment="production",
        keyspace="billing",
        kind=RequestKind.STOP,
        state=RequestState.REFUSED,
        answer=NothingUnfinished(),
    ),
)

PROGRESS: tuple[ProgressEvent, ...] = (
    RolloutStarted(
        at_s=START_S,
        keyspace="commerce",
        apply_id=17,
        waves=(SHARDS[:1], SHARDS[1:3]),
        statements=6,
        done=SHARDS[3:],
        goes_on=True,
    ),
    ShardTakenUp(at_s=START_S, keyspace="commerce", shard="40-80"),
    ShardStarted(at_s=START_S, keyspace="commerce", shard="-40", wave=1),
    StatementStarted(
        at_s=START_S,
        keyspace="commerce",
        shard="-40",
        object_id=table_id("users"),
        sql=samples.ADD_EMAIL.sql,
        number=1,
        of=2,
    ),
    StatementEnded(
        at_s=START_S + 1,
        keyspace="commerce",
        shard="-40",
        object_id=table_id("users"),
        number=1,
        of=2,
        elapsed_s=0.34,
    ),
    StatementEnded(
        at_s=START_S + 300,
        keyspace="commerce",
        shard="-40",
        object_id=table_id("users"),
        number=2,
        of=2,
        elapsed_s=298.7,
    ),
    ShardEnded(
        at_s=START_S + 300, keyspace="commerce", shard="-40", wave=1, state=OperationState.COMPLETED
    ),
    RolloutWaits(
        at_s=START_S + 300,
        keyspace="commerce",
        reason=Soaks(2, START_S + 900),
        until_s=START_S + 900,
    ),
    RolloutWaits(
        at_s=START_S + 901,
        keyspace="commerce",
        shard="80-c0",
        reason=InWords("session 4711 holds the metadata lock of table users, try 2 of 5"),
    ),
    StatementEnded(
        at_s=START_S + 902,
        keyspace="commerce",
        shard="40-80",
        object_id=table_id("users"),
        number=1,
        of=2,
        elapsed_s=0.9,
        problem=samples.DUPLICATES,
    ),
    ShardEnded(
        at_s=START_S + 902,
        keyspace="commerce",
        shard="40-80",
        wave=2,
        state=OperationState.FAILED,
        problem=samples.DUPLICATES,
    ),
    StatementAdvanced(
        at_s=START_S + 902,
        keyspace="commerce",
        shard="80-c0",
        object_id=table_id("orders"),
        number=1,
        of=1,
        progress=Progress(
            stage="copying rows",
            percent=40,
            rows_done=1_200_000,
            rows_total=3_000_000,
            left_s=5_400,
            throttled_by="shard 80-c0: replica lag is 14 s, limit is 10 s",
        ),
    ),
    RolloutWaits(at_s=START_S + 902, keyspace="commerce", shard="80-c0", reason=ItsCutover()),
    RolloutWaits(at_s=START_S + 902, keyspace="commerce", reason=CopiesNotReady(2)),
    RolloutWaits(at_s=START_S + 902, keyspace="commerce", reason=CutoverClosed(2, 2)),
    RolloutWaits(
        at_s=START_S + 902,
        keyspace="commerce",
        reason=CutoverShut(2, 1, ("02:00-05:00 UTC",)),
    ),
    StatementStopped(
        at_s=START_S + 903,
        keyspace="commerce",
        shard="80-c0",
        object_id=table_id("orders"),
        number=1,
        of=1,
        elapsed_s=7_300.0,
    ),
    RolloutEnded(at_s=START_S + 903, keyspace="commerce", verdict=ApplyVerdict.FAILED),
)
