"""The parts of a table as statements carry them: in plain words, without executable comments."""

from __future__ import annotations

import pytest

from reconciler.ddl.read import read_table
from reconciler.ddl.render import (
    Style,
    check_sql,
    column_sql,
    create_table_sql,
    foreign_key_sql,
    index_sql,
    option_sql,
    partition_sql,
    partitioning_sql,
)
from reconciler.model.schema import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexKind,
    IndexPart,
    Partition,
    Partitioning,
)
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)


def test_a_column_with_everything_mysql_has() -> None:
    column = Column(
        name="a`b",
        sql_type="point",
        nullable=False,
        not_secondary=True,
        srid=0,
        storage="DISK",
        column_format="FIXED",
        default_sql="(point(1,2))",
        visible=False,
        comment="it's",
        engine_attribute='{"a":1}',
        secondary_engine_attribute="{}",
    )
    assert column_sql(column, MYSQL) == (
        "`a``b` point NOT NULL NOT SECONDARY SRID 0 STORAGE DISK COLUMN_FORMAT FIXED "
        "DEFAULT (point(1,2)) INVISIBLE COMMENT 'it''s' ENGINE_ATTRIBUTE '{\"a\":1}' "
        "SECONDARY_ENGINE_ATTRIBUTE '{}'"
    )


def test_a_nullable_timestamp_says_so() -> None:
    column = Column(name="a", sql_type="timestamp(3)", default_sql="NULL")
    assert column_sql(column, MYSQL) == "`a` timestamp(3) NULL DEFAULT NULL"
    assert column_sql(column, MARIADB) == "`a` timestamp(3) NULL DEFAULT NULL"


def test_an_invisible_mariadb_column_moved_between_versions() -> None:
    column = Column(name="a", sql_type="int(11)", visible=False, default_sql="1", comment="c")
    assert column_sql(column, MARIADB) == "`a` int(11) DEFAULT 1 INVISIBLE COMMENT 'c'"
    earlier = column_sql(column, MARIADB, Style.PRINTED_EARLIER)
    assert earlier == "`a` int(11) INVISIBLE DEFAULT 1 COMMENT 'c'"


def test_an_index_with_everything_mysql_has() -> None:
    index = Index(
        name="k",
        kind=IndexKind.FULLTEXT,
        parts=(
            IndexPart(column="a", length=5, descending=True),
            IndexPart(expression="lower(`b`)"),
        ),
        comment="c",
        visible=False,
        parser="ngram",
    )
    assert index_sql(index, MYSQL) == (
        "FULLTEXT KEY `k` (`a`(5) DESC,(lower(`b`))) COMMENT 'c' INVISIBLE WITH PARSER `ngram`"
    )


def test_an_index_with_what_only_mariadb_has() -> None:
    parts = (IndexPart(column="a"),)
    period = Index(name="k", kind=IndexKind.UNIQUE, parts=parts, period="p", visible=False)
    assert index_sql(period, MARIADB) == "UNIQUE KEY `k` (`a`,`p` WITHOUT OVERLAPS) IGNORED"
    vector = Index(name="v", kind=IndexKind.VECTOR, parts=parts, options=(("m", "8"),))
    assert index_sql(vector, MARIADB) == "VECTOR KEY `v` (`a`) `m`=8"


def test_constraints() -> None:
    check = Check(name="c", expression="(`a` > 0)", enforced=False)
    assert check_sql(check, MYSQL) == "CONSTRAINT `c` CHECK ((`a` > 0)) NOT ENFORCED"
    key = ForeignKey(
        name="f`k",
        columns=("a", "b"),
        parent_database="d",
        parent_table="p",
        parent_columns=("c", "d`e"),
        on_update="CASCADE",
    )
    sql = "FOREIGN KEY (`a`, `b`) REFERENCES `d`.`p` (`c`, `d``e`) ON UPDATE CASCADE"
    assert foreign_key_sql(key, MYSQL) == f"CONSTRAINT `f``k` {sql}"
    assert foreign_key_sql(key, MARIADB) == f"CONSTRAINT `f``k` {sql}"


def test_partitions() -> None:
    partition = Partition(
        name="p0", quoted=False, values_sql="IN (1)", options=(("MAX_ROWS", "5"),)
    )
    assert partition_sql(partition) == "PARTITION `p0` VALUES IN (1) MAX_ROWS = 5"
    current = Partition(name="now", values_sql="CURRENT")
    assert partition_sql(current) == "PARTITION `now` CURRENT"
    partitioning = Partitioning(method_sql="KEY ALGORITHM = 1 (a)", count=4)
    assert partitioning_sql(partitioning, MYSQL) == (
        "PARTITION BY KEY ALGORITHM = 1 (a)\nPARTITIONS 4"
    )


@pytest.mark.parametrize(
    ("name", "value", "sql"),
    [
        ("COMMENT", "'x'", "COMMENT='x'"),
        ("TABLESPACE", "`x`", "TABLESPACE `x`"),
        ("STORAGE", "DISK", "STORAGE DISK"),
        ("AUTOEXTEND_SIZE", "4194304", "AUTOEXTEND_SIZE=4194304"),
        ("DEFAULT CHARSET", "latin1", "DEFAULT CHARSET=latin1"),
        ("page_compressed", "1", "`page_compressed`=1"),
    ],
)
def test_options(name: str, value: str, sql: str) -> None:
    assert option_sql(name, value) == sql


def test_a_table_in_plain_words() -> None:
    text = (
        "CREATE TABLE `t` (\n  `a` int DEFAULT NULL /*!80023 INVISIBLE */,\n  `b` int NOT NULL,\n"
        "  KEY `k` (`a`) /*!80000 INVISIBLE */,\n  CONSTRAINT `c` CHECK ((`a` > 0)) "
        "/*!80016 NOT ENFORCED */\n) /*!50100 TABLESPACE `x` STORAGE DISK */ ENGINE=InnoDB "
        "/*!80021 ENGINE_ATTRIBUTE='{}' */\n/*!50100 PARTITION BY HASH (`a`)\nPARTITIONS 2 */"
    )
    assert create_table_sql(read_table(text, MYSQL), MYSQL) == (
        "CREATE TABLE `t` (\n  `a` int DEFAULT NULL INVISIBLE,\n  `b` int NOT NULL,\n"
        "  KEY `k` (`a`) INVISIBLE,\n  CONSTRAINT `c` CHECK ((`a` > 0)) "
        "NOT ENFORCED\n) TABLESPACE `x` STORAGE DISK ENGINE=InnoDB "
        "ENGINE_ATTRIBUTE='{}'\nPARTITION BY HASH (`a`)\nPARTITIONS 2"
    )
