"""A nullable column without DEFAULT NULL is not the same as one with it."""

from __future__ import annotations

import pytest

from reconciler.ddl.default_less import default_less_columns
from reconciler.ddl.read import read_table
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)


@pytest.mark.parametrize(
    ("column", "default_less"),
    [
        ("int", True),
        ("int DEFAULT NULL", False),
        ("int NOT NULL", False),
        ("enum('a')", True),
        ("timestamp NULL", True),
        ("json", True),
        ("text", False),
        ("longblob", False),
        ("int GENERATED ALWAYS AS (1) VIRTUAL", False),
    ],
)
def test_where_a_default_is_missing(column: str, default_less: bool) -> None:
    table = read_table(f"CREATE TABLE `t` (\n  `a` {column}\n) ENGINE=InnoDB", MYSQL)
    assert bool(default_less_columns(table, MYSQL)) is default_less


@pytest.mark.parametrize(
    ("column", "default_less"),
    [
        ("int(11)", True),
        ("text", True),  # MariaDB prints DEFAULT NULL on these, too
        ("text DEFAULT NULL", False),
        ("int(11) NOT NULL", False),
        ("int(11) GENERATED ALWAYS AS (1) VIRTUAL", False),
    ],
)
def test_where_a_default_is_missing_on_mariadb(column: str, default_less: bool) -> None:
    table = read_table(f"CREATE TABLE `t` (\n  `a` {column}\n) ENGINE=InnoDB", MARIADB)
    assert bool(default_less_columns(table, MARIADB)) is default_less
