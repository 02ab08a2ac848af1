"""What is noise on a server is gone from the canonical form, and nothing else is."""

from __future__ import annotations

import pytest

from reconciler.ddl.normalize import normalize_table
from reconciler.ddl.read import read_table
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)
UTF8 = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"


def canonical(body: str, options: str = UTF8, version: ServerVersion = MYSQL) -> Table:
    return normalize_table(
        read_table(f"CREATE TABLE `t` (\n  {body}\n) {options}", version), version
    )


def with_column(sql: str) -> Table:
    return canonical(f"`a` {sql}")


def with_keys(*keys: str) -> Table:
    body = ("`a` int NOT NULL", "`b` int NOT NULL", "`c` int DEFAULT NULL", *keys)
    return canonical(",\n  ".join(body))


def with_partitions(sql: str) -> Table:
    return canonical("`a` int NOT NULL", f"{UTF8}\n/*!50100 PARTITION BY {sql} */")


@pytest.mark.parametrize(
    "spelling",
    [
        "varchar(9) DEFAULT NULL",
        "varchar(9) COLLATE utf8mb4_0900_ai_ci DEFAULT NULL",
        "varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci DEFAULT NULL",
        "varchar(9) CHARACTER SET utf8mb4 DEFAULT NULL",
    ],
)
def test_a_collation_is_compared_by_its_effect(spelling: str) -> None:
    (column,) = with_column(spelling).columns
    assert (column.charset, column.collation) == ("utf8mb4", "utf8mb4_0900_ai_ci")
    assert with_column(spelling) != with_column("varchar(9) COLLATE utf8mb4_bin DEFAULT NULL")


def test_the_tables_collation_reaches_its_columns() -> None:
    table = canonical("`a` enum('x') DEFAULT NULL,\n  `b` int", "ENGINE=InnoDB DEFAULT CHARSET=gbk")
    assert table.option("COLLATE") == "gbk_chinese_ci"
    assert [column.collation for column in table.columns] == ["gbk_chinese_ci", None]


def test_the_old_name_of_utf8mb3_is_the_new_one() -> None:
    old = canonical("`a` text CHARACTER SET utf8 COLLATE utf8_bin", "DEFAULT CHARSET=utf8")
    new = canonical("`a` text CHARACTER SET utf8mb3 COLLATE utf8mb3_bin", "DEFAULT CHARSET=utf8mb3")
    assert old == new


def test_auto_increment_is_data() -> None:
    body = "`a` int NOT NULL AUTO_INCREMENT,\n  PRIMARY KEY (`a`)"
    assert canonical(body, "ENGINE=InnoDB AUTO_INCREMENT=5") == canonical(body, "ENGINE=InnoDB")


def test_options_are_a_set() -> None:
    one = canonical("`a` int", "ENGINE=InnoDB COMPRESSION='zlib' COMMENT='x'")
    assert one == canonical("`a` int", "ENGINE=InnoDB COMMENT='x' COMPRESSION='ZLIB'")
    assert one != canonical("`a` int", "ENGINE=InnoDB COMMENT='X' COMPRESSION='ZLIB'")


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("varchar(9) DEFAULT (_latin1'x')", "varchar(9) DEFAULT (_utf8mb4'x')", True),
        ("varchar(9) DEFAULT (_latin1'x')", "varchar(9) DEFAULT (_utf8mb4'y')", False),
        ("varchar(9) DEFAULT (_latin1'é')", "varchar(9) DEFAULT (_utf8mb4'é')", False),
        ("varchar(9) DEFAULT (_binary'x')", "varchar(9) DEFAULT (_utf8mb4'x')", False),
        (r"varchar(9) DEFAULT (_ucs2'\0x\0y')", "varchar(9) DEFAULT (_utf8mb4'xy')", True),
        (r"varchar(9) DEFAULT (_utf16le'x\0')", r"varchar(9) DEFAULT (_utf32'\0\0\0x')", True),
        (r"varchar(9) DEFAULT (_ucs2'\0x\0\'\0\\')", r"varchar(9) DEFAULT ('x\'\\')", True),
        (r"varchar(9) DEFAULT (_utf16'')", "varchar(9) DEFAULT ('')", True),
        (r"varchar(9) DEFAULT (_utf16'\0\0')", "varchar(9) DEFAULT ('')", False),
        (r"varchar(9) DEFAULT (_utf16'0x')", "varchar(9) DEFAULT ('x')", False),
        (r"varchar(9) DEFAULT (_utf16'\0x' '\0y')", "varchar(9) DEFAULT ('x' 'y')", False),
        ("varchar(9) DEFAULT (_ucs2'ab')", "varchar(9) DEFAULT (_utf8mb4'ab')", False),
        ("varchar(9) DEFAULT '_utf8mb4''x'''", "varchar(9) DEFAULT '''x'''", False),
        ("varchar(9) DEFAULT (`b_utf8mb4`)", "varchar(9) DEFAULT (`b`)", False),
        (r"varchar(9) DEFAULT (hex(_ucs2'\0x'))", "varchar(9) DEFAULT (hex('x'))", False),
        (r"int DEFAULT (length(_utf32'\0\0\0x'))", "int DEFAULT (length(_utf8mb4'x'))", False),
        (
            r"binary(9) DEFAULT (cast(_ucs2'\0x' as char charset binary))",
            "binary(9) DEFAULT (cast('x' as char charset binary))",
            False,
        ),
        (
            r"varchar(9) DEFAULT (concat(_ucs2'\0x',`b`))",
            "varchar(9) DEFAULT (concat('x',`b`))",
            True,
        ),
        ("varchar(9) DEFAULT (charset(_latin1'x'))", "varchar(9) DEFAULT (charset('x'))", False),
        ("varchar(9) DEFAULT (upper(_latin1'x'))", "varchar(9) DEFAULT (upper('x'))", True),
        (r"varchar(9) DEFAULT (_gbk'a\'_utf8mb4')", r"varchar(9) DEFAULT ('a\'_utf8mb4')", True),
    ],
)
def test_introducers_before_ascii(left: str, right: str, same: bool) -> None:
    assert (with_column(left) == with_column(right)) is same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("`a` > -(7)", "`a` > -7", True),
        ("`a` in (-(1.5),-(1e3))", "`a` in (-1.5,-1e3)", True),
        ("`a` > -(7)", "`a` > 7", False),
        ("`a` <> '-(7)'", "`a` <> '-7'", False),
        ("`-(7)` > 1", "`-7` > 1", False),
        ("-(`a`) > 1", "-`a` > 1", False),
    ],
)
def test_brackets_of_negative_numbers(left: str, right: str, same: bool) -> None:
    columns = "`a` int,\n  `-7` int,\n  `-(7)` int"
    for around in ("CONSTRAINT `c` CHECK ({})", "KEY `k` (({}))"):
        one, other = (canonical(f"{columns},\n  {around.format(sql)}") for sql in (left, right))
        assert (one == other) is same
    one, other = (with_column(f"int GENERATED ALWAYS AS ({sql}) VIRTUAL") for sql in (left, right))
    assert (one == other) is same


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("`b` <> _binary'x'", "`b` <> 'x'", True),
        ("`B` like _binary'x%'", "`B` like _utf8mb4'x%'", True),
        ("`b` in (_binary'x',_binary'it\\'s')", "`b` in ('x','it\\'s')", True),
        ("`b` not between _binary'x' and _binary'y'", "`b` not between 'x' and 'y'", True),
        ("`b` <> _binary'x'", "`b` <> 'X'", False),
        ("`b` <> _binary'é'", "`b` <> 'é'", False),
        ("`t` <> _binary'x'", "`t` <> 'x'", False),
        ("`t` <> '`b` = _binary\\'x\\''", "`t` <> '`b` = \\'x\\''", False),
        ("concat(`b`,_binary'x') = 1", "concat(`b`,'x') = 1", False),
    ],
)
def test_binary_literals_beside_binary_columns(left: str, right: str, same: bool) -> None:
    columns = "`b` varbinary(9) DEFAULT NULL,\n  `t` text"
    one, other = (canonical(f"{columns},\n  CONSTRAINT `c` CHECK ({sql})") for sql in (left, right))
    assert (one == other) is same


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("KEY `k` (`c`) USING BTREE", "KEY `k` (`c`)"),
        ("KEY `k` (`c`) KEY_BLOCK_SIZE=8", "KEY `k` (`c`)"),
    ],
)
def test_noise_on_an_index(left: str, right: str) -> None:
    assert with_keys(left) == with_keys(right)


def test_an_algorithm_means_something_in_memory() -> None:
    def table(using: str) -> Table:
        return canonical(f"`a` int NOT NULL,\n  KEY `k` (`a`){using}", "ENGINE=MEMORY")

    assert table("") == table(" USING HASH")
    assert table("") != table(" USING BTREE")


def test_the_order_of_indexes_is_noise() -> None:
    keys = ["PRIMARY KEY (`a`)", "UNIQUE KEY `u` (`b`)", "KEY `k` (`c`)"]
    assert with_keys(*keys) == with_keys(keys[0], keys[2], keys[1])


def test_the_clustering_key_is_not_noise() -> None:
    first, second = "UNIQUE KEY `u` (`a`)", "UNIQUE KEY `v` (`b`)"
    assert with_keys(first, second) != with_keys(second, first)
    assert with_keys(first, second).indexes[0].name == "u"
    assert with_keys(second, first).indexes[0].name == "v"


@pytest.mark.parametrize("action", ["", " ON DELETE RESTRICT", " ON DELETE NO ACTION"])
def test_refusing_foreign_keys_are_one_kind(action: str) -> None:
    key = "CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `p` (`a`)"
    assert with_keys(key + action) == with_keys(key)
    assert with_keys(key + action) != with_keys(f"{key} ON DELETE CASCADE")


def test_constraints_are_sets() -> None:
    checks = ["CONSTRAINT `x` CHECK ((`a` > 0))", "CONSTRAINT `y` CHECK ((`b` > 0))"]
    assert with_keys(*checks) == with_keys(*reversed(checks))
    assert with_keys(checks[0]) != with_keys(checks[0].replace("`x`", "`z`"))


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ("HASH (`a`)\n(PARTITION p0 ENGINE = InnoDB)", "HASH (`a`)", True),
        ("HASH (`a`)\nPARTITIONS 1", "HASH (`a`)", True),
        ("HASH (`a`)\nPARTITIONS 2", "HASH (`a`)", False),
        ("KEY (a)\n(PARTITION p0,\n PARTITION `p1`)", "KEY (a)\nPARTITIONS 2", True),
        ("KEY (a)\n(PARTITION p0,\n PARTITION x)", "KEY (a)\nPARTITIONS 2", False),
        ("KEY (a)\n(PARTITION p0 COMMENT = 'x')", "KEY (a)\nPARTITIONS 1", False),
        ("LIST (`a`)\n(PARTITION p0 VALUES IN (1))", "LIST (`a`)\nPARTITIONS 1", False),
    ],
)
def test_partition_lists_and_counts(left: str, right: str, same: bool) -> None:
    assert (with_partitions(left) == with_partitions(right)) is same


def test_subpartition_lists_and_counts() -> None:
    head = "RANGE (`a`)\nSUBPARTITION BY HASH (`a`)"
    value = "VALUES LESS THAN (1)"
    counted = with_partitions(f"{head}\nSUBPARTITIONS 2\n(PARTITION p0 {value} ENGINE = InnoDB)")
    subs = "\n (SUBPARTITION {}sp0 ENGINE = InnoDB,\n  SUBPARTITION {}sp1 ENGINE = InnoDB)"
    listed = f"{head}\n(PARTITION p0 {value}"
    assert with_partitions(f"{listed}{subs.format('p0', 'p0')})") == counted
    assert with_partitions(f"{listed}{subs.format('p0', 'x')})") != counted


def test_mariadbs_engine_options_are_in_any_case() -> None:
    upper = canonical("`a` int(11) DEFAULT NULL", "ENGINE=InnoDB `PAGE_COMPRESSED`=1", MARIADB)
    lower = canonical("`a` int(11) DEFAULT NULL", "ENGINE=InnoDB `page_compressed`=1", MARIADB)
    assert upper == lower
