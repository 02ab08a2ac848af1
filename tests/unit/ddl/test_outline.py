"""The outline of a file says of columns, keys and foreign keys what the strict reader says."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.ddl.outline.model import TableOutline
from reconciler.ddl.outline.read import read_outline
from reconciler.ddl.read import read_table
from reconciler.errors import InvalidInput
from reconciler.model.schema import IndexKind
from reconciler.model.server import Flavor, ServerVersion
from tests.property.products import product_statements

MYSQL = ServerVersion(flavor=Flavor.MYSQL, major=9, minor=7, patch=4)


def outline(sql: str) -> TableOutline:
    return read_outline(read_definition_file(sql, "schemas/t.sql"))


PRINTED = """CREATE TABLE `orders` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `buyer` int NOT NULL DEFAULT '0' COMMENT 'who, (really)',
  `state` enum('new','paid, or so','it''s') CHARACTER SET ascii COLLATE ascii_bin DEFAULT 'new',
  `total` decimal(10,2) GENERATED ALWAYS AS ((`net` + 1)) STORED,
  `net` decimal(10,2) DEFAULT '0.00',
  `at` datetime(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  `place` point NOT NULL /*!80003 SRID 4326 */,
  PRIMARY KEY (`id`),
  UNIQUE KEY `buyer` (`buyer`,`at` DESC),
  KEY `state` (`state`(2)) USING BTREE COMMENT 'x',
  KEY `sum` (((`net` + 1))),
  SPATIAL KEY `place` (`place`),
  CONSTRAINT `o_b` FOREIGN KEY (`buyer`) REFERENCES `people` (`id`) ON DELETE CASCADE,
  CONSTRAINT `c` CHECK ((`net` > 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci COMMENT='the orders'"""


def test_it_says_what_the_strict_reader_says_of_what_a_server_prints() -> None:
    read = read_table(PRINTED, MYSQL)
    seen = outline(PRINTED.replace(" /*!80003 SRID 4326 */", " SRID 4326"))
    assert [one.name for one in seen.columns] == [one.name for one in read.columns]
    assert [one.nullable for one in seen.columns] == [one.nullable for one in read.columns]
    assert [one.default_sql for one in seen.columns[:5]] == [
        one.default_sql for one in read.columns[:5]
    ]
    assert [one.collation for one in seen.columns] == [one.collation for one in read.columns]
    assert [one.comment for one in seen.columns] == [one.comment for one in read.columns]
    assert [one.auto_increment for one in seen.columns] == [
        one.auto_increment for one in read.columns
    ]
    assert [one.generated for one in seen.columns] == [
        one.generated is not None for one in read.columns
    ]
    assert [(one.name, one.kind) for one in seen.indexes] == [
        (one.name, one.kind) for one in read.indexes
    ]
    assert [
        [(part.column, part.length, part.descending) for part in one.parts] for one in seen.indexes
    ] == [
        [(part.column, part.length, part.descending) for part in one.parts] for one in read.indexes
    ]
    assert [(one.name, one.columns, one.parent_table) for one in seen.foreign_keys] == [
        (one.name, one.columns, one.parent_table) for one in read.foreign_keys
    ]
    assert seen.option("COMMENT") == "the orders"
    assert seen.option("COLLATE") == read.option("COLLATE")


def test_members_of_an_enum_are_what_they_stand_for() -> None:
    (column,) = outline(r"CREATE TABLE t (a enum('x','it''s','a,b','c\'d'))").columns
    assert column.arguments == ("x", "it's", "a,b", "c'd")


@pytest.mark.parametrize(
    ("written", "type_name"),
    [
        ("INTEGER", "int"),
        ("DOUBLE PRECISION", "double"),
        ("CHARACTER VARYING(9)", "varchar"),
        ("NATIONAL CHAR(2)", "char"),
        ("LONG VARCHAR", "mediumtext"),
        ("LONG", "mediumtext"),
        ("NUMERIC(4, 2)", "decimal"),
        ("BOOLEAN", "tinyint"),
        ("int8", "bigint"),
        ("`geometry`", "geometry"),
    ],
)
def test_synonyms_of_types_are_the_server_s_words(written: str, type_name: str) -> None:
    assert outline(f"CREATE TABLE t (a {written} NOT NULL)").columns[0].type_name == type_name


def test_keys_in_a_column_s_line_are_keys_of_the_table() -> None:
    table = outline("CREATE TABLE t (a int KEY, b int UNIQUE KEY COMMENT 'x', c int UNIQUE)")
    assert [(one.kind, one.columns, one.inline) for one in table.indexes] == [
        (IndexKind.PRIMARY, ("a",), True),
        (IndexKind.UNIQUE, ("b",), True),
        (IndexKind.UNIQUE, ("c",), True),
    ]
    assert not table.columns[0].nullable
    assert table.columns[1].comment == "x"


def test_columns_with_names_of_clauses_are_columns() -> None:
    sql = "CREATE TABLE t (`key` int, `check` int, period int, vector int, `primary` int)"
    assert [one.name for one in outline(sql).columns] == [
        "key",
        "check",
        "period",
        "vector",
        "primary",
    ]


def test_places_are_those_of_the_file() -> None:
    text = "-- why\n\n  CREATE TABLE t (\n  a int(11),\n  KEY k (a)\n);\n"
    table = outline(text)
    (column,) = table.columns
    assert (column.at.line, column.at.column) == (4, 3)
    assert text[column.at.start : column.at.end] == "a int(11)"
    assert column.arguments_at is not None
    assert text[column.arguments_at.start : column.arguments_at.end] == "(11)"
    assert text[table.indexes[0].at.start : table.indexes[0].at.end] == "KEY k (a)"
    assert table.indexes[0].comma_before is not None
    assert text[table.indexes[0].comma_before] == ","
    assert table.indexes[0].comma_behind is None


def test_partitions_are_told_by_method_and_end() -> None:
    table = outline(
        "CREATE TABLE t (a int, b date) COMMENT='x' PARTITION BY RANGE COLUMNS (b)"
        " (PARTITION p VALUES LESS THAN ('2020-01-01'), PARTITION q VALUES LESS THAN (MAXVALUE))"
    )
    assert table.partitioning is not None
    assert (table.partitioning.method, table.partitioning.columns) == ("RANGE", ("b",))
    assert table.partitioning.takes_all
    assert table.option("COMMENT") == "x"


def test_every_table_of_the_products_has_an_outline() -> None:
    """Their files were written by people, and by tools of twenty years."""
    seen = 0
    for statement in product_statements():
        try:
            file = read_definition_file(statement, "schemas/t.sql")
        except InvalidInput:
            continue
        table = read_outline(file)
        seen += 1
        assert table.columns
        assert all(one.name and one.type_name for one in table.columns)
        assert all(part.column for one in table.indexes for part in one.parts)
        named = {name.lower() for one in table.indexes for name in one.columns if name}
        assert named <= {one.name.lower() for one in table.columns}
    assert seen > 80
