"""What a source that lies prints, and a target never runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import LinkLost
from reconciler.edges.mysql.split.shapes import read_definition_to_make, read_triggers
from reconciler.errors import Refused
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
HONEST = (
    "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n)"
    " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
)


class Printing:
    """A link to a server that prints what it is told to."""

    database = "d"
    folds_names = False

    def __init__(self, table: str, *triggers: tuple[str, ...]) -> None:
        self._table = table
        self._triggers = triggers

    def query(
        self, sql: str, parameters: Sequence[str] = (), *, width: int | None = None
    ) -> tuple[tuple[str, ...], ...]:
        return (("t", self._table),) if "SHOW CREATE TABLE" in sql else self._triggers

    def row(self, sql: str, parameters: Sequence[str] = (), *, width: int) -> tuple[str, ...]:
        return "t", self._table


def printing(table: str = HONEST, *triggers: tuple[str, ...]) -> Link:
    return cast(Link, Printing(table, *triggers))


def trigger(body: str, *, timing: str = "BEFORE", charset: str = "utf8mb4") -> tuple[str, ...]:
    return ("tr", timing, "INSERT", body, "", charset, f"{charset}_bin", "app@%")


def test_an_honest_table_is_made_as_it_is() -> None:
    made = read_definition_to_make(printing(), "shard -", "t", MYSQL)
    assert made.bare == HONEST
    assert (made.afterwards, made.foreign_keys, made.triggers) == ((), (), ())


@pytest.mark.threat("TM-SERVER-42")
@pytest.mark.invariant("SP-35")
@pytest.mark.parametrize(
    "printed",
    [
        HONEST.replace("`t`", "`other`.`t`"),
        HONEST + " AS SELECT * FROM secrets",
        HONEST + "; DROP TABLE x",
        HONEST.replace("int NOT NULL", "int NOT NULL /*!50000 DEFAULT (sleep(9)) */"),
        HONEST.replace("InnoDB", "FEDERATED CONNECTION='mysql://u:p@h/d/t'"),
        HONEST + " DATA DIRECTORY='/tmp'",
        "GRANT ALL ON *.* TO x",
    ],
)
def test_a_definition_that_is_more_than_one_is_not_run(printed: str) -> None:
    with pytest.raises((Refused, LinkLost)):
        read_definition_to_make(printing(printed), "shard -", "t", MYSQL)


@pytest.mark.threat("TM-SERVER-42")
@pytest.mark.invariant("SP-35")
@pytest.mark.parametrize(
    "row",
    [
        trigger("SET @a = 1 /*!50000 ; DROP TABLE x */"),
        trigger("SET @a = 'not ended"),
        trigger("SET @a = 1", timing="BEFORE INSERT ON x FOR EACH ROW SET @b = 1; --"),
        trigger("SET @a = 'ü'", charset="latin1"),
    ],
)
def test_a_trigger_that_is_more_than_one_is_not_run(row: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as refused:
        read_triggers(printing(HONEST, row), "shard -", "t")
    assert refused.value.problems[0].code == "split-table-unfit"


def test_the_splits_own_triggers_do_not_go_over() -> None:
    own = ("_reconciler_split_17_1_track_insert", *trigger("SET @a = 1")[1:])
    (found,) = read_triggers(printing(HONEST, own, trigger("SET @a = 1")), "shard -", "t")
    assert found.name == "tr"
    assert "app" not in repr(found)
