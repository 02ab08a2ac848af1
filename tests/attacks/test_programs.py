"""TM-PROGRAM: what a view, its file or its statement could carry along."""

from __future__ import annotations

import pytest

from reconciler.ddl.definition.view_file import read_view_file
from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.statement.check import check_statement
from reconciler.errors import InvalidInput, Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.programs import CreatedWith, ManagedKind, View, view_id
from reconciler.model.schema import OtherObject
from reconciler.observe.shards import DefinitionReader

MADE = "CREATE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW `v` AS select 1 AS `one`"


@pytest.mark.threat("TM-PROGRAM-1")
@pytest.mark.parametrize(
    "sql",
    [
        MADE + "; DROP TABLE users",
        MADE.replace("`v`", "`other`"),
        MADE.replace("`v`", "`mysql`.`v`"),
        MADE.replace("select 1 AS `one`", "select `user`.`User` AS `u` from `mysql`.`user`"),
        MADE.replace("select 1 AS `one`", "select 1 into outfile 'x.txt'"),
        MADE.replace("select 1", "select load_file('/etc/passwd')"),
        MADE.replace("select 1", "select /*! sleep(9) */ 1"),
        MADE.replace("UNDEFINED SQL", "UNDEFINED DEFINER=`root`@`localhost` SQL"),
        MADE.replace("INVOKER", "DEFINER"),
        MADE.replace("CREATE ALG", "CREATE  ALG"),
        "DROP VIEW `v`, `w`",
        "DROP VIEW IF EXISTS `v`",
        "DROP VIEW `other`",
        "ALTER VIEW `v` AS select 1",
        "CREATE TRIGGER v BEFORE INSERT ON users FOR EACH ROW SET @a = 1",
    ],
)
def test_a_statement_of_a_view_that_does_more_is_refused(sql: str) -> None:
    with pytest.raises(Refused):
        check_statement(sql, tables=frozenset({"users"}), programs=frozenset({view_id("v")}))


def test_what_plans_have_is_taken() -> None:
    views = frozenset({view_id("v")})
    given = MADE.replace(
        "UNDEFINED SQL SECURITY INVOKER", "MERGE DEFINER=`a`@`%` SQL SECURITY DEFINER"
    )
    for sql in (MADE, MADE.replace("CREATE ", "CREATE OR REPLACE "), "DROP VIEW `v`", given):
        check_statement(sql, tables=frozenset(), programs=views)


@pytest.mark.threat("TM-PROGRAM-2")
@pytest.mark.parametrize(
    "text",
    [
        "CREATE VIEW v AS SELECT 1; DROP TABLE users;",
        "CREATE VIEW v AS SELECT /*! SLEEP(9), */ 1;",
        "CREATE VIEW v AS SELECT 1 INTO OUTFILE 'x.txt';",
        "CREATE VIEW v AS SELECT LOAD_FILE('/etc/passwd') AS x;",
        "CREATE VIEW v AS SELECT get_lock('x', 100) AS x;",
        "CREATE VIEW v AS SELECT User FROM mysql.user;",
        "CREATE VIEW v AS SELECT 1 FROM t JOIN (SELECT x FROM `other`.`t`) d;",
        "CREATE VIEW v AS SELECT other.f(1) AS x;",
        "CREATE VIEW other.v AS SELECT 1;",
        "CREATE DEFINER=root@localhost VIEW v AS SELECT 1;",
        "CREATE DEFINER = CURRENT_USER SQL SECURITY DEFINER VIEW v AS SELECT 1;",
        "CREATE TABLE v (id int);",
        "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (PASSWORD 'x');",
        "CREATE VIEW v AS SELECT 'open",
        "CREATE VIEW v AS SELECT 1\0;",
        "",
    ],
)
def test_a_file_of_a_view_that_does_more_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_view_file(text, "schemas/shop/views/v.sql")


@pytest.mark.threat("TM-PROGRAM-3")
@pytest.mark.invariant("PG-6")
def test_the_account_of_a_live_view_is_told_nowhere() -> None:
    account = Account(user="batch_login", host="10.1.2.3")
    shown = OtherObject(
        kind=ObjectKind.VIEW,
        name="v",
        definition="CREATE ALGORITHM=UNDEFINED SQL SECURITY DEFINER VIEW `v` AS select 1 AS `one`",
        definer=account.digest,
        created_with=CreatedWith(
            character_set_client="utf8mb4", collation_connection="utf8mb4_bin"
        ),
    )
    manage = (ManagedKind.TABLES, ManagedKind.VIEWS)
    for definers in ((), ((ManagedKind.VIEWS, "app@%"),)):
        reader = DefinitionReader(Policy(manage=manage, definers=definers))
        read = reader.read_program(view_id("v"), text_of(shown))
        assert account.user not in repr(read)
        assert account.digest not in repr(read)
    known = DefinitionReader(Policy(manage=manage, definers=((ManagedKind.VIEWS, str(account)),)))
    told = known.read_program(view_id("v"), text_of(shown)).value
    assert isinstance(told, View)
    assert told.definer == account.digest
