"""The ledger tells of a live move, and of those that ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.flows.split.status import current_split, past_splits
from reconciler.reshard.job import Approval, Bracket, JobRequestKind, Stage
from reconciler.reshard.phases import Phase
from tests.sample_splits import brought_to, ended_in, opened_in

WHERE = "production", "commerce"
BRACKET = Bracket(
    bracket_id=1,
    source="-80",
    target="-40",
    table="orders",
    stage=Stage.COPYING,
    rows_scanned=12,
    rows_accepted=5,
)


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    opened = open_ledger("sqlite://", default_file=Path("unused"))
    yield opened
    opened.close()


def test_a_live_move_is_told_with_all_that_is_known(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    assert current_split(jobs, *WHERE) is None
    job = brought_to(ledger, opened_in(ledger), Phase.BACKFILL)
    jobs.record(job, [BRACKET])
    jobs.approve(job.job_id, Approval.START, plan_id=job.plan_id, by="ada", now_s=3.0)
    jobs.ask(job.job_id, JobRequestKind.STOP, asked_by="grace", now_s=4.0)
    found = current_split(jobs, *WHERE)
    assert found is not None
    assert (found.job, found.brackets) == (job, (BRACKET,))
    assert [(one.approval, one.by) for one in found.approvals] == [(Approval.START, "ada")]
    assert [(one.kind, one.asked_by) for one in found.requests] == [(JobRequestKind.STOP, "grace")]
    assert past_splits(jobs, *WHERE) == ()


def test_those_that_ended_are_history(ledger: SqlLedger) -> None:
    job = ended_in(ledger, opened_in(ledger))
    assert current_split(ledger.split_jobs, *WHERE) is None
    assert [found.job for found in past_splits(ledger.split_jobs, *WHERE)] == [job]
