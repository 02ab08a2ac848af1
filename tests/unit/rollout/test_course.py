"""A rollout over regions: what is next, and what may be asked when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ledger.states import OperationState as S
from reconciler.rollout import course as of
from reconciler.rollout import course_asked as words
from reconciler.rollout.actions import Finish, Halt, Pause, Soak, Start, Wait
from reconciler.rollout.course import (
    Course,
    CourseOrder,
    CourseState,
    PartEnd,
    PartReport,
    Untold,
    begin_course,
    ended,
    next_step,
    shown,
    started,
)
from reconciler.spec.model import OnFailure

ORDER = CourseOrder(
    environment="production",
    keyspace="shop",
    commit="a" * 40,
    plan_id="sha256:b",
    waves=(("eu",), (), ("eu", "us")),
    on_failure=OnFailure.HALT,
    soak_s=0,
    gate=False,
    silent_s=30,
    asked_by="somebody",
)
DONE = PartReport(end=PartEnd.COMPLETED)
HELD = PartReport(end=PartEnd.HELD, code="drift")
FAILED = PartReport(end=PartEnd.FAILED, code="statement-failed")
PAST = replace(FAILED, goes_past=True)
STOPPED = PartReport(end=PartEnd.STOPPED)


def after(course: Course, *reports: tuple[str, PartReport], at_s: float = 0.0) -> Course:
    """Each part ordered and come back."""
    for part, report in reports:
        if part not in course.in_flight:
            course = started(course, (part,))
        course = ended(course, part, report, at_s)
    return course


def begun(**changed: object) -> Course:
    return begin_course(replace(ORDER, **changed))  # type: ignore[arg-type]


def state(course: Course) -> CourseState:
    return shown(course, 0.0).state


@pytest.mark.invariant("TM-1")
def test_wave_by_wave_and_all_regions_of_one_side_by_side() -> None:
    course = begun()
    assert next_step(course, 0.0) == Start(("1/eu",))
    course = started(course, ("1/eu",))
    assert next_step(course, 0.0) == Wait()
    course = after(course, ("1/eu", DONE))
    assert next_step(course, 0.0) == Start(("3/eu", "3/us"))
    course = started(course, ("3/eu", "3/us"))
    course = after(course, ("3/us", DONE))
    assert next_step(course, 0.0) == Wait()
    course = after(course, ("3/eu", DONE))
    assert next_step(course, 0.0) == Finish()
    assert state(course) is CourseState.COMPLETED
    assert of.to_be_told(course, 0.0) == ()


def test_an_order_says_names_and_nothing_else() -> None:
    order = of.region_order(begun(), "3/us")
    assert (order.region, order.wave, order.plan_id, order.releases) == ("us", 3, "sha256:b", False)


def test_a_soak_and_then_a_gate_before_the_next_wave_with_work() -> None:
    course = after(begun(soak_s=60, gate=True), ("1/eu", DONE), at_s=100.0)
    assert next_step(course, 130.0) == Soak(3, 160.0)
    assert shown(course, 130.0).state is CourseState.SOAKING
    assert words.why_not_release(course, 130.0) == "nothing holds it"
    assert isinstance(next_step(course, 160.0), Pause)
    assert shown(course, 160.0).state is CourseState.PAUSED
    assert "`release` opens the gate" in words.why_not_resume(course, 160.0)
    assert words.why_not_release(course, 160.0) == ""
    course = words.released(course, 160.0, "somebody")
    assert next_step(course, 160.0) == Start(("3/eu", "3/us"))


@pytest.mark.invariant("TM-3")
def test_what_a_region_refuses_holds_the_others_until_somebody_asks_again() -> None:
    course = started(after(begun(), ("1/eu", DONE)), ("3/eu", "3/us"))
    course = ended(course, "3/us", HELD, 0.0)
    assert of.must_end_what_runs(course, 0.0)
    assert state(course) is CourseState.ENDING
    course = ended(course, "3/eu", STOPPED, 0.0)
    assert state(course) is CourseState.HELD
    course = words.gone_on(course, "somebody else")
    assert next_step(course, 0.0) == Start(("3/eu", "3/us"))
    order = of.region_order(course, "3/us")
    assert (order.releases, order.asked_by) == (True, "somebody else")
    course = after(course, ("3/eu", DONE), ("3/us", DONE))
    assert state(course) is CourseState.COMPLETED


@pytest.mark.parametrize(
    ("on_failure", "then"),
    [
        (OnFailure.HALT, CourseState.FAILED),
        (OnFailure.CONTINUE, CourseState.FAILED),
        (OnFailure.PAUSE, CourseState.HELD),
    ],
)
def test_what_a_failure_does_is_for_the_spec_to_say(
    on_failure: OnFailure, then: CourseState
) -> None:
    course = started(after(begun(on_failure=on_failure), ("1/eu", DONE)), ("3/eu", "3/us"))
    course = ended(course, "3/us", FAILED, 0.0)
    goes_on = on_failure is OnFailure.CONTINUE
    assert of.must_end_what_runs(course, 0.0) is not goes_on
    course = ended(course, "3/eu", DONE if goes_on else STOPPED, 0.0)
    if on_failure is OnFailure.HALT:
        assert next_step(course, 0.0) == Halt("3/us")
        course = of.without_rest(course)
        assert course.states["3/eu"] is S.CANCELLED
        assert of.to_be_told(course, 0.0) == ("eu", "us")
    assert state(course) is then


@pytest.mark.invariant("RG-94")
def test_a_failure_that_was_released_in_its_region_holds_nothing_any_more() -> None:
    course = after(begun(on_failure=OnFailure.PAUSE, soak_s=60), ("1/eu", FAILED), at_s=100.0)
    assert state(course) is CourseState.HELD
    course = words.released(course, 100.0, "somebody")
    assert next_step(course, 100.0) == Start(("1/eu",))
    assert of.region_order(course, "1/eu").releases
    course = after(course, ("1/eu", PAST), at_s=200.0)
    assert next_step(course, 230.0) == Soak(3, 260.0)
    assert next_step(course, 260.0) == Start(("3/eu", "3/us"))
    # Of another region nobody has released anything.
    course = started(course, ("3/eu", "3/us"))
    course = ended(course, "3/us", FAILED, 300.0)
    assert of.must_end_what_runs(course, 300.0)
    course = ended(course, "3/eu", DONE, 300.0)
    assert shown(course, 300.0).state is CourseState.HELD
    course = after(words.released(course, 300.0, "somebody"), ("3/us", PAST))
    assert next_step(course, 300.0) == Finish()
    assert state(course) is CourseState.FAILED


@pytest.mark.invariant("RG-94")
def test_what_is_released_with_a_failure_and_fails_then_holds_for_itself() -> None:
    course = started(begun(on_failure=OnFailure.PAUSE, waves=(("eu", "us"),)), ("1/eu", "1/us"))
    course = ended(ended(course, "1/eu", FAILED, 0.0), "1/us", STOPPED, 0.0)
    course = words.released(course, 0.0, "somebody")
    course = after(started(course, ("1/eu", "1/us")), ("1/eu", PAST), ("1/us", FAILED))
    assert state(course) is CourseState.HELD
    course = words.released(course, 0.0, "somebody")
    assert next_step(course, 0.0) == Start(("1/us",))


def test_a_stop_holds_and_keeps_what_was_released() -> None:
    course = words.released(after(begun(gate=True), ("1/eu", DONE)), 0.0, "somebody")
    course = words.asked_to_stop(started(course, ("3/eu", "3/us")))
    assert of.must_end_what_runs(course, 0.0)
    assert words.why_not_stop(course, 0.0) == "it is stopped already"
    for why in (words.why_not_resume, words.why_not_release):
        assert why(course, 0.0).startswith("what runs is not finished yet")
    course = after(course, ("3/eu", STOPPED), ("3/us", DONE))
    assert state(course) is CourseState.STOPPED
    assert words.why_not_release(course, 0.0).startswith("it is stopped: `resume`")
    assert words.why_not_resume(course, 0.0) == ""
    course = words.gone_on(course, "somebody")
    assert next_step(course, 0.0) == Start(("3/eu",))


def test_a_stop_in_a_region_is_one_of_the_rollout() -> None:
    course = after(begun(), ("1/eu", STOPPED))
    assert state(course) is CourseState.STOPPED


def test_a_cancel_ends_it_and_tells_those_who_have_begun() -> None:
    course = words.asked_to_cancel(started(begun(), ("1/eu",)), "somebody")
    course = ended(course, "1/eu", STOPPED, 0.0)
    course = of.without_rest(course)
    assert next_step(course, 0.0) == Finish()
    assert state(course) is CourseState.CANCELLED
    assert of.to_be_told(course, 0.0) == ("eu",)
    for why in (
        words.why_not_cancel,
        words.why_not_stop,
        words.why_not_release,
        words.why_not_resume,
    ):
        assert why(course, 0.0) == "it has ended, or is about to"


@pytest.mark.invariant("TM-8")
def test_a_region_that_cannot_let_go_is_not_told_until_somebody_goes_on_without_it() -> None:
    course = started(after(begun(waves=(("eu", "us"),)), ("1/eu", STOPPED)), ("1/us",))
    assert words.why_not_without(course, 0.0, "us") == "it has not ended: `cancel` it first"
    course = words.asked_to_cancel(ended(course, "1/us", STOPPED, 0.0), "somebody")
    course = of.without_rest(course)
    course = of.answered_the_end(course, "eu", DONE)
    course = of.answered_the_end(course, "us", PartReport(end=PartEnd.HELD, code="drift"))
    assert of.to_be_told(course, 0.0) == ("us",)
    assert shown(course, 0.0).untold == (Untold(region="us", code="drift"),)
    assert words.why_not_without(course, 0.0, "eu") == "its end does not wait for region eu"
    assert words.why_not_without(course, 0.0, "us") == ""
    course = words.without(course, "us", "somebody else")
    assert (of.to_be_told(course, 0.0), shown(course, 0.0).untold) == ((), ())
