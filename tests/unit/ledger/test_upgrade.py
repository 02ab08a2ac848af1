"""A ledger of an earlier version is upgraded in place; one of a later version is refused."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.edges.ledger.sql import open_ledger
from reconciler.edges.ledger.tables import LEDGER_VERSION
from reconciler.errors import Refused
from reconciler.ledger.states import ApplyState, OperationState
from tests.contract.ledgers import moved_to, row_of

VERSION_1 = (Path(__file__).parent / "version_1.sql").read_text()


def test_version_1_is_upgraded_and_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    with sqlite3.connect(file) as connection:
        connection.executescript(VERSION_1)
    connection.close()
    for _ in range(2):
        ledger = open_ledger(None, default_file=file)
        stored = ledger.unfinished("production", "commerce")
        assert stored is not None
        assert (stored.apply_id, stored.state) == (7, ApplyState.STOPPED)
        lease = ledger.take_over(7, holder="me", now_s=9.0)
        row = row_of(ledger, lease)
        assert row.state is OperationState.STOPPED
        assert row.waits_for == ""
        ledger.record(lease, [moved_to(row, OperationState.STOPPED)])
        ledger.close()


def test_a_later_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    open_ledger(None, default_file=file).close()
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE reconciler_schema_version SET version = {LEDGER_VERSION + 1}")
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


def test_the_folder_of_the_ledger_hides_itself_from_git(tmp_path: Path) -> None:
    open_ledger(None, default_file=tmp_path / ".reconciler" / "ledger.sqlite").close()
    assert (tmp_path / ".reconciler" / ".gitignore").read_text() == "*\n"
