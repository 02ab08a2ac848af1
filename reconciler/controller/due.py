"""What a controller begins next: what is merged, the ledger, schedules and the time go in.

RG-41: nothing is begun that is done, driven by somebody, held by a person, or of a ledger in which
another process leads. RG-42: whatever else is wanted is due, or has a time at which it will be.
RG-43: what a look for drift finds is no argument here, so that it can never lead to an apply.

Nothing here is what makes an apply safe: it proves its review, takes its locks and compares each
table by itself, whoever begins it and however often.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from reconciler.controller.limits import (
    AGAIN_S_MAX,
    AGAIN_S_MIN,
    APPLIES_AT_ONCE_MAX,
    LOOKS_AT_ONCE_MAX,
)
from reconciler.controller.model import (
    Place,
    Recorded,
    Situation,
    Standing,
    Task,
    TaskKind,
    Tried,
    TryEnd,
    WaitsFor,
    Wanted,
)
from reconciler.ledger.states import FINISHED, ApplyState, Hold

_ITS_TURN = Standing(WaitsFor.ITS_TURN)
_UNDER_WAY = (WaitsFor.RUNNING, WaitsFor.ANOTHER, WaitsFor.KEYSPACE, WaitsFor.DEPLOYMENT)
_DONE_OR_UNKNOWN = (WaitsFor.NOTHING, WaitsFor.LEADER, WaitsFor.SPLIT)
_AT_ONCE_MAX = {TaskKind.APPLY: APPLIES_AT_ONCE_MAX, TaskKind.DRIFT: LOOKS_AT_ONCE_MAX}


def due(now: Situation) -> tuple[Task, ...]:
    """What to begin, in this order. What was tried longest ago comes first, and what never was
    before all: so that each gets its turn."""
    begun: list[Task] = []
    for kind in TaskKind:
        room = _AT_ONCE_MAX[kind] - sum(task.kind is kind for task in now.running)
        waiting = sorted(_waiting(now, kind))
        begun += [task for _, task in waiting[: max(0, room)]]
    return tuple(begun)


def _waiting(now: Situation, kind: TaskKind) -> Iterable[tuple[float, Task]]:
    standings = _Standings(now)
    for wanted in now.wanted:
        place = wanted.place
        match kind:
            case TaskKind.APPLY:
                standing = standings.of(wanted)
                tried = now.tried.get(place)
                last_s = tried.ended_s if tried else float("-inf")
            case TaskKind.DRIFT:
                standing = drift_standing(now, wanted)
                last_s = now.looked_s.get(place, float("-inf"))
            case _:
                assert_never(kind)
        if standing == _ITS_TURN:
            yield last_s, Task(kind, place)


def drift_standing(now: Situation, wanted: Wanted) -> Standing:
    """By the spec's own schedule, counted from the end of the last look."""
    if Task(TaskKind.DRIFT, wanted.place) in now.running:
        return Standing(WaitsFor.RUNNING)
    if wanted.place not in now.led:
        return Standing(WaitsFor.LEADER)
    if (looked_s := now.looked_s.get(wanted.place)) is None:
        return _ITS_TURN
    return _from(looked_s + wanted.drift_every_s, now.now_s)


def apply_standing(now: Situation, wanted: Wanted) -> Standing:
    """Whether what is merged is to be begun, or gone on with."""
    return _Standings(now).of(wanted)


class _Standings:
    """Each place's once: what waits for another asks how that one stands, and so on."""

    def __init__(self, now: Situation) -> None:
        self._now = now
        self._wanted = {wanted.place: wanted for wanted in now.wanted}
        self._known: dict[Place, Standing] = {}

    def of(self, wanted: Wanted) -> Standing:
        if wanted.place not in self._known:
            self._known[wanted.place] = self._of(wanted)
        return self._known[wanted.place]

    def _of(self, wanted: Wanted) -> Standing:
        now, place = self._now, wanted.place
        if Task(TaskKind.APPLY, place) in now.running:
            return Standing(WaitsFor.RUNNING)
        if place not in now.led:
            return Standing(WaitsFor.LEADER)
        if wanted.is_moving:
            return Standing(WaitsFor.SPLIT)
        if (recorded := now.recorded.get(place)) is None:
            return Standing(WaitsFor.LEDGER)
        if recorded.is_driven:
            return Standing(WaitsFor.ANOTHER)
        if recorded.plan_id == wanted.work and (held := _held(recorded)) is not None:
            return Standing(held)
        earlier = (Place(name, place.keyspace) for name in wanted.earlier)
        if any(not self._is_done_or_unknown(one) for one in earlier):
            return Standing(WaitsFor.DEPLOYMENT)
        if any(self._is_under_way(one) for one in wanted.behind):
            return Standing(WaitsFor.KEYSPACE)
        return _after(now.tried.get(place), wanted, mark_of(now, wanted), now.now_s)

    def _is_under_way(self, before: Place) -> bool:
        """It is worked on, or is about to be: until that has ended its gate would say no."""
        if (wanted := self._wanted.get(before)) is None:
            return False
        standing = self.of(wanted)
        return standing == _ITS_TURN or standing.waits_for in _UNDER_WAY

    def _is_done_or_unknown(self, before: Place) -> bool:
        """The gate asks the shards, and says no as long as the one before is not done, whatever
        that waits for; only of what another process leads nobody knows here."""
        wanted = self._wanted.get(before)
        return wanted is None or self.of(wanted).waits_for in _DONE_OR_UNKNOWN


def mark_of(now: Situation, wanted: Wanted) -> str:
    """What the ledger says of a place, and of what has to come before it: another mark, and what
    was refused may be let in."""
    own = now.recorded[wanted.place].mark
    here = (Place(name, wanted.place.keyspace) for name in (*wanted.after, *wanted.earlier))
    before = (*here, *wanted.behind)
    return "\n".join((own, *(_ended_mark(now.recorded.get(place)) for place in before)))


def _ended_mark(before: Recorded | None) -> str:
    """Only how it ended: while it goes on it says something new all the time."""
    return before.mark if before is not None and before.state in FINISHED else ""


def _held(recorded: Recorded) -> WaitsFor | None:
    """What keeps the apply of this very plan from being gone on with until a person says so, or
    for good; None: it is to be gone on with."""
    match recorded.state:
        case ApplyState.COMPLETED:
            return WaitsFor.NOTHING
        case ApplyState.FAILED:
            return None if recorded.is_retried else WaitsFor.FAILED
        case ApplyState.CANCELLED:
            return None if recorded.is_retried else WaitsFor.CANCELLED
        case _:
            assert recorded.state not in FINISHED
    if recorded.is_stopped:
        return WaitsFor.STOPPED
    if recorded.is_released:
        return None
    match recorded.hold:
        case Hold.GATE | Hold.KEPT_GATE:
            return WaitsFor.GATE
        case Hold.FAILURE:
            return WaitsFor.FAILURE
        case Hold.CUTOVER:
            return WaitsFor.CUTOVER
        case Hold.NONE | Hold.GUARD:  # a window opens by itself, and what was lost comes back
            return None
        case _:
            assert_never(recorded.hold)


def _after(tried: Tried | None, wanted: Wanted, mark: str, now_s: float) -> Standing:
    """What was tried is tried again when git or the ledger says something new, or in a while."""
    if tried is None or tried.work != wanted.work:
        return _ITS_TURN
    if tried.mark is None:
        return Standing(WaitsFor.LEDGER)
    if tried.mark != mark:
        return _ITS_TURN
    match tried.end:
        case TryEnd.DONE:
            return Standing(WaitsFor.NOTHING)
        case TryEnd.AGAIN:
            return _from(tried.ended_s + pause_s(tried.in_a_row), now_s)
        case _:
            assert_never(tried.end)


def pause_s(in_a_row: int) -> float:
    """Doubling, up to a bound."""
    doublings = min(in_a_row - 1, 32)
    return min(AGAIN_S_MIN * 2.0**doublings, AGAIN_S_MAX)


def _from(until_s: float, now_s: float) -> Standing:
    return _ITS_TURN if now_s >= until_s else Standing(WaitsFor.LATER, until_s)
