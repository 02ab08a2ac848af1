"""Which tables Vitess can put back: of each table what the last online DDL left, if it is there."""

from __future__ import annotations

import pytest

from reconciler.edges.vitess.topology import read_kept

# As SHOW VITESS_MIGRATIONS of Vitess 24.0.0 has them, without what is not read.
COMPLETE: dict[str, object] = {
    "id": 1,
    "migration_uuid": "u1",
    "shard": "-80",
    "mysql_table": "t",
    "migration_context": "reconciler:7:u1:x",
    "strategy": "vitess",
    "ddl_action": "alter",
    "artifacts": "_vt_vrp_x_,",
    "retain_artifacts_seconds": 86400,
    "completed_timestamp": "2026-11-22 02:15:24.516096",
    "cleanup_timestamp": None,
}
LATER = COMPLETE | {
    "id": 2,
    "migration_uuid": "u2",
    "completed_timestamp": "2026-11-22 03:15:24.516096",
}


@pytest.mark.invariant("EN-34")
def test_the_last_one_of_each_table_alone() -> None:
    (found,) = read_kept([LATER, COMPLETE])
    assert (found.uuid, found.shard, found.table, found.apply_id) == ("u2", "-80", "t", 7)
    other = COMPLETE | {"shard": "80-"}
    assert [(one.shard, one.uuid) for one in read_kept([COMPLETE, LATER, other])] == [
        ("-80", "u2"),
        ("80-", "u1"),
    ]


@pytest.mark.invariant("EN-34")
@pytest.mark.parametrize(
    "last",
    [
        {"cleanup_timestamp": "2026-11-22 04:00:00"},
        {"artifacts": ""},
        {"retain_artifacts_seconds": -1},
        {"strategy": "mysql"},
        {"ddl_action": "revert"},
        {"ddl_action": "create"},
    ],
)
def test_one_that_is_gone_or_was_no_copy_is_none_and_hides_those_before(
    last: dict[str, object],
) -> None:
    assert read_kept([COMPLETE, LATER | last]) == ()


def test_rows_that_are_none_are_not_understood() -> None:
    with pytest.raises(KeyError):
        read_kept([{"id": 1}])
    with pytest.raises(ValueError, match="invalid literal"):
        read_kept([COMPLETE | {"retain_artifacts_seconds": "soon"}])
