"""A move is begun as it was reviewed, or not at all; every later run goes on with what is begun."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from reconciler.drive.split.world import SplitWorld
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.errors import Refused
from reconciler.flows.limits import ENDED_SPLITS_KEPT_S
from reconciler.flows.split.apply import (
    SplitApplyRequest,
    SplitApplyWorld,
    SplitConnections,
    apply_split,
)
from reconciler.flows.split.plan import keep_split_plan, plan_split
from reconciler.flows.split.settle import settled, without_helpers
from reconciler.guard.review.git import Review
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.ports.routes import Routes
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.helper_tables import HelperNames
from reconciler.reshard.job import Approval
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.files import read_split_plan, split_plan_paths
from tests.offline_fleet import SPEC_PATH, STATES, USERS_PATH, Files, environment
from tests.offline_split import (
    FIT,
    PlannedServers,
    adopted_routes,
    split_fleet,
    split_world,
    splitting,
    unfit,
)
from tests.sample_splits import adopted_in, ended_in, new_job
from tests.sim.split.database import Database
from tests.sim.split.run import SimClock
from tests.sim.split.sessions import SimServers

HEAD, PATHS = "head", split_plan_paths("production", "shop")
LOW, HIGH = 5, 5 * 10**18  # of -40, and of 40-80
WEEK_S = 7 * 86_400


@dataclass
class Branch:
    """`History` of one protected branch, whose tip may have moved on from the commit."""

    files: Files
    tip_files: Files | None = None
    merged: bool = True

    def tree(self, commit: str) -> Files:
        return self.files if commit == HEAD or self.tip_files is None else self.tip_files

    def protected_tip(self) -> str:
        return HEAD if self.tip_files is None else "tip"

    def contains(self, tip: str, commit: str) -> bool:
        return self.merged


class Stand:
    """A source with two rows, two empty targets, and a ledger that knows the routes."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, self.clock = ledger, SimClock()
        self.servers = PlannedServers()
        self.source = Database(self.clock.now_s)
        self.targets = {name: Database(self.clock.now_s) for name in ("-40", "40-80")}
        table = self.source.add_table("users")
        for number in (LOW, HIGH):
            key = str(number).encode()
            table.rows[number] = (key, key, key, b"note")
        adopted_routes(ledger)
        self.files = splitting()
        keyspace = self.files.keyspace()
        outcome = plan_split(
            split_world(split_fleet(), self.servers, ledger),
            keyspace,
            environment(keyspace),
            created_at="",
            tool_version="0",
        )
        keep_split_plan(outcome, self.files, self.files)
        self.history = Branch(self.files)
        self.connections = 0
        self.interrupts = 0

    def connect(self) -> SplitConnections:
        self.connections += 1
        return SplitConnections(
            planning=split_world(split_fleet(), self.servers, self.ledger),
            driving=SplitWorld(
                jobs=self.ledger.split_jobs,
                routes=self.ledger.routes,
                servers=SimServers({"-80": self.source}, self.targets),
                clock=self.clock,
                brake=lambda: None,
                interrupts=lambda: self.interrupts,
            ),
        )

    def apply(
        self, *, review: Review = Review.GIT, files: Files | None = None
    ) -> SplitApplyOutcome:
        keyspace = (files or self.history.files).keyspace()
        return apply_split(
            SplitApplyWorld(history=self.history, connect=self.connect),  # type: ignore[arg-type]
            keyspace,
            environment(keyspace),
            SplitApplyRequest(commit=HEAD, review=review, holder="me", runtime_s=300.0),
        )

    def approve(self, approval: Approval) -> None:
        job = self.ledger.split_jobs.live("production", "shop")
        assert job is not None
        self.ledger.split_jobs.approve(
            job.job_id, approval, plan_id=job.plan_id, by="ada", now_s=self.clock.now_s()
        )


@pytest.fixture
def stand() -> Iterator[Stand]:
    ledger = open_ledger("sqlite://", default_file=Path("unused"))
    yield Stand(ledger)
    ledger.close()


def codes(outcome: SplitApplyOutcome) -> list[str]:
    assert outcome.how is None
    return [refusal.code for refusal in outcome.refusals]


@pytest.mark.invariant("SP-76")
def test_a_move_goes_from_its_review_to_its_end_by_its_approvals(stand: Stand) -> None:
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER
    assert stand.source.is_fence_open
    stand.approve(Approval.CUTOVER)
    assert stand.apply().how is TickEnd.AWAITS_CLEANUP
    assert "users" in stand.source.retired
    stand.approve(Approval.CLEANUP)
    assert stand.apply().how is TickEnd.RETAINS_SOURCE
    stand.clock.time_s += WEEK_S
    ended = stand.apply()
    assert ended.how is TickEnd.DONE
    assert ended.job is not None
    assert ended.job.plan_id == ended.plan.plan_id if ended.plan else False
    assert [{*one.tables["users"].rows} for one in stand.targets.values()] == [{LOW}, {HIGH}]
    assert stand.source.retired == {}


@pytest.mark.invariant("SP-75")
def test_shards_that_retire_are_forgotten_when_their_successors_serve(stand: Stand) -> None:
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
def test_no_ledger_is_opened_where_nothing_retires(stand: Stand) -> None:
    def never() -> Routes:
        raise AssertionError("a ledger is opened for nothing")

    keyspace = stand.files.keyspace()
    staging = environment(keyspace, "staging")
    assert settled(never, keyspace, staging) == staging


@pytest.mark.invariant("GT-1")
@pytest.mark.invariant("SP-76")
def test_nothing_is_reached_before_the_spec_was_found_reviewed(stand: Stand) -> None:
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
def test_a_branch_that_has_moved_on_begins_nothing(stand: Stand, what: str) -> None:
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
    stand: Stand, servers: PlannedServers, code: str | None
) -> None:
    stand.servers = servers
    assert set(codes(stand.apply())) == {code or "split-target-not-empty"}
    assert stand.ledger.split_jobs.live("production", "shop") is None
    assert stand.source.identity is None


@pytest.mark.invariant("SP-76")
def test_without_a_plan_nothing_is_begun(stand: Stand) -> None:
    stand.files.remove(PATHS.json)
    assert codes(stand.apply()) == ["split-plan-missing"]
    assert stand.connections == 0


@pytest.mark.invariant("SP-76")
def test_a_job_of_another_plan_is_not_gone_on_with(stand: Stand) -> None:
    job = stand.ledger.split_jobs.open(new_job("shop"), holder="other", now_s=1.0)
    assert codes(stand.apply()) == ["split-other-plan"]
    found = stand.ledger.split_jobs.job(job.job_id)
    assert found is not None
    assert (found.phase, found.holder) == (Phase.PLANNED, "other")


@pytest.mark.invariant("SP-76")
def test_a_job_that_was_opened_and_not_yet_approved_begins(stand: Stand) -> None:
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
def test_a_shard_of_the_job_stays_in_the_spec(stand: Stand, instead: str, missing: str) -> None:
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
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.apply()
    monkeypatch.setattr("reconciler.flows.split.apply.selftest", lambda function: "sha256:other")
    with pytest.raises(Refused) as refused:
        stand.apply()
    assert refused.value.problems[0].code == "split-function-changed"


@pytest.mark.invariant("PL-7")
def test_an_edited_plan_begins_nothing(stand: Stand) -> None:
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
def test_what_a_live_split_has_made_is_left_alone_by_its_number(stand: Stand) -> None:
    keyspace = stand.files.keyspace()
    stand.apply()
    job = stand.ledger.split_jobs.live("production", "shop")
    assert job is not None
    ignored = without_helpers(keyspace, job).spec.policy.ignore_tables
    names = HelperNames(job.job_id)
    assert any(fnmatchcase(names.guard, pattern) for pattern in ignored)
    assert not any(fnmatchcase(HelperNames(job.job_id + 1).guard, one) for one in ignored)
    assert not any(fnmatchcase("users", one) for one in ignored)
    assert without_helpers(keyspace, None) is keyspace


@pytest.mark.invariant("SP-76")
def test_an_interrupted_run_leaves_the_job_to_the_next_one(stand: Stand) -> None:
    stand.interrupts = 1
    ended = stand.apply()
    assert ended.how is TickEnd.IN_PROGRESS
    assert ended.job is not None
    assert ended.job.holder is None
    stand.interrupts = 0
    assert stand.apply().how is TickEnd.AWAITS_CUTOVER


@pytest.mark.invariant("SP-18")
def test_each_run_forgets_some_of_what_ended_long_ago(stand: Stand) -> None:
    jobs = stand.ledger.split_jobs
    adopted_in(stand.ledger, "orders")
    old = ended_in(stand.ledger, jobs.open(new_job("orders"), holder="me", now_s=1.0))
    stand.apply()
    assert jobs.job(old.job_id) is not None, "it is kept for long"
    stand.clock.sleep(ENDED_SPLITS_KEPT_S)
    stand.apply()
    assert jobs.job(old.job_id) is None
    assert jobs.live("production", "shop") is not None
