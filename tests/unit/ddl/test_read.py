"""Definitions are understood completely or refused by name, with the place that is in the way."""

from __future__ import annotations

import pytest

from reconciler.ddl.foreign import foreign_table
from reconciler.ddl.read import read_table
from reconciler.ddl.render import render_table
from reconciler.errors import Refused
from reconciler.model.schema import (
    Check,
    Column,
    ForeignKey,
    Generated,
    GeneratedKind,
    Index,
    IndexKind,
    IndexPart,
    Partition,
    Partitioning,
    Table,
)
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)
MARIADB_11_4 = ServerVersion(Flavor.MARIADB, 11, 4, 2)

ORDERS = r"""CREATE TABLE `orders` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `note` varchar(20) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL DEFAULT 'it''s' COMMENT '\n',
  `total` int GENERATED ALWAYS AS ((`id` * 2)) STORED NOT NULL /*!80023 INVISIBLE */,
  `tag` varchar(36) DEFAULT (concat(_utf8mb4')',uuid())),
  `place` point NOT NULL /*!80003 SRID 4326 */,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`note`(5) DESC,(lower(`note`))) USING BTREE COMMENT 'k' /*!80000 INVISIBLE */,
  FULLTEXT KEY `words` (`note`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `parent` FOREIGN KEY (`id`, `total`) REFERENCES `far`.`p` (`a`, `b`) ON DELETE CASCADE,
  CONSTRAINT `positive` CHECK ((`id` > 0)) /*!80016 NOT ENFORCED */
) /*!50100 TABLESPACE `space` */ ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4 COMMENT='x'
/*!50100 PARTITION BY RANGE (`id`)
SUBPARTITION BY KEY */ /*!50611 ALGORITHM = 1 */ /*!50100 (id)
SUBPARTITIONS 2
(PARTITION p0 VALUES LESS THAN (10) COMMENT = 'it\'s' ENGINE = InnoDB,
 PARTITION `select` VALUES LESS THAN MAXVALUE ENGINE = InnoDB) */"""


def test_every_part_of_a_definition_finds_its_place() -> None:
    assert read_table(ORDERS, MYSQL) == Table(
        name="orders",
        columns=(
            Column(name="id", sql_type="bigint unsigned", nullable=False, auto_increment=True),
            Column(
                name="note",
                sql_type="varchar(20)",
                charset="latin1",
                collation="latin1_bin",
                nullable=False,
                default_sql="'it''s'",
                comment="\n",
            ),
            Column(
                name="total",
                sql_type="int",
                generated=Generated(expression="(`id` * 2)", kind=GeneratedKind.STORED),
                nullable=False,
                visible=False,
            ),
            Column(name="tag", sql_type="varchar(36)", default_sql="(concat(_utf8mb4')',uuid()))"),
            Column(name="place", sql_type="point", nullable=False, srid=4326),
        ),
        indexes=(
            Index(name="PRIMARY", kind=IndexKind.PRIMARY, parts=(IndexPart(column="id"),)),
            Index(
                name="u",
                kind=IndexKind.UNIQUE,
                parts=(
                    IndexPart(column="note", length=5, descending=True),
                    IndexPart(expression="lower(`note`)"),
                ),
                using="BTREE",
                comment="k",
                visible=False,
            ),
            Index(
                name="words",
                kind=IndexKind.FULLTEXT,
                parts=(IndexPart(column="note"),),
                parser="ngram",
            ),
        ),
        foreign_keys=(
            ForeignKey(
                name="parent",
                columns=("id", "total"),
                parent_database="far",
                parent_table="p",
                parent_columns=("a", "b"),
                on_delete="CASCADE",
            ),
        ),
        checks=(Check(name="positive", expression="(`id` > 0)", enforced=False),),
        options=(
            ("TABLESPACE", "`space`"),
            ("ENGINE", "InnoDB"),
            ("AUTO_INCREMENT", "7"),
            ("DEFAULT CHARSET", "utf8mb4"),
            ("COMMENT", "'x'"),
        ),
        partitioning=Partitioning(
            method_sql="RANGE (`id`)",
            subpartition_sql="KEY ALGORITHM = 1 (id)",
            subpartition_count=2,
            partitions=(
                Partition(
                    name="p0",
                    quoted=False,
                    values_sql="LESS THAN (10)",
                    options=(("COMMENT", r"'it\'s'"), ("ENGINE", "InnoDB")),
                ),
                Partition(
                    name="select",
                    values_sql="LESS THAN MAXVALUE",
                    options=(("ENGINE", "InnoDB"),),
                ),
            ),
        ),
    )


# What servers print that the tests do not run, as far as their manuals and sources show it.
OTHER_VERSIONS = {
    "display widths, and utf8 by its old name": (
        ServerVersion(Flavor.MYSQL, 8, 0, 13),
        """CREATE TABLE `t` (
  `id` int(11) NOT NULL,
  `a` varchar(10) CHARACTER SET utf8 COLLATE utf8_bin DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci""",
    ),
    "ENCRYPTION in a comment": (
        ServerVersion(Flavor.MYSQL, 8, 0, 36),
        """CREATE TABLE `t` (
  `a` int DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=latin1 COMPRESSION='zlib' /*!80016 ENCRYPTION='Y' */ COMMENT='x'""",
    ),
    "a collation alone": (
        ServerVersion(Flavor.MARIADB, 10, 6, 4),
        """CREATE TABLE `t` (
  `a` varchar(10) COLLATE utf8mb4_unicode_ci DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci""",
    ),
    "INVISIBLE behind DEFAULT": (
        MARIADB_11_4,
        """CREATE TABLE `t` (
  `a` int(11) DEFAULT 1 INVISIBLE,
  `b` int(11) DEFAULT NULL
) ENGINE=InnoDB""",
    ),
    "INVISIBLE before DEFAULT": (
        MARIADB_11_4,
        """CREATE TABLE `t` (
  `a` int(11) INVISIBLE DEFAULT 1,
  `b` int(11) DEFAULT NULL
) ENGINE=InnoDB""",
    ),
}


@pytest.mark.parametrize(("version", "text"), OTHER_VERSIONS.values(), ids=OTHER_VERSIONS)
def test_other_versions_are_read_too(version: ServerVersion, text: str) -> None:
    assert read_table(text, version).name == "t"


def test_a_name_in_a_mariadb_foreign_key_is_printed_raw() -> None:
    text = (
        "CREATE TABLE `c` (\n  `a``b` int(11) DEFAULT NULL,\n  CONSTRAINT `fk`x` FOREIGN KEY "
        "(`a`b`) REFERENCES `p``q` (`c`d`, `e`)\n) ENGINE=InnoDB"
    )
    (key,) = read_table(text, MARIADB).foreign_keys
    assert (key.name, key.columns, key.parent_table) == ("fk`x", ("a`b",), "p`q")
    assert key.parent_columns == ("c`d", "e")


DOUBLED = (
    "CREATE TABLE `c` (\n  `a``b` int(11) DEFAULT NULL,\n  CONSTRAINT `fk``x` FOREIGN KEY "
    "(`a``b`) REFERENCES `p``q` (`c``d`, `e`)\n) ENGINE=InnoDB"
)


@pytest.mark.parametrize("release", [(10, 11, 19), (11, 8, 9)])
def test_a_name_in_a_foreign_key_of_a_later_mariadb_is_printed_as_any_other(
    release: tuple[int, int, int],
) -> None:
    version = ServerVersion(Flavor.MARIADB, *release)
    (key,) = read_table(DOUBLED, version).foreign_keys
    assert (key.name, key.columns, key.parent_columns) == ("fk`x", ("a`b",), ("c`d", "e"))
    assert foreign_table(DOUBLED, "c", version) is not None


@pytest.mark.parametrize("release", [(10, 11, 18), (11, 8, 8), (11, 4, 99)])
def test_two_backquotes_that_may_be_one_are_not_understood(release: tuple[int, int, int]) -> None:
    with pytest.raises(Refused):
        read_table(DOUBLED, ServerVersion(Flavor.MARIADB, *release))


ONE_COLUMN = "CREATE TABLE `t` (\n  `a` int DEFAULT NULL{column}{item}\n) ENGINE=InnoDB{option}"
NOT_UNDERSTOOD = {
    "an unknown column attribute": ONE_COLUMN.format(column=" SHINY", item="", option=""),
    "an attribute out of order": ONE_COLUMN.format(column=" NOT NULL", item="", option=""),
    "MariaDB's attribute": ONE_COLUMN.format(column=" INVISIBLE", item="", option=""),
    "a comment": ONE_COLUMN.format(column=" /* x */", item="", option=""),
    "an unknown version's comment": ONE_COLUMN.format(
        column=" /*!90900 SHINY */", item="", option=""
    ),
    "an unknown item": ONE_COLUMN.format(column="", item=",\n  BLOOM KEY `k` (`a`)", option=""),
    "an index out of order": ONE_COLUMN.format(
        column="", item=",\n  KEY `k` (`a`),\n  `b` int DEFAULT NULL", option=""
    ),
    "an unknown option": ONE_COLUMN.format(column="", item="", option=" SHINY=1"),
    "an option twice spaced": ONE_COLUMN.format(column="", item="", option="  COMMENT='x'"),
    "something behind the end": ONE_COLUMN.format(column="", item="", option=";"),
    "unquoted names": "CREATE TABLE t (\n  a int DEFAULT NULL\n) ENGINE=InnoDB",
    "ANSI quotes": 'CREATE TABLE "t" (\n  "a" int DEFAULT NULL\n)',
    "a temporary table": "CREATE TEMPORARY TABLE `t` (\n  `a` int DEFAULT NULL\n) ENGINE=InnoDB",
    "a view": "CREATE ALGORITHM=UNDEFINED VIEW `t` AS select 1",
    "no columns": "CREATE TABLE `t` (\n  \n) ENGINE=InnoDB",
    "nothing": "",
}


@pytest.mark.parametrize("text", NOT_UNDERSTOOD.values(), ids=NOT_UNDERSTOOD)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_table(text, MYSQL)
    assert [problem.code for problem in caught.value.problems] == ["definition-not-understood"]


@pytest.mark.invariant("PL-12")
@pytest.mark.parametrize(
    "options",
    [
        "ENGINE=FEDERATED DEFAULT CHARSET=utf8mb4 CONNECTION='mysql://app:hush@db9:3306/d/t'",
        "ENGINE=CONNECT `TABLE_TYPE`='MYSQL' `OPTION_LIST`='Host=db9,User=app,Password=hush'",
        'ENGINE=SPIDER COMMENT=\'wrapper "mysql", host "db9", password "hush"\'',
        "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 CONNECTION='mysql://app:hush@db9/d/t'",
    ],
)
def test_a_login_of_another_server_in_a_definition_is_not_shown(options: str) -> None:
    text = f"CREATE TABLE `t` (\n  `a` int(11) DEFAULT NULL\n) {options}"
    with pytest.raises(Refused) as caught:
        read_table(text, MARIADB)
    (problem,) = caught.value.problems
    assert problem.code == "definition-elsewhere"
    assert "table 't'" in problem.message
    assert "hush" not in str(problem)
    assert "db9" not in str(problem)


def test_a_definition_cut_short_is_refused_or_whole() -> None:
    for length in range(len(ORDERS)):
        text = ORDERS[:length]
        try:
            table = read_table(text, MYSQL)
        except Refused:
            continue
        assert render_table(table, MYSQL) == text


def test_the_refusal_names_the_table_and_the_place() -> None:
    text = "CREATE TABLE `odd``one` (\n  `a` int DEFAULT NULL,\n  `b` int SHINY\n) ENGINE=InnoDB"
    with pytest.raises(Refused) as caught:
        read_table(text, MYSQL)
    (problem,) = caught.value.problems
    assert problem.message == (
        "table 'odd`one': the server's definition is not understood at line 3, column 10: "
        "' SHINY\\n) ENGINE=InnoDB'"
    )
    assert "ignore_tables" in problem.recovery
