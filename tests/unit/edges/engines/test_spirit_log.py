"""What is read out of Spirit's log: lines of a real run, and what is none of them."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.edges.engines.spirit.log import NOTHING_SAID, SpiritSaid, heard
from reconciler.model.engine import Progress

# Of a run of version 0.15.1, without the lines that say nothing here.
COPIED = """\
2026/11/21 23:04:58 INFO Starting spirit migration version=0.15.1 commit=unknown concurrency=1
2026/11/21 23:04:58 INFO acquired metadata lock lock_name=e1.users-75dcc85f
2026/11/21 23:04:58 INFO begin to sync binlog from position position="(binlog.000002, 198)"
2026/11/21 23:05:28 INFO migration status: state=copyRows copy-progress=188266/200000 94.13% \
binlog-deltas=0 total-time=1m31s copier-time=1m30s copier-remaining-time=1h2m3s \
copier-is-throttled=false conns-in-use=2
2026/11/21 23:05:48 INFO checkpoint low-watermark="{\\"Key\\":[]}" position=binlog.2:198
"""
COMPARED = """\
2026/11/21 23:05:49 INFO copy rows complete
2026/11/21 23:05:49 INFO Running ANALYZE TABLE
2026/11/21 23:05:49 INFO starting checksum operation, this will require a table lock
2026/11/21 23:05:49 WARN trying to acquire table locks timeout=5
"""
READY = """\
2026/11/21 23:05:50 WARN table lock(s) acquired
2026/11/21 23:05:50 INFO table unlocked, starting checksum
2026/11/21 23:05:50 INFO checksum passed
2026/11/21 23:05:50 WARN cutover deferred while sentinel table exists; will wait \
sentinel-table=_spirit_sentinel wait-limit=48h0m0s
"""
SWAPPED = """\
2026/11/21 23:06:00 INFO sentinel table dropped time=2026-11-21T23:06:00.073Z
2026/11/21 23:06:00 WARN Attempting final cut over operation attempt=1 max_retries=3
2026/11/21 23:06:00 WARN final cut over operation complete
"""
APPLIED = """\
2026/11/21 23:06:00 INFO apply complete instant-ddl=false inplace-ddl=false total-chunks=4
2026/11/21 23:06:00 INFO syncer is closed
"""


def said(text: str) -> SpiritSaid:
    return reduce(heard, text.splitlines(), NOTHING_SAID)


def test_how_far_the_copy_is() -> None:
    copied = said(COPIED)
    assert copied.progress == Progress(
        stage="copy rows", percent=94, rows_done=188266, rows_total=200000, left_s=3723
    )
    assert copied.is_recorded
    assert not copied.is_ready


def test_what_it_waits_for() -> None:
    assert said(COPIED + COMPARED).progress == Progress(
        stage="checksum", waits_for="the table's lock"
    )


def test_each_step_to_the_end() -> None:
    ready = said(COPIED + COMPARED + READY)
    assert (ready.is_ready, ready.is_told, ready.is_swapped) == (True, False, False)
    assert ready.progress == Progress(stage="ready", percent=99)
    swapped = said(COPIED + COMPARED + READY + SWAPPED)
    assert (swapped.is_ready, swapped.is_told, swapped.is_swapped) == (False, True, True)
    assert swapped.progress == Progress(stage="cut over")
    assert not swapped.is_applied
    assert said(COPIED + COMPARED + READY + SWAPPED + APPLIED).is_applied


STATUS = "2026/11/21 23:05:28 INFO migration status: state="


STATES = {
    "copyRows copy-progress=3/0 0.00% binlog-deltas=0 total-time=1s copier-time=0s"
    " copier-remaining-time=TBD copier-is-throttled=true conns-in-use=1": Progress(
        stage="copy rows", rows_done=3, throttled_by="its own limits"
    ),
    "copyRows copy-progress=5/4 125.00% binlog-deltas=0 total-time=1s copier-time=0s"
    " copier-remaining-time=2m5s (30s later than 1 hour ago) copier-is-throttled=false"
    " conns-in-use=1": Progress(
        stage="copy rows", percent=99, rows_done=5, rows_total=4, left_s=125
    ),
    "checksum checksum-progress=10/40 25.00% binlog-deltas=7 total-time=2m0s"
    " checksum-time=3s conns-in-use=3": Progress(stage="checksum", rows_done=10, rows_total=40),
    "waitingOnSentinelTable sentinel-table=app._spirit_sentinel total-time=1m0s"
    " sentinel-wait-time=30s sentinel-max-wait-time=48h0m0s conns-in-use=1": Progress(
        stage="ready", percent=99
    ),
    "postChecksum binlog-deltas=0 total-time=2s": Progress(stage="apply changes"),
    "errCleanup": Progress(),
    "copyRows copy-progress=1/2 binlog-deltas=0": Progress(stage="copy rows"),
}


@pytest.mark.parametrize(("line", "progress"), STATES.items())
def test_each_status(line: str, progress: Progress) -> None:
    assert heard(NOTHING_SAID, STATUS + line).progress == progress


def test_a_status_that_was_on_its_way_does_not_take_back_that_it_was_told() -> None:
    told = said(COPIED + COMPARED + READY + SWAPPED)
    again = heard(told, STATUS + "waitingOnSentinelTable sentinel-table=app._spirit_sentinel")
    assert not again.is_ready


def test_its_last_word_ends_it_and_holds_all_that_follows() -> None:
    text = COPIED + "spirit: error: Error 1064 (42000): near 'x\n" + SWAPPED
    ended = said(text)
    assert ended.error.startswith("Error 1064 (42000): near 'x 2026/11/21")
    assert not ended.is_swapped


def test_its_last_lines_may_be_heard_again() -> None:
    ended = COPIED + "spirit: error: invalid connection\n"
    assert said(ended + ended) == said(ended)


@given(st.text())
def test_no_other_line_means_anything(line: str) -> None:
    before = said(COPIED)
    after = heard(before, f"x {line}")
    assert after == before


@given(
    st.sampled_from(["copyRows copy-progress=", "checksum checksum-progress=", "copyRows "]),
    st.text(alphabet="0123456789/%. -=abcTBDUE()hms", max_size=120),
)
def test_no_number_is_made_up(state: str, rest: str) -> None:
    progress = heard(NOTHING_SAID, STATUS + state + rest).progress
    assert progress.percent is None or 0 <= progress.percent <= 99
    for number in (progress.rows_done, progress.rows_total, progress.left_s):
        assert number is None or number >= 0
    if "/" not in rest:
        assert progress.rows_done is None


@given(st.lists(st.sampled_from((COPIED + COMPARED + READY + SWAPPED + APPLIED).splitlines())))
def test_hearing_a_line_twice_changes_nothing(lines: list[str]) -> None:
    for line in lines:
        once = heard(NOTHING_SAID, line)
        assert heard(once, line) == once


@pytest.mark.invariant("EN-52")
def test_what_it_says_of_its_sentinel_is_told_from_what_it_says_every_30_s() -> None:
    lines = (COPIED + COMPARED).splitlines()
    assert not reduce(heard, lines, NOTHING_SAID).is_copied
    *compares, _, waits = READY.splitlines()
    compared = reduce(heard, [*lines, *compares], NOTHING_SAID)
    assert (compared.is_copied, compared.is_ready, compared.is_deferred) == (True, False, False)
    shown = "2026/11/21 23:05:51 INFO migration status: state=waitingOnSentinelTable total-time=9s"
    assert (heard(compared, shown).is_ready, heard(compared, shown).is_deferred) == (True, False)
    assert heard(compared, waits).is_deferred
