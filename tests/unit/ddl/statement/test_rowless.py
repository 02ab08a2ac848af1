"""Statements in place that are done once they have their lock, and those that read rows."""

from __future__ import annotations

import pytest

from reconciler.ddl.statement.rowless import reads_no_row

IN_PLACE = "ALTER TABLE `t` ALGORITHM=INPLACE, LOCK=NONE, "


@pytest.mark.parametrize(
    "clauses",
    [
        "DROP INDEX `k`",
        "DROP KEY `k`, DROP INDEX `index`",
        "RENAME INDEX `k` TO `l`",
        "ALTER INDEX `k` INVISIBLE",
        "ALTER COLUMN `a` SET DEFAULT 3",
        "MODIFY COLUMN `a` varchar(60) NOT NULL COMMENT 'ADD KEY'",
        "RENAME COLUMN `a` TO `b`",
        "DROP FOREIGN KEY `f`",
        "DROP CHECK `c`",
        "COMMENT='x', DEFAULT CHARACTER SET=utf8mb4",
    ],
)
def test_metadata_reads_no_row(clauses: str) -> None:
    assert reads_no_row(IN_PLACE + clauses)


@pytest.mark.parametrize(
    "clauses",
    [
        "ADD INDEX `k` (`a`)",
        "DROP INDEX `k`, ADD UNIQUE KEY `k` (`a`)",
        "ADD CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `u` (`id`)",
        "DROP PRIMARY KEY, ADD PRIMARY KEY (`b`)",
        "DROP PRIMARY KEY",
        "DROP COLUMN `a`",
        "DROP `a`",
        "FORCE",
        "DROP PARTITION `p0`",
        "COALESCE PARTITION 2",
        "REORGANIZE PARTITION `p0`, `p1` INTO (PARTITION `p` VALUES LESS THAN (9))",
    ],
)
def test_an_index_and_partitions_read_rows(clauses: str) -> None:
    assert not reads_no_row(IN_PLACE + clauses)


def test_what_alters_no_table_is_not_known_to_read_none() -> None:
    assert not reads_no_row("DROP TABLE `t`")
