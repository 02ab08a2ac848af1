"""A shard's migrations, as SHOW VITESS_MIGRATIONS of Vitess 24.0.0 has them."""

from __future__ import annotations

from typing import cast

import pytest

from reconciler.edges.engines.vitess.engine import _read_with_its_message
from reconciler.edges.engines.vitess.migration import open_migrations
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import LinkLost

ROW: dict[str, object] = {
    "migration_uuid": "c7858055_98d3_35a1_5403_f13d07e35a36",
    "migration_context": "reconciler:7:x",
    "migration_statement": "alter table t modify column n bigint",
    "mysql_table": "t",
    "strategy": "vitess",
    "options": "--postpone-completion",
    "migration_status": "failed",
    "tablet_failure": "1",
    "retries": "0",
    "ready_to_complete": "0",
    "postpone_completion": "1",
    "cleanup_timestamp": None,
    "rows_copied": "0",
    "table_rows": "0",
    "progress": "0",
    "eta_seconds": "-1",
    "stage": "",
    "message": "",
    "message_timestamp": "",
    "liveness_timestamp": "",
    "last_throttled_timestamp": "",
    "cutover_attempts": "0",
    "user_throttle_ratio": "0",
    "reason_throttled": "",
    "artifacts": "",
}


class FakeLink:
    """Of a shard with one migration, which any question is answered with. `later` is what it has
    become by the second look."""

    def __init__(self, **told: object) -> None:
        self.row = ROW | told
        self.later: dict[str, object] = {}

    def rows_by_name(self, sql: str) -> list[dict[str, object]]:
        row, self.row = self.row, self.row | self.later
        return [row]


@pytest.mark.invariant("EN-72")
def test_one_that_failed_with_its_tablet_once_is_begun_again_by_vitess() -> None:
    assert open_migrations(cast(Link, FakeLink()))


@pytest.mark.invariant("EN-72")
@pytest.mark.parametrize(
    "told",
    [{"retries": "1"}, {"migration_status": "cancelled"}, {"migration_status": "complete"}],
    ids=str,
)
def test_one_that_is_at_its_end_keeps_no_table_whatever_became_of_its_tablet(
    told: dict[str, object],
) -> None:
    assert open_migrations(cast(Link, FakeLink(**told))) == ()


@pytest.mark.invariant("EN-72")
def test_a_status_that_nobody_knows_is_not_read_as_an_end() -> None:
    with pytest.raises(LinkLost):
        open_migrations(cast(Link, FakeLink(migration_status="a word of tomorrow")))


UUID = str(ROW["migration_uuid"])


@pytest.mark.invariant("EN-74")
def test_the_reason_of_a_failure_is_waited_for() -> None:
    link = FakeLink(tablet_failure="0")
    link.later = {"message": "Duplicate entry"}
    found = _read_with_its_message(cast(Link, link), UUID)
    assert found is not None
    assert found.message == "Duplicate entry"


@pytest.mark.invariant("EN-74")
def test_one_that_has_not_failed_needs_no_reason() -> None:
    link = FakeLink(migration_status="running")
    link.later = {"message": "later"}
    found = _read_with_its_message(cast(Link, link), UUID)
    assert found is not None
    assert found.message == ""
