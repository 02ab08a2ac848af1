"""Checks where no runner reaches every shard: each region's job looks at its own shards, and the
job that judges looks at none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest

from reconciler.errors import InvalidInput, ReconcilerError, Refused
from reconciler.flows.forge.drift import DriftFiles, watch_drift
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.observe import ObserveJobRequest, observe_part
from reconciler.flows.forge.plan import PlanComment, PlanDestination, plan_change
from reconciler.flows.forge.verify import verify_change
from reconciler.flows.sight import Sight
from reconciler.observe.file.fleet import read_fleet
from reconciler.observe.file.limits import OBSERVATION_AGE_S_MAX
from reconciler.outcomes.exit_code import ExitCode
from reconciler.plan.files import plan_paths
from reconciler.ports.job import BranchEvent, Event, MergeGroupEvent
from reconciler.ports.shards import Connections
from reconciler.ports.world import World
from reconciler.report.compose.forge import drift_issue, drift_issue_title
from reconciler.report.write.markdown import write_markdown
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    STATES,
    Files,
    Shards,
    repository,
    with_plan,
)
from tests.offline_forge import (
    BASE,
    HEAD,
    MERGED,
    PULL_REQUEST,
    PUSH,
    KeptLog,
    KeptNotices,
    LookedAt,
    Record,
    forge_job,
)
from tests.sample_regions import NAMES, REGIONS, fleet_of, spec_of

KEYS = {"eu": b"e" * 32, "us": b"u" * 32}
GROUP = MergeGroupEvent(base_commit=BASE)
SCHEDULE = BranchEvent(name="schedule", branch="main", default_branch="main")
PATHS = plan_paths(ENVIRONMENT, KEYSPACE)
NONE = cast(Connections, None)
SPEC = spec_of(REGIONS)


@dataclass
class Run:
    """One run of the workflow: `handed_on` are the artifacts of its regions' jobs."""

    fleet: Shards
    after: Files
    before: Files = field(default_factory=lambda: repository(STATES[0], spec=SPEC))
    event: Event = PULL_REQUEST
    handed_on: Files = field(default_factory=Files)
    notices: KeptNotices = field(default_factory=KeptNotices)
    log: KeptLog = field(default_factory=KeptLog)
    later_s: float = 0.0
    kept: Files = field(default_factory=Files)
    record: Record = field(default_factory=Record)

    def observe(self, *regions: str, key: bytes | None = None) -> list[ExitCode]:
        """In each region, with its own shards alone within reach."""
        return [self._observe(region, key or KEYS[region]) for region in regions]

    def _observe(self, region: str, key: bytes | None) -> ExitCode:
        own = {f"db-{name}" for name in REGIONS.get(region, ())}
        reached = Shards({host: shown for host, shown in self.fleet.shown.items() if host in own})
        asked = ObserveJobRequest(environment=ENVIRONMENT, region=region, key=key)
        return observe_part(self.job, asked, LookedAt(reached), self.handed_on)

    def verify(self, *known: str) -> ExitCode:
        return verify_change(
            self.job,
            [ENVIRONMENT],
            LookedAt(Shards({})),
            NONE,
            sarif=None,
            sight=self.sight,
            known=known,
        )

    def plan(self) -> ExitCode:
        return plan_change(
            self.job,
            [ENVIRONMENT],
            LookedAt(Shards({})),
            NONE,
            comment=PlanComment.LEFT_OUT,
            destination=PlanDestination(checkout=self.kept, writer=self.kept),
            sight=self.sight,
        )

    def drift(self) -> ExitCode:
        return watch_drift(
            self.job,
            [ENVIRONMENT],
            LookedAt(Shards({})),
            files=DriftFiles(),
            chat=None,
            sight=self.sight,
        )

    @property
    def sight(self) -> Sight:
        def seen(there: World, files: DesiredFiles, environment: Environment) -> World:
            now_s = there.clock.now_s() + self.later_s
            shards = read_fleet(self.handed_on, files, environment, keys=KEYS, now_s=now_s)
            return replace(there, shards=shards)

        return Sight(seen)

    @property
    def job(self) -> ForgeJob:
        trees = {BASE: self.before, HEAD: self.after, MERGED: self.after.copy()}
        return forge_job(self.event, trees, self.notices, self.log, record=self.record)

    @property
    def said(self) -> str:
        return "\n".join([*self.log.shown, *self.log.summary])

    @property
    def status(self) -> tuple[str, str]:
        ((_, context, status),) = self.notices.said
        return context, status.state


@pytest.fixture
def run() -> Run:
    fleet = fleet_of(dict.fromkeys(NAMES, STATES[0]))
    return Run(fleet, with_plan(repository(spec=SPEC), fleet))


def code_of(run: Run, region: str, kind: type[ReconcilerError]) -> str:
    with pytest.raises(kind) as raised:
        run.observe(region, key=KEYS["eu"])
    return raised.value.problems[0].code


@pytest.mark.invariant("RG-90")
@pytest.mark.parametrize("event", [PULL_REQUEST, GROUP], ids=["pull request", "merge group"])
def test_one_job_without_any_login_judges_by_what_each_region_saw(run: Run, event: Event) -> None:
    run.event = event
    assert run.observe("eu", "us") == [ExitCode.FINE, ExitCode.FINE]
    assert len(run.handed_on.content) == 2
    assert run.verify() is ExitCode.FINE
    assert run.status == ("reconciler/production", "success")


@pytest.mark.invariant("RG-90")
@pytest.mark.parametrize("missing", REGIONS)
def test_a_region_that_handed_nothing_on_makes_the_check_red(run: Run, missing: str) -> None:
    run.observe(*(region for region in REGIONS if region != missing))
    assert run.verify() is ExitCode.REFUSED
    assert run.status == ("reconciler/production", "failure")
    assert "[region-not-observed]" in run.said


@pytest.mark.invariant("RG-98")
def test_an_environment_that_no_job_checks_makes_the_check_red(run: Run) -> None:
    run.observe("eu", "us")
    assert run.verify(ENVIRONMENT, "gone") is ExitCode.FINE
    with pytest.raises(Refused) as refused:
        run.verify("staging")
    assert refused.value.problems[0].code == "environment-unchecked"
    assert ENVIRONMENT in refused.value.problems[0].message


@pytest.mark.invariant("RG-90")
def test_what_a_region_saw_and_the_plan_does_not_say_makes_the_check_red(run: Run) -> None:
    run.fleet.shown[f"db-{NAMES[4]}"] = {"users": STATES[2]}
    run.observe("eu", "us")
    assert run.verify() is ExitCode.REFUSED
    assert "[drift]" in run.said


@pytest.mark.invariant("RG-90")
@pytest.mark.threat("TM-REGION-17")
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("by another region's key", "forged"),
        ("another region's own", "forged"),  # only its own key makes a region believed
        ("edited", "unsealed"),
        ("of an hour ago", "stale"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_refused_by_name(
    run: Run, how: str, code: str
) -> None:
    run.observe("eu", "us")
    eu, us = sorted(run.handed_on.content)
    files = run.handed_on.content
    match how:
        case "by another region's key":
            run.observe("eu", key=KEYS["us"])
        case "another region's own":
            files[eu] = files[us]
        case "edited":
            files[eu] = files[eu].replace(b"bigint", b"int")
        case _:
            run.later_s = OBSERVATION_AGE_S_MAX + 1
    assert run.verify() is ExitCode.REFUSED
    assert run.status[1] == "failure"
    assert f"[observation-{code}]" in run.said


@pytest.mark.invariant("RG-91")
@pytest.mark.threat("TM-REGION-18")
def test_a_fork_is_refused_in_a_region_before_anything_of_it_is_read(run: Run) -> None:
    run.event = replace(PULL_REQUEST, is_fork=True)
    run.after = Files()  # reading it would find that there is no spec
    assert code_of(run, "eu", Refused) == "fork-not-observed"
    assert run.handed_on.content == {}


@pytest.mark.invariant("RG-91")
def test_a_region_is_asked_only_about_what_the_change_touches(run: Run) -> None:
    run.after = run.before.copy()
    assert run.observe("eu") == [ExitCode.FINE]
    assert run.handed_on.content == {}
    assert "no shard was looked at" in run.said


def test_a_region_that_no_spec_has_is_refused_and_not_passed_over(run: Run) -> None:
    assert code_of(run, "ue", InvalidInput) == "region-unknown"


def test_a_region_is_looked_at_on_events_of_the_default_branch_alone(run: Run) -> None:
    run.event = replace(PUSH, branch="feature")
    assert code_of(run, "eu", Refused) == "event-not-allowed"


def test_a_shard_that_does_not_answer_hands_nothing_on(run: Run) -> None:
    run.fleet.shown[f"db-{NAMES[1]}"] = None
    assert run.observe("eu", "us") == [ExitCode.REFUSED, ExitCode.FINE]
    assert len(run.handed_on.content) == 1
    assert NAMES[1] in run.said


@pytest.mark.invariant("RG-90")
def test_the_plan_that_is_missing_is_made_from_what_regions_saw(run: Run) -> None:
    by_hand = run.after
    run.after = run.kept = repository(spec=SPEC)
    run.observe("eu", "us")
    assert run.verify() is ExitCode.REFUSED
    assert run.plan() is ExitCode.FINE
    assert run.kept.content[PATHS.sql] == by_hand.content[PATHS.sql]


@pytest.mark.invariant("RG-90")
def test_drift_is_told_of_all_regions_and_none_is_passed_over(run: Run) -> None:
    run.event = SCHEDULE
    run.after = repository(STATES[0], spec=SPEC)
    run.observe("eu")
    assert run.drift() is ExitCode.REFUSED
    assert "there is no observation of region us" in run.said
    run.observe("us")
    assert run.drift() is ExitCode.FINE
    run.fleet.shown[f"db-{NAMES[5]}"] = {"users": STATES[2]}
    run.observe("us")
    assert run.drift() is ExitCode.DIFFERENCES
    (issue,) = run.notices.issues.values()
    assert issue.title == "Schema drift in production"
    assert NAMES[5] in issue.body


@pytest.mark.invariant("RG-90")
def test_drift_of_regions_leaves_the_issue_of_other_environments_open(run: Run) -> None:
    elsewhere = write_markdown(drift_issue([], "https://forge.example/run/6"))
    run.notices.keep_issue(drift_issue_title(), elsewhere)
    run.event = SCHEDULE
    run.after = repository(STATES[0], spec=SPEC)
    run.observe("eu", "us")
    assert run.drift() is ExitCode.FINE
    run.observe("eu")
    run.later_s = OBSERVATION_AGE_S_MAX + 1
    assert run.drift() is ExitCode.REFUSED
    other, own = run.notices.issues.values()
    assert (other.title, other.is_open) == ("Schema drift", True)
    assert (own.title, own.is_open) == ("Schema drift in production", True)


class Waiting(Record):
    """A pull request waits, whose head holds the files."""

    def own_pull_requests(self, branch: str) -> tuple[()]:
        return cast(tuple[()], (SimpleNamespace(number=9, head_commit=HEAD),))


def test_a_plan_that_a_region_has_overtaken_is_marked_in_its_pull_request(run: Run) -> None:
    run.event, run.record = SCHEDULE, Waiting(files=run.after)
    run.after = repository(STATES[0], spec=SPEC)
    run.fleet.shown[f"db-{NAMES[5]}"] = {"users": STATES[2]}
    run.observe("eu", "us")
    assert run.drift() is ExitCode.DIFFERENCES
    assert run.status == ("reconciler/production", "failure")


def test_whose_an_engines_table_is_only_its_region_can_say(run: Run) -> None:
    run.event = SCHEDULE
    run.after = repository(STATES[0], spec=SPEC)
    left = STATES[0].replace("`users`", "`_users_gho`")
    run.fleet.shown[f"db-{NAMES[5]}"] = {"users": STATES[0], "_users_gho": left}
    run.observe("eu", "us")
    assert run.drift() is not ExitCode.FINE
    assert "[ledgers-of-regions]" in run.said


def test_a_check_that_asks_no_rows_says_so(run: Run) -> None:
    spec = SPEC.replace("    rollout:", "    preflight: {}\n    rollout:")
    run.before = repository(STATES[0], spec=spec)
    run.after = with_plan(repository(spec=spec), run.fleet)
    run.observe("eu", "us")
    assert run.verify() is ExitCode.FINE
    assert "rows were not asked" in run.said
