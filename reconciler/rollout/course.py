"""A rollout over regions, as whoever orders its parts sees it: what was ordered, what came of it,
and what is next.

What is next is the decision of any rollout (`decide.next_action`), with a part where one process
has a shard: it knows no address, no statement and no login, so that it can be made anywhere (TM-1).
All of it is a function of what was told, in the order in which it was told: where the engine that
keeps it has it made again, the same comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.ledger.states import SETTLED
from reconciler.ledger.states import OperationState as S
from reconciler.rollout.actions import Action, EndStopped, Pause, Soak
from reconciler.rollout.decide import next_action, nothing_new_may_start
from reconciler.rollout.part_order import PART_PROTOCOL
from reconciler.rollout.snapshot import Asked, RolloutLimits, RolloutSnapshot
from reconciler.spec.model import OnFailure

COURSE_PROTOCOL = 1
"""What the values that travel between machines mean. One that knows another refuses them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseOrder:
    """All that is told of a rollout to whoever orders its parts: names, and which commit and plan.
    `waves` are the regions with work in each; `silent_s` is for how long a region may show no sign
    of life while it works."""

    environment: str
    keyspace: str
    commit: str
    plan_id: str
    waves: tuple[tuple[str, ...], ...]
    on_failure: OnFailure
    soak_s: int
    gate: bool
    silent_s: int
    asked_by: str
    protocol: int = COURSE_PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionOrder:
    """All that a region is told: it fetches, proves and derives the rest by itself. `releases`: who
    goes on has seen what holds the part there. `is_first`: who began the rollout has said so, and
    nothing was ordered there before. `asked_by` is whose word it is."""

    environment: str
    keyspace: str
    commit: str
    plan_id: str
    region: str
    wave: int
    releases: bool = False
    is_first: bool = False
    silent_s: int = 30
    asked_by: str = ""
    part_protocol: int = PART_PROTOCOL
    protocol: int = COURSE_PROTOCOL


class PartEnd(StrEnum):
    COMPLETED = "completed"
    HELD = "held"  # it waits in its region for somebody to act, and can then be ordered again
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartReport:
    """What a region tells of a part: counts, names and a code. Sentences stay where they were made,
    for they may quote a server (TM-2). `goes_past`: its failures hold nothing up there any more,
    and nothing of it is left to be done."""

    end: PartEnd
    code: str = ""
    shard: str = ""
    table: str = ""
    problems: int = 0
    statements_run: int = 0
    goes_past: bool = False


class CourseState(StrEnum):
    """How a rollout stands, for people."""

    RUNNING = "running"
    ENDING = "ending"  # what runs is finished, or regions are told of the end
    SOAKING = "soaking"
    PAUSED = "paused"  # at a gate
    HELD = "held"  # a region waits for somebody
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({CourseState.COMPLETED, CourseState.FAILED, CourseState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PartShown:
    """`state` is the part's, in the words of an operation."""

    wave: int
    region: str
    state: S
    report: PartReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A region that has begun something and does not know of the end. `code` is why it could not
    let go when it was last asked; '': it has not answered."""

    region: str
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseShown:
    """`wave` is the first with something left; 0: none. `until_s` is when its soak is over.
    `untold` are the regions whose answer an end waits for."""

    state: CourseState
    wave: int
    until_s: float
    parts: tuple[PartShown, ...]
    plan_id: str
    commit: str
    asked_by: str
    untold: tuple[Untold, ...] = ()
    protocol: int = COURSE_PROTOCOL


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """`released` are parts that somebody let go on, with what holds them there; `by` said so last.
    `told` are the regions that know of the end, `left` those that it does not wait for, `kept` why
    a region could not let go."""

    order: CourseOrder
    states: Mapping[str, S]
    settled_s: Mapping[str, float] = field(default_factory=dict)
    reports: Mapping[str, PartReport] = field(default_factory=dict)
    in_flight: frozenset[str] = frozenset()
    asked: Asked = Asked.NOTHING
    gates_open: int = 0
    released: frozenset[str] = frozenset()
    by: str = ""
    told: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    kept: Mapping[str, str] = field(default_factory=dict)


def begin_course(order: CourseOrder) -> Course:
    return Course(order=order, states={part: S.PENDING for wave in _waves(order) for part in wave})


def next_step(course: Course, now_s: float) -> Action:
    return next_action(_snapshot(course, now_s), _limits(course.order))


def must_end_what_runs(course: Course, now_s: float) -> bool:
    """What runs elsewhere begins nothing more either (ST-7)."""
    return bool(course.in_flight) and nothing_new_may_start(
        _snapshot(course, now_s), _limits(course.order)
    )


def started(course: Course, parts: tuple[str, ...]) -> Course:
    return replace(course, in_flight=course.in_flight | frozenset(parts))


def region_order(course: Course, part: str) -> RegionOrder:
    order, (wave, region) = course.order, wave_and_region(part)
    return RegionOrder(
        environment=order.environment,
        keyspace=order.keyspace,
        commit=order.commit,
        plan_id=order.plan_id,
        region=region,
        wave=wave,
        releases=part in course.released,
        is_first=not any(wave_and_region(other)[1] == region for other in course.reports),
        silent_s=order.silent_s,
        asked_by=course.by if part in course.released else order.asked_by,
    )


_STATES = {
    PartEnd.COMPLETED: S.COMPLETED,
    PartEnd.HELD: S.STOPPED,
    PartEnd.STOPPED: S.STOPPED,
    PartEnd.FAILED: S.FAILED,
}


def ended(course: Course, part: str, report: PartReport, now_s: float) -> Course:
    """One that is held, or was stopped in its region, holds the others, too: what comes next is for
    whoever asks for it; so does a failure that is to wait for a person, until somebody has released
    it there. Where something else has ended the rollout by then, it stays with that."""
    state = _STATES[report.end]
    if state is S.FAILED and course.order.on_failure is OnFailure.PAUSE and not report.goes_past:
        state = S.STOPPED
    holds = state is S.STOPPED and not must_end_what_runs(course, now_s)
    return replace(
        course,
        states={**course.states, part: state},
        settled_s={**course.settled_s, part: now_s} if state in SETTLED else course.settled_s,
        reports={**course.reports, part: report},
        in_flight=course.in_flight - {part},
        asked=Asked.STOP if holds else course.asked,
        released=course.released - {part},
    )


def without_rest(course: Course) -> Course:
    """What has not begun, or was stopped, never starts."""
    return replace(
        course,
        states={
            part: state if state in SETTLED or part in course.in_flight else S.CANCELLED
            for part, state in course.states.items()
        },
    )


def to_be_told(course: Course, now_s: float) -> tuple[str, ...]:
    """Regions that have begun something of what now never ends: their records keep their shards
    reserved until they know. None of a rollout that completed."""
    state = _state(course, next_step(course, now_s), now_s)
    if state not in ENDED or state is CourseState.COMPLETED:
        return ()
    begun = {wave_and_region(part)[1] for part in course.reports}
    return tuple(sorted(begun - course.told - course.left))


def answered_the_end(course: Course, region: str, report: PartReport) -> Course:
    """One that could not let go is not told: its shards are still reserved (TM-8)."""
    if report.end is PartEnd.COMPLETED:
        return replace(course, told=course.told | {region})
    return replace(course, kept={**course.kept, region: report.code or report.end.value})


# --- how it stands ---


def shown(course: Course, now_s: float) -> CourseShown:
    step = next_step(course, now_s)
    left = [wave_and_region(p)[0] for p, state in course.states.items() if state not in SETTLED]
    order = course.order
    return CourseShown(
        state=_state(course, step, now_s),
        wave=min(left, default=0),
        until_s=step.until_s if isinstance(step, Soak) else 0.0,
        parts=tuple(_part_shown(course, part) for part in course.states),
        plan_id=order.plan_id,
        commit=order.commit,
        asked_by=order.asked_by,
        untold=tuple(
            Untold(region=region, code=course.kept.get(region, ""))
            for region in to_be_told(course, now_s)
        ),
    )


def wave_and_region(part: str) -> tuple[int, str]:
    wave, _, region = part.partition("/")
    return int(wave), region


def _state(course: Course, step: Action, now_s: float) -> CourseState:
    if course.in_flight:
        is_ending = must_end_what_runs(course, now_s)
        return CourseState.ENDING if is_ending else CourseState.RUNNING
    match step:
        case Soak():
            return CourseState.SOAKING
        case Pause():
            return CourseState.PAUSED
        case EndStopped():
            ends = {r.end for p, r in course.reports.items() if course.states[p] is S.STOPPED}
            return CourseState.HELD if ends - {PartEnd.STOPPED} else CourseState.STOPPED
        case _:
            pass
    if any(state not in SETTLED for state in course.states.values()):
        return CourseState.RUNNING
    if S.FAILED in course.states.values():
        return CourseState.FAILED
    is_cut = S.CANCELLED in course.states.values()
    return CourseState.CANCELLED if is_cut else CourseState.COMPLETED


def _part_shown(course: Course, part: str) -> PartShown:
    wave, region = wave_and_region(part)
    state = S.RUNNING if part in course.in_flight else course.states[part]
    report = None if part in course.in_flight else course.reports.get(part)
    return PartShown(wave=wave, region=region, state=state, report=report)


def _waves(order: CourseOrder) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(f"{number}/{region}" for region in regions)
        for number, regions in enumerate(order.waves, start=1)
    )


def gates_passed(course: Course, now_s: float) -> int:
    """Counted as `decide` counts them: one behind each wave with work."""
    wave = shown(course, now_s).wave
    return sum(1 for regions in course.order.waves[: wave - 1] if regions)


def _snapshot(course: Course, now_s: float) -> RolloutSnapshot:
    return RolloutSnapshot(
        waves=_waves(course.order),
        states=course.states,
        settled_s=course.settled_s,
        now_s=now_s,
        in_flight=course.in_flight,
        asked=course.asked,
        gates_open=course.gates_open,
        # One that nobody has released is kept as stopped.
        failures_released=course.order.on_failure is OnFailure.PAUSE,
    )


def _limits(order: CourseOrder) -> RolloutLimits:
    """A region waits for no other of its wave."""
    regions = max(map(len, order.waves), default=1)
    return RolloutLimits(
        on_failure=order.on_failure, parallel=regions, soak_s=order.soak_s, gate=order.gate
    )
