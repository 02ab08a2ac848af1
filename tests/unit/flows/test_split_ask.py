"""What may be asked of a live move, and what may be released, for whom and for which plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Refused
from reconciler.flows.split.ask import ask_split
from reconciler.outcomes.split import SplitAsked, SplitControlOutcome
from reconciler.reshard.job import Approval, SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.plan.model import SplitPlan
from tests.sample_split_plans import sample_split_plan
from tests.sample_splits import adopted_in, brought_to, new_job
from tests.sim.run import close_ledgers, memory_ledger

PLAN = sample_split_plan()


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = memory_ledger()
    adopted_in(opened)
    yield opened
    close_ledgers()


def job_in(ledger: SqlLedger, phase: Phase) -> SplitJob:
    opened = ledger.split_jobs.open(new_job(plan_id=PLAN.plan_id), holder="me", now_s=1.0)
    job = brought_to(ledger, opened, min(phase, Phase.CUTOVER, key=list(Phase).index))
    return ledger.routes.cut_over(job) if phase is Phase.CLEANUP else job


def ask(
    ledger: SqlLedger, job: SplitJob, asked: SplitAsked, plan: SplitPlan | None = PLAN
) -> SplitControlOutcome:
    return ask_split(ledger.split_jobs, job, asked, plan=plan, by="ada", now_s=4.0)


def code(ledger: SqlLedger, job: SplitJob, asked: SplitAsked, plan: SplitPlan | None = PLAN) -> str:
    with pytest.raises(Refused) as refused:
        ask(ledger, job, asked, plan)
    return refused.value.problems[0].code


@pytest.mark.invariant("SP-78")
@pytest.mark.parametrize(
    ("phase", "asked", "approval"),
    [
        (Phase.CATCHUP, SplitAsked.RELEASE, Approval.CUTOVER),
        (Phase.CLEANUP, SplitAsked.RELEASE_CLEANUP, Approval.CLEANUP),
    ],
)
def test_one_release_allows_one_step(
    ledger: SqlLedger, phase: Phase, asked: SplitAsked, approval: Approval
) -> None:
    job = job_in(ledger, phase)
    assert ask(ledger, job, asked).approval is approval
    [found] = ledger.split_jobs.approvals(job.job_id)
    assert (found.approval, found.by) == (approval, "ada")
    assert code(ledger, job, asked) == "split-released-already"


@pytest.mark.invariant("SP-105")
def test_a_release_that_is_said_again_behind_the_cutover_drops_nothing(ledger: SqlLedger) -> None:
    """By a job that is run once more, or by a second person who means the cutover as well."""
    job = job_in(ledger, Phase.CATCHUP)
    assert code(ledger, job, SplitAsked.RELEASE_CLEANUP) == "split-cleanup-early"
    ask(ledger, job, SplitAsked.RELEASE)
    job = ledger.routes.cut_over(brought_to(ledger, job, Phase.CUTOVER))
    assert code(ledger, job, SplitAsked.RELEASE) == "split-cleanup-unnamed"
    approved = {one.approval for one in ledger.split_jobs.approvals(job.job_id)}
    assert approved == {Approval.CUTOVER}


@pytest.mark.invariant("SP-78")
def test_a_release_is_for_the_plan_that_is_at_hand(ledger: SqlLedger) -> None:
    job = job_in(ledger, Phase.CATCHUP)
    assert code(ledger, job, SplitAsked.RELEASE, None) == "split-release-without-plan"
    other = replace(PLAN, plan_id="sha256:" + "0" * 64)
    assert code(ledger, job, SplitAsked.RELEASE, other) == "split-other-plan"
    assert ledger.split_jobs.approvals(job.job_id) == ()


@pytest.mark.invariant("SP-78")
@pytest.mark.parametrize(
    ("phase", "asked", "refused"),
    [
        (Phase.BACKFILL, SplitAsked.RETRY, "split-not-failed"),
        (Phase.CUTOVER, SplitAsked.ABANDON, "split-at-cutover"),
        (Phase.CLEANUP, SplitAsked.ABANDON, "split-past-cutover"),
    ],
)
def test_what_can_never_be_asked_is_refused_at_once(
    ledger: SqlLedger, phase: Phase, asked: SplitAsked, refused: str
) -> None:
    job = job_in(ledger, phase)
    assert code(ledger, job, asked) == refused
    assert ledger.split_jobs.requests(job.job_id) == ()


@pytest.mark.invariant("SP-78")
@pytest.mark.parametrize("asked", [SplitAsked.STOP, SplitAsked.RESUME, SplitAsked.ABANDON])
def test_what_is_asked_is_recorded_for_whoever_drives(ledger: SqlLedger, asked: SplitAsked) -> None:
    job = job_in(ledger, Phase.BACKFILL)
    outcome = ask(ledger, job, asked, None)
    assert outcome.is_driven
    assert [str(one.kind) for one in ledger.split_jobs.requests(job.job_id)] == [asked.value]
