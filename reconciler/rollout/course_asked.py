"""What people ask of a rollout over regions, and why a request would do nothing."""

from __future__ import annotations

from dataclasses import replace

from reconciler.ledger.states import OperationState as S
from reconciler.rollout.course import (
    ENDED,
    Course,
    CourseState,
    gates_passed,
    shown,
    to_be_told,
)
from reconciler.rollout.snapshot import Asked


def asked_to_stop(course: Course) -> Course:
    return replace(course, asked=Asked.STOP)


def asked_to_cancel(course: Course, by: str) -> Course:
    return replace(course, asked=Asked.CANCEL, by=by)


def gone_on(course: Course, by: str) -> Course:
    """With every part that is stopped or held, and with what holds it there."""
    held = {part for part, state in course.states.items() if state is S.STOPPED}
    return replace(course, asked=Asked.NOTHING, released=course.released | held, by=by)


def released(course: Course, now_s: float, by: str) -> Course:
    """The gate is opened at which it waits; or, where a region waits for a person, it goes on."""
    if shown(course, now_s).state is CourseState.PAUSED:
        return replace(course, gates_open=gates_passed(course, now_s), by=by)
    return gone_on(course, by)


_ENDS = "it has ended, or is about to"
_NOT_YET = "what runs is not finished yet: ask again when `status` shows that nothing runs"


def why_not_stop(course: Course, now_s: float) -> str:
    """'' where it can be asked; else why it would do nothing."""
    if _is_over(course, now_s):
        return _ENDS
    return "it is stopped already" if course.asked is Asked.STOP else ""


def why_not_release(course: Course, now_s: float) -> str:
    if _is_over(course, now_s):
        return _ENDS
    match shown(course, now_s).state:
        case CourseState.PAUSED | CourseState.HELD:
            return ""
        case CourseState.ENDING:
            return _NOT_YET
        case CourseState.STOPPED:
            return "it is stopped: `resume` goes on with it, up to its gate"
        case _:
            return "nothing holds it"


def why_not_resume(course: Course, now_s: float) -> str:
    if _is_over(course, now_s):
        return _ENDS
    match shown(course, now_s).state:
        case CourseState.STOPPED | CourseState.HELD:
            return ""
        case CourseState.ENDING:
            return _NOT_YET
        case CourseState.PAUSED:
            return "it is not stopped: `release` opens the gate that it waits at"
        case _:
            return "it is not stopped"


def why_not_cancel(course: Course, now_s: float) -> str:
    return _ENDS if _is_over(course, now_s) else ""


def _is_over(course: Course, now_s: float) -> bool:
    return course.asked is Asked.CANCEL or shown(course, now_s).state in ENDED


def without(course: Course, region: str, by: str) -> Course:
    """Its end waits for this region no more. Whoever says so knows that its record there keeps its
    shards reserved, until it is cancelled in the region."""
    return replace(course, left=course.left | {region}, by=by)


def why_not_without(course: Course, now_s: float, region: str) -> str:
    if region in to_be_told(course, now_s):
        return ""
    if shown(course, now_s).state not in ENDED:
        return "it has not ended: `cancel` it first"
    return f"its end does not wait for region {region}"
