"""What gh-ost says, how it is started, and which names it gives: read from text alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles, TlsSetting
from reconciler.edges.engines.gh_ost.command import Start, command_line, environment
from reconciler.edges.engines.gh_ost.status import UNKNOWN_ERROR, end_from, status_from
from reconciler.model.engine import Progress
from reconciler.plan.engines.gh_ost_names import lock_name, names_of
from reconciler.plan.engines.lost_rows import loses
from reconciler.plan.engines.unique_keys import Kind, Part, Shape, keeps_apart
from reconciler.ports.engine import EngineWork
from tests.integration.mysql_edges import planned

LINE = (
    "Copy: {copy}; Applied: 7; Backlog: 0/1000; Time: 5s(total), 5s(copy);"
    " streamer: binlog.000001:90487321; Lag: 1.06s, HeartbeatLag: 1.13s, State: {state}; ETA: {eta}"
)
COPYING = LINE.format(copy="37000/200000 18.5%", state="migrating", eta="5m26s")
WORK = EngineWork(statement=planned("ALTER TABLE `t` ADD `a` int"), lock_wait_s=60, run_limit_s=600)
START = Start(
    program=Path("/opt/gh-ost"),
    folder=Path("/run/f"),
    target=Target(
        label="shard -40",
        host="db.example",
        port=3306,
        socket=None,
        database="shop",
        user="ada",
        password="tr0ub4dor&3",
        tls=None,
        connect_timeout_s=10,
        read_timeout_s=60,
    ),
    database="shop",
    table="t",
    clauses="ADD `a` int",
    server_id=3_000_000_007,
    is_encrypted=False,
)


def progress(text: str) -> Progress:
    status = status_from(text)
    assert status is not None
    return status.progress


def test_its_status_is_read() -> None:
    assert progress(f"# Migrating\n{COPYING}\n") == Progress(
        stage="copying rows", percent=18, rows_done=37_000, rows_total=200_000, left_s=326
    )


def test_a_copy_that_is_complete_is_not_all_of_it() -> None:
    status = status_from(LINE.format(copy="9/9 100.0%", state="postponing cut-over", eta="due"))
    assert status is not None
    assert status.is_postponed
    assert status.progress.percent == 99
    assert progress(LINE.format(copy="9/9 100.0%", state="migrating", eta="due")).percent == 99


def test_without_an_estimate_it_says_100_percent_and_nothing_is_believed() -> None:
    shown = progress(LINE.format(copy="113000/0 100.0%", state="migrating", eta="due"))
    assert (shown.rows_done, shown.rows_total, shown.percent, shown.left_s) == (113_000,) + (
        None,
    ) * 3


@pytest.mark.parametrize(
    ("state", "throttled_by"),
    [
        ("migrating", ""),
        ("throttled, commanded by user", "commanded by user"),
        ("throttled, lag=1.832000s", "lag of its own reader of the binary log"),
        ("throttled, db7.internal:3306 replica-lag=9.1s", "lag of a replica"),
        ("throttled, max-load Threads_running=26 >= 25", "load: Threads_running=26 >= 25"),
        ("throttled, max-load x\x1b[31m=1 >= 2", "a reason of its own"),
    ],
)
def test_what_slows_it_down_is_told_without_addresses(state: str, throttled_by: str) -> None:
    shown = progress(LINE.format(copy="1/2 50.0%", state=state, eta="N/A"))
    assert shown.throttled_by == throttled_by
    assert shown.left_s is None


@pytest.mark.parametrize(
    ("eta", "left_s"), [("1h2m3s", 3_723), ("9s", 9), ("", None), ("soon", None), ("-4s", None)]
)
def test_its_estimate_is_read_or_left_out(eta: str, left_s: int | None) -> None:
    assert progress(LINE.format(copy="1/2 50.0%", state="migrating", eta=eta)).left_s == left_s


@pytest.mark.parametrize(
    ("eta", "is_nearly_through"), [("due", True), ("9s", True), ("1m1s", False), ("N/A", False)]
)
def test_a_copy_is_nearly_through_by_its_own_estimate(eta: str, is_nearly_through: bool) -> None:
    status = status_from(LINE.format(copy="1/2 50.0%", state="migrating", eta=eta))
    assert status is not None
    assert status.is_nearly_through is is_nearly_through


@given(
    st.text() | st.builds(lambda cut, text: COPYING[:cut] + text, st.integers(0, 180), st.text())
)
def test_nothing_it_says_is_more_than_not_understood(text: str) -> None:
    status = status_from(text)
    if status is not None:
        assert 0 <= (status.progress.percent or 0) <= 99
    end = end_from(text)
    assert end.reason
    assert "\n" not in end.reason
    assert len(end.reason) < 500


def test_the_reason_of_an_end_is_its_last_fatal_line() -> None:
    end = end_from(
        "2026-11-21 23:00:00 ERROR a first one\n"
        "2026-11-21 23:00:01 FATAL Error 1091 (42000): Can't DROP 'x'; check that it exists\n"
        "2026-11-21 23:00:02 INFO tearing down\n"
    )
    assert end.number == 1091
    assert end.reason.startswith("Error 1091")
    assert not end.is_passing


@pytest.mark.parametrize(
    ("words", "is_passing"),
    [
        ("2026 x FATAL Error 1205 (HY000): Lock wait timeout exceeded", True),
        ("2026 x FATAL invalid connection", True),
        ("2026 x FATAL another gh-ost process is already migrating `t`", True),
        ("2026 x FATAL ApplyIterationInsertQuery failed because of SQL warnings", False),
        ("", False),
    ],
)
def test_what_may_pass_is_known(words: str, is_passing: bool) -> None:
    assert end_from(words).is_passing is is_passing
    if "Error" not in words:
        assert end_from(words).number == UNKNOWN_ERROR


@pytest.mark.invariant("EN-21", "EN-22")
def test_it_is_always_started_so_that_it_loses_nothing_and_waits_to_be_told() -> None:
    given_to_it = command_line(START, WORK)
    for needed in ("--panic-on-warnings", "--exact-rowcount", "--checkpoint", "--execute"):
        assert needed in given_to_it
    assert "--postpone-cut-over-flag-file=/run/f/postpone" in given_to_it
    assert "--assume-master-host=db.example:3306" in given_to_it
    assert "--alter=ADD `a` int" in given_to_it
    for never in ("drop", "discard", "resume", "revert", "skip"):
        assert not any(never in option for option in given_to_it)


@pytest.mark.invariant("PL-12")
def test_neither_login_nor_password_stands_in_its_arguments() -> None:
    arguments = " ".join(command_line(START, WORK))
    assert "ada" not in arguments
    assert "tr0ub4dor" not in arguments
    assert {"ada", "tr0ub4dor&3"} <= set(environment(START.target).values())


def test_its_memory_may_grow_before_it_is_swept_and_not_without_end() -> None:
    given_to_it = environment(START.target)
    assert int(given_to_it["GOGC"]) > 100  # what a Go program does by itself
    assert given_to_it["GOMEMLIMIT"].endswith("MiB")


@pytest.mark.parametrize(
    ("tls", "host", "is_encrypted", "expected"),
    [
        (None, "db.example", False, ["--ssl"]),
        (None, "127.0.0.1", False, []),
        (None, "127.0.0.1", True, ["--ssl", "--ssl-allow-insecure"]),
        (Insecure(), "db.example", True, ["--ssl", "--ssl-allow-insecure"]),
        (Insecure(), "db.example", False, []),
        (TlsFiles(ca=Path("/ca")), "127.0.0.1", True, ["--ssl", "--ssl-ca=/ca"]),
    ],
)
@pytest.mark.invariant("CN-1")
def test_it_speaks_to_the_server_no_less_safely_than_we_do(
    tls: TlsSetting, host: str, is_encrypted: bool, expected: list[str]
) -> None:
    target = replace(START.target, tls=tls, host=host)
    given_to_it = command_line(replace(START, target=target, is_encrypted=is_encrypted), WORK)
    assert [option for option in given_to_it if option.startswith("--ssl")] == expected


def test_limits_of_the_spec_become_its_own() -> None:
    work = replace(WORK, replica_lag_max_s=5, threads_running_max=40, lock_wait_s=4)
    given_to_it = command_line(START, work)
    assert "--max-lag-millis=5000" in given_to_it
    assert not any(word.startswith("--max-load") for word in given_to_it)
    assert "--cut-over-lock-timeout-seconds=4" in given_to_it
    assert "--cut-over-lock-timeout-seconds=10" in command_line(START, WORK)


def test_the_names_of_its_tables_are_its_own() -> None:
    names = names_of("orders")
    assert names is not None
    assert names.all == ("_orders_gho", "_orders_ghc", "_orders_ghk", "_orders_del")
    long = names_of("t" * 64)
    assert long is not None
    assert {len(name) for name in long.all} == {64}
    assert names_of("ä" * 20) is not None
    assert names_of("ä" * 31) is None, "it would be cut inside a character"
    assert lock_name("shop", "orders") == "gh-ost::shop.orders"
    assert len(lock_name("d" * 64, "t" * 64)) < 64


@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize(
    ("before", "after", "apart"),
    [
        (("int", ""), ("int", ""), True),
        (("int", ""), ("bigint", ""), True),
        (("int unsigned", ""), ("bigint unsigned", ""), True),
        (("int(11)", ""), ("bigint(20)", ""), True),
        (("int", ""), ("bigint unsigned", ""), False),
        (("bigint", ""), ("int", ""), False),
        (("varchar(9)", "utf8mb4_bin"), ("varchar(20)", "utf8mb4_bin"), True),
        (("varchar(20)", "utf8mb4_bin"), ("varchar(9)", "utf8mb4_bin"), False),
        (("varchar(9)", "utf8mb4_bin"), ("varchar(9)", "utf8mb4_0900_ai_ci"), False),
        (("datetime(6)", ""), ("datetime", ""), False),
        (("char(9)", "utf8mb4_bin"), ("char(20)", "utf8mb4_bin"), False),
        (("decimal(10,4)", ""), ("decimal(10,2)", ""), False),
        (("binary(16)", ""), ("char(16)", "utf8mb4_bin"), False),
    ],
)
def test_a_key_may_only_become_what_keeps_its_values_apart(
    before: Kind, after: Kind, apart: bool
) -> None:
    assert keeps_apart(before, after) is apart


TABLE = Shape(
    columns={"id": ("int", ""), "v": ("varchar(40)", "utf8mb4_bin"), "n": ("int", "")},
    keys={"PRIMARY": (Part(column="id", chars=None),)},
)


def changed(columns: dict[str, Kind], keys: dict[str, tuple[Part, ...]]) -> Shape:
    return Shape(columns={**TABLE.columns, **columns}, keys={**TABLE.keys, **keys})


@pytest.mark.invariant("EN-20")
@pytest.mark.parametrize(
    ("after", "why"),
    [
        (TABLE, ""),
        (changed({"id": ("bigint", "")}, {}), ""),
        (changed({"id": ("smallint", "")}, {}), "differ in id"),
        (changed({"v": ("varchar(40)", "utf8mb4_0900_ai_ci")}, {}), ""),
        (changed({"v": ("text", "utf8mb4_bin")}, {}), ""),
        (changed({"v": ("int", "")}, {}), "values of v"),
        (changed({"v": ("date", "")}, {}), "values of v"),
        (changed({"n": ("varchar(9)", "utf8mb4_bin")}, {}), ""),
        (changed({}, {"u": (Part(column="v", chars=None),)}), ""),
        (changed({}, {"u": (Part(column=None, chars=None),)}), "key of expressions"),
    ],
)
def test_what_a_copy_would_lose_is_seen_in_its_definition(after: Shape, why: str) -> None:
    reasons = list(loses(TABLE, after))
    assert bool(reasons) is bool(why)
    assert all(why in reason for reason in reasons)
