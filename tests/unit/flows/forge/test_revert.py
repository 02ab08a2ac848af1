"""What a job proposes for who is on call: the way back from a plan, and never more than that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, cast

import pytest

from reconciler.errors import ReconcilerError, Refused
from reconciler.flows.forge import merged
from reconciler.flows.forge.revert import RevertRequest, propose_revert
from reconciler.guard.review.account import Account
from reconciler.guard.review.approvals import PullRequest
from reconciler.outcomes.exit_code import ExitCode
from reconciler.plan.codec import load_plan
from reconciler.plan.files import plan_paths, read_plan
from reconciler.ports.job import BranchEvent, Event
from reconciler.ports.notices import TokenKind
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    SPEC_PATH,
    STATES,
    USERS_PATH,
    Files,
    Shards,
    fleet,
    repository,
    with_plan,
)
from tests.offline_forge import (
    MERGED,
    PULL_REQUEST,
    PUSH,
    KeptLog,
    KeptNotices,
    KeptProposals,
    LookedAt,
    forge_job,
)
from tests.unit.flows.forge.test_split_asking import AS_REVIEWER, BEN, BY_HAND, Controlled

PATHS = plan_paths(ENVIRONMENT, KEYSPACE)
ALLOWED = f"""{SPEC}
policy:
  allow:
    - {{table: users, hazard: drop-column, object: age, reason: unused}}
"""


@dataclass(frozen=True)
class Reviewed(Controlled):
    """Some pull requests are open."""

    open: tuple[str, ...] = ()

    def own_pull_requests(self, branch: str) -> tuple[Any, ...]:
        return tuple(
            cast(PullRequest, _Open(number=number, head_branch=head))
            for number, head in enumerate(self.open, start=40)
        )


@dataclass(frozen=True)
class _Open:
    number: int
    head_branch: str


@dataclass
class Job:
    """Main holds a plan that adds a column."""

    spec: str = ALLOWED
    live: Callable[[], Shards] = lambda: fleet(STATES[1])
    proposals: KeptProposals = field(default_factory=KeptProposals)
    log: KeptLog = field(default_factory=KeptLog)
    files: Files = field(init=False)
    shards: Shards = field(init=False)

    def __post_init__(self) -> None:
        self.files = with_plan(repository(STATES[1], spec=self.spec), fleet(STATES[0]))
        self.shards = self.live()

    def revert(
        self,
        plan_id: str | None = None,
        *,
        who: Account = BEN,
        event: Event = BY_HAND,
        keyspaces: tuple[str, ...] = (),
        opened: tuple[str, ...] = (),
    ) -> ExitCode:
        record = Reviewed(files=self.files, started_by=who, open=opened)
        job = forge_job(event, {MERGED: self.files}, KeptNotices(), self.log, record=record)
        asked = RevertRequest(environment=ENVIRONMENT, plan_id=plan_id)
        looked = LookedAt(self.shards)
        return propose_revert(job, keyspaces, asked, looked, lambda: self.proposals)

    def revert_of(self, path: str) -> bytes:
        """As a way back proposes it."""
        assert self.revert() is ExitCode.FINE
        ((_, _, additions, _),) = self.proposals.made
        return additions[path]

    @property
    def plan_id(self) -> str:
        plan = read_plan(self.files, ENVIRONMENT, KEYSPACE)
        assert plan is not None
        return plan.plan_id

    @property
    def branch(self) -> str:
        return f"revert-shop-production-{self.plan_id.rpartition(':')[2][:12]}-00c0ffee"

    @property
    def said(self) -> str:
        return " ".join("\n".join(self.log.shown).split())


@pytest.fixture(autouse=True)
def vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forge vouches for the spec."""
    monkeypatch.setattr(merged, "review_proof", lambda forge, line, question: ())


@pytest.mark.invariant("RP-30")
def test_the_way_back_is_a_branch_with_files_and_plan_and_a_pull_request() -> None:
    job = Job()
    before = dict(job.files.content)
    assert job.revert() is ExitCode.FINE
    ((branch, message, additions, removals),) = job.proposals.made
    assert branch == job.branch
    assert message.splitlines()[0] == (
        f"Take back plan {job.plan_id.rpartition(':')[2][:12]} of shop in production"
    )
    assert message.endswith(f"Asked by {AS_REVIEWER}")
    assert additions[USERS_PATH].decode() == f"{STATES[0]};\n"
    back = load_plan(additions[PATHS.json], PATHS.json)
    assert {one.sql for c in back.core.change_sets for one in c.statements} == {
        "ALTER TABLE `users` ALGORITHM=INSTANT, DROP COLUMN `age`"
    }
    assert removals == []
    ((number, (head, into, _, body)),) = job.proposals.opened.items()
    assert (number, head, into) == (1, branch, "main")
    assert AS_REVIEWER.split(" by ")[0] in body
    assert "drop-column" in body
    assert job.files.content == before, "what the job runs on is as it was"
    assert job.shards.shown == fleet(STATES[1]).shown, "nothing has run"


@pytest.mark.invariant("RP-30")
@pytest.mark.parametrize("wave_done", [("db--80",), ("db--80", "db-80-"), ()])
def test_a_plan_is_taken_back_however_far_it_came(wave_done: tuple[str, ...]) -> None:
    def live() -> Shards:
        shards = fleet(STATES[0])
        shards.shown |= {place: {"users": STATES[1]} for place in wave_done}
        return shards

    job = Job(live=live)
    assert job.revert(job.plan_id[7:19]) is ExitCode.FINE, job.said
    ((_, _, additions, removals),) = job.proposals.made
    assert additions[USERS_PATH].decode() == f"{STATES[0]};\n"
    if not wave_done:  # nothing is to be done
        assert sorted(removals) == sorted((PATHS.json, PATHS.sql))


@pytest.mark.invariant("RP-30")
def test_what_no_plan_is_allowed_for_yet_is_proposed_and_told() -> None:
    job = Job(spec=SPEC)
    assert job.revert() is ExitCode.REFUSED
    ((_, _, additions, _),) = job.proposals.made
    assert set(additions) == {USERS_PATH}
    assert "a plan of it is refused" in job.said
    assert "[permission-missing]" in job.said
    assert "cannot be undone" not in job.said


@pytest.mark.invariant("RP-30")
def test_a_forge_that_lets_no_job_open_pull_requests_has_a_person_open_it() -> None:
    job = Job(proposals=KeptProposals(may_open=False))
    assert job.revert() is ExitCode.FINE
    assert job.proposals.branches[job.branch] == "4" * 40
    address = f"https://forge.example/run/7/compare/main...{job.branch}?expand=1"
    assert address in "".join(job.log.shown).replace("\n", "").replace(" ", "")
    assert "open the pull request at the address above" in job.said


@pytest.mark.parametrize("kind", TokenKind)
def test_whose_token_opened_it_says_whether_its_checks_start(kind: TokenKind) -> None:
    job = Job(proposals=KeptProposals(kind=kind))
    assert job.revert() is ExitCode.FINE
    assert ("Approve workflows to run" in job.said) is (kind is TokenKind.JOB)


def _problem(work: Callable[[], object], kind: type[ReconcilerError] = Refused) -> str:
    with pytest.raises(kind) as raised:
        work()
    return raised.value.problems[0].code


@pytest.mark.invariant("RP-30")
def test_nobody_asks_it_but_a_person_who_may_by_hand_on_main() -> None:
    job = Job()
    elsewhere = BranchEvent(name="workflow_dispatch", branch="feature", default_branch="main")
    events: tuple[Event, ...] = (PUSH, PULL_REQUEST, elsewhere)
    for event in events:
        assert _problem(partial(job.revert, event=event)) == "event-not-allowed"
    assert job.revert(who=replace(BEN, id=9, login="eve")) is ExitCode.REFUSED
    assert "[ask-not-allowed]" in job.said
    assert not job.proposals.made
    assert list(job.proposals.branches) == ["main"]


def test_the_same_is_not_proposed_twice() -> None:
    job = Job()
    other = "revert-shop-production-000000000000-00000001"
    assert job.revert(opened=("feature", f"{job.branch[:-8]}0badcafe")) is ExitCode.REFUSED
    assert "pull request #41 takes back plan" in job.said
    assert not job.proposals.made
    assert job.revert(opened=("feature", other)) is ExitCode.FINE


def test_a_plan_that_no_commit_holds_is_named() -> None:
    job = Job()
    assert job.revert("0" * 12) is ExitCode.ERROR
    assert "[plan-unknown]" in job.said
    assert job.revert(job.plan_id[7:12]) is ExitCode.ERROR, "too short to mean one"
    del job.files.content[PATHS.json], job.files.content[PATHS.sql]
    assert job.revert() is ExitCode.ERROR
    assert not job.proposals.made


def test_files_that_are_as_before_the_plan_leave_nothing_to_propose() -> None:
    job = Job()
    job.files.content[USERS_PATH] = job.revert_of(USERS_PATH)
    assert job.revert(job.plan_id) is ExitCode.REFUSED
    assert "[taken-back-already]" in job.said
    assert len(job.proposals.made) == 1


def test_of_several_keyspaces_one_is_named() -> None:
    job = Job()
    other = job.files.content[SPEC_PATH].replace(b"keyspace: shop", b"keyspace: mail")
    job.files.write(
        "specs/mail.yaml",
        other.replace(b"schemas/shop", b"schemas/mail").replace(b"database: d", b"database: m"),
    )
    job.files.write("schemas/mail/users.sql", job.files.content[USERS_PATH])
    assert _problem(job.revert) == "revert-of-which-keyspace"
    assert _problem(lambda: job.revert(keyspaces=("mail", "shop"))) == "revert-of-which-keyspace"
    assert job.revert(keyspaces=("shop",)) is ExitCode.FINE
