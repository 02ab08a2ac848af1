"""A table with a foreign key, in a keyspace that Vitess allows none in."""

from __future__ import annotations

import pytest

from reconciler.ddl.read import read_table
from reconciler.model.server import Flavor, ServerVersion
from reconciler.vschema.against_tables import column_faults
from reconciler.vschema.document import VSchema
from reconciler.vschema.read import read_vschema

CHILD = """CREATE TABLE `child` (
  `id` int NOT NULL,
  `parent_id` int DEFAULT NULL,
  PRIMARY KEY (`id`),
  KEY `fk_parent` (`parent_id`),
  CONSTRAINT `fk_parent` FOREIGN KEY (`parent_id`) REFERENCES `parent` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"""
TABLE = read_table(CHILD, ServerVersion(Flavor.MYSQL, 9, 7, 4))


def vschema(mode: str) -> VSchema:
    return read_vschema(f'{{"foreign_key_mode": "{mode}"}}'.encode()).vschema


@pytest.mark.invariant("VT-16")
def test_what_vitess_forbids_is_refused_in_its_words_before_a_shard_takes_it() -> None:
    [fault] = column_faults(vschema("disallow"), [TABLE])
    assert fault.code == "vschema-foreign-keys"
    assert "table child has foreign key fk_parent" in fault.reason
    assert "VT10001: foreign key constraints are not allowed" in fault.reason


@pytest.mark.parametrize("mode", ["unmanaged", "managed", "unspecified"])
def test_where_they_are_allowed_there_is_nothing_to_say(mode: str) -> None:
    assert list(column_faults(vschema(mode), [TABLE])) == []
