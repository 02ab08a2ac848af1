"""Lines of columns, indexes and constraints in a file as people write it."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.ddl.definition.places import object_lines

TEXT = """-- people who buy
-- and more

CREATE TABLE `users` (
  id bigint NOT NULL AUTO_INCREMENT, -- a (comment, with) signs
  `Full,Name(` varchar(50) DEFAULT ')',
  status int
    DEFAULT 0,
  kind enum('a', 'b'),
  total decimal(10, 2) AS (id * 2), note text,
  PRIMARY KEY (id),
  UNIQUE KEY `uq_name` (`Full,Name(`),
  KEY idx_status (status, kind),
  UNIQUE (note(10)),
  CONSTRAINT fk_kind FOREIGN KEY (kind) REFERENCES kinds (id),
  CONSTRAINT ck CHECK (total > 0)
) ENGINE=InnoDB PARTITION BY HASH (id);
"""


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("id", 5),
        ("full,name(", 6),
        ("status", 7),
        ("kind", 9),
        ("total", 10),
        ("note", 10),
        ("primary", 11),
        ("uq_name", 12),
        ("idx_status", 13),
        ("fk_kind", 15),
        ("ck", 16),
    ],
)
def test_every_name_that_is_written_down_has_its_line(name: str, line: int) -> None:
    assert object_lines(read_definition_file(TEXT, "users.sql"))[name] == line


def test_nothing_else_has_one() -> None:
    assert len(object_lines(read_definition_file(TEXT, "users.sql"))) == 11
