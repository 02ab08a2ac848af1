"""Rows of splits that no run has written are refused by name: half a record is none (ST-14)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Unavailable
from reconciler.reshard.job import Approval, Bracket, JobRequestKind
from reconciler.reshard.phases import Phase
from tests.sample_splits import adopted_in, opened_in
from tests.sim.run import close_ledgers, memory_ledger

COPYING = Bracket(bracket_id=1, source="-80", target="-40", table="orders")


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield memory_ledger()
    close_ledgers()


def forge(ledger: SqlLedger, change: str, table: str = "split_jobs") -> None:
    with writing(ledger._engine) as connection:
        connection.execute(text(f"UPDATE reconciler_{table} SET {change}"))


@pytest.mark.threat("TM-LEDGER-16")
@pytest.mark.invariant("ST-14")
@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("phase = 'teleport'", "phase"),
        ("phase = 'failed'", "phase"),
        ("live_slot = NULL", "phase"),
        ("phase = 'done', live_slot = NULL, ended_s = 3", "phase"),
        ("retry_phase = 'backfill'", "phase"),
        ("cutover_version = 2, cutover_s = 1", "phase"),
        ("engine = 'magic'", "engine"),
        ("sources = '{}'", "sources"),
        ("targets = '[1]'", "targets"),
        ('ground = \'[["-80", "orders", 1]]\'', "ground"),
        ('ground = \'[["-80", "orders", -1, "c"]]\'', "ground"),
        ('ground = \'[["-80", "orders", "1", "c"]]\'', "ground"),
        ("revision = -1", "revision"),
        ("problem = '{}'", "problem"),
    ],
)
def test_a_row_that_no_run_has_written_is_refused(
    ledger: SqlLedger, change: str, column: str
) -> None:
    job = opened_in(ledger)
    forge(ledger, change)
    with pytest.raises(Unavailable, match=f"split_jobs holds in {column}"):
        ledger.split_jobs.job(job.job_id)


@pytest.mark.invariant("ST-14")
@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("split_brackets", "stage = 'soon'"),
        ("split_brackets", "batch = -1"),
        ("split_path", "phase_after = 'teleport'"),
        ("split_approvals", "approval = 'all'"),
        ("split_requests", "kind = 'no word of ours'"),
    ],
)
def test_what_belongs_to_a_job_is_read_as_strictly(
    ledger: SqlLedger, table: str, change: str
) -> None:
    jobs = ledger.split_jobs
    job = jobs.move(opened_in(ledger), Phase.BACKFILL, now_s=2.0)
    jobs.record(job, [COPYING])
    jobs.approve(job.job_id, Approval.START, plan_id=job.plan_id, by="ada", now_s=2.0)
    jobs.ask(job.job_id, JobRequestKind.STOP, asked_by="ada", now_s=2.0)
    forge(ledger, change, table)
    reads: dict[str, Callable[[int], object]] = {
        "split_brackets": jobs.brackets,
        "split_path": jobs.path,
        "split_approvals": jobs.approvals,
        "split_requests": jobs.requests,
    }
    with pytest.raises(Unavailable, match=f"{table} holds in"):
        reads[table](job.job_id)


@pytest.mark.invariant("ST-14")
@pytest.mark.parametrize(
    "change",
    ["state = 'open'", "range_end = '70' WHERE shard = '-80'", "shard = 'a' WHERE shard = '-80'"],
)
def test_a_route_that_no_run_has_written_is_refused(ledger: SqlLedger, change: str) -> None:
    adopted_in(ledger)
    forge(ledger, change, "routes")
    with pytest.raises(Unavailable, match="routes holds in"):
        ledger.routes.read("production", "commerce")


@pytest.mark.invariant("ST-14")
def test_a_key_function_that_nobody_knows_is_refused(ledger: SqlLedger) -> None:
    adopted_in(ledger)
    forge(ledger, "key_function = 'magic'", "route_catalogs")
    with pytest.raises(Unavailable, match="route_catalogs holds in key_function"):
        ledger.routes.read("production", "commerce")
