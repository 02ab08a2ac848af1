"""What a statement takes away, changes and refers to is read from its own text."""

from __future__ import annotations

import pytest

from reconciler.ddl.statement.reach import reach_of

TWO_PARENTS = """CREATE TABLE t (a int, KEY `REFERENCES` (a),
  CONSTRAINT x FOREIGN KEY (a) REFERENCES `p` (`id`),
  CONSTRAINT y FOREIGN KEY (a) REFERENCES `d`.`q` (`id`))"""


@pytest.mark.parametrize(
    ("sql", "gone", "changed"),
    [
        ("ALTER TABLE `t` ADD COLUMN `a` int", [], []),
        ("ALTER TABLE `t` ALGORITHM=INSTANT, DROP COLUMN `a`, DROP COLUMN `b,c`", ["a", "b,c"], []),
        ("alter table t drop a", ["a"], []),
        ("ALTER TABLE t DROP KEY a, DROP INDEX b, DROP PRIMARY KEY, DROP CHECK c", [], []),
        ("ALTER TABLE t DROP FOREIGN KEY a, DROP CONSTRAINT b, DROP PARTITION p, q", [], []),
        ("ALTER TABLE t RENAME COLUMN `old` TO `new`, RENAME INDEX a TO b", ["old"], []),
        ("ALTER TABLE t CHANGE COLUMN `old` `new` bigint AFTER `x`", ["old"], ["old"]),
        ("ALTER TABLE t CHANGE `same` `same` bigint", [], ["same"]),
        ("ALTER TABLE t MODIFY COLUMN `a` enum('DROP COLUMN b,','c') FIRST", [], ["a"]),
        ("ALTER TABLE t MODIFY a int, ALTER COLUMN b SET DEFAULT 1", [], ["a"]),
        ("DROP TABLE `t`", [], []),
        ("RENAME TABLE `t` TO `u`", [], []),
    ],
)
def test_columns_that_go_away_or_are_defined_again(
    sql: str, gone: list[str], changed: list[str]
) -> None:
    reach = reach_of(sql)
    assert (reach.table, sorted(reach.gone), sorted(reach.changed)) == ("t", gone, changed)


@pytest.mark.parametrize(
    ("sql", "renamed_to", "takes"),
    [
        ("DROP TABLE t", None, True),
        ("RENAME TABLE t TO u", "u", True),
        ("ALTER TABLE t RENAME TO u", "u", True),
        ("ALTER TABLE t RENAME u", "u", True),
        ("ALTER TABLE t RENAME COLUMN a TO b", None, False),
        ("CREATE TABLE t (a int)", None, False),
    ],
)
def test_a_table_whose_name_goes_away(sql: str, renamed_to: str | None, takes: bool) -> None:
    assert (reach_of(sql).renamed_to, reach_of(sql).takes_table) == (renamed_to, takes)


@pytest.mark.parametrize(
    ("sql", "parents"),
    [
        (TWO_PARENTS, [(None, "p"), ("d", "q")]),
        ("ALTER TABLE t ADD CONSTRAINT x FOREIGN KEY (a) REFERENCES p (id)", [(None, "p")]),
        ("ALTER TABLE t DROP FOREIGN KEY x", []),
        ("ALTER TABLE t ADD COLUMN a int COMMENT 'REFERENCES p (id)'", []),
    ],
)
def test_tables_that_new_foreign_keys_refer_to(
    sql: str, parents: list[tuple[str | None, str]]
) -> None:
    assert list(reach_of(sql).parents) == parents


@pytest.mark.parametrize(
    ("sql", "unbinds", "drops_partitions"),
    [
        ("ALTER TABLE t DROP KEY a", True, False),
        ("ALTER TABLE t ADD COLUMN a int, DROP PRIMARY KEY", True, False),
        ("ALTER TABLE t ENGINE=MyISAM", True, False),
        ("ALTER TABLE t ADD COLUMN a int PARTITION BY HASH (`id`) PARTITIONS 2", True, False),
        ("ALTER TABLE t REMOVE PARTITIONING", True, False),
        ("ALTER TABLE t DROP PARTITION p0, p1", False, True),
        ("ALTER TABLE t ADD PARTITION (PARTITION p2 VALUES LESS THAN (9))", False, False),
        ("ALTER TABLE t ADD COLUMN `engine` int", False, False),
        ("ALTER TABLE t COMMENT='DROP KEY a'", False, False),
    ],
)
def test_what_foreign_keys_of_other_tables_may_rest_on(
    sql: str, unbinds: bool, drops_partitions: bool
) -> None:
    assert (reach_of(sql).unbinds, reach_of(sql).drops_partitions) == (unbinds, drops_partitions)
