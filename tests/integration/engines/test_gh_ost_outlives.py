"""Whoever kills an apply in the middle of gh-ost's swap does not kill gh-ost there; and if both die
at once, as with a container, what they have left with the server ends the swap or undoes it."""

from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.conftest import FreshDatabase
from tests.connections import admin_connection
from tests.contract.engines.gh_ost import pids_of
from tests.integration.engines.held import SHARD, HeldCopy, held_copy, of_engines
from tests.integration.engines.test_cutover import all_wait
from tests.integration.engines.test_gh_ost_killed import is_at
from tests.integration.mysql_edges import admin_cursor
from tests.integration.rollouts import applying
from tests.integration.writer import Writer
from tests.preloaded import Started
from tests.waiting import PATIENCE_S, until

on_both_servers = of_engines(
    (EngineName.GH_OST, "mysql_server"), (EngineName.GH_OST, "mariadb_server")
)


@pytest.mark.invariant("EN-53")
@on_both_servers
def test_a_swap_comes_to_its_end_though_its_apply_was_killed_in_it(
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    source: RunningServer = request.getfixturevalue(server)
    copy = held_copy(
        *(tmp_path / "shop", source, fresh_database, monkeypatch), engine=engine, rollout={}
    )
    with copy.fleet.connected(SHARD) as reader, applying(copy.fleet) as process:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM items")
        with admin_cursor(source) as looking:
            until(lambda: is_at(looking, "lock /* gh-ost */ table"), "the swap", pause_s=0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_S)
        assert pids_of(copy.database), "it waits for the reader"
        reader.execute("COMMIT")
        until(lambda: not pids_of(copy.database), "the end of gh-ost")
    copy.check_whole("bigint")
    resumed = copy.fleet.run("apply")
    assert resumed.code == 0, resumed.said
    assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"


# What the session of an apply that has died keeps the table by, and for how long here: until this
# test has seen it, on a machine that is busy.
OUTLIVES, OUTLIVES_S = "SELECT SLEEP(", 5
APPLY = f"""
from reconciler.__main__ import main
from reconciler.edges.engines.gh_ost import swap_guard
swap_guard.SWAP_GUARD_OUTLIVES_S = {OUTLIVES_S}
main()
"""
# By which statement it is found, and the table that is read, so that gh-ost stays there.
MOMENTS = {
    "before it has the table": ("lock /* gh-ost */ tables", "items"),
    "behind its last drop": ("rename /* gh-ost */ table", "_items_gho"),
}


@pytest.mark.invariant("EN-88")
@on_both_servers
@pytest.mark.parametrize("moment", MOMENTS)
def test_gh_ost_and_its_apply_may_die_at_once_in_the_swap_while_somebody_writes(
    moment: str,
    engine: EngineName,
    server: str,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    source: RunningServer = request.getfixturevalue(server)
    copy = held_copy(
        *(tmp_path / "shop", source, fresh_database, monkeypatch),
        engine=engine,
        rollout={"cutover": {"gate": True}},
    )
    statement, held = MOMENTS[moment]
    with writer_of(copy) as writer:
        with (
            copy.fleet.connected(SHARD) as reader,
            applying(copy.fleet, ("-c", APPLY)) as process,
            admin_cursor(source) as looking,
        ):
            until(lambda: all_wait(copy.fleet), "the copy to be complete")
            reader.execute("BEGIN")
            reader.execute(f"SELECT COUNT(*) FROM {held}")
            released = copy.fleet.run("release")
            assert released.code == 0, released.said
            until_at(copy, statement, is_dropped=held == "_items_gho")
            for pid in (process.pid, *pids_of(copy.database)):
                os.kill(pid, signal.SIGKILL)
            process.wait(PATIENCE_S)
            until(lambda: not pids_of(copy.database), "the end of gh-ost")
            written = writer.written
            if held == "_items_gho":
                until(lambda: is_at(looking, OUTLIVES), "the session to have the table")
            reader.execute("COMMIT")
            until(lambda: writer.written > written + 10, "the table to be everybody's")
        with applying(copy.fleet) as process:
            until(lambda: goes_to_its_end(process, copy), "the second apply to end")
            assert process.returncode == 0, process.communicate()[0]
    assert writer.errors == []
    assert rows_of(copy) == writer.rows
    assert "`a` bigint" in copy.fleet.definitions(SHARD)["items"]
    assert [*copy.fleet.definitions(SHARD)] == ["items"], "nothing is left beside the table"


def goes_to_its_end(process: Started, copy: HeldCopy) -> bool:
    """What was begun again waits once more to be released."""
    if all_wait(copy.fleet):
        copy.fleet.run("release")
    return process.poll() is not None


def until_at(copy: HeldCopy, statement: str, *, is_dropped: bool) -> None:
    with admin_cursor(copy.server, copy.database) as looking:

        def is_there() -> bool:
            looking.execute("SHOW TABLES LIKE '_items_del'")
            has_sentry = looking.fetchone() is not None
            return is_at(looking, statement) and has_sentry is not is_dropped

        until(is_there, statement, pause_s=0.002)


def writer_of(copy: HeldCopy) -> Writer:
    return Writer(
        partial(admin_connection, copy.server),
        copy.database,
        "items",
        columns={"a": int},
        rows=rows_of(copy),
    )


def rows_of(copy: HeldCopy) -> dict[int, tuple[object, ...]]:
    return {int(n): (a,) for n, a in copy.fleet.sql(SHARD, "SELECT id, a FROM items")}
