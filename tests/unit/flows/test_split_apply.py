"""A move is begun as it was reviewed, or not at all; every later run goes on with what is begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.split_tables import split_jobs
from reconciler.edges.ledger.splits.rows import lasting_job_columns
from reconciler.errors import Refused
from reconciler.flows.limits import ENDED_SPLITS_KEPT_S
from reconciler.flows.split.settle import beside, settled
from reconciler.guard.review.git import Review
from reconciler.model.observation import ObservedShard
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.ports.routes import Routes
from reconciler.ports.world import World
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.helper_tables import HelperNames
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.files import read_split_plan
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice
from tests.offline_fleet import (
    SPEC_PATH,
    STATES,
    USERS_PATH,
    Shards,
    environment,
    world,
)
from tests.offline_split import (
    FIT,
    PlannedServers,
    unfit,
)
from tests.sample_splits import adopted_in, ended_in, later, new_job
from tests.sim.run import close_ledgers, memory_ledger
from tests.split_job_stand import HIGH, LOW, PATHS, WEEK_S, Branch, SplitStand


@pytest.fixture
def stand() -> Iterator[SplitStand]:
    yield SplitStand(memory_ledger())
    close_ledgers()


def codes(outcome: SplitApplyOutcome) -> list[str]:
    assert outcome.how is None
    return [refusal.code for refusal in outcome.refusals]


@pytest.mark.invariant("SP-76")
def test_a_move_goes_from_its_review_to_its_end_by_its_approvals(stand: SplitStand) -> None:
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER
    assert stand.source.is_fence_open
    stand.approve(Approval.CUTOVER)
    assert stand.apply().how is TickEnd.AWAITS_CLEANUP
    assert "users" in stand.source.retired
    stand.approve(Approval.CLEANUP)
    assert stand.apply().how is TickEnd.RETAINS_SOURCE
    later(stand.ledger, WEEK_S)
    last = stand.apply()
    assert last.how is TickEnd.DONE
    assert last.job is not None
    assert last.job.plan_id == last.plan.plan_id if last.plan else False
    assert [{*one.tables["users"].rows} for one in stand.targets.values()] == [{LOW}, {HIGH}]
    assert stand.source.retired == {}


@pytest.mark.invariant("SP-106")
def test_a_runner_whose_clock_is_ahead_drops_no_source(stand: SplitStand) -> None:
    stand.apply()
    stand.approve(Approval.CUTOVER)
    stand.apply()
    stand.approve(Approval.CLEANUP)
    stand.clock.time_s += 100 * WEEK_S
    assert stand.apply().how is TickEnd.RETAINS_SOURCE
    assert "users" in stand.source.retired


@pytest.mark.invariant("SP-75")
def test_shards_that_retire_are_forgotten_when_their_successors_serve(stand: SplitStand) -> None:
    keyspace = stand.files.keyspace()
    chosen = environment(keyspace)

    def seen() -> bool:
        return bool(settled(lambda: stand.ledger.routes, keyspace, chosen).retiring)

    assert seen()
    stand.apply()
    assert seen()
    stand.approve(Approval.CUTOVER)
    stand.apply()
    assert not seen()


@pytest.mark.invariant("SP-75")
def test_no_ledger_is_opened_where_nothing_retires(stand: SplitStand) -> None:
    def never() -> Routes:
        raise AssertionError("a ledger is opened for nothing")

    keyspace = stand.files.keyspace()
    staging = environment(keyspace, "staging")
    assert settled(never, keyspace, staging) == staging


@pytest.mark.invariant("GT-1")
@pytest.mark.invariant("SP-76")
def test_nothing_is_reached_before_the_spec_was_found_reviewed(stand: SplitStand) -> None:
    stand.history.merged = False
    assert codes(stand.apply())
    stand.history.merged = True
    edited = stand.files.copy()
    edited.write(SPEC_PATH, edited.content[SPEC_PATH] + b"# edited\n")
    stand.history.tip_files = edited
    assert codes(stand.apply())
    assert stand.connections == 0


@pytest.mark.invariant("SP-76")
@pytest.mark.parametrize("what", ["plan", "schema"])
def test_a_branch_that_has_moved_on_begins_nothing(stand: SplitStand, what: str) -> None:
    tip = stand.files.copy()
    if what == "plan":
        tip.remove(PATHS.json)
    else:
        tip.write(USERS_PATH, f"{STATES[2]};\n".encode())
    stand.history.tip_files = tip
    assert codes(stand.apply()) == ["superseded"]
    assert stand.ledger.split_jobs.live("production", "shop") is None
    assert stand.apply(review=Review.NONE).how is TickEnd.AWAITS_CUTOVER
    # What was begun is carried on: the review of its plan stands in the ledger.
    stand.approve(Approval.CUTOVER)
    assert stand.apply().how is TickEnd.AWAITS_CLEANUP


@pytest.mark.invariant("SP-72")
@pytest.mark.parametrize(
    ("servers", "code"),
    [
        (PlannedServers(create={"source -80": STATES[2]}), "split-plan-stale"),
        (PlannedServers(grounds={"target -40": unfit("split-target-not-empty")}), None),
        (
            PlannedServers(
                grounds={"source -80": replace(FIT, of_login=unfit("split-server-unfit").problems)}
            ),
            "split-server-unfit",
        ),
    ],
)
def test_what_would_be_begun_is_what_was_reviewed(
    stand: SplitStand, servers: PlannedServers, code: str | None
) -> None:
    stand.servers = servers
    assert set(codes(stand.apply())) == {code or "split-target-not-empty"}
    assert stand.ledger.split_jobs.live("production", "shop") is None
    assert stand.source.identity is None


@pytest.mark.invariant("SP-76")
def test_without_a_plan_nothing_is_begun(stand: SplitStand) -> None:
    stand.files.remove(PATHS.json)
    assert codes(stand.apply()) == ["split-plan-missing"]
    assert stand.connections == 0


@pytest.mark.invariant("SP-76")
def test_a_job_of_another_plan_is_not_gone_on_with(stand: SplitStand) -> None:
    job = stand.ledger.split_jobs.open(new_job("shop"), holder="other", now_s=1.0)
    assert codes(stand.apply()) == ["split-other-plan"]
    found = stand.ledger.split_jobs.job(job.job_id)
    assert found is not None
    assert (found.phase, found.holder) == (Phase.PLANNED, "other")


@pytest.mark.invariant("SP-76")
def test_a_job_that_was_opened_and_not_yet_approved_begins(stand: SplitStand) -> None:
    """Its process ended between the two: the same review is the approval."""
    plan = read_split_plan(stand.files, "production", "shop")
    assert plan is not None
    opened = new_job("shop", plan_id=plan.plan_id)
    stand.ledger.split_jobs.open(opened, holder="other", now_s=1.0)
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER


@pytest.mark.invariant("SP-76")
@pytest.mark.parametrize(
    ("instead", "missing"),
    [
        ('shards: ["-20", "20-80", "80-"]\n    retiring: ["-80"]\n', "-40"),
        ('shards: ["-40", "40-80", "80-"]\n', "-80"),
    ],
)
def test_a_shard_of_the_job_stays_in_the_spec(
    stand: SplitStand, instead: str, missing: str
) -> None:
    stand.apply()
    text = stand.files.content[SPEC_PATH].decode()
    before, _, _ = text.rpartition("    shards:")
    changed = stand.files.copy()
    changed.write(SPEC_PATH, f"{before}    {instead}".encode())
    stand.history = Branch(changed)
    with pytest.raises(Refused) as refused:
        stand.apply()
    [problem] = refused.value.problems
    assert problem.code == "split-shard-unlisted"
    assert f"shard {missing} " in problem.message


@pytest.mark.invariant("SP-76")
def test_a_function_that_gives_other_keys_moves_nothing_more(
    stand: SplitStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.apply()
    monkeypatch.setattr("reconciler.flows.split.orders.selftest", lambda function: "sha256:other")
    with pytest.raises(Refused) as refused:
        stand.apply()
    assert refused.value.problems[0].code == "split-function-changed"


@pytest.mark.invariant("PL-7")
def test_an_edited_plan_begins_nothing(stand: SplitStand) -> None:
    content = stand.files.content[PATHS.json].replace(
        b'"fence_budget_s": 20', b'"fence_budget_s": 60'
    )
    assert content != stand.files.content[PATHS.json]
    stand.files.write(PATHS.json, content)
    with pytest.raises(Refused) as refused:
        stand.apply()
    assert refused.value.problems[0].code == "plan-id-mismatch"
    assert stand.connections == 0


@pytest.mark.invariant("SP-75")
def test_what_a_live_split_has_made_is_left_alone_by_its_number(stand: SplitStand) -> None:
    stand.apply()
    job = stand.ledger.split_jobs.live("production", "shop")
    assert job is not None
    own, other = (HelperNames(number).guard for number in (job.job_id, job.job_id + 1))
    tables = {name: STATES[1].replace("users", name) for name in ("users", own, other)}
    looking = world(Shards({"db--40": tables}))
    shards = [one for one in environment(stand.files.keyspace()).shards if one.name == "-40"]

    def names(found: World) -> list[str]:
        [seen] = found.shards.observe(shards, parallel=1)
        assert isinstance(seen, ObservedShard)
        return sorted(table for table, _ in seen.definitions)

    assert names(looking) == sorted(tables)
    assert names(beside(looking, job)) == sorted(["users", other])
    assert beside(looking, None) is looking


@pytest.mark.invariant("SP-76")
def test_an_interrupted_run_leaves_the_job_to_the_next_one(stand: SplitStand) -> None:
    stand.interrupts = 1
    interrupted = stand.apply()
    assert interrupted.how is TickEnd.IN_PROGRESS
    assert interrupted.job is not None
    assert interrupted.job.holder is None
    stand.interrupts = 0
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER


@pytest.mark.invariant("SP-18")
def test_each_run_forgets_some_of_what_ended_long_ago(stand: SplitStand) -> None:
    jobs = stand.ledger.split_jobs
    adopted_in(stand.ledger, "orders")
    old = ended_in(stand.ledger, jobs.open(new_job("orders"), holder="me", now_s=1.0))
    stand.apply()
    assert jobs.job(old.job_id) is not None, "it is kept for long"
    stand.clock.sleep(ENDED_SPLITS_KEPT_S)
    stand.apply()
    assert jobs.job(old.job_id) is None
    assert jobs.live("production", "shop") is not None


@pytest.mark.invariant("SP-65")
def test_what_somebody_gave_up_begins_no_more_by_itself(stand: SplitStand) -> None:
    """A scheduled job comes back with the same reviewed plan every few minutes."""
    stand.apply()
    stand.give_up()
    for _ in range(2):
        assert codes(stand.apply()) == ["split-given-up"]
    assert stand.ledger.split_jobs.live("production", "shop") is None
    assert stand.source.identity is None
    begun = stand.apply(resumes=True, named=("shop",))
    assert begun.how is TickEnd.AWAITS_CUTOVER
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER


@pytest.mark.invariant("SP-65")
@pytest.mark.parametrize("named", [(), ("other",)])
def test_who_resumes_without_the_keyspaces_name_begins_nothing_again(
    stand: SplitStand, named: tuple[str, ...]
) -> None:
    """A paused apply of another keyspace is meant, or of all that have one."""
    stand.apply()
    stand.give_up()
    refused = stand.apply(resumes=True, named=named)
    assert codes(refused) == ["split-given-up"]
    [refusal] = refused.refusals
    assert "`reconciler resume shop" in refusal.recovery
    assert stand.ledger.split_jobs.live("production", "shop") is None
    assert stand.source.identity is None


@pytest.mark.invariant("SP-65")
def test_a_move_that_was_planned_in_between_makes_an_earlier_one_a_new_decision(
    stand: SplitStand,
) -> None:
    stand.apply()
    stand.give_up()
    jobs = stand.ledger.split_jobs
    ended_in(stand.ledger, jobs.open(new_job("shop"), holder="other", now_s=1.0))
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER


@pytest.mark.invariant("SP-78")
def test_who_resumes_means_also_a_stop_that_nobody_has_answered_yet(stand: SplitStand) -> None:
    ended = stand.apply()
    assert ended.job is not None
    jobs, now_s = stand.ledger.split_jobs, stand.clock.now_s()
    jobs.ask(ended.job.job_id, JobRequestKind.STOP, asked_by="ada", now_s=now_s)
    assert stand.apply(resumes=True).how is TickEnd.AWAITS_CUTOVER
    jobs.ask(ended.job.job_id, JobRequestKind.STOP, asked_by="ada", now_s=now_s)
    assert stand.apply().how is TickEnd.HELD
    assert stand.apply(resumes=True).how is TickEnd.AWAITS_CUTOVER


@pytest.mark.invariant("SP-76")
@pytest.mark.parametrize(
    "asked", [{"part": PartOrder(wave=1, plan_id="sha256:1")}, {"waves": WaveChoice.CANARY}]
)
def test_who_asks_for_a_wave_begins_no_split(stand: SplitStand, asked: dict[str, Any]) -> None:
    """A workflow that was made for a plan of a schema finds one that shards are being replaced."""
    assert codes(stand.apply(**asked)) == ["split-without-waves"]
    assert stand.connections == 0
    stand.apply()
    assert codes(stand.apply(**asked)) == ["split-without-waves"]


@pytest.mark.invariant("SP-104")
@pytest.mark.threat("TM-LEDGER-17")
@pytest.mark.parametrize(
    "forged",
    [{"sources": ("80-",)}, {"targets": ("-40", "80-")}, {"expected_version": 2}],
    ids=["sources", "targets", "version"],
)
def test_a_record_that_is_not_the_plans_moves_nothing(
    stand: SplitStand, forged: dict[str, object]
) -> None:
    ended = stand.apply()
    assert ended.job is not None
    columns = lasting_job_columns(replace(ended.job, **forged))  # type: ignore[arg-type]
    with writing(stand.ledger._engine) as connection:
        connection.execute(update(split_jobs).values(**columns))
    assert codes(stand.apply()) == ["split-record-differs"]
    found = stand.ledger.split_jobs.job(ended.job.job_id)
    assert found is not None
    assert found.holder is None
