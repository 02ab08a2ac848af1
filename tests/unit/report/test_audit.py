"""An audit: every apply in a line, from the ledger alone, as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.drive.audit import audit_rows
from reconciler.drive.status import whole_apply
from reconciler.edges.ledger.sql import open_ledger
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.ledger.model import DeployEntry, EventEntry
from reconciler.ledger.reasons import Begun
from reconciler.ledger.reviewed import Reviewed
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.outcomes.apply import ApplyStatus, StatusOutcome
from reconciler.outcomes.audit import AuditOutcome, AuditRow, StatementsOn, audit_page
from reconciler.report.apply_metrics import apply_metrics
from reconciler.report.compose.apply import status_document
from reconciler.report.compose.audit import COLUMNS, audit_csv, audit_document
from reconciler.report.json import audit_json
from reconciler.report.write.text import write_text
from tests.contract.ledgers import SHARDS, begun, intent, moved_to, row_of
from tests.golden.scenarios import START_S, TWO_FAILED

ROW = AuditRow(
    apply_id=17,
    environment="production",
    keyspace="commerce",
    region=None,
    started_s=START_S,
    ended_s=START_S + 90,
    plan_id="sha256:5d10ea88f422de459258156be56a62ba0a777a2e80453a33d786318c824893d3",
    commit="4f1c2ab",
    pull_request=7,
    author="ada",
    approved_by=("ben", "cyn"),
    started_by="run 8123 on runner-4",
    shards_planned=4,
    ran=StatementsOn(12, ("-40", "40-80", "80-c0", "c0-")),
    failed=StatementsOn(0, ()),
    unknown=StatementsOn(0, ()),
    outcome=ApplyState.COMPLETED,
    problem="",
)
OUTCOME = AuditOutcome(environment="production", rows=(ROW,), more_before=17)


def test_an_apply_is_one_line_with_whose_it_is_and_who_approved_it() -> None:
    text = " ".join(write_text(audit_document(OUTCOME)).split())
    assert "17, 2026-03-01 14:05:09 UTC: commerce completed, 12 statements on all 4 shards" in text
    assert "pull request #7 by ada, approved by ben, cyn; started by run 8123" in text
    assert "the same command with `--before 17`" in text, "whatever it was asked for"


HALF = replace(
    ROW,
    ran=StatementsOn(7, ("-40", "40-80")),
    failed=StatementsOn(1, ("80-c0",)),
    unknown=StatementsOn(1, ("c0-",)),
)


def test_it_says_on_which_shards_what_ran_failed_and_may_have_run() -> None:
    outcome = AuditOutcome(environment="production", rows=(HALF,))
    text = " ".join(write_text(audit_document(outcome)).split())
    assert "7 statements on shards -40, 40-80, 1 failed on shard 80-c0, 1 unknown on" in text
    header, line = csv.reader(io.StringIO(audit_csv(outcome), newline=""))
    row = dict(zip(header, line, strict=True))
    assert (row["shards"], row["statements"], row["shards_planned"]) == ("2", "7", "4")
    assert (row["ran_on"], row["failed_on"], row["unknown_on"]) == ("'-40 40-80", "80-c0", "c0-")
    (told,) = json.loads(audit_json(outcome))["applies"]
    assert (told["shards"], told["statements"], told["shards_planned"]) == (2, 7, 4)
    assert told["ran"] == {"statements": 7, "shards": ["-40", "40-80"]}
    assert told["failed"] == {"statements": 1, "shards": ["80-c0"]}
    assert told["unknown"] == {"statements": 1, "shards": ["c0-"]}


def test_the_same_as_csv_in_which_nothing_is_a_formula() -> None:
    hostile = replace(ROW, author='=HYPERLINK("x"),y')
    outcome = AuditOutcome(environment="production", rows=(hostile,))
    header, line = csv.reader(io.StringIO(audit_csv(outcome), newline=""))
    assert header == list(COLUMNS)
    row = dict(zip(header, line, strict=True))
    assert row["author"] == '\'=HYPERLINK("x"),y'
    assert row["approved_by"] == "ben cyn"
    assert row["statements"] == "12"


def test_within_a_page_the_newest_stand_first_whatever_their_numbers() -> None:
    late = replace(ROW, keyspace="orders", apply_id=2, started_s=START_S + 60)
    page = audit_page("production", [ROW, late], 2)
    assert [row.keyspace for row in page.rows] == ["orders", "commerce"]
    assert page.more_before is None


def test_the_same_as_json() -> None:
    found = json.loads(audit_json(OUTCOME))
    assert found["applies"][0]["approved_by"] == ["ben", "cyn"]
    assert found["more_before"] == 17


@pytest.mark.invariant("ST-19")
def test_pages_lose_no_apply_where_ledgers_count_each_for_itself() -> None:
    def of(environment: str, *numbers: int) -> list[AuditRow]:
        return [replace(ROW, environment=environment, apply_id=number) for number in numbers]

    every = [*of("production.primary", 3, 2, 1), *of("production.dr", 3, 2, 1)]
    for limit in range(1, 8):
        told: list[AuditRow] = []
        before: int | None = 9
        while before is not None:
            left = [row for row in every if row.apply_id < before]
            page = audit_page("production", left, limit)
            told, before = [*told, *page.rows], page.more_before
        assert len(told) == len(every), limit
        assert set(told) == set(every), limit


@pytest.mark.invariant("ST-19")
def test_the_ledger_alone_says_who_approved_and_started_an_apply(tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=tmp_path / "ledger.sqlite")
    try:
        lease = begun(ledger)
        reviewed = Reviewed(pull_request=7, author="ada", approved_by=("ben",))
        events = (EventEntry(at_s=1.0, what=Begun("me")), EventEntry(at_s=1.0, what=reviewed))
        ledger.record(lease, events)
        (row,) = audit_rows(ledger, lease.environment, lease.keyspace, limit=10)
        assert (row.pull_request, row.author, row.approved_by) == (7, "ada", ("ben",))
        assert (row.started_by, row.shards_planned, row.ran.shards) == ("me", len(SHARDS), ())
        before = row.apply_id
        assert not [*audit_rows(ledger, lease.environment, lease.keyspace, limit=9, before=before)]
    finally:
        ledger.close()


@pytest.mark.invariant("ST-19")
def test_of_a_deploy_request_what_its_cutover_brought_is_told(tmp_path: Path) -> None:
    """It takes effect as a whole: the ledger has no statement of it."""
    ledger = open_ledger(None, default_file=tmp_path / "ledger.sqlite")
    try:
        lease = begun(ledger)

        def told() -> list[StatementsOn]:
            (row,) = audit_rows(ledger, lease.environment, lease.keyspace, limit=2)
            return [row.ran, row.unknown]

        none = StatementsOn(0, ())
        running = moved_to(row_of(ledger, lease), OperationState.RUNNING)
        ledger.record(lease, [running])
        assert told() == [none, none]
        intent_of = DeployIntent(at_s=1.0, times=1)
        ledger.record(lease, [DeployEntry(step=DeployStep.CUT_OVER, intent=intent_of)])
        assert told() == [none, StatementsOn(3, SHARDS)]
        for shard in SHARDS:
            row = replace(row_of(ledger, lease, shard), statements_done=1)
            ledger.record(lease, [moved_to(row, OperationState.COMPLETED)])
        assert told() == [StatementsOn(3, SHARDS), none]
    finally:
        ledger.close()


def test_an_apply_that_is_asked_for_is_shown_with_each_statement_once(tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=tmp_path / "ledger.sqlite")
    try:
        lease = begun(ledger)
        for shard in SHARDS[:2]:
            ledger.record(lease, (intent(shard),))
        of = (lease.environment, lease.keyspace)
        found = whole_apply(ledger, *of, lease.apply_id, now_s=1.0, keep_old_s=0)
        assert found is not None
        outcome = StatusOutcome(environment="production", applies=(found,), now_s=1.0)
        text = write_text(status_document(outcome))
        assert text.count("ALTER TABLE `users` ADD `a` int\n") == 1
        assert "intended on 2 shards" in text
        other = whole_apply(ledger, *of, lease.apply_id + 1, now_s=1.0, keep_old_s=0)
        assert other is None
    finally:
        ledger.close()


def test_metrics_have_a_line_for_every_state_of_the_latest_apply() -> None:
    status = ApplyStatus(
        apply_id=17,
        environment="production",
        keyspace="commerce",
        plan_id=ROW.plan_id,
        commit="4f1c2ab",
        state=ApplyState.FAILED,
        started_s=1.0,
        completed_s=None,
        holder=None,
        heartbeat_s=2.0,
        waits_since_s=None,
        reason=None,
        problem=None,
        waves=(),
        shards=TWO_FAILED,
    )
    text = apply_metrics([status], now_s=9.0)
    of = 'environment="production",keyspace="commerce"'
    lines = text.splitlines()
    assert f'reconciler_apply_state{{{of},state="failed"}} 1' in lines
    assert f'reconciler_apply_state{{{of},state="completed"}} 0' in lines
    assert f'reconciler_apply_shards{{{of},state="failed"}} 2' in lines
    assert f"reconciler_apply_driven{{{of}}} 0" in lines
    assert f"reconciler_apply_heartbeat_age_seconds{{{of}}} 7.0" in lines
