"""Splits in a ledger that several processes use at once, and whose answers are lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.server.process import RunningServer
from reconciler.ports.split_jobs import OutcomeUnknown
from reconciler.reshard.job import SplitJob
from reconciler.reshard.phases import Phase
from tests.conftest import FreshDatabase
from tests.integration.commits import Commits, Lost
from tests.integration.split_racer import KEYSPACES, TURNS
from tests.sample_splits import SHARDS, adopted_in, brought_to, new_job, opened_in
from tests.waiting import until

Addresses = Callable[[int], str]


@pytest.fixture(params=["mysql_server", "mariadb_server"])
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def address(server: RunningServer, fresh_database: FreshDatabase) -> Addresses:
    """Of one ledger, by the port that leads to its server."""
    database, login = fresh_database(server), f"{server.admin.user}:{server.admin.password}"
    return lambda port: f"mysql://{login}@127.0.0.1:{port}/{database}"


@pytest.fixture
def ledger(server: RunningServer, address: Addresses) -> Iterator[SqlLedger]:
    opened = open_ledger(address(server.port), default_file=Path("unused"))
    yield opened
    opened.close()


@pytest.fixture
def way(server: RunningServer) -> Iterator[Commits]:
    opened = Commits(server)
    with opened:
        yield opened


@pytest.fixture
def losing(way: Commits, address: Addresses) -> Iterator[SqlLedger]:
    """The same ledger, by the way on which a COMMIT can be lost."""
    opened = open_ledger(address(way.port), default_file=Path("unused"))
    yield opened
    opened.close()


def race(url: str, *wants: str) -> list[list[object]]:
    """What each of these processes got, which all begin at once."""
    command = [sys.executable, "-m", "tests.integration.split_racer", url]
    racers = [
        subprocess.Popen(
            [*command, want, f"{want} {number}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, want in enumerate(wants)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    ended = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        told, _ = racer.communicate()
        assert racer.returncode == 0
        ended.append(json.loads(told))
    return ended


@pytest.mark.invariant("SP-15")
@pytest.mark.invariant("SP-16")
def test_of_processes_that_begin_at_once_one_gets_the_keyspace(
    server: RunningServer, address: Addresses, ledger: SqlLedger
) -> None:
    for keyspace in KEYSPACES:
        adopted_in(ledger, keyspace)
    got = race(address(server.port), "split", "apply", "split", "apply")
    assert sorted(str(keyspace) for one in got for keyspace in one) == sorted(KEYSPACES)
    for keyspace in KEYSPACES:
        job = ledger.split_jobs.live("production", keyspace)
        assert (job is None) != (ledger.unfinished("production", keyspace) is None)


@pytest.mark.invariant("SP-14")
def test_of_drivers_that_write_at_once_one_writes_each_revision(
    server: RunningServer, address: Addresses, ledger: SqlLedger
) -> None:
    brought_to(ledger, opened_in(ledger, "ks0"), Phase.CATCHUP)
    made = race(address(server.port), "turns", "turns", "turns")
    job = ledger.split_jobs.live("production", "ks0")
    assert job is not None
    revisions = sorted(int(str(revision)) for one in made for revision in one)
    assert revisions == list(range(4, 4 + 3 * TURNS))
    assert job.revision == revisions[-1]
    assert len(ledger.split_jobs.path(job.job_id)) == 2 + len(revisions)


def at_cutover(ledger: SqlLedger) -> SplitJob:
    return brought_to(ledger, opened_in(ledger), Phase.CUTOVER)


@pytest.mark.invariant("SP-25")
@pytest.mark.parametrize("how", [Lost.BEFORE, Lost.AFTER])
def test_a_cutover_without_an_answer_is_unknown_and_settled_by_reading(
    ledger: SqlLedger, losing: SqlLedger, way: Commits, how: Lost
) -> None:
    job = at_cutover(losing)
    way.lose(how)
    with pytest.raises(OutcomeUnknown, match="nobody knows whether it did"):
        losing.routes.cut_over(job)
    found = losing.split_jobs.settled(job.job_id)
    catalog = ledger.routes.read("production", "commerce")
    assert catalog is not None
    if how is Lost.BEFORE:
        assert found == job
        assert (catalog.version, catalog.shards) == (1, SHARDS)
        assert losing.routes.cut_over(found).phase is Phase.CLEANUP
    else:
        assert (found.phase, found.cutover_version) == (Phase.CLEANUP, 2)
        assert (catalog.version, catalog.shards) == (2, ("-40", "40-80", "80-"))
        assert losing.routes.open_targets(found).opened_version == 3


@pytest.mark.invariant("SP-25")
def test_what_is_still_on_its_way_is_waited_for(
    ledger: SqlLedger, losing: SqlLedger, way: Commits
) -> None:
    """A plain look would find the job before its cutover, and be wrong a moment later."""
    job = at_cutover(ledger)
    way.lose(Lost.HELD)
    with pytest.raises(OutcomeUnknown):
        losing.routes.cut_over(job)
    assert ledger.split_jobs.job(job.job_id) == job
    found: list[SplitJob] = []
    looking = Thread(target=lambda: found.append(ledger.split_jobs.settled(job.job_id)))
    looking.start()
    until(lambda: waits_for_a_row(ledger), "the look to wait")
    assert found == []
    way.let_through()
    looking.join()
    assert [one.phase for one in found] == [Phase.CLEANUP]


def waits_for_a_row(ledger: SqlLedger) -> bool:
    with ledger._engine.connect() as connection:
        asked = "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        return connection.exec_driver_sql(asked).scalar() == 1


@pytest.mark.invariant("SP-25")
@pytest.mark.parametrize("how", [Lost.BEFORE, Lost.AFTER])
def test_no_write_of_a_job_takes_a_lost_answer_for_a_failure(
    ledger: SqlLedger, losing: SqlLedger, way: Commits, how: Lost
) -> None:
    adopted_in(ledger)
    way.lose(how)
    with pytest.raises(OutcomeUnknown):
        losing.split_jobs.open(new_job(), holder="me", now_s=1.0)
    job = losing.split_jobs.live("production", "commerce")
    assert (job is None) == (how is Lost.BEFORE)
    job = job or losing.split_jobs.open(new_job(), holder="me", now_s=1.0)
    way.lose(how)
    with pytest.raises(OutcomeUnknown):
        losing.split_jobs.move(job, Phase.BACKFILL, now_s=2.0)
    found = losing.split_jobs.settled(job.job_id)
    assert found.phase is (Phase.PLANNED if how is Lost.BEFORE else Phase.BACKFILL)
