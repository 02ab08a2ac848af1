"""A table that the VSchema calls a sequence, and what vttablet takes for one."""

from __future__ import annotations

import pytest

from reconciler.ddl.read import read_table
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion
from reconciler.vschema.against_tables import column_faults
from reconciler.vschema.read import read_vschema

SEQUENCE = read_vschema(b'{"tables": {"ids": {"type": "sequence"}}}').vschema


def ids(options: str) -> Table:
    return read_table(
        "CREATE TABLE `ids` (\n  `id` bigint NOT NULL,\n  `next_id` bigint DEFAULT NULL,\n"
        "  `cache` bigint DEFAULT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT"
        f" CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci{options}",
        ServerVersion(Flavor.MYSQL, 9, 7, 4),
    )


@pytest.mark.invariant("VS-4")
@pytest.mark.parametrize("options", ["", " COMMENT='of customers'"])
def test_a_table_that_does_not_say_so_is_no_sequence(options: str) -> None:
    [fault] = column_faults(SEQUENCE, [ids(options)])
    assert (fault.code, fault.at) == ("vschema-sequence", ("tables", "ids", "type"))


@pytest.mark.parametrize("comment", ["vitess_sequence", "a vitess_sequence of customers"])
def test_one_that_says_so_is(comment: str) -> None:
    assert list(column_faults(SEQUENCE, [ids(f" COMMENT='{comment}'")])) == []
