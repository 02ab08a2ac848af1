"""A move of shards that is planned and reviewed, on a fleet without servers: a source with two
rows, two empty targets, and a ledger that knows the routes."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.drive.split.world import SplitWorld
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.split.apply import (
    SplitApplyRequest,
    SplitApplyWorld,
    SplitConnections,
    apply_split,
)
from reconciler.flows.split.plan import keep_split_plan, plan_split
from reconciler.guard.review.git import Review
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.reshard.actions import TickEnd
from reconciler.reshard.job import Approval, JobRequestKind
from reconciler.reshard.plan.files import split_plan_paths
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice
from tests.offline_fleet import (
    Files,
    environment,
)
from tests.offline_split import (
    PlannedServers,
    adopted_routes,
    counted,
    split_fleet,
    split_world,
    splitting,
)
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


class SplitStand:
    """A source with two rows, two empty targets, and a ledger that knows the routes."""

    def __init__(self, ledger: SqlLedger) -> None:
        self.ledger, self.clock = ledger, SimClock()
        self.servers = PlannedServers()
        self.source = Database(self.clock.now_s)
        self.targets = {name: Database(self.clock.now_s) for name in ("-40", "40-80")}
        table = self.source.add_table("users")
        table.definition = counted(7)
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
        self,
        *,
        review: Review = Review.GIT,
        files: Files | None = None,
        resumes: bool = False,
        named: tuple[str, ...] = (),
        waves: WaveChoice = WaveChoice.ALL,
        part: PartOrder | None = None,
    ) -> SplitApplyOutcome:
        keyspace = (files or self.history.files).keyspace()
        return apply_split(
            SplitApplyWorld(history=self.history, connect=self.connect),  # type: ignore[arg-type]
            keyspace,
            environment(keyspace),
            SplitApplyRequest(
                commit=HEAD,
                review=review,
                holder="me",
                runtime_s=300.0,
                resumes=resumes,
                named=named,
                waves=waves,
                part=part,
            ),
        )

    def give_up(self) -> None:
        job = self.ledger.split_jobs.live("production", "shop")
        assert job is not None
        self.ledger.split_jobs.ask(
            job.job_id, JobRequestKind.ABANDON, asked_by="ada", now_s=self.clock.now_s()
        )
        assert self.apply().how is TickEnd.ABANDONED

    def approve(self, approval: Approval) -> None:
        job = self.ledger.split_jobs.live("production", "shop")
        assert job is not None
        self.ledger.split_jobs.approve(
            job.job_id, approval, plan_id=job.plan_id, by="ada", now_s=self.clock.now_s()
        )
