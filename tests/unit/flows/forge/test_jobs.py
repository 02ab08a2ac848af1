"""A forge's jobs without a forge: what they decide, and what they tell where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn, cast

import pytest

from reconciler.drive.split.reshard_tick import ReshardWorld
from reconciler.drive.split.world import SplitWorld
from reconciler.errors import InvalidInput, Refused
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
from reconciler.plan.files import plan_paths
from reconciler.ports.forge import Forge
from reconciler.ports.job import BranchEvent, Event, PullRequestEvent
from reconciler.ports.ledger import Ledger
from reconciler.ports.notices import TokenKind
from reconciler.ports.promotion import PromotionChecks
from reconciler.ports.reshards import Reshards
from reconciler.ports.routes import Routes
from reconciler.ports.shards import Connections
from reconciler.ports.split_jobs import SplitJobs
from reconciler.ports.split_servers import SplitServers
from reconciler.ports.world import World
from reconciler.report.forge_words import plan_commit_message
from reconciler.spec.model import Environment
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    STATES,
    Files,
    NothingMeasured,
    Shards,
    fleet,
    repository,
    with_plan,
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
    LookedAt,
    Record,
    down,
    forge_job,
)

PATHS = plan_paths(ENVIRONMENT, KEYSPACE)
NONE = cast(Connections, None)  # no job here asks a scratch server of its own


@dataclass
class Job:
    """One run: the fleet, the two sides of the change, and where it told what."""

    after: Files
    before: Files = field(default_factory=lambda: repository(STATES[0]))
    shards: Shards = field(default_factory=fleet)
    notices: KeptNotices = field(default_factory=KeptNotices)
    log: KeptLog = field(default_factory=KeptLog)
    record: Record = field(default_factory=Record)
    messages: dict[str, str] = field(default_factory=dict)
    connected: int = 0
    checkout: Files = field(init=False)

    def __post_init__(self) -> None:
        self.checkout = self.after.copy()

    def verify(self, event: Event = PULL_REQUEST) -> ExitCode:
        return verify_change(
            self.of(event),
            [ENVIRONMENT],
            LookedAt(self.shards),
            NONE,
            sarif=Path("x.sarif"),
            page=Path("x.html"),
        )

    def plan(self, commits: Commits | None = None, event: Event = PULL_REQUEST) -> ExitCode:
        destination = PlanDestination(
            checkout=self.checkout,
            writer=self.checkout,
            commits=None if commits is None else lambda: commits,
        )
        return plan_change(
            self.of(event),
            [ENVIRONMENT],
            LookedAt(self.shards),
            NONE,
            comment=PlanComment.WRITTEN,
            destination=destination,
        )

    def drift(
        self, chat: Callable[[str], None] | None = None, *, of: Sequence[str] = (ENVIRONMENT,)
    ) -> ExitCode:
        schedule = BranchEvent(name="schedule", branch="main", default_branch="main")
        return watch_drift(
            self.of(schedule),
            of,
            LookedAt(self.shards),
            files=DriftFiles(json=Path("drift.json"), metrics=Path("drift.prom")),
            chat=chat,
        )

    def apply(self, event: Event = PUSH, *, break_glass: str | None = None) -> ExitCode:
        asked = ApplyJobRequest(environment=ENVIRONMENT, break_glass=break_glass)
        return apply_merged(self.of(event), [], asked, self._begin)

    def of(self, event: Event) -> ForgeJob:
        trees = {BASE: self.before, HEAD: self.after, MERGED: self.after.copy()}
        return forge_job(
            event, trees, self.notices, self.log, record=self.record, messages=self.messages
        )

    @contextmanager
    def _begin(self) -> Iterator[Rolling]:
        yield Rolling(self)

    @property
    def states(self) -> list[str]:
        return [status.state for _, _, status in self.notices.said]


@dataclass
class Rolling:
    """What a job's rollouts would reach; nothing is connected to."""

    job: Job

    def world_of(self, environment: Environment) -> World:
        return world(self.job.shards)

    def ledger_of(self, environment: Environment) -> Ledger:
        raise down()

    def routes_of(self, environment: Environment) -> Routes:
        raise down()

    def split_jobs_of(self, environment: Environment) -> SplitJobs:
        raise down()

    def split_servers(self) -> SplitServers:
        raise down()

    def reshards(self) -> Reshards:
        raise down()

    def split_driving_of(self, environment: Environment) -> SplitWorld | ReshardWorld:
        raise down()

    def lasting_ledger_of(self, environment: Environment) -> Ledger:
        raise down()

    def checks(self) -> PromotionChecks:
        return NothingMeasured()

    def connect(self, environment: Environment) -> ApplyConnections:
        self.job.connected += 1
        raise down()

    def on_progress(self, event: ProgressEvent) -> None:
        pass

    def meanwhile(
        self, begin: Callable[[], None], say: Callable[[], None]
    ) -> AbstractContextManager[Notify]:
        return nullcontext(lambda event: None)


def problem_of(act: Callable[[], object], kind: type[Refused | InvalidInput] = Refused) -> str:
    with pytest.raises(kind) as raised:
        act()
    return raised.value.problems[0].code


# --- verify ---


def test_a_verified_plan_is_a_green_status_on_the_authors_commit_and_a_comment() -> None:
    job = Job(with_plan(repository(), fleet()))
    assert job.verify() is ExitCode.FINE
    ((commit, context, status),) = job.notices.said
    assert (commit, context, status.state) == (HEAD, "reconciler/production", "success")
    (comment,) = job.notices.comments(7)
    assert "verified" in comment
    assert job.log.outputs["changed"] is True
    assert job.log.left.keys() == {Path("x.sarif"), Path("x.html")}
    assert "Shards by waves" in job.log.left[Path("x.html")]


def test_a_change_without_a_plan_is_a_red_status() -> None:
    job = Job(repository())
    assert job.verify() is ExitCode.REFUSED
    assert job.states == ["failure"]
    assert job.log.outputs["exit_code"] == 3


def test_a_change_of_no_schema_asks_no_shard_and_passes() -> None:
    job = Job(repository(STATES[0]))
    assert job.verify() is ExitCode.FINE
    assert job.shards.looks == 0
    assert job.states == ["success"]
    assert job.log.outputs == {"changed": False, "plan_ids": [], "exit_code": 0}


def test_a_later_state_without_a_change_takes_the_place_of_what_was_told() -> None:
    told = Job(with_plan(repository(), fleet()))
    told.verify()
    later = Job(repository(STATES[0]), notices=told.notices)
    assert later.verify() is ExitCode.FINE
    (comment,) = told.notices.comments(7)
    assert "no schema change" in comment


@pytest.mark.invariant("RV-8")
def test_a_forge_that_takes_nothing_changes_no_verdict() -> None:
    job = Job(with_plan(repository(), fleet()), notices=KeptNotices(is_down=True))
    assert job.verify() is ExitCode.FINE
    assert len(job.log.remarks) == 3  # the comment, the status, what is folded away
    assert all("could not be written" in remark for remark in job.log.remarks)


def test_a_push_is_no_event_to_verify() -> None:
    assert problem_of(lambda: Job(repository()).verify(PUSH)) == "event-not-allowed"


@pytest.mark.invariant("LN-1")
def test_rules_are_told_of_what_the_change_touches_and_fail_neither_job() -> None:
    strict = f"{SPEC}lint: {{rules: {{comment-required: error}}}}\n"
    before, after = repository(STATES[0], spec=strict), repository(spec=strict)
    planned, verified = Job(after, before), Job(with_plan(after, fleet()), before)
    assert (planned.plan(), verified.verify()) == (ExitCode.FINE, ExitCode.FINE)
    for job in (planned, verified):
        (comment,) = job.notices.comments(7)
        assert "Lint: 1 error in 1 changed table" in comment
        assert "`users` has no comment" in comment


def test_what_was_there_is_no_matter_of_a_change_to_another_table() -> None:
    strict = f"{SPEC}lint: {{rules: {{comment-required: error}}}}\n"
    before = repository(spec=strict)
    after = before.copy()
    after.content[PATHS.sql] = b"-- a plan of nothing\n"
    job = Job(after, before)
    job.plan()
    assert all("Lint" not in comment for comment in job.notices.comments(7))


# --- plan ---


def test_the_plan_is_shown_and_left_for_its_author() -> None:
    job = Job(repository())
    assert job.plan() is ExitCode.FINE
    assert {PATHS.json, PATHS.sql} <= job.checkout.content.keys()
    (comment,) = job.notices.comments(7)
    assert "ADD COLUMN `age`" in comment


def test_an_app_commits_the_plan_onto_the_commit_that_was_looked_at() -> None:
    job, app = Job(repository()), Commits()
    assert job.plan(app) is ExitCode.FINE
    ((branch, message, additions, removals),) = app.made
    assert (branch, removals) == ("feature", [])
    assert additions.keys() == {PATHS.json, PATHS.sql}
    assert message.startswith("Schema plan made by CI: ")


@pytest.mark.parametrize("kind", [TokenKind.JOB, TokenKind.PERSON])
def test_only_an_app_commits(kind: TokenKind) -> None:
    job, token = Job(repository()), Commits(kind)
    assert problem_of(lambda: job.plan(token), InvalidInput) == "commit-token-not-an-app"
    assert (token.made, job.shards.looks) == ([], 0)


def test_no_second_plan_is_put_on_top_of_one_that_a_job_made() -> None:
    job, app = Job(repository(), messages={HEAD: plan_commit_message(["sha256:12"])}), Commits()
    assert problem_of(lambda: job.plan(app)) == "plan-committed-already"
    assert app.made == []


# --- drift ---


def test_drift_is_told_in_one_issue_that_is_closed_when_it_is_gone() -> None:
    job = Job(repository(), shards=fleet(STATES[2]))
    told: list[str] = []
    assert job.drift(told.append) is ExitCode.DIFFERENCES
    ((_, issue),) = job.notices.issues.items()
    assert issue.is_open
    assert len(told) == 1
    assert job.log.left.keys() == {Path("drift.json"), Path("drift.prom")}
    assert job.log.outputs == {"drift": True, "exit_code": 2}
    back = Job(repository(), shards=fleet(STATES[1]), notices=job.notices)
    assert back.drift(told.append) is ExitCode.FINE
    ((_, issue),) = job.notices.issues.items()
    assert not issue.is_open
    assert len(told) == 1, "nobody is told that nothing is wrong"


@pytest.mark.invariant("RG-120")
def test_a_job_of_one_environment_leaves_the_issue_of_another_as_it_is() -> None:
    """As two steps of one job look, where others are looked at by their regions."""
    job = Job(repository(), shards=fleet(STATES[2]))
    assert job.drift(of=["production"]) is ExitCode.DIFFERENCES
    assert job.drift(of=["staging"]) is ExitCode.FINE
    assert job.drift(of=["production", "staging"]) is ExitCode.DIFFERENCES
    issues = [(issue.title, issue.is_open) for issue in job.notices.issues.values()]
    assert issues == [("Schema drift in production", True), ("Schema drift", True)]


def test_a_chat_that_does_not_answer_changes_no_verdict() -> None:
    def silent(text: str) -> NoReturn:
        raise down()

    job = Job(repository(), shards=fleet(STATES[2]))
    assert job.drift(silent) is ExitCode.DIFFERENCES
    assert any("HTTP 502" in remark for remark in job.log.remarks)


# --- apply ---


@pytest.mark.invariant("RV-5")
def test_a_rerun_that_came_too_late_does_nothing_and_is_no_failure() -> None:
    merged = with_plan(repository(), fleet())
    job = Job(merged, record=_MovedOn())
    assert job.apply() is ExitCode.FINE
    assert job.connected == 0
    assert job.log.outputs["verdicts"] == ["superseded"]
    assert job.notices.said == [], "nothing was due"


class _MovedOn(Record):
    """The branch is at a later commit, which has no plan of the keyspace any more."""

    def branch_tip(self, branch: str) -> str:
        return "5" * 40


@pytest.mark.parametrize("name", ["schedule", "merge_group"])
def test_only_a_merge_applies(name: str) -> None:
    event = BranchEvent(name=name, branch="main", default_branch="main")
    assert problem_of(lambda: Job(repository()).apply(event)) == "event-not-allowed"


def test_only_the_default_branch_applies() -> None:
    event = replace(PUSH, branch="feature")
    assert problem_of(lambda: Job(repository()).apply(event)) == "event-not-allowed"


@pytest.mark.invariant("RV-12")
def test_broken_glass_needs_a_reason_and_a_person_who_did_not_start_the_run() -> None:
    ada, ben = (Account(id=n, login=who, kind=AccountKind.PERSON) for n, who in enumerate("ab", 1))
    ada = replace(ada, login="Ada")
    files = with_plan(repository(), fleet())
    alone = Job(files, record=Record(let_in_by=(ada,), files=files))
    assert problem_of(lambda: alone.apply(break_glass="todo")) == "break-glass-without-reason"
    assert problem_of(lambda: alone.apply(break_glass="down")) == "break-glass-not-approved"
    assert (alone.notices.issues, alone.connected) == ({}, 0)
    let_in = Job(files, record=Record(let_in_by=(ada, ben), files=files))
    let_in.apply(break_glass="checkout is down")
    (issue,) = let_in.notices.issues.values()
    assert "checkout is down" in issue.body
    assert let_in.connected == 1, "the other gates let it in"


@pytest.mark.invariant("RV-12")
def test_glass_is_not_broken_where_nobody_could_be_told() -> None:
    ben = Account(id=2, login="ben", kind=AccountKind.PERSON)
    job = Job(
        with_plan(repository(), fleet()),
        record=Record(let_in_by=(ben,)),
        notices=KeptNotices(is_down=True),
    )
    assert problem_of(lambda: job.apply(break_glass="checkout is down")) == "forge-failing"
    assert job.connected == 0


def test_a_rollout_that_never_began_is_a_red_status() -> None:
    ben = Account(id=2, login="ben", kind=AccountKind.PERSON)
    files = with_plan(repository(), fleet())
    job = Job(files, record=Record(let_in_by=(ben,), files=files))
    assert job.apply(break_glass="checkout is down") is ExitCode.ERROR
    assert job.states == ["failure"]
    assert job.notices.deployments == []


# --- pull ---


@dataclass(frozen=True)
class _Proposed:
    def pull_request(self, number: int) -> PullRequestEvent:
        return PULL_REQUEST


def pulled(left: dict[str, bytes], into: Files) -> tuple[str, ...]:
    return pull_plan(cast(Forge, _Proposed()), lambda commit: left, 7, into)


def test_the_plan_of_a_job_is_fetched_whole_or_not_at_all() -> None:
    made = with_plan(repository(), fleet())
    left = {path.removeprefix("plans/"): made.content[path] for path in (PATHS.json, PATHS.sql)}
    into = Files()
    assert pulled(left, into) == (PATHS.json, PATHS.sql)
    assert into.content[PATHS.json] == made.content[PATHS.json]
    edited = {**left, "production/shop.plan.sql": left["production/shop.plan.sql"] + b"-- x\n"}
    nothing = Files()
    assert problem_of(lambda: pulled(edited, nothing)) != ""
    assert nothing.content == {}
