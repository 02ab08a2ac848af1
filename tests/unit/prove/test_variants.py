"""The same definition in the states that it may stand for."""

from __future__ import annotations

import pytest

from reconciler.ddl.read import read_table
from reconciler.diff.model import Clause, ClauseKind, Operation, Step
from reconciler.model.observation import ObservedShard, TableFacts
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.prove.variants import (
    may_meet_mark,
    older_row_formats,
    text_with_implicit_indexes,
    text_with_row_format,
)

VERSION = ServerVersion(flavor=Flavor.MYSQL, major=9, minor=7, patch=4)
OPTIONS = ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"


def definition(*lines: str) -> str:
    return "CREATE TABLE `c` (\n" + ",\n".join(f"  {line}" for line in lines) + f"\n{OPTIONS}"


COLUMNS = ("`id` int NOT NULL", "`p` int DEFAULT NULL", "`q` int DEFAULT NULL")
KEY = "CONSTRAINT `{name}` FOREIGN KEY (`p`) REFERENCES `parent` (`id`)"


def implicit(*lines: str) -> str | None:
    text = definition(*COLUMNS, *lines)
    return text_with_implicit_indexes(text, read_table(text, VERSION))


def test_an_index_named_like_its_constraint_is_left_to_innodb() -> None:
    named = KEY.format(name="f")
    assert implicit("KEY `f` (`p`)", named) == definition(*COLUMNS, named)


def test_one_named_like_its_column_comes_from_a_constraint_without_a_name() -> None:
    own = KEY.format(name="c_ibfk_1")
    unnamed = own.replace("CONSTRAINT `c_ibfk_1` ", "")
    assert implicit("KEY `p` (`p`)", own) == definition(*COLUMNS, unnamed)


@pytest.mark.parametrize(
    "index",
    [
        "KEY `mine` (`p`)",
        "KEY `f` (`p`,`q`)",
        "KEY `f` (`p` DESC)",
        "KEY `f` (`p`) COMMENT 'x'",
        "KEY `f` (`p`) /*!80000 INVISIBLE */",
        "UNIQUE KEY `f` (`p`)",
    ],
)
def test_an_index_that_innodb_would_not_make_is_not_taken_for_its_own(index: str) -> None:
    assert implicit(index, KEY.format(name="f")) is None


def test_a_table_without_foreign_keys_has_one_state() -> None:
    assert implicit("KEY `p` (`p`)") is None


def test_the_row_format_goes_among_the_options_and_nowhere_else() -> None:
    text = definition("`id` int NOT NULL COMMENT ') ENGINE=InnoDB'")
    found = text_with_row_format(text, "Compact")
    assert found == text.replace("\n) ENGINE=InnoDB", "\n) ENGINE=InnoDB ROW_FORMAT=COMPACT")


def shard(row_format: str | None, default: str = "dynamic") -> ObservedShard:
    settings = ServerSettings(
        version=VERSION,
        variables=(("innodb_default_row_format", default),),
        database_charset="utf8mb4",
        database_collation="utf8mb4_0900_ai_ci",
    )
    return ObservedShard(
        shard="-",
        settings=settings,
        definitions=(),
        facts=(("c", TableFacts(row_format=row_format)),),
    )


PLAIN = definition("`id` int NOT NULL")


@pytest.mark.parametrize(
    ("observed", "text", "found"),
    [
        (shard("Compact"), PLAIN, {"c": "Compact"}),
        (shard("Redundant"), PLAIN, {"c": "Redundant"}),
        (shard("Dynamic"), PLAIN, {}),
        (shard("Compact", default="compact"), PLAIN, {}),
        (shard(None), PLAIN, {}),
        (shard("Compact"), f"{PLAIN} ROW_FORMAT=COMPACT", {}),
    ],
)
def test_a_row_format_matters_where_a_copy_would_have_another(
    observed: ObservedShard, text: str, found: dict[str, str]
) -> None:
    assert older_row_formats([observed], ["c"], {"c": text}) == found


def test_a_step_that_only_adds_columns_cannot_tell_the_states_apart() -> None:
    def step(kind: ClauseKind) -> Step:
        clause = Clause(kind=kind, object="x", sql="...")
        return Step(
            operation=Operation.ALTER_TABLE, table="c", before=None, after=None, clauses=(clause,)
        )

    assert not may_meet_mark(step(ClauseKind.ADD_COLUMN))
    assert may_meet_mark(step(ClauseKind.ADD_INDEX))
    assert may_meet_mark(step(ClauseKind.ADD_FOREIGN_KEY))
    assert may_meet_mark(step(ClauseKind.DROP_COLUMN))
