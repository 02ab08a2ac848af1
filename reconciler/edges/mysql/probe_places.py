"""Goes on where a walk was given up before, and notes how far this one comes.

Rule (PF-30): a place is noted behind a stretch that was seen whole and refutes nothing, while the
table is the one that was seen and a replica that answers follows its primary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from reconciler.edges.mysql.limits import PROBE_LOOK_EVERY_S
from reconciler.edges.mysql.probe_session import TookTooLong, now_s
from reconciler.edges.mysql.probe_sheet import Sheet
from reconciler.edges.mysql.probe_walk import TableWalk, minds_warnings
from reconciler.preflight.model import Place, Probe
from reconciler.preflight.sql import walk_source


def go_on_from_place(
    walked: TableWalk, sheet: Sheet, probes: Sequence[Probe], check_table: Callable[[], None]
) -> None:
    """All of these have the same place. `check_table` raises where the table is another one than
    was seen. Raises NotAnswered."""
    if sheet.asked.places is None or not walked.walk.forms:
        return
    place = sheet.places.get(probes[0])
    hears = _hears(walked, probes)
    if place is not None and hears and walked.begin_at(place):
        sheet.count_behind(place.behind_s)
    else:
        for probe in probes:
            sheet.places.pop(probe, None)
    if not hears:  # what it would have warned of so far, no later session finds out
        return
    rows_of = _rows_of(walked)

    def mark(left: Sequence[Probe]) -> None:
        if time.monotonic() < sheet.marked_s + PROBE_LOOK_EVERY_S:
            return
        try:
            values = walked.place()
        except TookTooLong:
            return
        if values is None:
            return
        check_table()
        sheet.follow()
        reached = Place(
            begun_s=round(walked.begun_s, 3),
            seen_s=round(now_s(), 3),
            rows_seen=walked.seen,
            rows_of=rows_of,
            index=walked.walk.index,
            values=values,
            behind_s=sheet.behind_s,
        )
        sheet.places.update(dict.fromkeys(left, reached))
        sheet.marked_s = time.monotonic()

    walked.mark = mark


def _hears(walked: TableWalk, probes: Sequence[Probe]) -> bool:
    try:
        return not any(map(minds_warnings, probes)) or walked.session.hears_warnings()
    except TookTooLong:
        return False


def _rows_of(walked: TableWalk) -> int:
    source = walk_source(walked.table, None, walked.versions)
    try:
        return walked.session.estimated(f"SELECT 1 FROM {source}")[1]
    except TookTooLong:
        return 0
