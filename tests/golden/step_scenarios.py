"""Reports of applies that change a VSchema, before the shards or behind them."""

from __future__ import annotations

from dataclasses import replace

from reconciler.drive.finalizer.problems import (
    vschema_failed,
    vschema_not_sent,
    vschema_unanswered,
)
from reconciler.errors import Problem
from reconciler.guard.vschema import vschema_changed_meanwhile
from reconciler.ledger.finalizers import (
    FirstStep,
    ItsShards,
    VSchemaApplied,
    VSchemaFailedForNow,
    VSchemaGateClosed,
    VSchemaHalted,
    VSchemaSoaks,
    VSchemaUnseen,
)
from reconciler.ledger.model import EventEntry
from reconciler.ledger.reasons import Begun, ToBeReleased
from reconciler.ledger.states import ApplyState, Hold, OperationState
from reconciler.outcomes.apply import ApplyStatus, ApplyVerdict, FinalizerRow, StatusOutcome
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark, VSchemaDrift
from reconciler.outcomes.progress import (
    FinalizerEnded,
    FinalizerStarted,
    ProgressEvent,
    RolloutStarted,
    RolloutWaits,
)
from reconciler.plan.model import Moment
from reconciler.report import render
from reconciler.vschema.live import live_vschema
from tests.golden import samples
from tests.golden.scenarios import (
    ALL_DONE,
    DONE,
    PENDING,
    START_S,
    STATUS,
    WAVES_DONE,
    Scenario,
    applied,
    operation,
    row,
)
from tests.sample_vschema import FIRST, LAST

S, SHARDS = OperationState, samples.SHARDS
NO_TYPE = Problem(code="vschema-refused", message='vindexType "hush" not found', recovery="look")
NO_ANSWER = Problem(
    code="vtctld-unreachable",
    message="vtctld does not answer within 30 s",
    recovery="start vtctld, or let this machine reach it",
)
REFUSED = vschema_failed(LAST, NO_TYPE)
NOT_SENT = vschema_not_sent(LAST, NO_ANSWER)
LOST = vschema_unanswered(LAST, NO_ANSWER)


def step(
    moment: Moment = Moment.LAST, state: OperationState = DONE, **rest: object
) -> FinalizerRow:
    made = FinalizerRow(moment=moment, state=state)
    if state is DONE:
        made = replace(made, attempts=1, started_s=START_S + 8, settled_s=START_S + 8.4)
    return replace(made, **rest)  # type: ignore[arg-type]


_LATEST = live_vschema(LAST.document)
FIRST_DONE = step(Moment.FIRST)
PLAN = replace(samples.UNIFORM, core=replace(samples.UNIFORM.core, vschema=(FIRST, LAST)))
SOME_DONE = (
    row("-40", 1, operation("users", DONE, 2)),
    row("40-80", 2, operation("users", DONE, 2)),
    *(row(shard, 2, operation("users", PENDING, 0)) for shard in SHARDS[2:]),
)
IN_WAVE_2: ApplyStatus = replace(
    STATUS,
    finalizers=(FIRST_DONE, step(state=PENDING, waits_for=ItsShards(2))),
    events=(
        EventEntry(at_s=START_S, what=Begun("run 8123 on runner-4")),
        EventEntry(at_s=START_S + 1, what=VSchemaApplied(Moment.FIRST)),
    ),
)
BEFORE_SHARDS = replace(
    STATUS,
    waves=(
        replace(WAVES_DONE[0], completed=0),
        replace(WAVES_DONE[1], completed=0),
    ),
    shards=tuple(
        row(one, 1 if one == "-40" else 2, operation("users", PENDING, 0, waits_for=FirstStep()))
        for one in SHARDS
    ),
    finalizers=(
        step(Moment.FIRST, S.RUNNING, attempts=1, started_s=START_S + 60),
        step(state=PENDING, waits_for=ItsShards(4)),
    ),
    events=(),
)
AT_GATE = replace(
    STATUS,
    state=ApplyState.PAUSED,
    holder=None,
    reason=VSchemaGateClosed(),
    waits_since_s=START_S + 10,
    waves=WAVES_DONE,
    shards=ALL_DONE,
    finalizers=(step(state=PENDING, waits_for=ToBeReleased(Hold.GATE)),),
    events=(),
)


def status(scenario: str, when: str, apply: ApplyStatus) -> Scenario:
    found = StatusOutcome(environment="production", applies=(apply,), now_s=START_S + 64)
    return Scenario(scenario, when, lambda how: render.status_report(found, how))


STEPS = (
    Scenario(
        "apply-vschema-completed",
        "The VSchema was changed before the shards, and again behind them.",
        applied(
            ApplyVerdict.COMPLETED,
            plan=PLAN,
            apply_id=17,
            waves=WAVES_DONE,
            shards=ALL_DONE,
            finalizers=(FIRST_DONE, step()),
            statements_run=8,
            elapsed_s=12.4,
        ),
    ),
    Scenario(
        "apply-vschema-drifted",
        "All has run, and somebody changed the VSchema right behind it.",
        applied(
            ApplyVerdict.DRIFTED,
            plan=PLAN,
            apply_id=17,
            refusals=(vschema_changed_meanwhile(live_vschema(LAST.found), _LATEST),),
            waves=WAVES_DONE,
            shards=ALL_DONE,
            finalizers=(FIRST_DONE, step()),
            statements_run=8,
            elapsed_s=12.4,
        ),
    ),
    Scenario(
        "apply-vschema-alone",
        "Nothing but the VSchema was to change, and somebody had done so already.",
        applied(
            ApplyVerdict.COMPLETED,
            plan=PLAN,
            apply_id=17,
            finalizers=(step(attempts=0, started_s=None),),
        ),
    ),
    Scenario(
        "apply-vschema-failed",
        "Every shard is done, and Vitess did not take the VSchema.",
        applied(
            ApplyVerdict.FAILED,
            plan=PLAN,
            apply_id=17,
            problem=REFUSED,
            waves=WAVES_DONE,
            shards=ALL_DONE,
            finalizers=(step(state=S.FAILED, attempts=1, problem=REFUSED),),
            statements_run=8,
            elapsed_s=12.4,
        ),
    ),
    Scenario(
        "apply-vschema-first-failed",
        "What the shards' statements need could not be made, so none was sent.",
        applied(
            ApplyVerdict.FAILED,
            plan=PLAN,
            apply_id=17,
            problem=vschema_failed(FIRST, NO_TYPE),
            reason=VSchemaHalted(),
            shards=tuple(
                row(one, 1 if one == "-40" else 2, operation("users", S.CANCELLED, 0))
                for one in SHARDS
            ),
            finalizers=(
                step(Moment.FIRST, S.FAILED, attempts=1, problem=vschema_failed(FIRST, NO_TYPE)),
                step(state=S.CANCELLED),
            ),
            elapsed_s=1.4,
        ),
    ),
    Scenario(
        "apply-vschema-failed-for-now",
        "Every shard is done, and Vitess could not be reached for the VSchema.",
        applied(
            ApplyVerdict.PAUSED,
            plan=PLAN,
            apply_id=17,
            reason=VSchemaFailedForNow(Moment.LAST),
            waves=WAVES_DONE,
            shards=ALL_DONE,
            finalizers=(step(state=S.FAILED_RETRYABLE, problem=NOT_SENT),),
            statements_run=8,
            elapsed_s=92.4,
        ),
    ),
    Scenario(
        "apply-vschema-unknown",
        "The VSchema was sent, and nobody could look since.",
        applied(
            ApplyVerdict.UNKNOWN,
            plan=PLAN,
            apply_id=17,
            reason=VSchemaUnseen(Moment.LAST),
            waves=WAVES_DONE,
            shards=ALL_DONE,
            finalizers=(step(state=S.UNKNOWN, attempts=1, problem=LOST),),
            statements_run=8,
            elapsed_s=92.4,
        ),
    ),
    status("status-vschema-first", "The VSchema is changed before any shard.", BEFORE_SHARDS),
    status("status-vschema-waits", "The VSchema comes behind the shards.", IN_WAVE_2),
    status("status-vschema-gate", "A person has to release the VSchema.", AT_GATE),
)


def drift(scenario: str, when: str, vschema: VSchemaDrift, **rest: str) -> Scenario:
    found = DriftOutcome(
        environment="production",
        keyspace="commerce",
        groups=(DriftGroup(mark=ShardMark.MATCHING, shards=SHARDS),),
        vschema=vschema,
        **rest,  # type: ignore[arg-type]
    )
    return Scenario(scenario, when, lambda how: render.drift_report([found], how))


VSCHEMA_DRIFT = (
    drift(
        "drift-vschema-matching",
        "Live is what git says, the VSchema, too.",
        VSchemaDrift(mark=ShardMark.MATCHING, git=LAST.document, live=LAST.document, changes=()),
    ),
    drift(
        "drift-vschema-drifted",
        "Somebody took a table out of the VSchema by hand.",
        VSchemaDrift(
            mark=ShardMark.DRIFTED, git=LAST.document, live=LAST.found, changes=LAST.changes
        ),
    ),
    drift(
        "drift-vschema-pending",
        "A merged plan has changed the shards, and its VSchema waits.",
        VSchemaDrift(
            mark=ShardMark.PENDING_APPLY, git=LAST.document, live=LAST.found, changes=LAST.changes
        ),
        pending_plan_id=samples.UNIFORM.plan_id,
    ),
)

STEP_PROGRESS: tuple[ProgressEvent, ...] = (
    RolloutStarted(
        at_s=START_S,
        keyspace="commerce",
        apply_id=18,
        waves=(SHARDS[:1], SHARDS[1:]),
        statements=8,
        done=(),
        finalizers=(Moment.FIRST, Moment.LAST),
    ),
    FinalizerStarted(at_s=START_S, keyspace="commerce", moment=Moment.FIRST),
    FinalizerEnded(at_s=START_S + 1, keyspace="commerce", moment=Moment.FIRST, state=DONE),
    RolloutWaits(
        at_s=START_S + 300,
        keyspace="commerce",
        reason=VSchemaSoaks(START_S + 900),
        until_s=START_S + 900,
    ),
    FinalizerStarted(at_s=START_S + 900, keyspace="commerce", moment=Moment.LAST),
    FinalizerEnded(
        at_s=START_S + 931,
        keyspace="commerce",
        moment=Moment.LAST,
        state=S.FAILED_RETRYABLE,
        problem=NOT_SENT,
    ),
)
