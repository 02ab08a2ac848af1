"""Names as the servers write them elsewhere: in foreign keys, in InnoDB, in locks."""

from __future__ import annotations

import pytest

from reconciler.ddl.cross_database import cross_database_references
from reconciler.edges.mysql.innodb_tables import place_of
from reconciler.edges.mysql.locks import lock_name


def definition(*lines: str) -> str:
    return "CREATE TABLE `t` (\n  " + ",\n  ".join(lines) + "\n) ENGINE=InnoDB"


@pytest.mark.parametrize(
    ("line", "outside"),
    [
        ("CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`id`)", set()),
        ("CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `d`.`p` (`id`)", {("d", "p")}),
        ("CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `d``x`.`p.q` (`id`)", {("d`x", "p.q")}),
        ("`a` int COMMENT 'see REFERENCES `d`.`p` (`id`)'", set()),
    ],
)
def test_only_foreign_keys_leave_the_database(line: str, outside: set[tuple[str, str]]) -> None:
    assert cross_database_references(definition("`a` int", line)) == outside


@pytest.mark.parametrize("partition", ["", "#p#p0", "#P#p0"])
def test_a_name_of_innodb_is_that_of_a_table_of_a_database(partition: str) -> None:
    assert place_of(f"a@002db@0020c/plain_1{partition}") == ("a-b c", "plain_1")
    assert place_of(f"d/t@002d1{partition}") == ("d", "t-1")


def test_lock_names_fit_and_are_blind_to_case() -> None:
    assert len(lock_name("d" * 64)) <= 64
    assert lock_name("Commerce_40") == lock_name("commerce_40")
    assert lock_name("commerce_40") != lock_name("commerce_80")
