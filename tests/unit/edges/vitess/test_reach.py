"""A session over vtgate is the server's, or none; Vitess' own tables are known by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from reconciler.diff.model import Operation
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.processes import Process
from reconciler.edges.mysql.server_settings import parse_version
from reconciler.edges.mysql.server_texts import server_error
from reconciler.edges.mysql.session_settings import pinned
from reconciler.edges.vitess.internal_tables import is_internal
from reconciler.edges.vitess.reach import OverVtgate
from reconciler.errors import Unavailable
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.server import Flavor, ServerVersion
from reconciler.plan.model import Algorithm, ExecutionClass, Lock, PlannedStatement

WANTED = (
    ("sql_mode", "STRICT_TRANS_TABLES,ANSI_QUOTES"),
    *pinned(ServerVersion(Flavor.MYSQL, 9, 7, 4)),
)
ARRIVED = {
    "sql_mode": "ANSI_QUOTES,STRICT_TRANS_TABLES",
    "time_zone": "+00:00",
    "sql_quote_show_create": "ON",
    "foreign_key_checks": "ON",
    "unique_checks": "ON",
    "sql_select_limit": "18446744073709551615",
    "information_schema_stats_expiry": "0",
    "show_create_table_verbosity": "OFF",
    "show_gipk_in_create_table_and_information_schema": "ON",
}


COPY = "_vt_vrp_7c372a15e61b11f18ccc561c5d13d566_20261122022155_"


class FakeLink:
    """A link whose session shows what it is told to."""

    def __init__(self, shown: dict[str, str]) -> None:
        self.shown = shown
        self.sent: list[str] = []
        self.target = SimpleNamespace(label="shard -80")

    def execute(self, sql: str) -> None:
        self.sent.append(sql)

    def query(
        self, sql: str, parameters: Sequence[object] = (), *, width: int | None = None
    ) -> tuple[tuple[str, str], ...]:
        return tuple(self.shown.items())


def set_over(shown: dict[str, str]) -> FakeLink:
    link = FakeLink(shown)
    OverVtgate().set_session(cast(Link, link), WANTED)
    return link


def test_what_vtgate_keeps_to_itself_is_not_sent() -> None:
    [sent] = set_over(ARRIVED).sent
    assert "lock_wait_timeout" not in sent
    assert "show_gipk" not in sent
    assert "sql_select_limit = 9223372036854775807" in sent


@pytest.mark.invariant("VT-13")
@pytest.mark.threat("TM-VITESS-2")
@pytest.mark.parametrize("name", sorted(ARRIVED))
def test_a_setting_that_did_not_arrive_makes_the_shard_unreachable(name: str) -> None:
    other = {**ARRIVED, name: "OFF" if ARRIVED[name] == "ON" else "7"}
    with pytest.raises(Unavailable, match=f"vtgate did not pass on to its server: {name}"):
        set_over(other)


@pytest.mark.invariant("VT-13")
def test_a_setting_that_is_not_told_did_not_arrive() -> None:
    told = {name: value for name, value in ARRIVED.items() if name != "sql_mode"}
    with pytest.raises(Unavailable, match="sql_mode"):
        set_over(told)


def test_a_variable_that_an_older_server_lacks_is_no_difference() -> None:
    lacking = {name: value for name, value in ARRIVED.items() if not name.startswith("show_gipk")}
    set_over(lacking)


@pytest.mark.invariant("VT-13")
def test_vtgate_s_own_version_is_no_version() -> None:
    assert parse_version("8.4.6-Vitess") is None


@pytest.mark.invariant("VT-14")
@pytest.mark.parametrize(
    "table",
    [
        "_vt_vrp_7c372a15e61b11f18ccc561c5d13d566_20261122022155_",
        "_vt_hld_7c372a15e61b11f18ccc561c5d13d566_20261122022155_",
        "_vt_HOLD_7c372a15e61b11f18ccc561c5d13d566_20261122022155",
        "_7c372a15_e61b_11f1_8ccc_561c5d13d566_20261122022155_vrepl",
    ],
)
def test_tables_of_vitess_are_known(table: str) -> None:
    assert is_internal(table)


@pytest.mark.invariant("VT-14")
@pytest.mark.parametrize(
    "table",
    [
        "orders",
        "_vt_orders",
        "_vt_vrp_7c372a15_20261122022155_",
        "x_vt_vrp_7c372a15e61b11f18ccc561c5d13d566_20261122022155_",
        "_vt_vrp_7c372a15e61b11f18ccc561c5d13d566_20261122022155_x",
    ],
)
def test_a_table_that_only_resembles_one_is_no_table_of_vitess(table: str) -> None:
    assert not is_internal(table)


@pytest.mark.invariant("VT-15")
@pytest.mark.parametrize(
    ("statement", "database", "expected"),
    [
        ("alter table orders add column a int", "vt_shop", True),
        ("/*vt+ X */ /* y */ alter table t drop key k", "VT_SHOP", True),
        ("alter table orders add column a int", "vt_other", False),
        ("select * from orders", "vt_shop", False),
        ("", "vt_shop", False),
        ("alter table x_vt_orders add column a int", "vt_shop", True),
        ("alter table orders add column is_vt_b int comment '_vt_'", "vt_shop", True),
        ("alter table _vt_orders add column a int", "vt_shop", True),
        (f"alter table {COPY} add column a int", "vt_shop", False),
        (f"create table `{COPY}` (id bigint)", "vt_shop", False),
        (f"rename table orders to {COPY}, b to orders", "vt_shop", False),
    ],
)
def test_any_ddl_of_the_shard_may_be_the_one_that_was_sent(
    statement: str, database: str, expected: bool
) -> None:
    process = Process(connection_id=7, database=database, statement=statement, state="")
    sent = "ALTER TABLE `orders` ADD COLUMN `a` int"
    assert OverVtgate().runs(process, sent, "vt_shop") is expected


@pytest.mark.invariant("VT-15")
def test_a_statement_of_ours_that_names_a_table_of_vitess_is_still_ours() -> None:
    sent = f"ALTER TABLE `orders` COMMENT '{COPY}'"
    process = Process(connection_id=7, database="vt_shop", statement=sent.lower(), state="")
    assert OverVtgate().runs(process, sent, "vt_shop")


@pytest.mark.invariant("VT-11")
def test_only_two_engines_work_behind_vitess() -> None:
    allowed = {name for name in EngineName if OverVtgate().allows(name)}
    assert allowed <= {"direct", "vitess"}


@pytest.mark.invariant("PL-12")
@pytest.mark.invariant("PL-17")
@pytest.mark.threat("TM-VITESS-3")
def test_a_server_s_words_are_told_without_what_vitess_puts_around_them() -> None:
    said = (
        "target: shop.-80.primary: vttablet: rpc error: code = NotFound desc = Table"
        " 'vt_shop.nope' doesn't exist (errno 1146) (sqlstate 42S02) (CallerID: root): Sql:"
        ' "select a from nope where b = :b", BindVars: {b: "type:VARCHAR value:\\"secret\\""}'
    )
    assert server_error(1146, said, database="vt_shop").message == "Table 'nope' doesn't exist"


@pytest.mark.invariant("PL-17")
@pytest.mark.threat("TM-VITESS-3")
@pytest.mark.parametrize("behind", [" for key 'u'", " for column 'a' at row 1", ""])
def test_a_row_that_holds_such_words_is_not_told_either(behind: str) -> None:
    held = "secret (errno 1062) (sqlstate 23000) (CallerID: root): Sql: secret"
    said = f"target: shop.-80.primary: vttablet: Incorrect integer value: '{held}'{behind}"
    told = server_error(1366, said).message
    assert told.startswith("Incorrect integer value: <value>")
    assert "secret" not in told


def test_what_vtgate_itself_refuses_is_told_in_its_words() -> None:
    said = "VT12001: unsupported: foreign keys are not supported"
    assert server_error(1235, said).message == said
    assert server_error(1105, said).message == said


COPIES = ExecutionClass(algorithm=Algorithm.COPY, lock=Lock.SHARED, rebuilds=True)
IN_PLACE = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE)


@pytest.mark.invariant("VT-32")
@pytest.mark.parametrize(
    ("clause", "execution", "limit_ms"),
    [
        ("ADD COLUMN `a` int", ExecutionClass(algorithm=Algorithm.INSTANT), "3000"),
        ("DROP INDEX `k`", IN_PLACE, "7000"),
        ("RENAME INDEX `k` TO `l`", IN_PLACE, "7000"),
        ("ADD INDEX `k` (`a`)", IN_PLACE, None),
        ("DROP INDEX `k`, MODIFY COLUMN `a` bigint", COPIES, None),
        ("FORCE", replace(IN_PLACE, rebuilds=True), None),
    ],
)
def test_what_is_done_once_it_has_its_lock_is_bounded_as_the_spec_says(
    clause: str, execution: ExecutionClass, limit_ms: str | None
) -> None:
    statement = PlannedStatement(
        object_id=table_id("t"),
        operation=Operation.ALTER_TABLE,
        sql=f"ALTER TABLE `t` {clause}",
        execution=execution,
        effects=(),
    )
    told = dict(OverVtgate().lock_wait(statement, 2))
    assert told == ({} if limit_ms is None else {"query_timeout": limit_ms})
