"""A pull request that replaces shards, from its plan to the end of the split, by a forge's jobs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from reconciler.drive.split.reshard_tick import ReshardWorld
from reconciler.drive.split.world import SplitWorld
from reconciler.flows.apply import ApplyConnections
from reconciler.flows.forge.apply import ApplyJobRequest, Notify, apply_merged
from reconciler.flows.forge.drift import DriftFiles, watch_drift
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.plan import PlanComment, PlanDestination, plan_change
from reconciler.flows.forge.pull_plan import pull_plan
from reconciler.flows.forge.verify import verify_change
from reconciler.guard.review.account import Account, AccountKind
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.progress import ProgressEvent
from reconciler.ports.forge import Forge
from reconciler.ports.job import BranchEvent, Event
from reconciler.ports.ledger import Ledger
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.reshards import Reshards
from reconciler.ports.routes import Routes
from reconciler.ports.shards import Connections
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import SplitServers
from reconciler.ports.world import World
from reconciler.reshard.job import Approval
from reconciler.reshard.phases import Phase
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import Environment
from tests.offline_fleet import (
    ENVIRONMENT,
    SPEC_PATH,
    STATES,
    Files,
    NothingMeasured,
    Shards,
    repository,
    world,
)
from tests.offline_forge import (
    BASE,
    HEAD,
    MERGED,
    PULL_REQUEST,
    PUSH,
    Commits,
    KeptLog,
    KeptNotices,
    Record,
    down,
    forge_job,
)
from tests.offline_split import ROUTED, split_fleet, splitting
from tests.sim.reshard.vitess import SimVitess
from tests.sim.run import close_ledgers, memory_ledger
from tests.split_job_stand import PATHS, SplitStand

NONE = cast(Connections, None)
BEN = Account(id=2, login="ben", kind=AccountKind.PERSON)
#: Given only where nobody asks the forge for approvals.
REASON = "checkout is down"


@dataclass
class SplitJob:
    """One job of a forge about the stand's move. `fleet` is what a look finds."""

    stand: SplitStand
    after: Files
    fleet: Shards = field(default_factory=split_fleet)
    notices: KeptNotices = field(default_factory=KeptNotices)
    log: KeptLog = field(default_factory=KeptLog)
    protected: str | None = BASE
    opened: int = 0

    def __post_init__(self) -> None:
        self.before = repository(STATES[1], spec=ROUTED)
        self.checkout = self.after.copy()

    # What it reaches

    def world_of(self, environment: Environment) -> World:
        return world(self.fleet)

    def lasting_ledger_of(self, environment: Environment) -> Ledger:
        return self.stand.ledger

    def ledger_of(self, environment: Environment) -> Ledger:
        return self.stand.ledger

    def routes_of(self, environment: Environment) -> Routes:
        self.opened += 1
        return self.stand.ledger.routes

    def split_jobs_of(self, environment: Environment) -> SplitJobs:
        self.opened += 1
        return self.stand.ledger.split_jobs

    def split_record_of(self, environment: Environment) -> SplitJobs:
        return self.split_jobs_of(environment)

    def split_servers(self) -> SplitServers:
        return self.stand.servers

    def reshards(self) -> Reshards:
        return SimVitess({})

    def split_driving_of(self, environment: Environment) -> SplitWorld | ReshardWorld:
        return self.stand.connect().driving

    def checks(self) -> PromotionChecks:
        return NothingMeasured()

    def connect(self, environment: Environment) -> ApplyConnections:
        raise down()

    def on_progress(self, event: ProgressEvent) -> None:
        pass

    def meanwhile(self, begin: object, say: object) -> AbstractContextManager[Notify]:
        return nullcontext(lambda event: None)

    # What it runs

    def plan(self, commits: Commits | None = None) -> ExitCode:
        return plan_change(
            self.of(PULL_REQUEST),
            [ENVIRONMENT],
            lambda: nullcontext(self),
            NONE,
            comment=PlanComment.WRITTEN,
            destination=PlanDestination(
                checkout=self.checkout,
                writer=self.checkout,
                commits=None if commits is None else lambda: commits,
            ),
        )

    def verify(self) -> ExitCode:
        return verify_change(
            self.of(PULL_REQUEST), [ENVIRONMENT], lambda: nullcontext(self), NONE, sarif=None
        )

    def drift(self) -> ExitCode:
        schedule = BranchEvent(name="schedule", branch="main", default_branch="main")
        return watch_drift(
            self.of(schedule),
            [ENVIRONMENT],
            lambda: nullcontext(self),
            files=DriftFiles(),
            chat=None,
        )

    def apply(
        self,
        event: Event = PUSH,
        waves: WaveChoice = WaveChoice.ALL,
        part: PartOrder | None = None,
    ) -> ExitCode:
        asked = ApplyJobRequest(environment=ENVIRONMENT, waves=waves, part=part, break_glass=REASON)
        return apply_merged(self.of(event), [], asked, self._begin)

    def of(self, event: Event) -> ForgeJob:
        trees = {BASE: self.before, HEAD: self.after, MERGED: self.after.copy()}
        record = Record(let_in_by=(BEN,), files=self.after)
        return forge_job(
            event, trees, self.notices, self.log, record=record, protected=self.protected
        )

    @contextmanager
    def _begin(self) -> Iterator[SplitJob]:
        yield self

    def live(self) -> Phase | None:
        found = self.stand.ledger.split_jobs.live("production", "shop")
        return found.phase if found else None


@pytest.fixture
def stand() -> Iterator[SplitStand]:
    yield SplitStand(memory_ledger())
    close_ledgers()


@pytest.fixture
def job(stand: SplitStand) -> SplitJob:
    """Its plan is committed."""
    return SplitJob(stand, stand.files)


@pytest.mark.invariant("SP-80")
def test_the_plan_of_a_move_is_shown_in_its_pull_request_and_left_there(stand: SplitStand) -> None:
    job, app = SplitJob(stand, splitting()), Commits()
    assert job.plan(app) is ExitCode.FINE
    (comment,) = job.notices.comments(7)
    assert "-80 is replaced by -40, 40-80" in comment
    ((_, message, additions, removals),) = app.made
    assert additions.keys() == {PATHS.json, PATHS.sql}
    assert removals == []
    assert message.startswith("Schema plan made by CI: ")
    assert job.log.outputs["plan_ids"] != []


@pytest.mark.invariant("SP-80")
def test_a_move_is_verified_in_its_pull_request(stand: SplitStand, job: SplitJob) -> None:
    assert job.verify() is ExitCode.FINE
    ((_, context, status),) = job.notices.said
    assert (context, status.state) == ("reconciler/production", "success")
    assert "verified" in status.description
    unplanned = SplitJob(stand, splitting())
    assert unplanned.verify() is ExitCode.REFUSED
    ((_, _, status),) = unplanned.notices.said
    assert (status.state, status.description) == (
        "failure",
        "shop: shards are to be replaced, and no plan of that is committed",
    )


@pytest.mark.invariant("SP-80")
def test_a_plan_of_a_move_alone_is_a_change(stand: SplitStand, job: SplitJob) -> None:
    """Whoever pushes another one does not get the verdict of a change that touches nothing."""
    job.before = splitting()
    assert job.verify() is ExitCode.FINE
    assert job.log.outputs["changed"] is True


@pytest.mark.invariant("SP-71")
def test_a_schema_and_a_split_in_one_pull_request_are_refused_with_schema_first(
    stand: SplitStand,
) -> None:
    job = SplitJob(stand, splitting(STATES[2]))
    assert job.plan() is ExitCode.REFUSED
    (comment,) = job.notices.comments(7)
    assert "split-schema-first" in comment
    assert PATHS.json not in job.checkout.content


@pytest.mark.invariant("SP-74")
@pytest.mark.parametrize("verb", ["plan", "verify"])
@pytest.mark.parametrize("protected", [BASE, None])
def test_a_pull_request_opens_no_ledger_of_its_own(
    stand: SplitStand, verb: str, protected: str | None
) -> None:
    files = splitting()
    text = files.content[SPEC_PATH].decode()
    before, _, after = text.rpartition("    shards:")
    files.write(SPEC_PATH, f"{before}    ledger: mysql://evil/l\n    shards:{after}".encode())
    job = SplitJob(stand, files, protected=protected)
    assert getattr(job, verb)() is ExitCode.REFUSED
    assert (job.opened, job.fleet.looks) == (0, 0)
    assert "ledger-not-merged" in "".join(job.notices.comments(7))


@pytest.mark.invariant("SP-80")
def test_a_merged_move_is_driven_run_by_run(stand: SplitStand, job: SplitJob) -> None:
    assert job.apply() is ExitCode.FINE
    assert job.live() is Phase.CATCHUP
    assert job.log.outputs["verdicts"] == ["awaits approval of its cutover"]
    stand.approve(Approval.CUTOVER)
    again = BranchEvent(name="workflow_dispatch", branch="main", default_branch="main")
    assert job.apply(again) is ExitCode.FINE
    assert job.live() is Phase.CLEANUP


@pytest.mark.invariant("SP-76")
@pytest.mark.parametrize(
    "asked",
    [{"waves": WaveChoice.CANARY}, {"waves": WaveChoice.REST}, {"part": PartOrder(wave=1)}],
    ids=["canary", "rest", "by its number"],
)
def test_a_job_for_a_wave_drives_no_move(
    stand: SplitStand, job: SplitJob, asked: dict[str, Any]
) -> None:
    """Behind the cutover it is the schema's, of which there are waves."""
    assert job.apply(**asked) is ExitCode.REFUSED
    assert job.live() is None
    job.apply()
    stand.approve(Approval.CUTOVER)
    driven = stand.connections
    assert job.apply(**asked) is ExitCode.REFUSED
    assert (job.live(), stand.connections) == (Phase.CATCHUP, driven)
    job.apply()
    job.apply()
    driven = stand.connections
    job.apply(**asked)
    assert stand.connections == driven


@pytest.mark.invariant("SP-80")
@pytest.mark.invariant("RV-5")
def test_a_run_that_a_later_merge_overtook_begins_no_move(stand: SplitStand, job: SplitJob) -> None:
    job.after = stand.files.copy()
    merged = job.after.copy()
    job.after.remove(PATHS.json)  # what the forge says is at the tip
    trees = {BASE: job.before, MERGED: merged}
    record = Record(let_in_by=(BEN,), files=job.after)
    late = forge_job(PUSH, trees, job.notices, job.log, record=record)
    asked = ApplyJobRequest(environment=ENVIRONMENT, break_glass=REASON)
    assert apply_merged(late, [], asked, job._begin) is ExitCode.FINE
    assert job.log.outputs["verdicts"] == ["refused"]
    assert job.live() is None


@pytest.mark.invariant("GT-1")
@pytest.mark.invariant("SP-80")
def test_no_ledger_is_opened_for_a_spec_that_the_forge_does_not_vouch_for(
    stand: SplitStand, job: SplitJob
) -> None:
    edited = stand.files.copy()
    edited.write(SPEC_PATH, edited.content[SPEC_PATH] + b"# edited\n")
    record = Record(let_in_by=(BEN,), files=edited)
    trees = {BASE: job.before, MERGED: stand.files}
    late = forge_job(PUSH, trees, job.notices, job.log, record=record)
    asked = ApplyJobRequest(environment=ENVIRONMENT, break_glass=REASON)
    apply_merged(late, [], asked, job._begin)
    assert (job.opened, job.live()) == (0, None)


@pytest.mark.invariant("SP-79")
def test_behind_the_cutover_the_jobs_look_at_the_schema_again(
    stand: SplitStand, job: SplitJob
) -> None:
    job.apply()
    assert job.drift() is ExitCode.REFUSED  # whether they serve, nobody compares yet
    stand.approve(Approval.CUTOVER)
    job.apply()
    live = {"users": STATES[1]}
    job.fleet = Shards({"db--40": live, "db-40-80": live, "db-80-": live})
    assert job.drift() is ExitCode.FINE
    assert job.verify() is ExitCode.FINE
    assert "no schema change" in job.notices.comments(7)[0]


@dataclass(frozen=True)
class _Proposed:
    def pull_request(self, number: int) -> object:
        return PULL_REQUEST


def test_an_author_fetches_the_plan_of_a_move(stand: SplitStand) -> None:
    left = {
        path.removeprefix("plans/"): stand.files.content[path] for path in (PATHS.json, PATHS.sql)
    }
    into = splitting()
    written = pull_plan(cast(Forge, _Proposed()), lambda commit: left, 7, into)
    assert sorted(written) == sorted([PATHS.json, PATHS.sql])
    assert into.content[PATHS.json] == stand.files.content[PATHS.json]
