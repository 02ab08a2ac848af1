"""What a split does next, as a table: the phase, what was seen, and the action."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.states import UnknownKind
from reconciler.reshard.actions import (
    Action,
    Answer,
    Do,
    End,
    Go,
    LetGo,
    Reserve,
    Step,
    TickEnd,
    Verdict,
    Wait,
)
from reconciler.reshard.decide import WAITS_FOR_XA, next_action
from reconciler.reshard.failures import copy_gone, definition_changed, queue_gone
from reconciler.reshard.helper_tables import FenceState, GuardState
from reconciler.reshard.job import (
    Approval,
    JobChange,
    JobRequest,
    JobRequestKind,
    SplitEngine,
    SplitJob,
    TableGround,
)
from reconciler.reshard.phases import ENDED, RETRY_PHASES, IllegalMove, Phase
from reconciler.reshard.seen import Progress, Seen, SourceSeen, TargetSeen, TickLimits
from reconciler.reshard.transitions import is_coherent, moved, not_known_here

GROUND = (TableGround(shard="-80", table="orders", table_id=7, columns="c"),)
EPOCH = 3
TIME = TickLimits(
    left_s=600.0,
    fence_budget_s=20.0,
    grace_s=0.0,
    retain_s=0.0,
    approved=frozenset(Approval),
    needed=frozenset(Approval),
)
READY = Progress(
    is_prepared=True,
    is_guarded=True,
    is_copied=True,
    is_compared=True,
    is_finished=True,
    has_triggers=True,
    arrivals_per_s=50.0,
    drained_per_s=100.0,
    compared_per_s=100.0,
)
SOURCE = SourceSeen(shard="-80", ground=GROUND, fence=FenceState.OPEN, fence_epoch=EPOCH - 1)
FENCED = replace(SOURCE, fence=FenceState.FENCED, fence_epoch=EPOCH, fence_left_s=5.0)
SEALED = replace(SOURCE, fence=FenceState.SEALED, fence_epoch=EPOCH)
MOVED = SourceSeen(shard="-80", fence=FenceState.MOVED, fence_epoch=EPOCH, is_retired=True)
CLOSED = (TargetSeen(shard="-40", guard=GuardState.CLOSED),)
OPENED = (TargetSeen(shard="-40", guard=GuardState.OPEN),)


def job_in(phase: Phase, **values: object) -> SplitJob:
    past = phase in (Phase.CLEANUP, Phase.DONE)
    made = SplitJob(
        job_id=1,
        environment="production",
        keyspace="shop",
        plan_id="p",
        commit="c",
        engine=SplitEngine.TRACKER,
        sources=("-80",),
        targets=("-40", "40-80"),
        expected_version=1,
        started_s=0.0,
        phase=phase,
        phase_since_s=0.0,
        ground=() if phase is Phase.PLANNED else GROUND,
        fence_epoch=EPOCH,
        cutover_version=2 if past else None,
        cutover_s=1.0 if past else None,
        opened_version=3 if phase is Phase.DONE else None,
        abandoned_in=Phase.CATCHUP if phase in (Phase.ABANDONING, Phase.ABANDONED) else None,
        retry_phase=Phase.CATCHUP if phase is Phase.FAILED else None,
        ended_s=1.0 if phase in ENDED else None,
    )
    return replace(made, **values)  # type: ignore[arg-type]


def seen(source: SourceSeen = SOURCE, progress: Progress = READY, **values: object) -> Seen:
    made = Seen(sources=(source,), targets=CLOSED, progress=progress)
    return replace(made, **values)  # type: ignore[arg-type]


def asks(kind: JobRequestKind | UnknownKind) -> tuple[JobRequest, ...]:
    return (JobRequest(request_id=9, job_id=1, kind=kind, asked_by="x", asked_s=0.0),)


NEVER = replace(TIME, approved=frozenset())
RETAINING = replace(TIME, retain_s=10.0, since_cutover_s=9.0)
OPEN_JOB = {"opened_version": 3}
AT_REST = {**OPEN_JOB, "reserves": False}
UNGUARDED = Progress(is_unguarded=True)
TABLE: dict[str, tuple[SplitJob, Seen, TickLimits, Action]] = {
    # Planned, and after a failure that made the copy worth nothing
    "not approved": (job_in(Phase.PLANNED), seen(), NEVER, End(TickEnd.AWAITS_START)),
    "to prepare": (job_in(Phase.PLANNED), seen(progress=Progress()), TIME, Do(Step.PREPARE)),
    "prepared": (job_in(Phase.PLANNED), seen(), TIME, Go(Phase.BACKFILL)),
    "again": (job_in(Phase.PLANNED, ground=GROUND), seen(), TIME, Do(Step.START_OVER)),
    # The copy
    "its queue is gone": (
        job_in(Phase.BACKFILL),
        seen(replace(SOURCE, unqueued=("orders",))),
        TIME,
        Go(
            Phase.FAILED,
            JobChange(problem=queue_gone("-80", "orders"), retry_phase=Phase.PLANNED),
        ),
    ),
    "the copy is gone": (
        job_in(Phase.CATCHUP),
        seen(targets=(replace(CLOSED[0], missing=("orders",)),)),
        TIME,
        Go(
            Phase.FAILED,
            JobChange(problem=copy_gone("-40", "orders"), retry_phase=Phase.PLANNED),
        ),
    ),
    "the copy is gone, and was never asked for": (
        job_in(Phase.CLEANUP, **OPEN_JOB),
        seen(MOVED, targets=(replace(OPENED[0], missing=("orders",)),)),
        replace(TIME, since_cutover_s=1.0),
        Do(Step.DROP_GUARDS),
    ),
    "to track": (
        job_in(Phase.BACKFILL, ground=()),
        seen(replace(SOURCE, untracked=("orders",))),
        TIME,
        Do(Step.TRACK),
    ),
    "altered before it was tracked": (
        job_in(Phase.BACKFILL, ground=()),
        seen(replace(SOURCE, prepared=1, altered=("orders",))),
        TIME,
        Go(
            Phase.FAILED,
            JobChange(problem=definition_changed("-80", "orders"), retry_phase=Phase.PLANNED),
        ),
    ),
    "prepared before it was tracked": (
        job_in(Phase.BACKFILL, ground=()),
        seen(replace(SOURCE, prepared=1)),
        TIME,
        Wait(WAITS_FOR_XA),
    ),
    "to copy": (job_in(Phase.BACKFILL), seen(progress=Progress()), TIME, Do(Step.COPY)),
    "too much load": (job_in(Phase.BACKFILL), seen(brake="lag"), TIME, Wait("lag")),
    "copied": (job_in(Phase.BACKFILL), seen(), TIME, Go(Phase.CATCHUP)),
    "out of time": (
        job_in(Phase.BACKFILL),
        seen(progress=Progress()),
        replace(TIME, left_s=0.0),
        End(TickEnd.IN_PROGRESS),
    ),
    # Catching up
    "to compare": (
        job_in(Phase.CATCHUP),
        seen(progress=replace(READY, is_compared=False)),
        TIME,
        Do(Step.COMPARE),
    ),
    "a queue of too many seconds": (
        job_in(Phase.CATCHUP),
        seen(replace(SOURCE, queued=700)),
        TIME,
        Do(Step.DRAIN),
    ),
    "a queue of seconds nobody knows": (
        job_in(Phase.CATCHUP),
        seen(replace(SOURCE, queued=1), replace(READY, drained_per_s=None)),
        TIME,
        Do(Step.DRAIN),
    ),
    "too much to compare again": (
        job_in(Phase.CATCHUP),
        seen(progress=replace(READY, to_compare=700)),
        TIME,
        Do(Step.COMPARE),
    ),
    "rows of which nobody knows how long they take": (
        job_in(Phase.CATCHUP),
        seen(progress=replace(READY, to_compare=1)),
        TIME,
        Do(Step.COMPARE),
    ),
    "a round that spared some": (
        job_in(Phase.CATCHUP),
        seen(progress=replace(READY, to_compare=400, compared_from=600)),
        TIME,
        Do(Step.COMPARE),
    ),
    "a queue that no round makes shorter": (
        job_in(Phase.CATCHUP),
        seen(replace(SOURCE, queued=600), replace(READY, compared_from=0)),
        TIME,
        Go(Phase.ARM),
    ),
    "a round that spared little": (
        job_in(Phase.CATCHUP),
        seen(progress=replace(READY, to_compare=500, compared_from=600)),
        TIME,
        Go(Phase.ARM),
    ),
    "nobody would notice": (
        job_in(Phase.CATCHUP),
        seen(progress=replace(READY, to_compare=19, compared_from=19)),
        TIME,
        Go(Phase.ARM),
    ),
    "a cutover that is not approved": (
        job_in(Phase.CATCHUP),
        seen(),
        replace(TIME, approved=frozenset({Approval.START})),
        End(TickEnd.AWAITS_CUTOVER),
    ),
    "no time for a fence": (
        job_in(Phase.CATCHUP),
        seen(),
        replace(TIME, left_s=60.0),
        End(TickEnd.IN_PROGRESS),
    ),
    "a fence of a process that died": (job_in(Phase.CATCHUP), seen(FENCED), TIME, Do(Step.REOPEN)),
    # The fence
    "to arm": (
        job_in(Phase.ARM),
        seen(replace(SOURCE, unfenced=("orders",))),
        TIME,
        Do(Step.ARM),
    ),
    "armed": (job_in(Phase.ARM), seen(), TIME, Go(Phase.FENCE)),
    "armed by a process that died": (
        job_in(Phase.ARM),
        seen(progress=Progress()),
        TIME,
        Go(Phase.CATCHUP),
    ),
    "to close": (job_in(Phase.FENCE), seen(), TIME, Do(Step.FLIP)),
    "too late to close": (
        job_in(Phase.FENCE),
        seen(),
        replace(TIME, left_s=60.0),
        Go(Phase.CATCHUP),
    ),
    "closed": (job_in(Phase.FENCE), seen(FENCED), TIME, Go(Phase.DELTA_COPY)),
    "closed by a process that died": (
        job_in(Phase.FENCE),
        seen(FENCED, Progress()),
        TIME,
        Go(Phase.CATCHUP),
    ),
    "run out": (
        job_in(Phase.FENCE),
        seen(replace(FENCED, fence_left_s=0.0)),
        TIME,
        Go(Phase.CATCHUP),
    ),
    "prepared before the fence": (
        job_in(Phase.DELTA_COPY),
        seen(replace(FENCED, prepared=1)),
        TIME,
        Wait(WAITS_FOR_XA),
    ),
    "to drain": (job_in(Phase.DELTA_COPY), seen(replace(FENCED, queued=1)), TIME, Do(Step.DRAIN)),
    "to compare at rest": (
        job_in(Phase.DELTA_COPY),
        seen(FENCED, replace(READY, to_compare=1)),
        TIME,
        Do(Step.COMPARE_AT_REST),
    ),
    "equal": (job_in(Phase.DELTA_COPY), seen(FENCED), TIME, Go(Phase.CUTOVER)),
    "opened meanwhile": (job_in(Phase.DELTA_COPY), seen(SOURCE), TIME, Go(Phase.CATCHUP)),
    # The cutover
    "to seal": (job_in(Phase.CUTOVER), seen(FENCED), TIME, Do(Step.SEAL)),
    "not sealed in time": (
        job_in(Phase.CUTOVER),
        seen(replace(FENCED, fence_left_s=-1.0)),
        TIME,
        Go(Phase.CATCHUP),
    ),
    "the second drain": (
        job_in(Phase.CUTOVER),
        seen(replace(SEALED, queued=1)),
        TIME,
        Do(Step.DRAIN),
    ),
    "prepared while it was sealed": (
        job_in(Phase.CUTOVER),
        seen(replace(SEALED, prepared=1)),
        TIME,
        Go(Phase.CATCHUP),
    ),
    "sealed by a process that died": (
        job_in(Phase.CUTOVER),
        seen(SEALED, Progress()),
        TIME,
        Go(Phase.CATCHUP),
    ),
    "to finish": (
        job_in(Phase.CUTOVER),
        seen(SEALED, replace(READY, is_finished=False)),
        TIME,
        Do(Step.FINISH_TABLES),
    ),
    "not finished in the fence's time": (
        job_in(Phase.CUTOVER),
        seen(SEALED, replace(READY, is_finished=False, at_cutover_s=20.0)),
        TIME,
        Go(Phase.CATCHUP),
    ),
    "to cut over": (job_in(Phase.CUTOVER), seen(SEALED), TIME, Do(Step.CUT_OVER)),
    "to cut over, late": (
        job_in(Phase.CUTOVER),
        seen(SEALED, replace(READY, at_cutover_s=90.0)),
        TIME,
        Do(Step.CUT_OVER),
    ),
    # Behind it
    "triggers first": (
        job_in(Phase.CLEANUP),
        seen(SEALED, Progress()),
        TIME,
        Do(Step.ADD_TRIGGERS),
    ),
    "to retire": (job_in(Phase.CLEANUP), seen(SEALED), TIME, Do(Step.RETIRE)),
    "to serve": (job_in(Phase.CLEANUP), seen(MOVED), TIME, Do(Step.OPEN_ROUTES)),
    "to open": (job_in(Phase.CLEANUP, **OPEN_JOB), seen(MOVED), TIME, Do(Step.OPEN_TARGETS)),
    "guards off first": (
        job_in(Phase.CLEANUP, **OPEN_JOB),
        seen(MOVED, targets=OPENED),
        NEVER,
        Do(Step.DROP_GUARDS),
    ),
    "schemas may be changed": (
        job_in(Phase.CLEANUP, **OPEN_JOB),
        seen(MOVED, UNGUARDED, targets=OPENED),
        NEVER,
        LetGo(),
    ),
    "schemas may be changed while the source is kept": (
        job_in(Phase.CLEANUP, **OPEN_JOB),
        seen(MOVED, UNGUARDED, targets=OPENED),
        RETAINING,
        LetGo(),
    ),
    "a clean-up that is not approved": (
        job_in(Phase.CLEANUP, **AT_REST),
        seen(MOVED, targets=OPENED),
        NEVER,
        End(TickEnd.AWAITS_CLEANUP),
    ),
    "too early to drop": (
        job_in(Phase.CLEANUP, **AT_REST),
        seen(MOVED, targets=OPENED),
        RETAINING,
        End(TickEnd.RETAINS_SOURCE),
    ),
    "to drop the source": (
        job_in(Phase.CLEANUP, **AT_REST),
        seen(MOVED, targets=OPENED),
        TIME,
        Do(Step.DROP_SOURCES),
    ),
    "taken up in its clean-up": (
        job_in(Phase.CLEANUP, **OPEN_JOB),
        seen(MOVED, UNGUARDED, targets=OPENED),
        TIME,
        LetGo(),
    ),
    "to keep schemas as they are": (
        job_in(Phase.CLEANUP, **AT_REST),
        seen(MOVED, Progress(is_source_dropped=True), targets=OPENED),
        TIME,
        Reserve(),
    ),
    "to clean up": (
        job_in(Phase.CLEANUP, **OPEN_JOB),
        seen(MOVED, Progress(is_source_dropped=True), targets=OPENED),
        TIME,
        Do(Step.CLEAN_UP),
    ),
    "clean": (
        job_in(Phase.CLEANUP, **OPEN_JOB),
        seen(MOVED, Progress(is_cleaned=True), targets=()),
        TIME,
        Go(Phase.DONE),
    ),
    # Ends
    "failed": (job_in(Phase.FAILED), seen(), TIME, End(TickEnd.FAILED)),
    "failed behind a fence": (job_in(Phase.FAILED), seen(SEALED), TIME, Do(Step.REOPEN)),
    "failed behind the cutover": (
        job_in(Phase.FAILED, retry_phase=Phase.CLEANUP, cutover_version=2),
        seen(SEALED),
        TIME,
        End(TickEnd.FAILED),
    ),
    "failed in its clean-up": (
        job_in(Phase.FAILED, retry_phase=Phase.CLEANUP, cutover_version=2, **OPEN_JOB),
        seen(MOVED, UNGUARDED, targets=OPENED),
        TIME,
        LetGo(),
    ),
    "to take down": (job_in(Phase.ABANDONING), seen(SEALED), TIME, Do(Step.TAKE_DOWN)),
    "taken down": (
        job_in(Phase.ABANDONING),
        seen(progress=Progress(is_cleaned=True)),
        TIME,
        Go(Phase.ABANDONED),
    ),
    "done": (job_in(Phase.DONE), seen(), TIME, End(TickEnd.DONE)),
    "abandoned": (job_in(Phase.ABANDONED), seen(), TIME, End(TickEnd.ABANDONED)),
    "abandoned, and a fence that is not its own any more": (
        job_in(Phase.ABANDONED),
        seen(FENCED),
        TIME,
        End(TickEnd.ABANDONED),
    ),
}


@pytest.mark.invariant("SP-54")
@pytest.mark.parametrize("name", TABLE)
def test_what_is_next(name: str) -> None:
    job, what, limits, action = TABLE[name]
    assert next_action(job, what, (), limits) == action


@pytest.mark.invariant("SP-55")
@pytest.mark.parametrize(
    "phase",
    [Phase.BACKFILL, Phase.CATCHUP, Phase.ARM, Phase.FENCE, Phase.DELTA_COPY, Phase.CUTOVER],
)
@pytest.mark.parametrize(
    ("source", "code"),
    [
        (replace(SEALED, ground=()), "split-table-changed"),
        (replace(SEALED, ground=(replace(GROUND[0], table_id=8),)), "split-table-changed"),
        (replace(SEALED, ground=(replace(GROUND[0], columns="d"),)), "split-table-changed"),
        (replace(SEALED, untracked=("orders",)), "split-tracker-gone"),
    ],
)
def test_a_table_that_is_another_one_fails_it_in_every_phase(
    phase: Phase, source: SourceSeen, code: str
) -> None:
    action = next_action(job_in(phase), seen(source), (), TIME)
    assert isinstance(action, Go)
    assert action.change.problem is not None
    assert (action.to, action.change.problem.code) == (Phase.FAILED, code)
    assert action.change.retry_phase is Phase.PLANNED


def test_writes_that_outrun_the_copy_end_it_with_both_rates() -> None:
    lost = replace(READY, arrivals_per_s=300.0, drained_for_s=120.0)
    action = next_action(job_in(Phase.CATCHUP), seen(replace(SOURCE, queued=999), lost), (), TIME)
    assert isinstance(action, Go)
    assert action.change.problem is not None
    assert "arrivals outrun the copy: 300" in action.change.problem.message
    assert action.change.retry_phase is Phase.CATCHUP


def test_a_fence_that_is_lost_again_and_again_is_left_to_a_person() -> None:
    action = next_action(
        job_in(Phase.CATCHUP), seen(progress=replace(READY, fences_lost=3)), (), TIME
    )
    assert isinstance(action, End)
    assert action.problem is not None
    assert action.problem.code == "split-fences-lost"


@pytest.mark.invariant("SP-51")
@pytest.mark.parametrize("phase", [p for p in RETRY_PHASES if p is not Phase.CLEANUP])
def test_a_catalog_that_names_the_targets_keeps_every_fence_closed(phase: Phase) -> None:
    action = next_action(job_in(phase), seen(SEALED, has_cut_over=True), (), TIME)
    assert isinstance(action, End)
    assert action.problem is not None
    assert action.problem.code == "split-owned-by-targets"


REQUESTS: list[tuple[Phase, JobRequestKind, Verdict | None]] = [
    (Phase.BACKFILL, JobRequestKind.STOP, Verdict.HOLD),
    (Phase.DELTA_COPY, JobRequestKind.STOP, None),
    (Phase.FAILED, JobRequestKind.RESUME, Verdict.RESUME),
    (Phase.FAILED, JobRequestKind.RETRY, Verdict.RETRY),
    (Phase.CATCHUP, JobRequestKind.RETRY, Verdict.REFUSE),
    (Phase.DELTA_COPY, JobRequestKind.ABANDON, Verdict.ABANDON),
    (Phase.ABANDONING, JobRequestKind.ABANDON, Verdict.ABANDON),
    (Phase.CUTOVER, JobRequestKind.ABANDON, None),
    (Phase.CLEANUP, JobRequestKind.ABANDON, Verdict.REFUSE),
]


@pytest.mark.invariant("RG-86")
def test_what_a_later_version_asks_is_refused_by_name() -> None:
    action = next_action(job_in(Phase.BACKFILL), seen(SEALED), asks(UnknownKind("freeze")), TIME)
    assert isinstance(action, Answer)
    assert (action.verdict, action.problem) == (Verdict.REFUSE, not_known_here("freeze"))


@pytest.mark.invariant("SP-56")
@pytest.mark.parametrize(("phase", "kind", "verdict"), REQUESTS)
def test_what_is_asked_is_answered_where_it_can_be(
    phase: Phase, kind: JobRequestKind, verdict: Verdict | None
) -> None:
    action = next_action(job_in(phase), seen(SEALED), asks(kind), TIME)
    if verdict is None:
        assert not isinstance(action, Answer)
    else:
        assert isinstance(action, Answer)
        assert action.verdict is verdict
        assert (action.problem is not None) == (verdict is Verdict.REFUSE)


def test_a_job_that_is_held_leaves_no_writer_waiting() -> None:
    held = {"held_by": "somebody"}
    assert next_action(job_in(Phase.FENCE, **held), seen(FENCED), (), TIME) == Go(Phase.CATCHUP)
    assert next_action(job_in(Phase.CATCHUP, **held), seen(FENCED), (), TIME) == Do(Step.REOPEN)
    assert next_action(job_in(Phase.CATCHUP, **held), seen(), (), TIME) == End(TickEnd.HELD)
    cutting = next_action(job_in(Phase.CUTOVER, **held), seen(SEALED), (), TIME)
    assert cutting == Do(Step.CUT_OVER)
    closed = next_action(job_in(Phase.CLEANUP, **held), seen(SEALED), (), TIME)
    assert closed == Do(Step.RETIRE)
    open_seen = seen(MOVED, UNGUARDED, targets=OPENED)
    serving = next_action(job_in(Phase.CLEANUP, **held, **OPEN_JOB), open_seen, (), TIME)
    assert serving == LetGo()
    at_rest = next_action(job_in(Phase.CLEANUP, **held, **AT_REST), open_seen, (), TIME)
    assert at_rest == End(TickEnd.HELD)


@pytest.mark.invariant("SP-56")
def test_a_job_that_was_stopped_and_then_given_up_is_taken_down() -> None:
    """Its fence may be closed for good, and nothing but the taking down opens it."""
    held = job_in(Phase.ABANDONING, held_by="somebody")
    assert next_action(held, seen(SEALED), (), TIME) == Do(Step.TAKE_DOWN)


booleans = st.booleans()
sources = st.builds(
    SourceSeen,
    shard=st.just("-80"),
    ground=st.sampled_from([GROUND, ()]),
    untracked=st.sampled_from([(), ("orders",)]),
    unqueued=st.sampled_from([(), ("orders",)]),
    unfenced=st.sampled_from([(), ("orders",)]),
    fence=st.sampled_from([None, *FenceState]),
    fence_epoch=st.integers(0, EPOCH),
    fence_left_s=st.sampled_from([None, -1.0, 5.0]),
    prepared=st.integers(0, 1),
    queued=st.sampled_from([0, 1, 5_000]),
    is_retired=booleans,
)
progresses = st.builds(
    Progress,
    **{
        name: booleans for name in Progress.__dataclass_fields__ if name.startswith(("is_", "has_"))
    },
    to_compare=st.sampled_from([0, 1, 5_000]),
    drained_per_s=st.sampled_from([None, 100.0]),
    compared_per_s=st.sampled_from([None, 100.0]),
    arrivals_per_s=st.sampled_from([None, 50.0, 500.0]),
    drained_for_s=st.sampled_from([0.0, 500.0]),
    at_cutover_s=st.sampled_from([0.0, 500.0]),
    fences_lost=st.integers(0, 4),
)
seens = st.builds(
    Seen,
    sources=st.tuples(sources, sources),
    targets=st.sampled_from([CLOSED, OPENED, ()]),
    progress=progresses,
    brake=st.sampled_from([None, "lag"]),
    has_cut_over=booleans,
)
limits_of_ticks = st.builds(replace, st.just(TIME), left_s=st.sampled_from([-1.0, 30.0, 600.0]))


@pytest.mark.invariant("SP-54")
@given(st.sampled_from(Phase), booleans, seens, limits_of_ticks)
def test_no_action_is_illegal_and_none_opens_a_fence_too_late_or_too_early(
    phase: Phase, held: bool, what: Seen, limits: TickLimits
) -> None:
    job = job_in(phase, held_by="x" if held else None)
    action = next_action(job, what, (), limits)
    match action:
        case Go(to, change):
            after = moved(job, to, change=change, now_s=1.0)
            assert is_coherent(after) or phase is Phase.CLEANUP
        case Do(Step.CUT_OVER):
            assert all(source.is_sealed_by(job.fence_epoch) for source in what.sources)
            assert what.queued == 0
            assert what.progress.to_compare == 0
            assert what.progress.is_compared
            assert what.prepared == 0
        case Do(Step.FLIP):
            assert what.progress.is_compared
            assert limits.left_s > 3 * limits.fence_budget_s
        case Do(Step.REOPEN):
            assert not what.has_cut_over
            assert not job.is_past_cutover
        case Do(Step.COPY):
            assert {*what.ground} == {*job.ground}
        case _:
            pass


@given(seens, limits_of_ticks)
def test_nothing_but_its_end_leads_out_of_being_abandoned(what: Seen, limits: TickLimits) -> None:
    action = next_action(job_in(Phase.ABANDONING), what, (), limits)
    assert isinstance(action, End) or action in (Do(Step.TAKE_DOWN), Go(Phase.ABANDONED))
    with pytest.raises(IllegalMove):
        moved(job_in(Phase.ABANDONING), Phase.CATCHUP, now_s=1.0)
