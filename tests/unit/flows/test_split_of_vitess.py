"""A move that Vitess carries out: planned from its topology, begun as reviewed, and steered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.drive.split.reshard_tick import ReshardWorld
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Problem, Refused
from reconciler.flows.split.apply import (
    SplitApplyRequest,
    SplitApplyWorld,
    SplitConnections,
    apply_split,
)
from reconciler.flows.split.ask import ask_split
from reconciler.flows.split.plan import keep_split_plan, plan_split, verify_split
from reconciler.flows.split.settle import Standing, stand_of
from reconciler.flows.split.status import current_split
from reconciler.guard.review.git import Review
from reconciler.model.topology import Workflow
from reconciler.outcomes.plan import VerifyState
from reconciler.outcomes.split import SplitApplyOutcome, SplitAsked, SplitPlanOutcome
from reconciler.report.split_metrics import split_metrics
from reconciler.reshard.actions import ReshardStep, TickEnd
from reconciler.reshard.job import Approval, SplitEngine
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.files import read_split_plan
from reconciler.reshard.plan.model import SplitPlan
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import TableUse
from tests.offline_fleet import Files, environment
from tests.offline_reshard import (
    BEFORE,
    BY_ID,
    ORDERS,
    ROUTED,
    SPEC,
    SPLITTING,
    keyspaces,
    reshard_world,
    sim_vitess,
    splitting,
)
from tests.sample_splits import later
from tests.sim.reshard.vitess import TABLE, Shard, SimVitess
from tests.sim.run import close_ledgers, memory_ledger
from tests.sim.split.run import SimClock
from tests.split_job_stand import HEAD, WEEK_S, Branch


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield memory_ledger()
    close_ledgers()


def planned(
    ledger: SqlLedger,
    vitess: SimVitess | None = None,
    *,
    spec: str = SPLITTING,
    vschema: object = ROUTED,
    live: str = ORDERS,
    workflows: tuple[Workflow, ...] = (),
) -> SplitPlanOutcome:
    files = splitting(spec)
    if vschema is not ROUTED:
        files = files_with(files, vschema)
    keyspace = files.keyspace()
    found = replace(keyspaces(vitess or sim_vitess(), vschema), workflows=workflows)
    return plan_split(
        reshard_world(found, ledger, definition=live),
        keyspace,
        environment(keyspace),
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )


def files_with(files: Files, vschema: Any) -> Files:
    files.write("schemas/shop/vschema.json", json.dumps(vschema).encode())
    return files


def codes(outcome: SplitPlanOutcome) -> list[str]:
    assert outcome.plan is None
    return [refusal.code for refusal in outcome.refusals]


@pytest.mark.invariant("SP-97")
def test_a_split_by_vitess_is_planned_from_topology_and_files(ledger: SqlLedger) -> None:
    outcome = planned(ledger)
    assert outcome.refusals == ()
    assert outcome.plan is not None
    core = outcome.plan.core
    assert core.engine is SplitEngine.VITESS_RESHARD
    assert (core.source_names, core.targets) == (("-80",), ("-40", "40-80"))
    assert [route.shard for route in core.base.routes] == ["-80", "80-"]
    assert [(table.name, table.use, table.shard_by) for table in core.tables] == [
        (TABLE, TableUse.SHARDED, "id")
    ]
    assert [found.step for found in core.commands] == list(ReshardStep)
    assert all("--target-keyspace=store" in found.arguments for found in core.commands)
    assert core.statements == ()
    assert "--source-shards=-80 --target-shards=-40,40-80" in outcome.readable_sql


@pytest.mark.invariant("SP-97")
def test_shards_are_merged_by_vitess_as_well(ledger: SqlLedger) -> None:
    merging = SPEC + '    shards: ["-"]\n    retiring: ["-80", "80-"]\n'
    outcome = planned(ledger, sim_vitess("-"), spec=merging)
    assert outcome.refusals == ()
    assert outcome.plan is not None
    assert outcome.plan.core.source_names == ("-80", "80-")


def filled(table: str) -> SimVitess:
    vitess = sim_vitess()
    vitess.shards["40-80"].tables.add(table)
    return vitess


def without_targets() -> SimVitess:
    vitess = sim_vitess()
    del vitess.shards["-40"], vitess.shards["40-80"]
    return vitess


RELOCATING = SPEC + '    shards: ["-80", "80-"]\n    retiring: ["-80"]\n'


def with_table(**of: object) -> object:
    tables = {TABLE: {"column_vindexes": BY_ID}, **of}
    return {**ROUTED, "tables": {name: found for name, found in tables.items() if found}}


OTHERS = Workflow(name="r1", kind="MoveTables", source="store", target="other")


@pytest.mark.invariant("SP-96")
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"vitess": sim_vitess("-40")}, "reshard-target-missing"),
        ({"vitess": sim_vitess("-40", "40-80", "80-c0")}, "vitess-shard-not-serving"),
        ({"vitess": filled(TABLE)}, "reshard-target-filled"),
        ({"vitess": filled("stranger")}, "reshard-target-filled"),
        ({"workflows": (OTHERS,)}, "vitess-workflow"),
        ({"vschema": with_table(orders={"type": "reference"})}, "reshard-reference-table"),
        ({"spec": BEFORE, "vitess": without_targets()}, "split-no-move"),
        ({"spec": RELOCATING, "vitess": without_targets()}, "reshard-relocation"),
        ({"spec": SPLITTING.partition("    retiring")[0]}, "split-source-unlisted"),
        ({"live": ORDERS.replace("bigint", "int")}, "split-schema-first"),
    ],
)
def test_what_keeps_vitess_from_moving_rows_is_told_in_the_plan(
    ledger: SqlLedger, asked: dict[str, Any], code: str
) -> None:
    assert code in codes(planned(ledger, **asked))


class Stand:
    """A keyspace with rows, a reviewed plan, and a ledger that keeps no routes."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, self.clock = ledger, SimClock()
        self.vitess = sim_vitess()
        for key in range(0, 256, 16):
            assert self.vitess.write(key, key)
        self.keyspaces = keyspaces(self.vitess)
        self.files = splitting()
        keyspace = self.files.keyspace()
        outcome = plan_split(
            reshard_world(self.keyspaces, ledger),
            keyspace,
            environment(keyspace),
            created_at="",
            tool_version="0",
        )
        keep_split_plan(outcome, self.files, self.files)

    @property
    def plan(self) -> SplitPlan:
        found = read_split_plan(self.files, "production", "shop")
        assert found is not None
        return found

    def connect(self) -> SplitConnections:
        return SplitConnections(
            planning=reshard_world(self.keyspaces, self.ledger),
            driving=ReshardWorld(
                jobs=self.ledger.split_jobs, reshards=self.vitess, clock=self.clock
            ),
        )

    def apply(self, files: Files | None = None) -> SplitApplyOutcome:
        keyspace = (files or self.files).keyspace()
        return apply_split(
            SplitApplyWorld(history=Branch(self.files), connect=self.connect),  # type: ignore[arg-type]
            keyspace,
            environment(keyspace),
            SplitApplyRequest(
                commit=HEAD,
                review=Review.GIT,
                holder="me",
                runtime_s=300.0,
                waves=WaveChoice.ALL,
                part=None,
            ),
        )

    def ask(self, asked: SplitAsked) -> None:
        jobs = self.ledger.split_jobs
        job = jobs.live("production", "shop")
        assert job is not None
        ask_split(jobs, job, asked, plan=self.plan, by="ada", now_s=self.clock.now_s())

    def standing(self) -> Standing:
        keyspace = self.files.keyspace()
        routes, jobs = self.ledger.routes, self.ledger.split_jobs
        chosen = environment(keyspace)
        return stand_of(self.keyspaces, lambda: routes, lambda: jobs, keyspace, chosen)

    def is_settled(self) -> bool:
        return not self.standing().environment.retiring


@pytest.fixture
def stand(ledger: SqlLedger) -> Stand:
    return Stand(ledger)


@pytest.mark.invariant("SP-98")
@pytest.mark.invariant("SP-76")
def test_a_split_by_vitess_goes_from_its_review_to_its_end_by_releases(stand: Stand) -> None:
    waiting = stand.apply()
    assert waiting.how is TickEnd.AWAITS_CUTOVER, (waiting.refusals, waiting.problem)
    assert waiting.foreseen == ("Lock keyspace shop", "Unlock keyspace shop")
    assert not stand.is_settled()
    stand.ask(SplitAsked.RELEASE)
    assert stand.apply().how is TickEnd.AWAITS_CLEANUP
    assert stand.is_settled()
    stand.ask(SplitAsked.RELEASE_CLEANUP)
    assert stand.apply().how is TickEnd.RETAINS_SOURCE
    later(stand.ledger, WEEK_S)
    ended = stand.apply()
    assert ended.how is TickEnd.DONE
    assert set(stand.vitess.shards) == {"-40", "40-80", "80-"}
    assert stand.is_settled()


@pytest.mark.invariant("SP-106")
def test_a_runner_whose_clock_is_ahead_gives_up_no_source(stand: Stand) -> None:
    stand.apply()
    stand.ask(SplitAsked.RELEASE)
    stand.apply()
    stand.ask(SplitAsked.RELEASE_CLEANUP)
    stand.clock.time_s += 100 * WEEK_S
    assert stand.apply().how is TickEnd.RETAINS_SOURCE
    assert "-80" in stand.vitess.shards


@pytest.mark.invariant("SP-95")
def test_a_switched_split_is_given_up_until_its_clean_up_is_released(stand: Stand) -> None:
    stand.apply()
    stand.ask(SplitAsked.RELEASE)
    stand.apply()
    stand.ask(SplitAsked.ABANDON)
    assert stand.apply().how is TickEnd.ABANDONED
    assert stand.vitess.shards["-80"].serves


@pytest.mark.invariant("SP-95")
def test_a_split_whose_clean_up_is_released_is_not_asked_to_be_given_up(stand: Stand) -> None:
    stand.apply()
    stand.ask(SplitAsked.RELEASE)
    stand.apply()
    stand.ask(SplitAsked.RELEASE_CLEANUP)
    with pytest.raises(Refused, match="sources may be given up already"):
        stand.ask(SplitAsked.ABANDON)


@pytest.mark.invariant("SP-79")
def test_behind_the_switch_vitess_keyspace_is_its_moves_until_that_ends(stand: Stand) -> None:
    """Its streams back end at a DDL."""
    stand.apply()
    stand.ask(SplitAsked.RELEASE)
    stand.apply()
    assert stand.is_settled()
    assert stand.standing().is_moving
    stand.ask(SplitAsked.RELEASE_CLEANUP)
    later(stand.ledger, WEEK_S)
    assert stand.apply().how is TickEnd.DONE
    assert not stand.standing().is_moving


@pytest.mark.invariant("SP-71")
def test_the_committed_plan_is_verified_and_belongs_to_what_it_began(stand: Stand) -> None:
    keyspace = stand.files.keyspace()
    for _ in range(2):
        found = verify_split(
            reshard_world(stand.keyspaces, stand.ledger),
            keyspace,
            environment(keyspace),
            tree=stand.files,
        )
        assert found.state is VerifyState.VERIFIED, found.refusals
        stand.apply()


def reshape(stand: Stand) -> None:
    stand.vitess.definition = "sha256:" + "b" * 64


def serve_otherwise(stand: Stand) -> None:
    del stand.vitess.shards["80-"]
    for name in ("80-c0", "c0-"):
        stand.vitess.shards[name] = Shard(serves=True, writable=True, tables={TABLE})


@pytest.mark.invariant("SP-72")
@pytest.mark.parametrize("changed", [reshape, serve_otherwise])
def test_what_has_changed_since_the_review_begins_nothing(
    stand: Stand, changed: Callable[[Stand], None]
) -> None:
    changed(stand)
    outcome = stand.apply()
    assert outcome.how is None
    assert outcome.refusals
    assert stand.ledger.split_jobs.live("production", "shop") is None
    assert stand.vitess.sent == []


OF_ANOTHER_KIND = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {host: h, database: "d{shard}", user: u}
    shards: ["-40", "40-80", "80-"]
"""


@pytest.mark.invariant("SP-76")
@pytest.mark.invariant("SP-98")
@pytest.mark.parametrize(
    ("spec", "code"),
    [
        (BEFORE, "split-shard-unlisted"),
        (SPLITTING.replace('"-40", "40-80"', '"-20", "20-80"'), "split-shard-unlisted"),
        (OF_ANOTHER_KIND, "split-engine-changed"),
    ],
)
def test_a_spec_that_no_longer_leads_to_the_job_drives_nothing(
    stand: Stand, spec: str, code: str
) -> None:
    stand.apply()
    sent = len(stand.vitess.sent)
    changed = stand.files.copy()
    changed.write("specs/shop.yaml", spec.encode())
    if "kind" not in spec:
        changed.remove("schemas/shop/vschema.json")
    stand.files = changed
    with pytest.raises(Refused) as caught:
        stand.apply()
    assert caught.value.problems[0].code == code
    assert len(stand.vitess.sent) == sent


@pytest.mark.invariant("SP-99")
def test_status_tells_what_the_streams_have_copied_and_what_is_waited_for(stand: Stand) -> None:
    stand.vitess.strangers.append(
        Problem(code="reshard-workflow-of-others", message="m", recovery="r")
    )
    assert stand.apply().how is None, "planned beside no other workflow"
    stand.vitess.strangers.clear()
    stand.apply()
    found = current_split(stand.ledger.split_jobs, "production", "shop", tree=stand.files)
    assert found is not None
    assert found.job.phase is Phase.CATCHUP
    assert [one.table for one in found.brackets] == ["*", "*"]
    assert found.copied_of == (0, 10)
    assert found.progress is not None
    assert found.progress.oldest_s == 0.0
    assert found.progress.rests == "", "it waits for nobody but the one who releases it"
    assert [one.approval for one in found.approvals] == [Approval.START]
    metrics = split_metrics([found], now_s=stand.clock.now_s())
    assert "\nreconciler_split_queue_age_seconds{" in metrics
    assert "\nreconciler_split_queue_keys{" not in metrics, "streams tell no number of changes"
