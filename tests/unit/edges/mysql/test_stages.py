"""What a server tells of how far its own DDL is, and what it leaves unsaid."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reconciler.edges.mysql.limits import PACE_S_MIN
from reconciler.edges.mysql.problems import LinkLost
from reconciler.edges.mysql.stages import Pace, Work, mariadb_work, measured, mysql_work
from reconciler.model.engine import Progress

COPY = "stage/sql/copy to tmp table"
SORT = "stage/innodb/alter table (merge sort)"


@pytest.mark.parametrize(
    ("row", "work"),
    [
        ((COPY, 59_926, 131_072), Work(done=59_926, total=131_072, in_rows=True)),
        ((SORT, 1_086, 1_798), Work(done=1_086, total=1_798)),
        (("stage/sql/waiting for handler commit", None, None), None),
        ((COPY, 5, 0), None),
        ((COPY, -1, 7), None),
    ],
)
def test_a_stage_of_mysql(row: tuple[object, ...], work: Work | None) -> None:
    assert mysql_work(row) == work


@pytest.mark.parametrize(
    ("row", "work"),
    [
        ((1, 4, Decimal("80.000")), Work(done=80_000, total=100_000, step="step 1 of 4")),
        ((0, 0, Decimal("0.000")), None),
        ((None, None, None), None),
        ((1, 4, "1000"), None),
        ((1, 4, "nan"), None),
    ],
)
def test_a_stage_of_mariadb(row: tuple[object, ...], work: Work | None) -> None:
    assert mariadb_work(row) == work


def test_what_is_no_number_is_no_answer() -> None:
    with pytest.raises(LinkLost):
        mariadb_work((1, 4, "much"))
    with pytest.raises(LinkLost):
        mysql_work((COPY, "much", 7))


@pytest.mark.parametrize(
    ("state", "work", "shown"),
    [
        ("copy to tmp table", None, Progress(stage="copy to tmp table")),
        (
            "copy to tmp table",
            Work(done=50, total=200, in_rows=True),
            Progress(stage="copy to tmp table", percent=25, rows_done=50, rows_total=200),
        ),
        ("altering table", Work(done=300, total=200), Progress(stage="altering table", percent=99)),
        (
            "copy to tmp table",
            Work(done=300, total=200, in_rows=True),
            Progress(stage="copy to tmp table", percent=99, rows_done=300),
        ),
        (
            "Enabling keys",
            Work(done=1_000, total=100_000, step="step 2 of 4"),
            Progress(stage="Enabling keys, step 2 of 4", percent=1),
        ),
        ("Waiting for table metadata lock", None, Progress(waits_for="table metadata lock")),
        ("", None, Progress()),
        ("a\nline", None, Progress()),
        ("x" * 65, None, Progress()),
    ],
)
def test_what_is_told_of_it(state: str, work: Work | None, shown: Progress) -> None:
    assert measured(state, work) == shown


def test_how_long_it_takes_is_told_from_the_pace_and_not_too_soon() -> None:
    pace = Pace()
    assert pace.left_s(100.0, Work(done=10, total=110)) is None
    assert pace.left_s(100.0 + PACE_S_MIN / 2, Work(done=20, total=110)) is None
    assert pace.left_s(110.0, Work(done=20, total=110)) == 90
    assert pace.left_s(120.0, Work(done=10, total=110)) is None, "it comes no further"
    assert pace.left_s(130.0, Work(done=5, total=110, in_rows=True)) is None, "other units"
    assert pace.left_s(150.0, Work(done=25, total=125, in_rows=True)) == 100
    assert pace.left_s(160.0, Work(done=126, total=125, in_rows=True)) is None, "a bad estimate"
