"""Every table has a class, and every row of a sharded one a key that can be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ddl.read import read_table
from reconciler.errors import InvalidInput
from reconciler.model.key_function import KeyFunctionName
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.reshard.tables import Classing, check_shard_columns, class_tables
from reconciler.spec.model import SpecFile, TableClass, TableUse

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 0)
CHARSET = "utf8mb4 COLLATE=utf8mb4_0900_ai_ci"


def table(column: str, *, name: str = "orders", charset: str = CHARSET) -> Table:
    """As MySQL 9.7 prints it."""
    text = (
        f"CREATE TABLE `{name}` (\n  `id` bigint NOT NULL,\n  `Buyer` {column},\n"
        f"  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET={charset}"
    )
    return read_table(text, MYSQL)


def by(column: str, name: str = "orders") -> TableClass:
    return TableClass(table=name, use=TableUse.SHARDED, shard_by=column)


def judged(function: str, column: str, *, charset: str = CHARSET, shard_by: str = "buyer") -> str:
    """The code of what is wrong, '' for nothing."""
    chosen = KEY_FUNCTIONS[KeyFunctionName(function)]
    found = class_tables([table(column, charset=charset)], [by(shard_by)], chosen)
    codes = [problem.code for problem in found.problems]
    assert len(codes) <= 1
    return "".join(codes)


def noted(function: str, column: str, charset: str = CHARSET) -> tuple[str, ...]:
    chosen = KEY_FUNCTIONS[KeyFunctionName(function)]
    found = class_tables([table(column, charset=charset)], [by("buyer")], chosen)
    assert found.problems == ()
    return found.notes


@pytest.mark.invariant("SP-5")
def test_every_table_that_is_there_is_classed_or_refused_by_name() -> None:
    tables = [table("int NOT NULL", name=name) for name in ("orders", "country", "_left", "new")]
    classes = [
        by("id"),
        TableClass(table="country", use=TableUse.REFERENCE),
        TableClass(table="gone", use=TableUse.EXCLUDED),
    ]
    found = class_tables(tables, classes, KEY_FUNCTIONS[KeyFunctionName.HASH])
    assert [one.table for one in found.classes] == ["country", "orders"]
    assert [problem.code for problem in found.problems] == ["split-table-unclassed"] * 2
    assert [problem.message.split()[1] for problem in found.problems] == ["_left", "new"]
    assert "`_left: {shard_by: <column>}`" in found.problems[0].recovery


def test_only_sharded_tables_need_a_key() -> None:
    classes = [TableClass(table="orders", use=TableUse.EXCLUDED)]
    found = class_tables([table("json")], classes, KEY_FUNCTIONS[KeyFunctionName.HASH])
    assert found == Classing(classes=tuple(classes))


@pytest.mark.invariant("SP-8")
@pytest.mark.parametrize(
    ("function", "column", "expected"),
    [
        ("hash", "bigint NOT NULL", ""),
        ("hash", "tinyint unsigned NOT NULL", ""),
        ("hash", "int(5) unsigned zerofill NOT NULL", ""),
        ("hash", "bigint DEFAULT NULL", "split-key-nullable"),
        ("hash", "varchar(20) NOT NULL", "split-key-type"),
        ("hash", "decimal(20,0) NOT NULL", "split-key-type"),
        ("numeric", "bit(8) NOT NULL", "split-key-type"),
        ("reverse_bits", "double NOT NULL", "split-key-type"),
        ("range_int", "bigint NOT NULL", ""),
        ("range_int", "int unsigned NOT NULL", ""),
        ("range_int", "bigint unsigned NOT NULL", "split-key-type"),
        ("xxhash", "bigint unsigned NOT NULL", ""),
        ("xxhash", "int(5) unsigned zerofill NOT NULL", "split-key-type"),
        ("xxhash", "date NOT NULL", "split-key-type"),
        ("xxhash", "enum('a') NOT NULL", "split-key-type"),
        ("xxhash", "decimal(5,2) NOT NULL", "split-key-type"),
        ("xxhash", "varbinary(20) NOT NULL", ""),
        ("xxhash", "binary(16) NOT NULL", ""),
        ("xxhash", "varchar(20) NOT NULL", "split-key-text"),
        ("xxhash", "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL", ""),
        ("xxhash", "varchar(20) COLLATE utf8mb4_0900_as_cs NOT NULL", "split-key-text"),
        ("xxhash", "varchar(20) COLLATE utf8mb4_0900_bin NOT NULL", ""),
        ("xxhash", "varchar(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL", ""),
        (
            "xxhash",
            "varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL",
            "split-key-text",
        ),
        ("binary", "varchar(20) NOT NULL", ""),
        ("binary_md5", "varchar(20) NOT NULL", ""),
        ("binary", "varchar(20) CHARACTER SET latin1 NOT NULL", "split-key-text"),
        ("binary", "json NOT NULL", "split-key-type"),
        ("hash", "bigint GENERATED ALWAYS AS (`id` + 1) STORED NOT NULL", "split-key-generated"),
    ],
)
def test_a_column_is_taken_where_every_value_has_one_key(
    function: str, column: str, expected: str
) -> None:
    assert judged(function, column) == expected


@pytest.mark.invariant("SP-8")
def test_a_column_that_is_not_there_is_refused_with_the_likely_one() -> None:
    function = KEY_FUNCTIONS[KeyFunctionName.HASH]
    [problem] = class_tables([table("int NOT NULL")], [by("buyr")], function).problems
    assert problem.code == "split-key-missing"
    assert "`shard_by: Buyer`" in problem.recovery
    assert judged("hash", "int NOT NULL", shard_by="customer") == "split-key-missing"


@pytest.mark.parametrize(
    ("charset", "column", "expected"),
    [
        ("latin1", "varchar(9) NOT NULL", "split-key-text"),
        ("utf8mb4 COLLATE=utf8mb4_bin", "varchar(9) NOT NULL", ""),
        (
            "utf8mb4 COLLATE=utf8mb4_bin",
            "varchar(9) CHARACTER SET utf8mb3 NOT NULL",
            "split-key-text",
        ),
        ("utf8mb3", "varchar(9) NOT NULL", "split-key-text"),
    ],
)
def test_what_a_column_does_not_say_of_its_text_the_table_does(
    charset: str, column: str, expected: str
) -> None:
    assert judged("xxhash", column, charset=charset) == expected


@pytest.mark.parametrize(
    ("function", "column", "words"),
    [
        ("numeric", "bigint NOT NULL", "below zero has no key"),
        ("binary", "varchar(9) NOT NULL", "rows that count as equal may be on two shards"),
        ("xxhash", "varchar(9) COLLATE utf8mb4_bin NOT NULL", "blanks at its end"),
        ("xxhash", "binary(16) NOT NULL", "zero bytes behind them"),
    ],
)
def test_what_is_taken_and_may_surprise_is_told(function: str, column: str, words: str) -> None:
    [note] = noted(function, column)
    assert words in note


@pytest.mark.parametrize(
    ("function", "column"),
    [
        ("numeric", "bigint unsigned NOT NULL"),
        ("hash", "bigint NOT NULL"),
        ("xxhash", "varchar(9) COLLATE utf8mb4_0900_bin NOT NULL"),
        ("binary", "varbinary(9) NOT NULL"),
    ],
)
def test_nothing_is_told_of_what_surprises_nobody(function: str, column: str) -> None:
    assert noted(function, column) == ()


@pytest.mark.invariant("SP-8")
def test_files_that_take_a_table_s_key_away_are_no_desired_state() -> None:
    spec = SpecFile(
        path="specs/shop.yaml", keyspace="shop", schema_dir="schemas/shop", environments=()
    )
    nullable = table("bigint DEFAULT NULL")
    check_shard_columns(spec, [nullable])
    sharded = replace(spec, key_function=KeyFunctionName.HASH, tables=(by("buyer"),))
    check_shard_columns(sharded, [table("bigint NOT NULL"), table("json", name="other")])
    with pytest.raises(InvalidInput) as caught:
        check_shard_columns(sharded, [nullable])
    [problem] = caught.value.problems
    assert (problem.code, str(problem.where)) == ("split-key-nullable", "specs/shop.yaml")
