"""A region's worker asks GitHub for the review of each part, whatever the order says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import git
import pytest
import stamina
import yaml

from reconciler.cli.github_access import GithubAccess, JobElsewhere
from reconciler.cli.github_proof import proof_by_github
from reconciler.cli.part_errands import PartErrands
from reconciler.edges.files.history import GitHistory
from reconciler.edges.github.notices import JOB_AUTHOR
from reconciler.edges.temporal.attempt import Attempt
from reconciler.errors import Refused
from reconciler.flows.reconcile_pass import RULES
from reconciler.flows.rollouts import StartRequest, start_rollout
from reconciler.outcomes.part_report import TryAgain
from reconciler.plan.model import Plan
from reconciler.rollout.course import CourseOrder, PartEnd, PartReport, RegionOrder
from reconciler.spec.load import DesiredFiles, load_repository
from tests.github_double.hub import ADA, BEN, EVE, MergeKind
from tests.github_double.server import TOKEN, Fault
from tests.github_work import OTHER_PLAN, PLAN, TABLE, Work, commit_files, plan_files, working
from tests.sample_plans import SHARDS, with_core
from tests.unit.flows.test_rollouts import Kept

REVIEWED = with_core(replace(PLAN.core, rules=RULES))
NOBODY = 1  # a port of this machine where no server listens


def spec(**rollout: object) -> str:
    shards = [{"name": one, "connection": {"database": f"c_{one}"}} for one in SHARDS]
    production = {
        "connection": {"host": "127.0.0.1"},
        "regions": {"eu": {"connection": {"port": NOBODY, "user": "writer"}, "shards": shards}},
        "ledger": "sqlite:///${LEDGER_FILE}",
        "rollout": {"canary": [SHARDS[0]], **rollout},
    }
    return yaml.safe_dump(
        {
            "version": 1,
            "keyspace": "commerce",
            "schema": "schemas/commerce",
            "environments": {"production": production},
        }
    )


@dataclass
class Region:
    work: Work
    ledger: Path
    folder: Path

    def propose(self, plan: Plan = REVIEWED, **rollout: object) -> int:
        self.work.branch()
        files: dict[str, str | bytes] = {
            "specs/commerce.yaml": spec(**rollout),
            TABLE: "CREATE TABLE users (id int NOT NULL, PRIMARY KEY (id));",
            **plan_files(plan),
        }
        commit_files(self.work.ada, files)
        self.work.push()
        return self.work.hub.opened(ADA, "feature")

    def told(self, commit: str = "", wave: int = 1) -> PartReport | TryAgain:
        return self._errands().apply(self._order(commit, wave), Attempt(5))

    def told_the_end(self) -> PartReport | TryAgain:
        return self._errands().end(self._order("", 1))

    def refuses(self, code: str, **asked: object) -> None:
        """By name, and nothing that the spec names was connected to, its ledger neither."""
        told = self.told(**asked)  # type: ignore[arg-type]
        assert isinstance(told, PartReport), told
        assert (told.end, told.code) == (PartEnd.HELD, code)
        assert not self.ledger.exists()

    def ordered(self) -> list[CourseOrder]:
        """By whoever begins a rollout of the last commit, in a clone of theirs."""
        history, kept = GitHistory(self.clone(), "main"), Kept()
        commit = history.protected_tip()
        assert commit is not None
        files = load_repository(history.tree(commit))["commerce"]
        assert isinstance(files, DesiredFiles)
        environment = files.spec.environment("production")
        assert environment is not None
        gates = proof_by_github(self._jobs())(history, commit, "production").gates
        asked = StartRequest(
            commit=commit,
            asked_by="somebody",
            silent_s=30,
            gates=gates(files, environment, 1),
        )
        start_rollout(history, kept, files, environment, asked)
        return kept.orders

    def _order(self, commit: str, wave: int) -> RegionOrder:
        return RegionOrder(
            environment="production",
            keyspace="commerce",
            commit=commit or self.work.hub.tip,
            plan_id=REVIEWED.plan_id,
            region="eu",
            wave=wave,
            is_first=True,
            releases=True,
            asked_by="somebody",
        )

    def clone(self) -> Path:
        clone = self.folder / "region"
        if not clone.exists():
            git.Repo.clone_from(str(self.work.hub.bare.git_dir), clone)
        return clone

    def _errands(self) -> PartErrands:
        proof_at = proof_by_github(self._jobs())
        return PartErrands(repo=self.clone(), branch="main", holder="a worker", proof_at=proof_at)

    def _jobs(self) -> JobElsewhere:
        access = GithubAccess(
            api_url=self.work.double.url,
            server_url="https://github.com",
            repository="acme/shop",
            author=JOB_AUTHOR,
            token=lambda: TOKEN,
        )
        return JobElsewhere(github=access, repo=self.clone(), branch="main", actor="a worker")


@pytest.fixture
def region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Region]:
    stamina.set_testing(True, attempts=2)
    ledger = tmp_path / "ledger"
    monkeypatch.setenv("LEDGER_FILE", str(ledger))
    with working(tmp_path) as work:
        yield Region(work, ledger, tmp_path)
    stamina.set_testing(False)


def merged(region: Region, number: int) -> None:
    region.work.hub.merged(number, MergeKind.MERGE)


@pytest.mark.invariant("TM-12")
def test_what_was_approved_goes_to_its_shards_and_nothing_is_written_on_the_forge(
    region: Region,
) -> None:
    number = region.propose()
    region.work.hub.reviewed(BEN, number)
    merged(region, number)
    told = region.told()
    assert isinstance(told, TryAgain), told
    assert told.code == "connection-refused"
    assert region.ledger.exists()
    assert {call.split()[0] for call in region.work.double.calls} == {"GET"}


def by_nobody(_region: Region, _number: int) -> None: ...


def by_the_author(region: Region, number: int) -> None:
    region.work.hub.reviewed(ADA, number)


def by_who_may_not_write(region: Region, number: int) -> None:
    region.work.hub.reviewed(EVE, number)


def taken_back(region: Region, number: int) -> None:
    region.work.hub.reviewed(BEN, number)
    region.work.hub.dismissed(number)


def of_another_plan(region: Region, number: int) -> None:
    region.work.commit_plan(OTHER_PLAN)
    region.work.push()
    region.work.hub.reviewed(BEN, number)
    region.work.commit_plan(REVIEWED)
    region.work.push()


@pytest.mark.invariant("TM-12")
@pytest.mark.threat("TM-REGION-15")
@pytest.mark.parametrize(
    "approved", [by_nobody, by_the_author, by_who_may_not_write, taken_back, of_another_plan]
)
def test_an_approval_that_is_none_is_refused_by_name(
    region: Region, approved: Callable[[Region, int], None]
) -> None:
    number = region.propose()
    approved(region, number)
    merged(region, number)
    region.refuses("approvals-missing")


@pytest.mark.invariant("TM-12")
@pytest.mark.threat("TM-REGION-15")
def test_what_was_pushed_past_the_review_is_refused(region: Region) -> None:
    number = region.propose()
    region.work.hub.reviewed(BEN, number)
    region.work.push("main")
    region.refuses("not-by-pull-request")


@pytest.mark.invariant("TM-12")
@pytest.mark.threat("TM-REGION-15")
def test_an_order_for_a_commit_that_was_not_merged_is_refused(region: Region) -> None:
    number = region.propose()
    region.work.hub.reviewed(BEN, number)
    region.refuses("commit-not-merged", commit=region.work.hub.head_of("feature"))


@pytest.mark.invariant("TM-12")
@pytest.mark.threat("TM-REGION-15")
def test_no_ledger_of_a_spec_that_nobody_approved_is_opened_to_end_a_rollout(
    region: Region,
) -> None:
    merged(region, region.propose())
    told = region.told_the_end()
    assert isinstance(told, PartReport)
    assert (told.end, told.code) == (PartEnd.HELD, "approvals-missing")
    assert not region.ledger.exists()


@pytest.mark.invariant("TM-16")
def test_a_rollout_of_what_nobody_approved_is_begun_nowhere(region: Region) -> None:
    number = region.propose()
    merged(region, number)
    with pytest.raises(Refused) as refused:
        region.ordered()
    assert [problem.code for problem in refused.value.problems] == ["approvals-missing"]
    region.work.hub.reviewed(BEN, number)
    (order,) = region.ordered()
    assert order.plan_id == REVIEWED.plan_id
    region.work.double.fail("reviews", Fault.BROKEN)
    with pytest.raises(Refused) as silent:
        region.ordered()
    assert [problem.code for problem in silent.value.problems] == ["forge-failing"]


@pytest.mark.invariant("TM-13")
@pytest.mark.threat("TM-REGION-16")
def test_a_gate_that_is_kept_for_people_is_opened_by_no_order(region: Region) -> None:
    ada = {"login": ADA.login, "id": ADA.id}
    number = region.propose(gate={"by": [ada]})
    region.work.hub.reviewed(BEN, number)
    merged(region, number)
    region.work.hub.let_in(ADA, "production/wave/2")
    region.refuses("wave-gate-kept", wave=2)
    assert isinstance(region.told(wave=1), TryAgain), "before the first wave there is none"


@pytest.mark.invariant("TM-14")
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault.BROKEN, "forge-failing"),
        (Fault.LIMITED, "forge-rate-limited"),
        (Fault.FORBIDDEN, "forge-denied"),
        (Fault.HANGS_UP, "forge-unreachable"),
    ],
)
def test_a_forge_that_does_not_answer_is_asked_again(
    region: Region, fault: Fault, code: str
) -> None:
    number = region.propose()
    region.work.hub.reviewed(BEN, number)
    merged(region, number)
    region.work.double.fail("reviews", fault)
    assert region.told() == TryAgain(code=code)
    assert not region.ledger.exists()
    region.work.double.fail("nothing", fault)
    assert region.told() == TryAgain(code="connection-refused")
