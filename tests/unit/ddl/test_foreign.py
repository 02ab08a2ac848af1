"""What a shard prints is run on scratch only if it is what was asked for, and nothing besides."""

from __future__ import annotations

import pytest

from reconciler.ddl.foreign import foreign_object, foreign_table
from reconciler.ddl.read import read_table
from reconciler.errors import Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor, ServerVersion

MYSQL = ServerVersion(Flavor.MYSQL, 8, 4, 6)
MARIADB = ServerVersion(Flavor.MARIADB, 11, 8, 6)

HEAD = "CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS "
TABLE = (
    "CREATE TABLE `t` (\n  `id` int NOT NULL,\n  `a` varchar(9) DEFAULT 'x',\n"
    "  PRIMARY KEY (`id`)\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
)


def made(kind: ObjectKind, text: str, name: str = "v") -> str | None:
    found = foreign_object(OtherObject(kind=kind, name=name, definition=text))
    return found.sql if found else None


VIEWS = [
    "select `t`.`id` AS `id` from `t`",
    "select `t`.`id` AS `id` from `t` where `t`.`a` = 'it\\'s' WITH CASCADED CHECK OPTION",
    "with `q` as (select 1 AS `1`) select `q`.`1` AS `1` from `q`",
    "(select 1 AS `a`) union (select 2 AS `2`)",
    "values row(1,2)",
    "select 'a; b -- c /*! d */ # e into outfile sleep(1)' AS `sleep`",
    "select `t`.`into` AS `benchmark` from `t`",
]


@pytest.mark.parametrize("query", VIEWS)
def test_a_view_as_servers_print_it_is_made_with_the_makers_rights(query: str) -> None:
    expected = HEAD.replace("DEFINER", "INVOKER") + query
    assert made(ObjectKind.VIEW, HEAD + query) == expected


NO_VIEWS = [
    "SET GLOBAL general_log_file = 'secrets.txt'",
    "CREATE TABLE `v` (`id` int)",
    "",
    HEAD,
    HEAD + "select 1; DROP DATABASE `d`",
    HEAD + "select 1 -- \n; SET GLOBAL general_log = 1",
    HEAD + "select 1 /*!50000 INTO OUTFILE 'x.txt' */",
    HEAD + "select 1 /* quiet */",
    HEAD + "select 1 # quiet",
    HEAD + "select 1 INTO OUTFILE 'x.txt'",
    HEAD + "select load_file('/etc/passwd')",
    HEAD + "select sleep(1000)",
    HEAD + "select (select benchmark(1000000000, sha2('x', 512)))",
    HEAD + "select get_lock('reconciler', 0)",
    HEAD + "select 'not closed",
    HEAD + "select `not closed",
    HEAD.replace("`v`", "`w`") + "select 1",
    HEAD.replace("`v`", "`mysql`.`v`") + "select 1",
    HEAD.replace("VIEW", "/*!50001 VIEW */ TABLE") + "select 1",
    HEAD.replace("CREATE", "CREATE OR REPLACE") + "select 1",
    HEAD.replace("SQL SECURITY DEFINER", "DEFINER=`root`@`%` SQL SECURITY DEFINER") + "select 1",
    HEAD + "delete from `t`",
]


@pytest.mark.threat("TM-SERVER-5")
@pytest.mark.invariant("SV-3")
@pytest.mark.parametrize("text", NO_VIEWS)
def test_what_is_no_view_is_not_made(text: str) -> None:
    assert made(ObjectKind.VIEW, text) is None


SEQUENCE = (
    "CREATE SEQUENCE `s` start with 5 minvalue -3 maxvalue 9223372036854775806 increment by 2"
    " cache 1000 cycle ENGINE=InnoDB"
)


def test_a_sequence_as_mariadb_prints_it_is_made() -> None:
    typed = SEQUENCE.replace("`s`", "`s` as bigint unsigned")
    for text in (SEQUENCE, SEQUENCE.replace("cache 1000 cycle", "nocache nocycle"), typed):
        assert made(ObjectKind.SEQUENCE, text, "s") == text


@pytest.mark.threat("TM-SERVER-5")
@pytest.mark.parametrize(
    "text",
    [
        "SET GLOBAL general_log = 1",
        SEQUENCE + "; SET GLOBAL general_log = 1",
        SEQUENCE.replace("InnoDB", "CONNECT"),
        SEQUENCE.replace("`s`", "`other`"),
        SEQUENCE.replace("`s`", "`mysql`.`s`"),
        SEQUENCE.replace("cycle", "cycle /*M!100000 x */"),
        SEQUENCE.replace("start with 5", "start with (select 5)"),
    ],
)
def test_what_is_no_sequence_is_not_made(text: str) -> None:
    assert made(ObjectKind.SEQUENCE, text, "s") is None


TRIGGER = "CREATE TRIGGER `g` BEFORE INSERT ON `t` FOR EACH ROW "


def test_a_trigger_keeps_its_body() -> None:
    for body in ("SET NEW.a = 1", "BEGIN SET @x = 1; -- why\n SET NEW.a = /* not */ 2; END"):
        assert made(ObjectKind.TRIGGER, TRIGGER + body, "g") == TRIGGER + body


@pytest.mark.threat("TM-SERVER-5")
@pytest.mark.parametrize(
    "text",
    [
        "SET GLOBAL general_log = 1",
        TRIGGER.replace("`g`", "`h`") + "SET NEW.a = 1",
        TRIGGER.replace("BEFORE INSERT", "/*!50000 BEFORE */ INSERT") + "SET NEW.a = 1",
        TRIGGER + "SET NEW.a = /*!80000 1 */",
        TRIGGER + "SET NEW.a = 'not closed",
    ],
)
def test_what_is_no_trigger_is_not_made(text: str) -> None:
    assert made(ObjectKind.TRIGGER, text, "g") is None


def test_what_is_checked_at_its_call_only_is_never_made() -> None:
    for kind in (ObjectKind.PROCEDURE, ObjectKind.FUNCTION, ObjectKind.EVENT):
        assert made(kind, "BEGIN END") is None


def test_a_table_that_is_understood_is_made_as_it_was_printed() -> None:
    found = foreign_table(TABLE, "t", MYSQL)
    assert found is not None
    assert found.sql == TABLE


NO_TABLES = [
    "SET GLOBAL general_log = 1",
    TABLE.replace("CREATE TABLE `t`", "CREATE TABLE `u`"),
    TABLE.replace("CREATE TABLE `t`", "CREATE TABLE `mysql`.`t`"),
    TABLE + " DATA DIRECTORY='elsewhere/'",
    TABLE.replace("InnoDB", "FEDERATED") + " CONNECTION='mysql://u:p@h/d/t'",
    TABLE.replace("InnoDB", "EXAMPLE"),
    TABLE.replace("InnoDB", "MRG_MyISAM") + " UNION=(`a`,`b`)",
    TABLE + " AS select 1 AS `id`",
    TABLE + "; SET GLOBAL general_log = 1",
    TABLE.replace("DEFAULT 'x'", "DEFAULT (sleep(1))"),
    TABLE.replace("DEFAULT 'x'", "DEFAULT (load_file('/etc/passwd'))"),
    TABLE
    + "\n/*!50100 PARTITION BY RANGE (`id`)\n"
    + "(PARTITION p0 VALUES LESS THAN (1) DATA DIRECTORY = 'elsewhere/' ENGINE = InnoDB) */",
]


@pytest.mark.threat("TM-SERVER-5")
@pytest.mark.invariant("SV-3")
@pytest.mark.parametrize("text", NO_TABLES)
def test_what_is_no_table_of_this_database_is_not_made(text: str) -> None:
    assert foreign_table(text, "t", MYSQL) is None


@pytest.mark.threat("TM-SERVER-5")
@pytest.mark.parametrize(
    "default",
    ["(1 /*!50000 + 2 */)", "(1 /* x */)", "(1 -- x\n)", "(1 # x\n)", "(1 */ 2)", "1/*!50000x*/"],
)
def test_a_comment_in_an_expression_is_not_understood(default: str) -> None:
    """Servers take comments out of what they print."""
    with pytest.raises(Refused):
        read_table(TABLE.replace("DEFAULT 'x'", f"DEFAULT {default}"), MYSQL)


def test_signs_of_comments_in_a_value_are_a_value() -> None:
    read_table(TABLE.replace("'x'", "'/*!#--'"), MYSQL)


@pytest.mark.threat("TM-SERVER-5")
def test_a_name_that_mariadb_prints_as_it_is_cannot_end_before_its_end() -> None:
    key = "  CONSTRAINT `{}` FOREIGN KEY (`id`) REFERENCES `p` (`id`)\n)"
    text = TABLE.replace("\n) ENGINE", ",\n" + key + " ENGINE")
    assert foreign_table(text.format("f"), "t", MARIADB) is not None
    assert foreign_table(text.format("f` CHECK (1), CONSTRAINT `x"), "t", MARIADB) is None
