"""What a person asks of a move of shards by a job of the forge, and who may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from reconciler.drive.open import Releases
from reconciler.edges.ledger.sql import open_ledger
from reconciler.errors import Refused, UsageError
from reconciler.flows.forge import merged
from reconciler.flows.forge.apply import ApplyJobRequest, apply_merged
from reconciler.flows.forge.asking import AskRequest, ask_rollouts
from reconciler.flows.forge.job import ForgeJob
from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.protection import ProtectedPlace
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.split import SplitAsked
from reconciler.ports.job import BranchEvent
from reconciler.reshard.job import Approval
from reconciler.reshard.phases import Phase
from reconciler.rollout.behest import Behest
from tests.offline_fleet import ENVIRONMENT, SPEC_PATH
from tests.offline_forge import ADA, MERGED, Record, forge_job
from tests.split_job_stand import SplitStand
from tests.unit.flows.forge.test_split_jobs import SplitJob

BY_HAND = BranchEvent(name="workflow_dispatch", branch="main", default_branch="main")
BEN = Account(id=2, login="ben", kind=AccountKind.PERSON)
AS_REVIEWER = "ben (account 2) by https://forge.example/run/7, as a reviewer of production/control"


@dataclass(frozen=True)
class Controlled(Record):
    """Ben is a reviewer of the place that says who may ask."""

    def place(self, name: str) -> ProtectedPlace:
        return ProtectedPlace(name=name, people=(BEN,))

    def may_write(self, account: Account) -> bool:
        return True


@dataclass
class Asked:
    """A move under way, and the jobs by which people ask something of it."""

    job: SplitJob

    def ask(
        self,
        what: RequestKind | SplitAsked,
        who: Account = BEN,
        *,
        keyspaces: Sequence[str] = (),
    ) -> ExitCode:
        asked = AskRequest(kind=what, environment=ENVIRONMENT)
        return ask_rollouts(self.of(who), keyspaces, asked, self.job._begin)

    def resume(self, who: Account = BEN) -> ExitCode:
        asked = ApplyJobRequest(
            environment=ENVIRONMENT, releases=Releases.WHAT_HOLDS, behest=Behest.RESUME
        )
        return apply_merged(self.of(who), [], asked, self.job._begin)

    def of(self, who: Account) -> ForgeJob:
        record = Controlled(files=self.job.after, started_by=who)
        trees = {MERGED: self.job.after}
        return forge_job(BY_HAND, trees, self.job.notices, self.job.log, record=record)

    @property
    def said(self) -> str:
        return "\n".join(self.job.log.shown)

    @property
    def requests(self) -> list[tuple[str, str]]:
        jobs = self.job.stand.ledger.split_jobs
        live = jobs.live("production", "shop")
        found = jobs.requests(live.job_id) if live else ()
        return [(str(one.kind), one.asked_by) for one in found]

    @property
    def approvals(self) -> dict[Approval, str]:
        jobs = self.job.stand.ledger.split_jobs
        live = jobs.live("production", "shop")
        return {one.approval: one.by for one in jobs.approvals(live.job_id)} if live else {}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """The forge vouches for plan and spec."""
    monkeypatch.setattr(merged, "review_proof", lambda forge, line, question: ())
    ledger = open_ledger("sqlite://", default_file=Path("unused"))
    stand = SplitStand(ledger)
    job = SplitJob(stand, stand.files)
    job.apply()
    assert job.live() is Phase.CATCHUP
    yield Asked(job)
    ledger.close()


@pytest.mark.invariant("RG-93")
def test_a_reviewer_releases_the_cutover_of_a_move_by_a_job(asked: Asked) -> None:
    assert asked.ask(RequestKind.RELEASE) is ExitCode.FINE
    assert asked.approvals[Approval.CUTOVER] == AS_REVIEWER
    asked.job.apply()
    assert asked.job.live() is Phase.CLEANUP
    assert asked.ask(RequestKind.RELEASE) is ExitCode.REFUSED
    assert "[split-cleanup-unnamed]" in asked.said, "what drops tables is asked by its name"
    assert asked.ask(SplitAsked.RELEASE_CLEANUP) is ExitCode.FINE
    assert asked.approvals[Approval.CLEANUP] == AS_REVIEWER


@pytest.mark.invariant("RG-93")
def test_a_move_that_a_reviewer_stops_by_a_job_goes_on_by_a_job(asked: Asked) -> None:
    assert asked.ask(RequestKind.STOP) is ExitCode.FINE
    assert asked.requests == [("stop", AS_REVIEWER)]
    asked.job.stand.approve(Approval.CUTOVER)
    asked.job.apply()
    assert asked.job.live() is Phase.CATCHUP, "the next run leaves it"
    assert asked.resume() is ExitCode.FINE
    assert asked.requests[-1] == ("resume", AS_REVIEWER)
    assert asked.job.live() is Phase.CLEANUP


@pytest.mark.invariant("RG-93")
def test_a_move_is_given_up_by_a_job(asked: Asked) -> None:
    assert asked.ask(SplitAsked.ABANDON) is ExitCode.FINE
    assert asked.requests == [("abandon", AS_REVIEWER)]
    asked.job.apply()
    assert asked.job.live() is None
    assert asked.ask(SplitAsked.ABANDON) is not ExitCode.FINE
    assert "[split-none]" in asked.said


@pytest.mark.invariant("RG-93")
def test_what_cannot_be_taken_back_is_asked_of_a_keyspace_by_its_name(asked: Asked) -> None:
    files = asked.job.after
    other = files.content[SPEC_PATH].replace(b"keyspace: shop", b"keyspace: mail")
    files.write(
        "specs/mail.yaml",
        other.replace(b"schemas/shop", b"schemas/mail").replace(b"database: d", b"database: m"),
    )
    files.write("schemas/mail/users.sql", files.content["schemas/shop/users.sql"])
    named = ((), ("mail", "shop"))  # a workflow that was written for several names them all
    for what, names in product((SplitAsked.ABANDON, SplitAsked.RELEASE_CLEANUP), named):
        with pytest.raises(Refused) as raised:
            asked.ask(what, keyspaces=names)
        assert raised.value.problems[0].code == "ask-of-which-keyspace"
    assert asked.requests == []
    assert asked.ask(SplitAsked.ABANDON, keyspaces=["shop"]) is ExitCode.FINE
    assert asked.requests == [("abandon", AS_REVIEWER)]


@pytest.mark.invariant("RG-93")
def test_what_cannot_be_taken_back_is_asked_of_one_fleet(asked: Asked) -> None:
    files = asked.job.after
    spec = files.content[SPEC_PATH].decode()
    assert f"  {ENVIRONMENT}:\n" in spec
    dr = "{name: dr, connection: {database: e}}"
    listed = f"  {ENVIRONMENT}:\n    deployments: [{{name: main}}, {dr}]\n"
    files.write(SPEC_PATH, spec.replace(f"  {ENVIRONMENT}:\n", listed).encode())
    with pytest.raises(UsageError) as raised:
        asked.ask(SplitAsked.ABANDON, keyspaces=["shop"])
    assert raised.value.problems[0].code == "deployment-not-chosen"
    assert asked.requests == []


@pytest.mark.invariant("RG-93")
@pytest.mark.threat("TM-REGION-11")
@pytest.mark.parametrize(
    "what",
    [RequestKind.STOP, RequestKind.RELEASE, SplitAsked.RELEASE_CLEANUP, SplitAsked.ABANDON],
)
@pytest.mark.parametrize("is_named", [False, True], ids=["anybody", "named for gates of waves"])
def test_who_may_not_ask_changes_nothing_of_a_move(
    asked: Asked, what: RequestKind | SplitAsked, is_named: bool
) -> None:
    """Whom the spec names opens gates between waves, and a move has none."""
    if is_named:
        files = asked.job.after
        gate = "    rollout: {gate: {by: [{login: Ada, id: 1}]}}\n    shards:"
        before, _, after = files.content[SPEC_PATH].decode().rpartition("    shards:")
        files.write(SPEC_PATH, f"{before}{gate}{after}".encode())
    assert asked.ask(what, ADA) is ExitCode.REFUSED
    assert "[ask-not-allowed]" in asked.said
    assert (asked.requests, set(asked.approvals)) == ([], {Approval.START})
    asked.ask(RequestKind.STOP)
    before_it = asked.requests
    assert asked.resume(ADA) is not ExitCode.FINE
    assert asked.requests == before_it


@pytest.mark.invariant("RG-93")
@pytest.mark.invariant("RG-68")
def test_no_ledger_is_opened_for_who_may_not_ask(asked: Asked) -> None:
    opened = asked.job.opened
    asked.ask(RequestKind.STOP, ADA)
    asked.resume(ADA)
    assert asked.job.opened == opened
