"""What a migration's state means, for every status and message that Vitess has given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.edges.engines.vitess.answers import answer_of, said_by_vitess
from reconciler.edges.engines.vitess.migration import Migration, Status
from reconciler.ports.engine import Applied, Failed, ReadyToCutOver, Running

COPY = "_vt_vrp_c785805598d335a15403f13d07e35a36_20261122030029_"
MIGRATION = Migration(
    uuid="c7858055_98d3_35a1_5403_f13d07e35a36",
    context="reconciler:7:x",
    table="t",
    statement="alter table t modify column n bigint",
    strategy="vitess",
    options="--postpone-completion",
    status=Status.RUNNING,
    is_ready=False,
    is_postponed=True,
    is_cleaned_up=False,
    is_retried=False,
    rows_copied=40,
    table_rows=80,
    progress_percent=50,
    eta_s=9,
    stage="",
    message="",
    cut_overs=0,
    throttle_ratio=0.0,
    throttled_by="",
    artifacts=("_vt_hld_x", COPY),
    moved=(),
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (Status.REQUESTED, Running),
        (Status.QUEUED, Running),
        (Status.READY, Running),
        (Status.RUNNING, Running),
        (Status.COMPLETE, Applied),
        (Status.FAILED, Failed),
        (Status.CANCELLED, Failed),
    ],
)
def test_each_status_has_one_answer(status: Status, kind: type) -> None:
    assert isinstance(answer_of(replace(MIGRATION, status=status)), kind)


def test_a_running_one_tells_how_far_it_is() -> None:
    answer = answer_of(MIGRATION)
    assert isinstance(answer, Running)
    progress = answer.progress
    assert (progress.percent, progress.rows_done, progress.rows_total, progress.left_s) == (
        *(50, 40, 80),
        9,
    )


@pytest.mark.invariant("EN-71")
def test_it_is_ready_only_while_it_waits_to_be_told() -> None:
    ready = replace(MIGRATION, is_ready=True, progress_percent=100)
    answer = answer_of(ready)
    assert isinstance(answer, ReadyToCutOver)
    assert answer.copy == COPY
    assert answer.progress.percent == 99
    assert isinstance(answer_of(replace(ready, is_postponed=False)), Running)


def test_what_vitess_begins_again_by_itself_has_not_failed() -> None:
    failed = replace(MIGRATION, status=Status.FAILED, is_retried=True)
    assert isinstance(answer_of(failed), Running)
    assert not failed.has_ended


@pytest.mark.invariant("EN-74")
@pytest.mark.parametrize(
    ("message", "number", "told"),
    [
        (
            (
                "vreplication: terminal error: task error: failed inserting rows: Duplicate entry"
                " 'secret' for key '_vt_vrp_x.u' (errno 1062) (sqlstate 23000) during query: insert"
                " into _vt_vrp_x(id,n) values (1,'secret')"
            ),
            1062,
            "Duplicate entry <value> for key '_vt_vrp_x.u'",
        ),
        (
            (
                "vreplication: terminal error: task error: failed inserting rows: Data too long for"
                " column 'n' at row 1 (errno 1406) (sqlstate 22001) during query: insert into t"
                " values (1,'secret')"
            ),
            1406,
            "Data too long for column 'n' at row 1",
        ),
        (
            (
                "failed locking tables: (errno 3024) (sqlstate HY000): Query execution was"
                " interrupted, maximum statement execution time exceeded"
            ),
            3024,
            "failed locking tables: Query execution was interrupted",
        ),
        ("found no possible unique key on `t`", 1105, "found no possible unique key on `t`"),
        ("CANCEL issued by user", 1105, "CANCEL issued by user"),
        ("Foreign key found", 1105, "Foreign key found"),
    ],
)
def test_a_message_is_told_without_what_rows_hold(message: str, number: int, told: str) -> None:
    error = said_by_vitess(message)
    assert error.number == number
    assert told in error.message
    assert "secret" not in error.message
    assert "insert" not in error.message.replace("inserting", "")


@pytest.mark.invariant("EN-74")
@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Duplicate entry '{}' for key 'u' (errno 1062) (sqlstate 23000)", 1062),
        (
            "Incorrect integer value: '{}' for column 'n' at row 1 (errno 1366) (sqlstate HY000)",
            1366,
        ),
        ("Truncated incorrect DOUBLE value: '{}' (errno 1292) (sqlstate 22007)", 1292),
    ],
    ids=["1062", "1366", "1292"],
)
@pytest.mark.parametrize(
    "held",
    [
        "secret (errno 1205) (sqlstate HY000)",
        "secret (errno 1050) (sqlstate 42S01): secret",
        "secret during query: secret",
        "secret Sql: secret",
        "secret's",
        "secret\nsecret",
    ],
)
def test_what_a_row_holds_is_not_read_as_vitess_words(message: str, number: int, held: str) -> None:
    """Users of the application write rows."""
    said = f"{message.format(held)} during query: insert into t values ('{held}')"
    error = said_by_vitess(said)
    assert error.number == number
    assert "<value>" in error.message
    assert "secret" not in error.message


@pytest.mark.parametrize(("number", "transient"), [(1205, True), (1213, True), (1062, False)])
def test_a_lock_that_was_not_had_is_for_now(number: int, *, transient: bool) -> None:
    message = f"Lock wait timeout exceeded (errno {number}) (sqlstate HY000)"
    failed = answer_of(replace(MIGRATION, status=Status.FAILED, message=message))
    assert isinstance(failed, Failed)
    assert failed.transient is transient
