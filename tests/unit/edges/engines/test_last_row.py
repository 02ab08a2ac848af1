"""gh-ost's hook behind the last row, as its driver keeps it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reconciler.edges.engines.gh_ost.command import POSTPONE
from reconciler.edges.engines.gh_ost.last_row import LastRow
from reconciler.edges.engines.limits import GH_OST_POSTPONES_AGAIN_S


def test_the_next_try_is_postponed_once_and_no_file_keeps_a_folder_that_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    last_row = LastRow(tmp_path)
    last_row.swap()
    last_row.keep()
    assert not (tmp_path / POSTPONE).exists(), "its try goes first"
    now_s += GH_OST_POSTPONES_AGAIN_S
    last_row.keep()
    assert (tmp_path / POSTPONE).exists()
    (tmp_path / POSTPONE).unlink()
    last_row.keep()
    assert not (tmp_path / POSTPONE).exists()
    last_row.close()
