"""The ledger tells of a live move, and of those that ended."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.split.status import current_split, left_s, past_splits
from reconciler.report.split_metrics import split_metrics
from reconciler.reshard.job import Approval, Bracket, JobProgress, JobRequestKind, Stage
from reconciler.reshard.phases import Phase
from tests.offline_fleet import Files
from tests.sample_splits import brought_to, ended_in, opened_in
from tests.sim.run import close_ledgers, memory_ledger

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
    yield memory_ledger()
    close_ledgers()


def test_a_live_move_is_told_with_all_that_is_known(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    assert current_split(jobs, *WHERE, tree=Files()) is None
    job = brought_to(ledger, opened_in(ledger), Phase.BACKFILL)
    jobs.record(job, [BRACKET])
    jobs.approve(job.job_id, Approval.START, plan_id=job.plan_id, by="ada", now_s=3.0)
    jobs.ask(job.job_id, JobRequestKind.STOP, asked_by="grace", now_s=4.0)
    found = current_split(jobs, *WHERE, tree=Files())
    assert found is not None
    assert (found.job, found.brackets) == (job, (BRACKET,))
    assert [(one.approval, one.by) for one in found.approvals] == [(Approval.START, "ada")]
    assert [(one.kind, one.asked_by) for one in found.requests] == [(JobRequestKind.STOP, "grace")]
    assert past_splits(jobs, *WHERE) == ()


def test_those_that_ended_are_history(ledger: SqlLedger) -> None:
    job = ended_in(ledger, opened_in(ledger))
    assert current_split(ledger.split_jobs, *WHERE, tree=Files()) is None
    assert [found.job for found in past_splits(ledger.split_jobs, *WHERE)] == [job]
    assert past_splits(ledger.split_jobs, *WHERE, phase=Phase.DONE) == ()
    assert past_splits(ledger.split_jobs, *WHERE, before=job.job_id) == ()


def test_what_is_left_is_told_by_the_pace_of_now_or_not_at_all(ledger: SqlLedger) -> None:
    jobs = ledger.split_jobs
    copying = brought_to(ledger, opened_in(ledger), Phase.BACKFILL)
    told = JobProgress(at_s=5.0, queued=90, copied_per_s=50.0, drained_per_s=40.0)
    jobs.beat(copying, now_s=5.0, progress=told)
    found = current_split(jobs, *WHERE, tree=Files())
    assert found is not None
    assert (found.progress, found.copied_of, found.left_s) == (told, None, None)
    assert left_s(copying, told, (100, 600)) == 10.0
    assert left_s(copying, replace(told, copied_per_s=None), (100, 600)) is None
    following = replace(copying, phase=Phase.CATCHUP)
    assert left_s(following, replace(told, arrivals_per_s=10.0), None) == 3.0
    assert left_s(following, replace(told, arrivals_per_s=40.0), None) is None
    assert left_s(following, None, None) is None


def test_metrics_are_of_what_lives_and_of_what_was_measured(ledger: SqlLedger) -> None:
    job = brought_to(ledger, opened_in(ledger), Phase.BACKFILL)
    jobs = ledger.split_jobs
    jobs.beat(job, now_s=5.0, progress=JobProgress(at_s=5.0, queued=90, oldest_s=1.5))
    found = current_split(jobs, *WHERE, tree=Files())
    assert found is not None
    text = split_metrics([found], now_s=9.0)
    where = f'environment="production",keyspace="commerce",split="{job.job_id}"'
    lines = text.splitlines()
    assert f'reconciler_split_phase{{{where},phase="backfill"}} 1' in lines
    assert f'reconciler_split_phase{{{where},phase="failed"}} 0' in lines
    assert f"reconciler_split_queue_keys{{{where}}} 90" in lines
    assert f"reconciler_split_queue_age_seconds{{{where}}} 1.5" in lines
    assert f"reconciler_split_heartbeat_age_seconds{{{where}}} 4.0" in lines
    assert not [line for line in lines if line.startswith("reconciler_split_rows_read{")]
    assert not [line for line in split_metrics([], now_s=9.0).splitlines() if line[0] != "#"]
