"""A split under writers ends in one of two ways, whatever happens on the way."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.errors import Problem
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.helper_tables import FenceState
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.phases import ENDED, Phase
from tests.series import QUICK_EVERY, series, sevenths
from tests.sim.split.chaos import MOVES, brought_to_end, split_of
from tests.sim.split.database import COUNTRIES, ORDERS
from tests.sim.split.fate import Fate, lost
from tests.sim.split.run import BUDGET_S, SplitSimulation


@pytest.mark.invariant("SP-52")
@pytest.mark.parametrize(("sources", "targets"), MOVES)
def test_rows_are_on_their_owners_and_nothing_is_left_behind(
    sources: tuple[str, ...], targets: tuple[str, ...]
) -> None:
    simulation = SplitSimulation(Random(1), sources=sources, targets=targets)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-50")
@pytest.mark.invariant("SP-51")
@pytest.mark.parametrize("seed", series(range(40)))
def test_crashes_lost_answers_other_drivers_and_people_change_nothing(seed: int) -> None:
    """Of these and others: `make chaos-split SEEDS=1-300`."""
    assert split_of(seed) in ENDED


def durable_labels() -> list[str]:
    """Of a split to which nothing happens, in the order of its calls."""
    simulation = SplitSimulation(Random(2), writes=0.1, rows=6)
    simulation.approve()
    fate = Fate()
    result = simulation.run(fate)
    assert result is not None
    assert result.how is TickEnd.DONE
    return fate.labels


@pytest.mark.invariant("SP-51")
@pytest.mark.parametrize("how", ["killed", "lost"])
@pytest.mark.parametrize("seventh", sevenths())
def test_a_crash_before_and_behind_every_durable_write_is_taken_up(how: str, seventh: int) -> None:
    """The last time that each is made, in one run each; or the connection is lost there, so that
    nobody knows whether it was made."""
    labels = durable_labels()
    places = {label: at for at, label in enumerate(labels)}
    assert len(places) >= 40
    for label, at in list(places.items())[seventh::QUICK_EVERY]:
        simulation = SplitSimulation(Random(2), writes=0.1, rows=6)
        simulation.approve()
        if how == "killed":
            assert simulation.run(Fate(kill_at=at)) is None, label
        else:
            simulation.run(Fate(lose_at=at))
        assert brought_to_end(simulation) is Phase.DONE, label
        simulation.check_done()


@pytest.mark.invariant("SP-51")
@pytest.mark.parametrize("committed", [False, True])
def test_a_cutover_whose_answer_is_lost_is_settled_by_looking(committed: bool) -> None:
    labels = durable_labels()
    at = labels.index("behind routes.cut_over" if committed else "before routes.cut_over")
    simulation = SplitSimulation(Random(2), writes=0.1, rows=6)
    simulation.approve()
    fate = Fate(lose_at=at)
    result = simulation.run(fate)
    assert result is not None
    assert result.how is TickEnd.DONE
    assert fate.labels.count("before routes.cut_over") == (1 if committed else 2)
    simulation.check_done()


@pytest.mark.invariant("SP-54")
def test_a_tick_without_time_for_the_fence_leaves_it_open() -> None:
    simulation = SplitSimulation(Random(3))
    simulation.approve()
    for number in range(3):
        result = simulation.run(runtime_s=15.0, holder=f"tick {number}")
        assert result is not None
        assert result.how is TickEnd.IN_PROGRESS
        assert result.job.fence_epoch == 0
    assert brought_to_end(simulation) is Phase.DONE


def test_each_approval_is_waited_for() -> None:
    simulation = SplitSimulation(Random(4))
    ends = []
    for number, approval in enumerate((None, *Approval)):
        if approval is not None:
            simulation.approve(approval)
        result = simulation.run(holder=f"tick {number}")
        assert result is not None
        ends.append(result.how)
    assert ends == [
        TickEnd.AWAITS_START,
        TickEnd.AWAITS_CUTOVER,
        TickEnd.AWAITS_CLEANUP,
        TickEnd.DONE,
    ]
    simulation.check_done()


@pytest.mark.invariant("SP-53")
def test_a_row_that_somebody_wrote_to_a_target_ends_the_split_before_its_cutover() -> None:
    simulation = SplitSimulation(Random(6))
    simulation.approve(Approval.START)
    simulation.run()
    simulation.settle_writers()
    rows = simulation.servers.targets["-40"].tables[ORDERS].rows
    waiting = simulation.servers.sources["-80"].queues[ORDERS].values()
    key = min(rows.keys() - {*waiting})  # what waits is about to be written again
    rows[key] = (*rows[key][:3], b"not the source's")
    simulation.writes = 0.0
    simulation.approve()
    result = simulation.run(holder="second")
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-rows-differ")
    assert simulation.source_takes_writes()


def merging(seed: int) -> SplitSimulation:
    """Of two shards whose rows are all copied, while nobody writes to them."""
    simulation = SplitSimulation(
        Random(seed), sources=("-40", "40-80"), targets=("-80",), writes=0.0
    )
    simulation.approve(Approval.START)
    simulation.run()
    return simulation


@pytest.mark.invariant("SP-53")
@pytest.mark.parametrize("copied", [False, True])
def test_shards_whose_reference_tables_differ_are_not_merged(copied: bool) -> None:
    """However quiet they are: nothing of the second one's table goes over."""
    simulation = SplitSimulation(Random(1), sources=("-40", "40-80"), targets=("-80",), writes=0.0)
    if copied:
        simulation = merging(1)
    other = simulation.servers.sources["40-80"]
    transaction = other.begin()
    transaction.write(COUNTRIES, 1, (b"1", b"", None, b"another"))
    transaction.commit()
    simulation.approve()
    result = simulation.run(holder="second")
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-rows-differ")
    assert simulation.source_takes_writes()


@pytest.mark.invariant("SP-52")
@pytest.mark.parametrize("towards", ["-40", "40-80"])
def test_a_row_that_moves_from_one_source_to_another_is_not_lost(towards: str) -> None:
    """The key that it leaves behind is of no row there, and of one on the other source."""
    simulation = merging(2)
    sources = simulation.servers.sources
    (left,) = {*sources} - {towards}
    key, row = max(sources[left].tables[ORDERS].rows.items())
    leaving, coming = sources[left].begin(), sources[towards].begin()
    leaving.write(ORDERS, key, None)
    coming.write(ORDERS, key, row)
    leaving.commit()
    coming.commit()
    simulation.approve()
    result = simulation.run(holder="second")
    assert result is not None
    assert result.how is TickEnd.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-56")
def test_a_split_that_is_abandoned_leaves_the_source_as_it_was() -> None:
    labels = durable_labels()
    for at in range(
        0, labels.index("behind jobs.move", labels.index("before source -80.flip")), 11
    ):
        simulation = SplitSimulation(Random(2), writes=0.1, rows=6)
        simulation.approve()
        simulation.run(Fate(kill_at=at))
        simulation.ask(JobRequestKind.ABANDON)
        assert brought_to_end(simulation) is Phase.ABANDONED, labels[at]
        simulation.check_abandoned()


@pytest.mark.invariant("SP-55")
@pytest.mark.invariant("SP-60")
@pytest.mark.parametrize(
    "how",
    series(
        [
            *("truncated", "untracked", "tracked again"),
            *("queue dropped", "all helpers dropped", "copy dropped", "copy altered"),
        ]
    ),
)
def test_what_happens_to_a_table_beside_the_triggers_fails_the_split_and_not_the_source(
    how: str,
) -> None:
    simulation = SplitSimulation(Random(5))
    simulation.approve(Approval.START)
    simulation.run()
    simulation.settle_writers()
    simulation.meddle(how)
    simulation.approve()
    result = simulation.run(holder="second")
    assert result is not None
    assert (result.how, result.job.retry_phase) == (TickEnd.FAILED, Phase.PLANNED)
    assert simulation.source_takes_writes()
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-55")
@pytest.mark.invariant("SP-102")
@pytest.mark.threat("TM-ACCOUNT-23")
def test_a_copy_that_begins_again_makes_no_other_tables_than_were_reviewed() -> None:
    """The source was altered while rows were copied, and a retry finds it so."""
    simulation = SplitSimulation(Random(5))
    simulation.approve(Approval.START)
    simulation.run()
    simulation.settle_writers()
    simulation.meddle("altered")
    simulation.approve()
    for code in ("split-table-changed", "split-definition-changed"):
        result = simulation.run(holder=code)
        assert result is not None
        assert (result.how, result.job.retry_phase) == (TickEnd.FAILED, Phase.PLANNED)
        assert result.problem is not None
        assert result.problem.code == code
        assert simulation.source_takes_writes()
        simulation.ask(JobRequestKind.RETRY)
    simulation.meddle("altered back")
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-55")
@pytest.mark.invariant("SP-56")
def test_a_table_that_can_be_moved_no_more_fails_the_split_which_can_be_given_up() -> None:
    simulation = SplitSimulation(Random(5), writes=0.0)
    simulation.approve(Approval.START)
    simulation.run()
    simulation.meddle("without its key")
    result = simulation.run(holder="second")
    assert result is not None
    assert (result.how, result.job.retry_phase) == (TickEnd.FAILED, Phase.PLANNED)
    simulation.ask(JobRequestKind.ABANDON)
    assert brought_to_end(simulation) is Phase.ABANDONED
    simulation.check_abandoned()


@pytest.mark.invariant("SP-107")
def test_a_table_that_no_plan_knows_fails_the_split_which_then_goes_on_where_it_was() -> None:
    simulation = SplitSimulation(Random(5))
    simulation.approve(Approval.START)
    simulation.run(runtime_s=0.5)
    assert simulation.job.phase is Phase.BACKFILL
    source = simulation.servers.sources["-80"]
    source.add_table("drafts")  # the plan leaves it behind
    source.add_table("invoices")
    simulation.approve()
    result = simulation.run(holder="second")
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-table-unplanned")
    assert result.job.retry_phase is Phase.BACKFILL
    assert simulation.source_takes_writes()
    del source.tables["invoices"]
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    del source.tables["drafts"]
    simulation.check_done()


@pytest.mark.invariant("SP-126")
@pytest.mark.parametrize("phase", [Phase.BACKFILL, Phase.CATCHUP])
def test_an_event_that_is_turned_on_at_a_target_fails_the_split(phase: Phase) -> None:
    simulation = SplitSimulation(Random(5))
    simulation.approve(Approval.START)
    simulation.run(runtime_s=0.5) if phase is Phase.BACKFILL else simulation.run()
    assert simulation.job.phase is phase
    events = simulation.servers.targets["-40"].events
    events.add("tidy")
    simulation.approve()
    result = simulation.run(holder="second")
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-event-runs")
    assert "event tidy of -40" in result.problem.message
    assert result.job.retry_phase is phase
    assert simulation.source_takes_writes()
    events.clear()
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-107")
@pytest.mark.parametrize("call", ["flip", "seal", "raise_counter"])
def test_a_table_that_is_made_behind_the_fence_opens_it_again(call: str) -> None:
    simulation = SplitSimulation(Random(5))
    simulation.approve()
    source = simulation.servers.sources["-80"]

    def make(label: str) -> None:
        if label.endswith(f".{call}") and "invoices" not in source.tables:
            source.add_table("invoices")

    result = simulation.run(Fate(before_call=make))
    assert result is not None
    assert result.problem is not None
    assert (result.how, result.problem.code) == (TickEnd.FAILED, "split-table-unplanned")
    assert result.job.retry_phase is Phase.CATCHUP
    assert simulation.source_takes_writes()
    del source.tables["invoices"]
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-68")
@pytest.mark.threat("TM-ACCOUNT-22")
def test_a_trigger_that_cannot_be_made_any_more_is_found_before_the_fence() -> None:
    """Somebody has made it, or dropped its account, in the week for which rows were copied."""
    simulation = SplitSimulation(Random(5))
    simulation.approve(Approval.START)
    simulation.run()
    target = simulation.servers.targets["40-80"]
    target.of_triggers = (Problem(code="split-server-unfit", message="gone", recovery="create it"),)
    simulation.approve()
    result = simulation.run(holder="second")
    assert result is not None
    assert (result.how, result.job.retry_phase) == (TickEnd.FAILED, Phase.ARM)
    assert result.job.fence_epoch == 0
    assert simulation.source_takes_writes()
    target.of_triggers = ()
    simulation.ask(JobRequestKind.RETRY)
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-54")
def test_a_lock_on_a_target_does_not_keep_the_source_sealed_for_ever() -> None:
    """A backup reads a target for a minute: its writers wait for no longer than the plan says."""
    simulation = SplitSimulation(Random(8), writes=0.05)
    simulation.approve()
    (database,) = simulation.servers.sources.values()
    target = simulation.servers.targets["-40"]
    sealed_since_s: list[float] = []
    sealed_for_s: list[float] = [0.0]

    def moment(label: str) -> None:
        target.is_read_by_others = simulation.clock.time_s < 1_060.0
        if database.fence is FenceState.SEALED and not simulation.job.is_past_cutover:
            sealed_since_s.append(simulation.clock.time_s)
            sealed_for_s.append(simulation.clock.time_s - sealed_since_s[0])
        else:
            sealed_since_s.clear()

    fate = Fate(before_call=moment)
    result = simulation.run(fate)
    assert result is not None
    assert 0.0 < max(sealed_for_s) < 2 * BUDGET_S
    target.is_read_by_others = False
    assert brought_to_end(simulation) is Phase.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-51")
def test_connections_that_are_lost_now_and_then_do_not_add_up() -> None:
    """A long tick loses some; the last of them may be behind the point of no return."""
    simulation = SplitSimulation(Random(9), writes=0.05)
    simulation.approve()
    fate = Fate()
    calls: list[str] = []

    def lose_some(label: str) -> None:
        calls.append(label)
        if len(calls) % 12 == 0:
            raise lost(label)

    fate.before_call = lose_some
    result = simulation.run(fate)
    assert len(calls) > 12 * 8
    assert result is not None
    assert result.how is TickEnd.DONE
    simulation.check_done()


@pytest.mark.invariant("SP-56")
def test_a_split_is_given_up_on_the_source_while_a_target_is_gone() -> None:
    """That its server died is the best of reasons to give it up."""
    simulation = SplitSimulation(Random(10))
    simulation.approve(Approval.START)
    simulation.run()
    simulation.settle_writers()
    simulation.servers.unreachable.add("40-80")
    simulation.writes = 0.0
    simulation.ask(JobRequestKind.ABANDON)
    result = simulation.run(holder="second")
    assert result is not None
    assert (result.how, result.job.phase) == (TickEnd.UNREACHABLE, Phase.ABANDONING)
    assert result.problem is not None
    assert result.problem.code == "split-target-unanswered"
    (source,) = simulation.servers.sources.values()
    assert (source.fence, source.queues, source.tables[ORDERS].tracker) == (None, {}, None)
    simulation.servers.unreachable.clear()
    assert brought_to_end(simulation) is Phase.ABANDONED
    simulation.check_abandoned()


@pytest.mark.invariant("SP-54")
def test_a_sealed_source_serves_again_when_a_target_is_gone() -> None:
    simulation = SplitSimulation(Random(11))
    simulation.approve()
    simulation.run(simulation.fate_at("behind source -80.seal", lambda: None))
    assert simulation.job.phase is Phase.CUTOVER
    assert not simulation.source_takes_writes()
    simulation.servers.unreachable.add("40-80")
    result = simulation.run(holder="second")
    assert result is not None
    assert result.how is TickEnd.UNREACHABLE
    assert simulation.source_takes_writes()
