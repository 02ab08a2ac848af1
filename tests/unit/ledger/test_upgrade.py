"""A stored ledger of each format is read, taken up and written to; what is not ours is refused."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from reconciler.edges.ledger import versions
from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.ledger.versions import LEDGER_VERSION
from reconciler.errors import Refused
from reconciler.ledger.model import Forgotten
from reconciler.ledger.reasons import InWords
from reconciler.ledger.states import OperationState, RequestState, StatementState
from reconciler.model.object_id import table_id
from reconciler.plan.model import Moment
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds, Place
from reconciler.reshard.job import Approval, JobProgress, JobRequestKind
from reconciler.reshard.loads import Measured, Measurement
from reconciler.reshard.phases import Phase
from tests.contract.ledgers import moved_to, row_of
from tests.sections import CASES

STORED = sorted((CASES / "formats").glob("ledger-*.sql"))


def restored(path: Path, file: Path) -> Path:
    with sqlite3.connect(file) as connection:
        connection.executescript(path.read_text(encoding="utf-8"))
    connection.close()
    return file


def test_a_ledger_of_every_format_is_stored() -> None:
    wanted = [f"ledger-{version}" for version in range(1, LEDGER_VERSION + 1)]
    assert [path.stem for path in STORED] == wanted


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_ledger_is_taken_up_and_loses_nothing(path: Path, tmp_path: Path) -> None:
    file = restored(path, tmp_path / "ledger.sqlite")
    for _ in range(2):
        ledger = open_ledger(None, default_file=file)
        stored = ledger.unfinished("production", "commerce")
        assert stored is not None
        lease = ledger.take_over(stored.apply_id, holder="me", now_s=9.0)
        row = row_of(ledger, lease)
        assert (row.object_id, row.state) == (table_id("users"), OperationState.UNKNOWN)
        ledger.record(lease, [moved_to(row, OperationState.UNKNOWN)])
        (sent,) = ledger.statements(stored.apply_id)
        assert (sent.state, sent.object_id) == (StatementState.UNKNOWN, table_id("users"))
        assert sent.problem is not None
        (step,) = ledger.finalizers(stored.apply_id)
        assert (step.moment, step.state) == (Moment.LAST, OperationState.PENDING)
        assert [event.what for event in ledger.events(stored.apply_id, limit=9)] == [
            InWords("outcome unknown"),
            InWords("began"),
        ]
        (asked,) = ledger.requests(stored.apply_id, RequestState.PENDING)
        assert asked.asked_by == "ada"
        ledger.close()


@pytest.mark.parametrize("path", STORED[1:], ids=lambda path: path.stem)
def test_a_stored_split_is_taken_up_and_loses_nothing(path: Path, tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=restored(path, tmp_path / "ledger.sqlite"))
    jobs = ledger.split_jobs
    job = jobs.live("production", "orders")
    assert job is not None
    assert (job.phase, job.retry_phase) == (Phase.FAILED, Phase.BACKFILL)
    assert [table.table_id for table in job.ground] == [1067]
    assert [bracket.batch for bracket in jobs.brackets(job.job_id)] == [4]
    assert [one.approval for one in jobs.approvals(job.job_id)] == [Approval.START]
    assert [asked.kind for asked in jobs.requests(job.job_id)] == [JobRequestKind.STOP]
    again = jobs.move(job, Phase.BACKFILL, now_s=9.0)
    assert [entry.after for entry in jobs.path(job.job_id)][-1] is again.phase
    catalog = ledger.routes.read("production", "orders")
    assert catalog is not None
    assert (catalog.version, catalog.shards) == (1, ("-80", "80-"))
    ledger.close()


@pytest.mark.parametrize("path", STORED[2:], ids=lambda path: path.stem)
def test_a_stored_look_is_read(path: Path, tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=restored(path, tmp_path / "ledger.sqlite"))
    [look] = ledger.looks.past("production", "commerce", since_s=0.0)
    assert look == Measurement(at_s=3.5, shards=(Measured(shard="-40", size_bytes=16_384, rows=7),))
    ledger.close()


@pytest.mark.parametrize("path", STORED[4:], ids=lambda path: path.stem)
def test_the_stored_progress_of_a_split_is_read(path: Path, tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=restored(path, tmp_path / "ledger.sqlite"))
    told = ledger.split_jobs.progress(1)
    assert told == JobProgress(at_s=3.5, queued=12, oldest_s=0.5, copied_per_s=2e4, to_compare=7)
    ledger.close()


@pytest.mark.parametrize("path", STORED[6:], ids=lambda path: path.stem)
def test_a_stored_answer_of_rows_is_read(path: Path, tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=restored(path, tmp_path / "ledger.sqlite"))
    held = ledger.row_answers.held("production", "commerce", since_s=3.0)
    assert held == {AskedOf("-40", "sha256:1"): Holds(at_s=3.5, rows_seen=7, behind_s=2)}
    ledger.close()


@pytest.mark.parametrize("path", STORED[8:], ids=lambda path: path.stem)
def test_a_stored_place_of_a_walk_is_read(path: Path, tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=restored(path, tmp_path / "ledger.sqlite"))
    reached = ledger.row_answers.places.reached("production", "commerce", since_s=3.0)
    assert reached == {
        AskedOf("-40", "sha256:2"): Place(
            begun_s=3.5,
            seen_s=4.5,
            rows_seen=7,
            rows_of=9,
            index="PRIMARY",
            values=("12", "0A"),
            behind_s=2,
        )
    }
    ledger.close()


@pytest.mark.parametrize("path", STORED[7:], ids=lambda path: path.stem)
def test_what_a_stored_ledger_has_forgotten_is_told_and_swept(path: Path, tmp_path: Path) -> None:
    ledger = open_ledger(None, default_file=restored(path, tmp_path / "ledger.sqlite"))
    told = Forgotten(keyspace="commerce", applies=3, until_s=0.5)
    assert ledger.forgotten("production", "commerce") == told
    assert len(ledger.requests(7)) == 1
    ledger.forget("production", "commerce", now_s=0.0, keep_s=0, rows_max=9)
    assert ledger.requests(7) == []
    ledger.close()


def test_an_earlier_version_is_upgraded_in_place_step_by_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def add_mood(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE reconciler_applies ADD COLUMN mood TEXT"))

    def cheer_up(connection: Connection) -> None:
        connection.execute(text("UPDATE reconciler_applies SET mood = 'good'"))

    file = restored(STORED[-1], tmp_path / "ledger.sqlite")
    monkeypatch.setattr(versions, "LEDGER_VERSION", LEDGER_VERSION + 2)
    upgrades = {LEDGER_VERSION: add_mood, LEDGER_VERSION + 1: cheer_up}
    monkeypatch.setattr(versions, "UPGRADES", upgrades)
    for _ in range(2):
        open_ledger(None, default_file=file).close()
    with sqlite3.connect(file) as connection:
        moods = connection.execute("SELECT mood FROM reconciler_applies").fetchall()
    connection.close()
    assert moods == [("good",)]


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    open_ledger(None, default_file=file).close()
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE reconciler_ledger_version SET version = {LEDGER_VERSION + 1}")
    connection.close()
    with pytest.raises(Refused, match="this program knows"):
        open_ledger(None, default_file=file)
    assert not is_open(file), "the refused ledger's file"


def is_open(file: Path) -> bool:
    """Does this process hold the file?"""
    held = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists the folder is gone by now
            held.append(descriptor.readlink())
    return file in held


def test_tables_of_our_names_that_we_did_not_make_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE reconciler_applies (apply_id INTEGER, what TEXT)")
    connection.close()
    with pytest.raises(Refused, match="no released version"):
        open_ledger(None, default_file=file)


def test_making_the_tables_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    """MySQL commits each DDL on its own: tables without a version are half a beginning."""
    file = tmp_path / "ledger.sqlite"
    open_ledger(None, default_file=file).close()
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM reconciler_ledger_version")
        connection.execute("DROP TABLE reconciler_requests")
    connection.close()
    open_ledger(None, default_file=file).close()


def test_the_folder_of_the_ledger_hides_itself_from_git(tmp_path: Path) -> None:
    open_ledger(None, default_file=tmp_path / ".reconciler" / "ledger.sqlite").close()
    assert (tmp_path / ".reconciler" / ".gitignore").read_text() == "*\n"
