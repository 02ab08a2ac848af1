"""A definition names its engine among the options of its table, and nowhere else."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.engine import names_its_engine


@pytest.mark.parametrize(
    "behind",
    [
        "ENGINE=InnoDB",
        "engine InnoDB",
        "COMMENT='x', Engine = MyISAM",
        "/*!50100 ENGINE=InnoDB */",
        "ENGINE=InnoDB PARTITION BY HASH (id) PARTITIONS 2",
    ],
)
def test_it_is_found_among_the_options(behind: str) -> None:
    assert names_its_engine(f"CREATE TABLE t (id int, KEY (id)) {behind}")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE t (id int)",
        "CREATE TABLE t (engine int) COMMENT='ENGINE=InnoDB'",
        "CREATE TABLE engine (id int)",
        "CREATE TABLE t (id int) -- ENGINE=InnoDB",
        "CREATE TABLE t (id int) PARTITION BY KEY (id) (PARTITION p ENGINE=InnoDB)",
    ],
)
def test_it_is_found_nowhere_else(statement: str) -> None:
    assert not names_its_engine(statement)
