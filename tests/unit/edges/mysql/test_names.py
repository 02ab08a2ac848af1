"""Names as the servers write them elsewhere: in foreign keys, in InnoDB, in locks."""

from __future__ import annotations

import pytest

from reconciler.ddl.cross_database import cross_database_references
from reconciler.edges.mysql.locks import lock_name
from reconciler.edges.mysql.row_versions import unescaped


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


def test_innodb_escapes_are_undone() -> None:
    assert unescaped("a@002db@0020c") == "a-b c"
    assert unescaped("plain_1") == "plain_1"


def test_lock_names_fit_and_are_blind_to_case() -> None:
    assert len(lock_name("d" * 64)) <= 64
    assert lock_name("Commerce_40") == lock_name("commerce_40")
    assert lock_name("commerce_40") != lock_name("commerce_80")
