"""What an ALTER TABLE makes of `SELECT *` is what the definition behind it shows."""

from __future__ import annotations

from random import Random

import pytest

from reconciler.ddl.read import read_table
from reconciler.ddl.statement.shown_columns import ShownColumn, columns_after, columns_of
from reconciler.diff.model import Operation
from reconciler.diff.statement import step_sql
from reconciler.model.renames import Rename, RenameKind
from reconciler.model.server import Flavor, ServerVersion
from tests.unit.diff.tables import MARIADB, MYSQL, diff, schema

NAMES = ("id", "first", "after", "a,b", "d", "e`e", "F")
TYPES = ("int", "bigint unsigned", "decimal(10,2)", "varchar(20)", "enum('a','b,c')")
Drawn = list[tuple[str, str, bool]]


def definition(columns: Drawn, server: ServerVersion) -> str:
    lines = [
        f"`{name.replace('`', '``')}` {type_sql} {_rest(name, is_visible, server)}"
        for name, type_sql, is_visible in columns
    ]
    body = ",\n  ".join([*lines, "PRIMARY KEY (`id`)"])
    return (
        f"CREATE TABLE `t` (\n  {body}\n)"
        " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
    )


def _rest(name: str, is_visible: bool, server: ServerVersion) -> str:
    if name == "id":
        return "NOT NULL"
    if is_visible:
        return "DEFAULT NULL"
    is_mysql = server.flavor is Flavor.MYSQL
    return "DEFAULT NULL /*!80023 INVISIBLE */" if is_mysql else "INVISIBLE DEFAULT NULL"


def drawn(chance: Random) -> Drawn:
    others = chance.sample(NAMES[1:], chance.randint(1, len(NAMES) - 1))
    columns = [("id", "int", True)]
    columns += [(name, chance.choice(TYPES), chance.random() < 0.8) for name in others]
    chance.shuffle(columns)
    return columns


@pytest.mark.parametrize("server", [MYSQL, MARIADB], ids=str)
def test_any_change_of_columns_ends_at_what_the_next_definition_shows(
    server: ServerVersion,
) -> None:
    altered = 0
    for seed in range(300):
        chance = Random(seed)
        old, new = drawn(chance), drawn(chance)
        gone = [name for name, _, _ in old if name not in {each for each, _, _ in new}]
        come = [name for name, _, _ in new if name not in {each for each, _, _ in old}]
        renames = tuple(
            Rename(kind=RenameKind.COLUMN, table="t", old=was, new=now)
            for was, now in zip(gone, come, strict=False)
            if chance.random() < 0.3
        )
        before, after = definition(old, server), definition(new, server)
        found = diff(
            *(schema(read_table(text, server)) for text in (before, after)),
            renames=renames,
            version=server,
        )
        columns = columns_of(before)
        for step in found.steps:
            assert step.operation is Operation.ALTER_TABLE
            assert columns is not None
            columns = columns_after(columns, step_sql(step))
            altered += 1
        assert columns == columns_of(after), (before, after)
    assert altered > 250


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE `t` MODIFY COLUMN `nobody` int",
        "ALTER TABLE `t` ADD COLUMN `b` int AFTER `nobody`",
        "ALTER TABLE `t` RENAME COLUMN `a` b",
        "ALTER TABLE `t` ADD COLUMN `b` int)",
        "DROP TABLE `t`",
        "",
    ],
)
def test_what_is_not_understood_is_not_guessed_at(sql: str) -> None:
    assert columns_after((ShownColumn(name="a", type_name="int"),), sql) is None


@pytest.mark.parametrize("text", ["", "CREATE TABLE `t` (…)", "CREATE TABLE `t` (`a` int", "…"])
def test_no_columns_are_read_from_what_is_no_definition(text: str) -> None:
    assert columns_of(text) is None
