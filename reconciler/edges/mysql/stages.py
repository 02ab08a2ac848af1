"""How far the server's own DDL is, where the server tells: MySQL in the stages of its performance
schema, MariaDB in its process list.

Rule: what it does not tell stays unknown. MySQL tells nothing where the stages' instruments or the
performance schema are off, or the login may not read it; MariaDB nothing of an ALTER in place.
Neither tells how long it takes: that is worked out from the pace so far.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import PACE_S_MIN
from reconciler.edges.mysql.problems import ServerRefusal, misread
from reconciler.edges.mysql.processes import Process
from reconciler.edges.mysql.reading import number, text
from reconciler.model.engine import Progress
from reconciler.model.server import Flavor

_MYSQL = (
    "SELECT s.EVENT_NAME, s.WORK_COMPLETED, s.WORK_ESTIMATED"
    " FROM performance_schema.threads t"
    " JOIN performance_schema.events_stages_current s ON s.THREAD_ID = t.THREAD_ID"
    " WHERE t.PROCESSLIST_ID = %s AND s.END_EVENT_ID IS NULL"
)
_MARIADB = "SELECT STAGE, MAX_STAGE, PROGRESS FROM information_schema.PROCESSLIST WHERE ID = %s"
# Its work is counted in rows; that of all others in units of their own.
_COPY = "stage/sql/copy to tmp table"
# What a server calls what it does: anything else is nothing to show.
_WORDS = re.compile(r"[\x20-\x7e]{1,64}")
_WAITS = "waiting for "


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What has been done, of what is estimated: in rows, or in units of the server's own. `step` is
    '' where the units are counted through all of a statement, else one is compared with itself."""

    done: int
    total: int
    in_rows: bool = False
    step: str = ""


class StageReader:
    """For one connection that watches."""

    def __init__(self, flavor: Flavor) -> None:
        self._flavor = flavor
        self._may_read = True

    def read(self, link: Link, process: Process) -> Work | None:
        """Raises LinkLost."""
        if not self._may_read:
            return None
        try:
            match self._flavor:
                case Flavor.MYSQL:
                    rows = link.query(_MYSQL, [process.connection_id], width=3)
                    return mysql_work(rows[0]) if rows else None
                case Flavor.MARIADB:
                    rows = link.query(_MARIADB, [process.connection_id], width=3)
                    return mariadb_work(rows[0]) if rows else None
                case _:
                    assert_never(self._flavor)
        except ServerRefusal:
            self._may_read = False  # nothing that a second try would change
            return None


class Pace:
    """From when and where the work of a statement was first seen."""

    def __init__(self) -> None:
        self._first: tuple[float, Work] | None = None

    def left_s(self, now_s: float, work: Work) -> int | None:
        """None while too little has been seen to tell."""
        if self._first is None or not _are_alike(self._first[1], work):
            self._first = (now_s, work)
        since_s, first = self._first
        done = work.done - first.done
        if now_s - since_s < PACE_S_MIN or done <= 0 or work.done > work.total:
            return None
        return round((work.total - work.done) * (now_s - since_s) / done)


def mysql_work(row: tuple[object, ...]) -> Work | None:
    """A row of the query above."""
    name, done, total = text(row[0]), number(row[1]), number(row[2])
    if done is None or not total or done < 0 or total < 0:
        return None
    # InnoDB counts the units of one ALTER on and on through its stages.
    return Work(done=done, total=total, in_rows=name == _COPY)


def mariadb_work(row: tuple[object, ...]) -> Work | None:
    stage, stages = number(row[0]), number(row[1])
    if not stage or not stages:
        return None
    try:
        percent = float(text(row[2]))
    except ValueError:
        raise misread() from None
    if not 0 <= percent <= 100:
        return None
    return Work(done=int(percent * 1000), total=100_000, step=f"step {stage} of {stages}")


def measured(state: str, work: Work | None) -> Progress:
    """`state` is what the process list says that the session does."""
    progress = _in_words(state)
    if work is None:
        return progress
    progress = replace(progress, percent=min(work.done * 100 // work.total, 99))
    if work.in_rows:
        total = work.total if work.total >= work.done else None
        return replace(progress, rows_done=work.done, rows_total=total)
    if work.step:
        stage = f"{progress.stage}, {work.step}" if progress.stage else work.step
        return replace(progress, stage=stage)
    return progress


def _in_words(state: str) -> Progress:
    if not _WORDS.fullmatch(state):
        return Progress()
    if state.lower().startswith(_WAITS):
        return Progress(waits_for=state[len(_WAITS) :])
    return Progress(stage=state)


def _are_alike(one: Work, other: Work) -> bool:
    return (one.in_rows, one.step) == (other.in_rows, other.step)
