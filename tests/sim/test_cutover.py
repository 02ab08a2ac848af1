"""Copies that are swapped in on purpose: by a person, in a window, all of a wave together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.drive.control import ask
from reconciler.drive.open import Releases
from reconciler.drive.status import current_apply
from reconciler.errors import Refused
from reconciler.ledger.copies import (
    CopiesNotReady,
    CopiesReleased,
    CopyStopped,
    CutoverClosed,
    CutoverOverdue,
    CutoverReleased,
    CutoverShut,
    LeftBehind,
    RowsCompared,
)
from reconciler.ledger.model import StoredApply
from reconciler.ledger.reasons import (
    Happened,
    NothingToRelease,
    Reason,
)
from reconciler.ledger.shadows import known_shadows
from reconciler.ledger.states import Hold, RequestKind, RequestState
from reconciler.ledger.states import OperationState as S
from reconciler.limits import SHARDS_AT_WORK_MAX
from reconciler.model.engine import EngineName
from reconciler.model.fleet import even_shards
from reconciler.model.shadow_tables import ShadowMark
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.progress import RolloutWaits
from reconciler.plan.model import PlannedStatement
from reconciler.ports.shards import RowsAlike, RowsChecked, RowsDiffer, RowsNotCompared
from reconciler.spec.model import CutoverSpec, OnFailure, RolloutSpec, Together, WaveShare
from tests.series import series
from tests.sim.fleet import HELPERS, STOPPED, Answer, Fate, Online, SimClock, SimFleet
from tests.sim.plans import SHARDS, plan_for
from tests.sim.run import Simulation, close_ledgers, file_ledger

HOUR_S = 3_600
GATED = CutoverSpec(gate=True)
TOGETHER = CutoverSpec(together=Together.WAVE)
LIMIT_S = 600
TWO = ("-40", "40-")
# The simulation begins at 13:46:40 UTC.
IN_TIME = CutoverSpec(windows=("14:00-14:30 UTC",))


class Person(SimClock):
    """Does something once, as soon as something is so; `noted` is called each time any time
    passes."""

    def __init__(self, when: Callable[[], bool], do: Callable[[], object]) -> None:
        super().__init__()
        self.when = when
        self.do = do
        self.has_done = False
        self.noted: Callable[[], None] = lambda: None

    def pass_by(self, seconds: float) -> None:
        super().pass_by(seconds)
        self.noted()
        if not self.has_done and self.when():
            self.has_done = True
            self.do()


# Whose copies are taken up after their process has ended.
RESUMES = EngineName.SPIRIT


def copying(shard: str, statement: PlannedStatement) -> Online:
    """The last shard's copies take longest, and nobody goes on with one whose process is gone."""
    return Online(
        looks=2 + 3 * (SHARDS.index(shard) if shard in SHARDS else 1), ends_with_process=True
    )


def simulation(
    cutover: CutoverSpec,
    answer: Answer = copying,
    *,
    shards: tuple[str, ...] = SHARDS,
    each: int = 1,
    engine: EngineName = EngineName.SPIRIT,
    **more: object,
) -> Simulation:
    given = {"parallel": 2, "on_failure": OnFailure.CONTINUE, **more}
    rollout = RolloutSpec(cutover=cutover, **given)  # type: ignore[arg-type]
    plan = plan_for(rollout, shards=shards, tables=("users",), each=each, engine=engine)
    fleet = SimFleet(plan, answer=answer)
    ledger = file_ledger()
    return Simulation(plan=plan, rollout=rollout, fleet=fleet, ledger=ledger, side_by_side=True)


def the_apply(sim: Simulation) -> StoredApply:
    return sim.ledger.applies("production", keyspace="commerce", limit=1)[0]


def reason(sim: Simulation) -> Reason | None:
    found = sim.ledger.applies("production", keyspace="commerce", limit=1)
    return found[0].reason if found else None


def someone_asks(
    sim: Simulation, kind: RequestKind, when: Callable[[], bool] | None = None
) -> Person:
    """As soon as the apply says that it waits for a person."""

    def do() -> None:
        sim.ledger.ask(the_apply(sim).apply_id, kind, asked_by="ann", now_s=sim.fleet.clock.now_s())

    sim.fleet.clock = person = Person(
        when or (lambda: isinstance(reason(sim), CutoverClosed)),
        do,
    )
    return person


def answers(sim: Simulation) -> list[tuple[RequestState, object]]:
    return [(one.state, one.answer) for one in sim.ledger.requests(the_apply(sim).apply_id)]


def told(sim: Simulation) -> list[Happened]:
    return [event.what for event in sim.ledger.events(the_apply(sim).apply_id, limit=10_000)]


def known(sim: Simulation) -> set[tuple[str, str, bool]]:
    """What the ledger knows to be an engine's: shard, name, whether it is in progress."""
    rows = sim.ledger.engine_statements("production", "commerce", names=())
    return {(one.shard, one.name, one.is_in_progress) for one in known_shadows(rows)}


def every_helper(sim: Simulation, *, is_in_progress: bool) -> set[tuple[str, str, bool]]:
    names = HELPERS[RESUMES]
    return {(shard, name, is_in_progress) for shard in sim.fleet.shards for name in names}


def helpers_left(sim: Simulation) -> int:
    return sum(len(shard.left) for shard in sim.fleet.shards.values())


def check_done(sim: Simulation, outcome: ApplyOutcome) -> None:
    assert outcome.verdict is ApplyVerdict.COMPLETED, outcome
    sim.fleet.everything_ran_once()
    assert helpers_left(sim) == 0


def states(outcome: ApplyOutcome) -> dict[str, S]:
    return {row.shard: row.state for row in outcome.shards}


@pytest.mark.invariant("EN-5")
def test_all_copies_of_a_wave_wait_until_a_person_releases_them() -> None:
    sim = simulation(GATED)
    seen: list[set[S]] = []

    def note() -> None:
        if isinstance(reason(sim), CutoverClosed):
            now_s = sim.fleet.clock.now_s()
            status = current_apply(sim.ledger, "production", "commerce", now_s=now_s)
            assert status is not None
            seen.append({row.state for row in status.shards})
            assert {row.progress.left_s for s in status.shards for row in s.operations} == {None}

    person = someone_asks(sim, RequestKind.RELEASE, lambda: len(seen) > 50)
    person.noted = note
    check_done(sim, sim.run())
    assert seen[:50] == [{S.WAITING_FOR_CUTOVER}] * 50
    assert answers(sim) == [(RequestState.APPLIED, CutoverReleased(1, 4))]
    assert [e.reason for e in sim.events if isinstance(e, RolloutWaits)][-1] == CutoverClosed(1, 4)


@pytest.mark.invariant("EN-5")
def test_nothing_is_released_before_the_last_copy_is_complete() -> None:
    """Who releases has seen all of them."""
    sim = simulation(GATED)
    person = someone_asks(sim, RequestKind.RELEASE, lambda: reason(sim) == CopiesNotReady(1))
    swapped: list[str] = []

    def note() -> None:
        swapped.extend(sim.fleet.cut_over)
        if person.has_done and isinstance(reason(sim), CutoverClosed):
            sim.interrupts = 1

    person.noted = note
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert answers(sim)[0] == (RequestState.REFUSED, CopiesNotReady(1))
    assert swapped == []


@pytest.mark.invariant("EN-5")
def test_a_release_is_for_the_copies_that_wait_and_for_no_later_one() -> None:
    sim = simulation(GATED, each=2)
    someone_asks(sim, RequestKind.RELEASE)
    sim.rollout = replace(sim.rollout, cutover=replace(GATED, limit_s=LIMIT_S))
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert outcome.reason == CutoverOverdue(1, 4, 4, LIMIT_S)
    assert sorted(sim.fleet.cut_over) == sorted(SHARDS)


@pytest.mark.invariant("EN-5")
def test_copies_wait_for_their_window_and_are_swapped_in_by_it() -> None:
    sim = simulation(IN_TIME)
    swapped_at: list[float] = []

    def note() -> None:
        if len(sim.fleet.cut_over) > len(swapped_at):
            swapped_at.append(sim.fleet.clock.now_s() % 86_400 / HOUR_S)

    sim.fleet.clock = clock = Person(lambda: False, lambda: None)
    clock.noted = note
    check_done(sim, sim.run())
    assert swapped_at
    assert all(14 <= hour < 14.5 for hour in swapped_at)
    assert CutoverShut(1, 4, IN_TIME.windows) in [
        event.reason for event in sim.events if isinstance(event, RolloutWaits)
    ]


@pytest.mark.invariant("EN-5")
def test_what_is_released_before_its_window_is_swapped_in_by_it() -> None:
    """With a gate and a window, it takes both."""
    sim = simulation(replace(IN_TIME, gate=True))
    person = someone_asks(sim, RequestKind.RELEASE)
    before: list[int] = []

    def note() -> None:
        if sim.fleet.clock.now_s() % 86_400 < 14 * HOUR_S:
            before.append(len(sim.fleet.cut_over))

    person.noted = note
    check_done(sim, sim.run())
    assert set(before) == {0}
    assert answers(sim) == [(RequestState.APPLIED, CutoverReleased(1, 4, IN_TIME.windows))]


@pytest.mark.invariant("EN-5")
def test_the_copies_of_a_wave_are_swapped_in_together_and_not_before_the_last() -> None:
    sim = simulation(TOGETHER, waves=(WaveShare(percent=50), WaveShare(percent=100)))
    complete: list[int] = []

    def note() -> None:
        for shards in sim.plan.core.waves:
            swapping = {*shards} & {*sim.fleet.cut_over}
            if swapping and not complete:
                complete.append(sum(bool(sim.fleet.shards[name].sent) for name in shards))

    sim.fleet.clock = clock = Person(lambda: False, lambda: None)
    clock.noted = note
    check_done(sim, sim.run())
    assert complete == [2]


@pytest.mark.invariant("EN-5")
def test_a_wave_larger_than_parallel_comes_to_its_cutover() -> None:
    """A copy that waits does no work: only those that copy count."""
    sim = simulation(TOGETHER, parallel=1)
    at_work: list[int] = []

    def note() -> None:
        copies = [copy for shard in sim.fleet.shards.values() for copy in shard.copies.values()]
        if not sim.fleet.cut_over:
            at_work.append(sum(copy.online.looks > 0 for copy in copies))

    sim.fleet.clock = clock = Person(lambda: False, lambda: None)
    clock.noted = note
    check_done(sim, sim.run())
    assert max(at_work) == 1
    assert sim.workers is not None
    assert sim.workers.most_at_once == len(SHARDS)


def test_a_wave_that_no_process_can_keep_is_refused_before_anything_is_sent() -> None:
    shards = even_shards(2 * SHARDS_AT_WORK_MAX)
    rollout = RolloutSpec(cutover=GATED)
    plan = plan_for(rollout, shards=shards, tables=("users",), each=1, engine=EngineName.SPIRIT)
    sim = Simulation(plan=plan, rollout=rollout, fleet=SimFleet(plan))
    with pytest.raises(Refused) as refused:
        sim.run()
    assert refused.value.problems[0].code == "cutover-wave-too-large"
    assert not sim.ledger.applies("production", keyspace="commerce", limit=1)


def one_fails(shard: str, statement: PlannedStatement) -> object:
    return STOPPED if shard == SHARDS[1] else copying(shard, statement)


@pytest.mark.invariant("EN-5")
def test_a_shard_that_failed_holds_no_copy_up_where_others_go_on() -> None:
    sim = simulation(TOGETHER, one_fails)  # type: ignore[arg-type]
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert states(outcome) == dict.fromkeys(SHARDS, S.COMPLETED) | {SHARDS[1]: S.FAILED}
    assert helpers_left(sim) == 0


@pytest.mark.invariant("EN-5")
@pytest.mark.invariant("EN-6")
def test_a_failure_that_ends_the_apply_gives_the_wave_s_copies_up() -> None:
    sim = simulation(GATED, one_fails, on_failure=OnFailure.HALT)  # type: ignore[arg-type]
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.FAILED
    assert states(outcome) == dict.fromkeys(SHARDS, S.CANCELLED) | {SHARDS[1]: S.FAILED}
    assert sim.fleet.cut_over == []
    assert helpers_left(sim) == 0


@pytest.mark.invariant("EN-5")
def test_a_failure_that_pauses_the_apply_keeps_the_wave_s_copies() -> None:
    fails = [True]

    def answer(shard: str, statement: PlannedStatement) -> object:
        return one_fails(shard, statement) if fails[0] else copying(shard, statement)

    sim = simulation(GATED, answer, on_failure=OnFailure.PAUSE, parallel=4, engine=RESUMES)  # type: ignore[arg-type]
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert sim.fleet.cut_over == []
    assert helpers_left(sim) == 3
    someone_asks(sim, RequestKind.RELEASE)
    outcome = sim.run(releases=Releases.WHAT_HOLDS)
    assert outcome.verdict is ApplyVerdict.FAILED, "what failed stays so; the others are done"
    assert states(outcome) == dict.fromkeys(SHARDS, S.COMPLETED) | {SHARDS[1]: S.FAILED}
    assert sum(shard.resumed for shard in sim.fleet.shards.values()) == 3
    assert helpers_left(sim) == 0


@pytest.mark.invariant("EN-5")
@pytest.mark.parametrize("by_signal", [True, False])
def test_a_stop_keeps_the_copies_that_wait_and_a_resume_takes_them_up(by_signal: bool) -> None:
    sim = simulation(GATED, engine=RESUMES)
    person = someone_asks(sim, RequestKind.STOP)
    if by_signal:
        person.do = lambda: setattr(sim, "interrupts", 1)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.STOPPED
    assert set(states(outcome).values()) == {S.STOPPED}
    assert told(sim).count(CopyStopped(is_kept=True)) == 4
    assert sim.fleet.cut_over == []
    sim.interrupts = 0
    someone_asks(sim, RequestKind.RELEASE)
    check_done(sim, sim.run(releases=Releases.WHAT_HOLDS))
    assert [shard.resumed for shard in sim.fleet.shards.values()] == [1] * 4


@pytest.mark.invariant("EN-5")
def test_a_stop_ends_what_still_copies_too_where_it_can_be_taken_up() -> None:
    sim = simulation(GATED)
    someone_asks(sim, RequestKind.STOP, lambda: reason(sim) == CopiesNotReady(1))
    assert sim.run().verdict is ApplyVerdict.STOPPED
    someone_asks(sim, RequestKind.RELEASE)
    check_done(sim, sim.run())


@pytest.mark.invariant("EN-6")
def test_a_copy_that_nobody_can_take_up_is_not_kept() -> None:
    sim = simulation(GATED, engine=EngineName.PT_OSC)
    someone_asks(sim, RequestKind.STOP)
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert told(sim).count(CopyStopped(is_kept=False)) == 4
    assert helpers_left(sim) == 0


@pytest.mark.invariant("EN-6")
def test_a_cancel_gives_the_copies_up_and_leaves_nothing() -> None:
    sim = simulation(GATED)
    someone_asks(sim, RequestKind.CANCEL)
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.CANCELLED
    assert sim.fleet.cut_over == []
    assert helpers_left(sim) == 0


@pytest.mark.invariant("EN-6")
def test_what_cannot_be_removed_is_named_and_keeps_nothing_from_ending() -> None:
    sim = simulation(GATED)
    for shard in sim.fleet.shards.values():
        shard.cannot_discard = "access denied"
    someone_asks(sim, RequestKind.CANCEL)
    assert sim.run().verdict is ApplyVerdict.CANCELLED
    left = [what for what in told(sim) if isinstance(what, LeftBehind)]
    assert len(left) == 4
    assert "`_users_new`, `_users_chkpnt`" in left[0].message
    assert "access denied" in left[0].message
    assert known(sim) == {
        (shard, name, False) for shard in sim.fleet.shards for name in HELPERS[RESUMES]
    }


@pytest.mark.invariant("EN-30")
@pytest.mark.parametrize("cannot_discard", ["", "access denied"])
def test_what_stays_after_a_copy_was_swapped_in_is_recorded(cannot_discard: str) -> None:
    sim = simulation(CutoverSpec())
    for shard in sim.fleet.shards.values():
        shard.cannot_discard = cannot_discard
    assert sim.run().verdict is ApplyVerdict.COMPLETED
    stays = every_helper(sim, is_in_progress=False)
    assert known(sim) == (stays if cannot_discard else set())
    now_s = sim.fleet.clock.now_s()
    status = current_apply(sim.ledger, "production", "commerce", now_s=now_s)
    assert status is not None
    told = {(shard, one.name, False) for one in status.left for shard in one.shards}
    assert told == known(sim)
    assert {one.mark for one in status.left} <= {ShadowMark.LEFTOVER}


@pytest.mark.invariant("EN-6")
@pytest.mark.parametrize("is_driven", [True, False])
def test_a_cancel_names_the_copies_that_were_kept_and_nobody_took_up(is_driven: bool) -> None:
    """No engine was asked: what they left is for somebody to look at."""
    sim = simulation(GATED, engine=RESUMES)
    someone_asks(sim, RequestKind.STOP)
    assert sim.run().verdict is ApplyVerdict.STOPPED
    assert known(sim) == {
        (shard, name, True) for shard in sim.fleet.shards for name in HELPERS[RESUMES]
    }
    if is_driven:
        now_s = sim.fleet.clock.now_s()
        sim.ledger.ask(the_apply(sim).apply_id, RequestKind.CANCEL, asked_by="ann", now_s=now_s)
        assert sim.run().verdict is ApplyVerdict.CANCELLED
    else:
        assert asked(sim, RequestKind.CANCEL)[0] is RequestState.APPLIED
    left = [what.message for what in told(sim) if isinstance(what, LeftBehind)]
    assert len(left) == helpers_left(sim) == 4
    assert "`_users_new`" in left[0]
    assert known(sim) == {
        (shard, name, False) for shard in sim.fleet.shards for name in HELPERS[RESUMES]
    }


@pytest.mark.invariant("EN-32")
def test_what_an_apply_has_left_the_next_one_takes_up() -> None:
    """Else its own copy would be in its way, as somebody else's."""
    sim = simulation(GATED, engine=RESUMES)
    someone_asks(sim, RequestKind.STOP)
    assert sim.run().verdict is ApplyVerdict.STOPPED
    first = the_apply(sim).apply_id
    assert asked(sim, RequestKind.CANCEL)[0] is RequestState.APPLIED
    sim.rollout = replace(sim.rollout, cutover=CutoverSpec())
    check_done(sim, sim.run())
    assert the_apply(sim).apply_id > first
    assert [shard.resumed for shard in sim.fleet.shards.values()] == [1] * 4


@pytest.mark.invariant("EN-5")
def test_copies_are_not_kept_for_ever() -> None:
    sim = simulation(replace(GATED, limit_s=LIMIT_S))
    begun_s = sim.fleet.clock.now_s()
    outcome = sim.run()
    assert outcome.verdict is ApplyVerdict.PAUSED
    assert outcome.reason == CutoverOverdue(1, 4, 4, LIMIT_S)
    assert LIMIT_S <= sim.fleet.clock.now_s() - begun_s < LIMIT_S + 300
    assert (the_apply(sim).hold, sim.fleet.cut_over) == (Hold.CUTOVER, [])
    assert not any(shard.copies for shard in sim.fleet.shards.values())


def asked(sim: Simulation, kind: RequestKind) -> tuple[RequestState, object]:
    found = ask(
        sim.ledger,
        sim.fleet.clock,
        environment="production",
        keyspace="commerce",
        kind=kind,
        asked_by="ann",
    )
    return found.state, found.answer


@pytest.mark.invariant("EN-5")
def test_what_is_released_while_nobody_drives_is_swapped_in_by_the_next_run() -> None:
    sim = simulation(replace(GATED, limit_s=LIMIT_S), engine=RESUMES)
    assert sim.run().verdict is ApplyVerdict.PAUSED
    assert asked(sim, RequestKind.RELEASE) == (RequestState.APPLIED, CopiesReleased(4))
    again = asked(sim, RequestKind.RELEASE)
    assert again == (RequestState.SUPERSEDED, NothingToRelease(Hold.CUTOVER))
    check_done(sim, sim.run())
    assert [shard.resumed for shard in sim.fleet.shards.values()] == [1] * 4


@pytest.mark.invariant("EN-5")
def test_a_resume_alone_releases_no_copy() -> None:
    """Hours pass until it could be swapped in: who resumes is not asleep by then, or is."""
    sim = simulation(replace(GATED, limit_s=LIMIT_S))
    for _ in range(2):
        assert sim.run(releases=Releases.WHAT_HOLDS).verdict is ApplyVerdict.PAUSED
        assert sim.fleet.cut_over == []


@pytest.mark.invariant("GT-3")
@pytest.mark.invariant("EN-5")
def test_copies_that_were_not_complete_cannot_be_released() -> None:
    def answer(shard: str, statement: PlannedStatement) -> Online:
        return Online(looks=10**4 if shard == SHARDS[3] else 2, ends_with_process=True)

    sim = simulation(replace(GATED, limit_s=LIMIT_S), answer)
    outcome = sim.run()
    reason = CutoverOverdue(1, 3, 4, LIMIT_S)
    assert (outcome.verdict, outcome.reason) == (ApplyVerdict.PAUSED, reason)
    refused = (RequestState.REFUSED, NothingToRelease(Hold.GUARD, reason))
    assert asked(sim, RequestKind.RELEASE) == refused


@pytest.mark.invariant("EN-3")
@pytest.mark.invariant("EN-6")
def test_a_table_that_somebody_changed_while_its_copy_waited_fails_its_shard_alone() -> None:
    sim = simulation(GATED)

    def do() -> None:
        sim.fleet.shards[SHARDS[0]].tables["users"] = "something else"
        now_s = sim.fleet.clock.now_s()
        sim.ledger.ask(the_apply(sim).apply_id, RequestKind.RELEASE, asked_by="ann", now_s=now_s)

    someone_asks(sim, RequestKind.RELEASE).do = do
    outcome = sim.run()
    assert states(outcome) == dict.fromkeys(SHARDS, S.COMPLETED) | {SHARDS[0]: S.FAILED}
    assert outcome.problem is not None
    assert outcome.problem.code == "drift"
    assert helpers_left(sim) == 0


ALIKE = RowsAlike(compared=7, left_out=("price (is rounded)",), is_whole=False, unsettled=1)


@pytest.mark.invariant("EN-7")
def test_rows_are_compared_before_each_copy_is_swapped_in_and_what_was_seen_is_told() -> None:
    sim = simulation(CutoverSpec(), engine=EngineName.GH_OST)
    sim.fleet.rows_checked = ALIKE
    check_done(sim, sim.run())
    assert sorted(sim.fleet.compared) == [(shard, "_users_gho") for shard in sorted(SHARDS)]
    seen = RowsCompared(7, ("price (is rounded)",), is_whole=False, unsettled=1)
    assert told(sim).count(seen) == 4


@pytest.mark.invariant("EN-7")
@pytest.mark.parametrize(
    ("found", "code"),
    [
        (RowsDiffer(compared=9, differing=1, missing=2, extra=0), "rows-differ"),
        (RowsNotCompared("no key"), "rows-not-compared"),
    ],
)
def test_a_copy_without_its_table_s_rows_is_never_swapped_in(found: RowsChecked, code: str) -> None:
    sim = simulation(CutoverSpec(), engine=EngineName.GH_OST)
    sim.fleet.rows_checked = found
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == code
    assert (sim.fleet.cut_over, helpers_left(sim)) == ([], 0)


@pytest.mark.invariant("EN-50")
def test_rows_are_compared_while_they_are_copied_and_never_while_they_are_swapped_in() -> None:
    sim = simulation(CutoverSpec(), engine=EngineName.GH_OST)
    swapping: list[bool] = []

    def seen() -> None:
        if sim.fleet.compared_ahead:
            shard, _ = sim.fleet.compared_ahead[-1]
            copies = sim.fleet.shards[shard].copies.values()
            swapping.extend(copy.is_swapping for copy in copies)

    sim.fleet.on_compare_ahead = seen
    check_done(sim, sim.run())
    assert {shard for shard, _ in sim.fleet.compared_ahead} == set(SHARDS)
    assert all(copied is not None and 0 < copied < 10 for _, copied in sim.fleet.compared_ahead)
    assert swapping
    assert not any(swapping)


@pytest.mark.invariant("EN-50")
def test_a_copy_that_waits_for_its_release_is_compared_before_it_comes() -> None:
    sim = simulation(GATED, engine=EngineName.GH_OST)
    someone_asks(sim, RequestKind.RELEASE)
    check_done(sim, sim.run())
    whole = {shard for shard, copied in sim.fleet.compared_ahead if copied is None}
    assert whole == set(SHARDS)


@pytest.mark.invariant("EN-50")
def test_an_engine_that_compares_rows_itself_is_not_helped() -> None:
    sim = simulation(CutoverSpec(), engine=EngineName.SPIRIT)
    check_done(sim, sim.run())
    assert sim.fleet.compared_ahead == []


@pytest.mark.invariant("EN-9")
def test_a_copy_that_is_not_what_the_plan_leads_to_is_never_swapped_in() -> None:
    sim = simulation(CutoverSpec())
    sim.fleet.copies_as = dict.fromkeys(SHARDS, "users with a constraint of another name")
    outcome = sim.run()
    assert outcome.problem is not None
    assert outcome.problem.code == "copy-differs"
    assert "another name" in outcome.problem.message
    assert (sim.fleet.cut_over, helpers_left(sim)) == ([], 0)


@pytest.mark.invariant("EN-7")
def test_an_engine_that_compares_rows_itself_is_believed() -> None:
    sim = simulation(CutoverSpec(), engine=EngineName.SPIRIT)
    check_done(sim, sim.run())
    assert sim.fleet.compared == []


@pytest.mark.invariant("EN-7")
def test_rows_are_not_compared_at_every_try_of_a_swap_that_waits_for_a_lock() -> None:
    sim = simulation(
        CutoverSpec(),
        lambda shard, statement: Online(refusals=3),
        engine=EngineName.GH_OST,
    )
    check_done(sim, sim.run())
    assert len(sim.fleet.compared) == 4


def moments_of_a_whole_run() -> int:
    sim, fate = simulation(GATED, shards=TWO), Fate()
    someone_asks(sim, RequestKind.RELEASE)
    sim.run(fate=fate)
    close_ledgers()  # no test begins that would
    return fate.moments


@pytest.mark.invariant("ST-9")
@pytest.mark.invariant("EN-5")
@pytest.mark.parametrize("moment", series(range(moments_of_a_whole_run())))
def test_a_kill_at_any_moment_loses_no_copy_and_swaps_none_in_twice(moment: int) -> None:
    sim = simulation(GATED, shards=TWO)
    someone_asks(sim, RequestKind.RELEASE)
    assert sim.is_killed(Fate(kill_at=moment))
    now = sim.fleet.clock.now_s()
    someone_asks(sim, RequestKind.RELEASE).now = now
    outcome = sim.run()
    assert outcome.verdict in (ApplyVerdict.COMPLETED, ApplyVerdict.NOTHING_TO_DO)
    sim.fleet.everything_ran_once()
    assert helpers_left(sim) == 0
