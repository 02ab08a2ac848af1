"""What a controller begins: nothing twice, nothing never, and nothing because of drift."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.controller.due import apply_standing, drift_standing, due, mark_of, pause_s
from reconciler.controller.limits import AGAIN_S_MAX, APPLIES_AT_ONCE_MAX, LOOKS_AT_ONCE_MAX
from reconciler.controller.model import (
    FOR_A_PERSON,
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

PLAN, OTHER = "sha256:1", "sha256:2"
SHOP = Place("production", "shop")
WANTED = Wanted(place=SHOP, work=PLAN, drift_every_s=3600.0)
NOTHING_RECORDED = Recorded(mark="none")
NOW_S = 100_000.0


def situation(
    recorded: Recorded | None = NOTHING_RECORDED,
    tried: Tried | None = None,
    wanted: Wanted = WANTED,
) -> Situation:
    return Situation(
        wanted=(wanted,),
        recorded={SHOP: recorded} if recorded else {},
        tried={SHOP: tried} if tried else {},
        looked_s={SHOP: NOW_S},
        running=frozenset(),
        led=frozenset({SHOP}),
        now_s=NOW_S,
    )


def unfinished(state: ApplyState = ApplyState.RUNNING, **told: object) -> Recorded:
    base = Recorded(mark="1 running 3 0", plan_id=PLAN, state=state)
    return replace(base, **told)  # type: ignore[arg-type]


HELD = {
    "completed": (unfinished(ApplyState.COMPLETED), WaitsFor.NOTHING),
    "failed": (unfinished(ApplyState.FAILED), WaitsFor.FAILED),
    "cancelled": (unfinished(ApplyState.CANCELLED), WaitsFor.CANCELLED),
    "driven": (unfinished(is_driven=True), WaitsFor.ANOTHER),
    "at a gate": (unfinished(ApplyState.PAUSED, hold=Hold.GATE), WaitsFor.GATE),
    "at a failure": (unfinished(ApplyState.PAUSED, hold=Hold.FAILURE), WaitsFor.FAILURE),
    "with copies": (unfinished(ApplyState.PAUSED, hold=Hold.CUTOVER), WaitsFor.CUTOVER),
    "stopped": (unfinished(ApplyState.STOPPED, is_stopped=True), WaitsFor.STOPPED),
}
GOES_ON = {
    "never begun": NOTHING_RECORDED,
    "another plan, done": replace(unfinished(ApplyState.COMPLETED), plan_id=OTHER),
    "another plan, failed": replace(unfinished(ApplyState.FAILED), plan_id=OTHER),
    "its driver died": unfinished(),
    "its process was told to end": unfinished(ApplyState.STOPPED),
    "a window was closed": unfinished(ApplyState.PAUSED, hold=Hold.GUARD),
    "failed, and retried": unfinished(ApplyState.FAILED, is_retried=True),
    "cancelled, and retried": unfinished(ApplyState.CANCELLED, is_retried=True),
    "released": unfinished(ApplyState.PAUSED, hold=Hold.GATE, is_released=True),
}


@pytest.mark.invariant("RG-41")
@pytest.mark.parametrize("name", HELD)
def test_what_is_done_driven_or_held_is_left_alone(name: str) -> None:
    recorded, waits_for = HELD[name]
    now = situation(recorded)
    assert due(now) == ()
    assert apply_standing(now, WANTED) == Standing(waits_for)


@pytest.mark.invariant("RG-42")
@pytest.mark.parametrize("name", GOES_ON)
def test_what_is_merged_and_nobody_holds_is_begun_or_gone_on_with(name: str) -> None:
    assert due(situation(GOES_ON[name])) == (Task(TaskKind.APPLY, SHOP),)


@pytest.mark.invariant("RG-41")
def test_nothing_is_begun_before_the_ledger_was_read() -> None:
    assert due(situation(None)) == ()


@pytest.mark.invariant("RG-41")
def test_nothing_is_begun_where_another_process_leads() -> None:
    assert due(replace(situation(), led=frozenset(), looked_s={})) == ()


@pytest.mark.invariant("RG-41")
def test_a_split_is_left_to_the_verb_that_drives_it() -> None:
    moving = replace(WANTED, is_moving=True)
    assert apply_standing(situation(wanted=moving), moving) == Standing(WaitsFor.SPLIT)


def refused(**told: object) -> Tried:
    base = Tried(work=PLAN, end=TryEnd.AGAIN, ended_s=NOW_S - 1, mark="none")
    return replace(base, **told)  # type: ignore[arg-type]


@pytest.mark.invariant("RG-42")
def test_what_was_refused_is_tried_again_later_and_at_once_when_something_is_new() -> None:
    later = apply_standing(situation(tried=refused()), WANTED)
    assert later == Standing(WaitsFor.LATER, NOW_S - 1 + pause_s(1))
    assert due(situation(tried=refused(work=OTHER))), "git says something new"
    assert due(situation(Recorded(mark="2"), tried=refused())), "the ledger does"
    assert due(situation(tried=refused(ended_s=NOW_S - pause_s(1))))


@pytest.mark.invariant("RG-41")
def test_what_a_try_left_in_the_ledger_is_not_something_new() -> None:
    """Its own writes are read before anything is decided on them."""
    now = situation(Recorded(mark="7"), tried=refused(mark=None))
    assert apply_standing(now, WANTED) == Standing(WaitsFor.LEDGER)


@pytest.mark.invariant("RG-41")
def test_what_had_nothing_to_do_is_not_looked_at_again() -> None:
    done = Tried(work=PLAN, end=TryEnd.DONE, ended_s=0.0, mark="none")
    assert apply_standing(situation(tried=done), WANTED) == Standing(WaitsFor.NOTHING)


@pytest.mark.invariant("RG-42")
def test_the_end_of_the_environment_that_comes_first_is_something_new() -> None:
    first = Place("staging", "shop")
    wanted = replace(WANTED, after=("staging",))
    now = replace(situation(tried=refused(mark="none\n"), wanted=wanted))

    def with_first(recorded: Recorded) -> Situation:
        return replace(now, recorded={**now.recorded, first: recorded})

    still = with_first(replace(unfinished(), mark="1 running 9"))
    assert due(still) == (), "while it goes on it says something new all the time"
    assert due(with_first(unfinished(ApplyState.COMPLETED)))


DR = Place("dr", "shop")
LATER = replace(WANTED, place=DR, earlier=("production",))


def two(first: Recorded | None, **more: object) -> Situation:
    recorded = {DR: NOTHING_RECORDED} | ({SHOP: first} if first else {})
    base = replace(
        situation(), wanted=(WANTED, LATER), recorded=recorded, led=frozenset({SHOP, DR})
    )
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.mark.invariant("RG-78")
@pytest.mark.parametrize("name", [*HELD, *GOES_ON])
def test_a_deployment_waits_for_the_one_before_it_whatever_that_waits_for(name: str) -> None:
    first = HELD[name][0] if name in HELD else GOES_ON[name]
    waits = WaitsFor.ITS_TURN if name == "completed" else WaitsFor.DEPLOYMENT
    assert apply_standing(two(first), LATER) == Standing(waits)


@pytest.mark.invariant("RG-78")
def test_a_deployment_waits_while_nobody_has_read_how_the_one_before_it_stands() -> None:
    assert apply_standing(two(None), LATER) == Standing(WaitsFor.DEPLOYMENT)
    elsewhere = two(None, led=frozenset({DR}))
    assert apply_standing(elsewhere, LATER) == Standing(WaitsFor.ITS_TURN), "its gate asks shards"


@pytest.mark.invariant("RG-78")
def test_the_end_of_the_one_before_it_is_something_new() -> None:
    tried = {DR: refused(mark="none\n")}
    assert due(
        two(unfinished(ApplyState.COMPLETED), tried=tried, looked_s={SHOP: NOW_S, DR: NOW_S})
    )


def test_many_of_them_are_decided_at_once() -> None:
    names = [f"d{i:03}" for i in range(64)]
    wanted = tuple(
        replace(WANTED, place=Place(name, "shop"), earlier=tuple(names[:i]))
        for i, name in enumerate(names)
    )
    places = [one.place for one in wanted]
    now = replace(
        situation(),
        wanted=wanted,
        recorded=dict.fromkeys(places, NOTHING_RECORDED),
        led=frozenset(places),
        looked_s=dict.fromkeys(places, NOW_S),
    )
    assert due(now) == (Task(TaskKind.APPLY, places[0]),)


def test_pauses_double_up_to_a_bound() -> None:
    pauses = [pause_s(n) for n in (1, 2, 3, 100, 10**9)]
    assert pauses == [10.0, 20.0, 40.0, AGAIN_S_MAX, AGAIN_S_MAX]


def test_a_look_for_drift_follows_its_schedule() -> None:
    now = situation(unfinished(ApplyState.COMPLETED))
    look = Task(TaskKind.DRIFT, SHOP)
    assert due(replace(now, looked_s={})) == (look,)
    assert drift_standing(now, WANTED) == Standing(WaitsFor.LATER, NOW_S + 3600.0)
    assert due(replace(now, now_s=NOW_S + 3600.0)) == (look,)
    assert due(replace(now, now_s=NOW_S + 3600.0, running=frozenset({look}))) == ()


# --- whatever the situation is ---

PLACES = tuple(Place(e, k) for e in ("production", "staging") for k in ("a", "b", "c", "d", "e"))
_RECORDED = st.builds(
    Recorded,
    mark=st.sampled_from(("none", "1", "2")),
    plan_id=st.sampled_from((PLAN, OTHER)),
    state=st.sampled_from(ApplyState),
    hold=st.sampled_from(Hold),
    is_driven=st.booleans(),
    is_released=st.booleans(),
    is_stopped=st.booleans(),
)
_TRIED = st.builds(
    Tried,
    work=st.sampled_from((PLAN, OTHER)),
    end=st.sampled_from(TryEnd),
    ended_s=st.floats(0, NOW_S),
    in_a_row=st.integers(1, 99),
    mark=st.sampled_from((None, "none", "1", "2")),
)
_TASKS = tuple(Task(kind, place) for kind in TaskKind for place in PLACES)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    place = st.sampled_from(PLACES)
    wanted = [
        Wanted(
            place=one,
            work=draw(st.sampled_from((PLAN, OTHER))),
            drift_every_s=draw(st.floats(60, 1e6)),
            after=draw(st.sampled_from(((), ("staging",)))),
            earlier=("staging",) if one.environment != "staging" and draw(st.booleans()) else (),
            is_moving=draw(st.booleans()) and draw(st.booleans()),
        )
        for one in sorted(draw(st.sets(place, min_size=1)))
    ]
    return Situation(
        wanted=tuple(wanted),
        recorded=draw(st.dictionaries(place, _RECORDED)),
        tried=draw(st.dictionaries(place, _TRIED)),
        looked_s=draw(st.dictionaries(place, st.floats(0, NOW_S))),
        running=frozenset(draw(st.sets(st.sampled_from(_TASKS), max_size=4))),
        led=frozenset(draw(st.sets(place))),
        now_s=NOW_S,
    )


@given(now=situations())
@pytest.mark.invariant("RG-41")
def test_nothing_runs_twice(now: Situation) -> None:
    begun = due(now)
    assert len(set(begun)) == len(begun)
    assert not set(begun) & now.running
    wanted = {one.place: one for one in now.wanted}
    for task in begun:
        assert task.place in now.led
        if task.kind is TaskKind.APPLY:
            recorded = now.recorded[task.place]
            assert not recorded.is_driven
            is_this = recorded.plan_id == wanted[task.place].work
            assert not (is_this and recorded.state in FINISHED)


@given(now=situations())
@pytest.mark.invariant("RG-42")
def test_nothing_waits_forever(now: Situation) -> None:
    """Whatever waits has a time, or waits for somebody whose doing is seen: and then it is due."""
    for wanted in now.wanted:
        for standing_of in (apply_standing, drift_standing):
            standing = standing_of(now, wanted)
            assert (standing.until_s is not None) == (standing.waits_for is WaitsFor.LATER)
            if standing.until_s is not None:
                assert standing.until_s <= NOW_S + max(AGAIN_S_MAX, wanted.drift_every_s)
                then = replace(now, now_s=standing.until_s)
                assert standing_of(then, wanted) == Standing(WaitsFor.ITS_TURN)
        if apply_standing(now, wanted).waits_for in FOR_A_PERSON:
            newer = replace(wanted, work="sha256:3")
            assert apply_standing(now, newer).waits_for not in FOR_A_PERSON


@given(now=situations())
@pytest.mark.invariant("RG-42")
def test_whatever_is_due_gets_its_turn(now: Situation) -> None:
    """Each try makes its place the last one: with room for one at a time, all are begun in time."""
    waiting = [one for one in now.wanted if apply_standing(now, one) == Standing(WaitsFor.ITS_TURN)]
    now, seen = replace(now, running=frozenset()), set()
    for turn in range(len(now.wanted)):
        begun = [task for task in due(now) if task.kind is TaskKind.APPLY][:1]
        for task in begun:
            seen.add(task.place)
            work = next(one.work for one in now.wanted if one.place == task.place)
            ended = Tried(work=work, end=TryEnd.AGAIN, ended_s=NOW_S + turn, mark="elsewhere")
            now = replace(now, tried={**now.tried, task.place: ended})
    assert seen >= {one.place for one in waiting}


@given(now=situations(), looked_s=st.dictionaries(st.sampled_from(PLACES), st.floats(0, NOW_S)))
@pytest.mark.invariant("RG-43")
def test_what_looks_for_drift_say_begins_no_apply(
    now: Situation, looked_s: dict[Place, float]
) -> None:
    def applies(of: Situation) -> list[Task]:
        return [task for task in due(of) if task.kind is TaskKind.APPLY]

    assert applies(now) == applies(replace(now, looked_s=looked_s))


@given(now=situations())
def test_no_more_runs_at_once_than_may(now: Situation) -> None:
    for kind, most in (
        (TaskKind.APPLY, APPLIES_AT_ONCE_MAX),
        (TaskKind.DRIFT, LOOKS_AT_ONCE_MAX),
    ):
        running = sum(task.kind is kind for task in now.running)
        begun = sum(task.kind is kind for task in due(now))
        assert begun <= max(0, most - running)


MAIL = replace(WANTED, place=Place("production", "mail"), behind=(SHOP,))


def beside(shop: Situation, **told: object) -> Situation:
    """With a keyspace that comes after the shop."""
    base = replace(
        shop,
        wanted=(MAIL, WANTED),
        recorded={**shop.recorded, MAIL.place: NOTHING_RECORDED},
        looked_s={SHOP: NOW_S, MAIL.place: NOW_S},
        led=frozenset({SHOP, MAIL.place}),
    )
    return replace(base, **told)  # type: ignore[arg-type]


@pytest.mark.invariant("RG-73")
def test_a_keyspace_is_left_alone_while_the_one_before_it_is_worked_on_or_about_to_be() -> None:
    waits = Standing(WaitsFor.KEYSPACE)
    due_first = beside(situation())
    assert due(due_first) == (Task(TaskKind.APPLY, SHOP),)
    assert apply_standing(due_first, MAIL) == waits
    running = beside(situation(), running=frozenset({Task(TaskKind.APPLY, SHOP)}))
    assert apply_standing(running, MAIL) == waits
    driven = beside(situation(unfinished(is_driven=True)))
    assert apply_standing(driven, MAIL) == waits
    for held in (ApplyState.COMPLETED, ApplyState.FAILED):
        assert due(beside(situation(unfinished(held)))) == (Task(TaskKind.APPLY, MAIL.place),)


@pytest.mark.invariant("RG-73")
def test_what_was_not_its_turn_is_tried_as_soon_as_the_one_before_it_has_ended() -> None:
    before = beside(situation(unfinished(ApplyState.FAILED)))
    tried = Tried(
        work=PLAN, end=TryEnd.AGAIN, ended_s=NOW_S - 1, in_a_row=9, mark=mark_of(before, MAIL)
    )
    held = replace(before, tried={MAIL.place: tried})
    assert apply_standing(held, MAIL).waits_for is WaitsFor.LATER
    done = replace(unfinished(ApplyState.COMPLETED), mark="2 completed")
    ended = replace(held, recorded={**held.recorded, SHOP: done})
    assert due(ended) == (Task(TaskKind.APPLY, MAIL.place),)
