"""The walks over a shard's tables, in turns: each gets its share of the time that is left.

Rule (PF-13): a walk that takes longer than there is time keeps no other question of its shard from
an answer. What a turn has seen stays seen: the next one goes on behind it, in the same session.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.edges.mysql.probe_places import go_on_from_place
from reconciler.edges.mysql.probe_session import NotAnswered
from reconciler.edges.mysql.probe_sheet import Sheet
from reconciler.edges.mysql.probe_walk import (
    TableWalk,
    TurnOver,
    walk_conditions,
    walk_equal_rows,
)
from reconciler.ports.row_probes import TableAsked
from reconciler.preflight.model import EqualRows, Probe


@dataclass
class OpenWalk:
    """Questions about a table that one walk answers, begun by `begin`."""

    table: TableAsked
    probes: tuple[Probe, ...]
    begin: Callable[[], TableWalk]
    walked: TableWalk | None = field(default=None, init=False)


def take_turn(
    sheet: Sheet, walk: OpenWalk, *, turns_left: int, check_table: Callable[[], None]
) -> list[OpenWalk]:
    """What is left of it for later. `turns_left` are those before the next one of this walk. Where
    the server refuses questions together, each is asked by itself: one may have a condition that a
    single row makes an error of. Raises NotAnswered where nothing more is asked in this session."""
    probes = [probe for probe in walk.probes if not sheet.is_answered(probe)]
    if not probes:
        return []
    try:
        if walk.walked is None:
            walk.walked = walk.begin()
            go_on_from_place(walk.walked, sheet, probes, check_table)
        walked = walk.walked
        walked.take_up(until_s=_ends_s(sheet, turns_left))
        if isinstance(equal := probes[0].question, EqualRows):
            sheet.tell(probes[0], walk_equal_rows(walked, probes[0], equal))
        else:
            walk_conditions(walked, probes, sheet.tell)
    except TurnOver:
        return [walk]
    except NotAnswered as error:
        if error.ends_all:
            raise
        if len(probes) > 1:
            return [OpenWalk(walk.table, (probe,), walk.begin) for probe in probes]
        sheet.tell(probes[0], error.answer)
    return []


def _ends_s(sheet: Sheet, turns_left: int) -> float:
    """The last one of all has the time that is left."""
    if turns_left == 1:
        return math.inf
    now_s = time.monotonic()
    return now_s + share_s(max(0.0, sheet.give_up_s - now_s), turns_left)


def share_s(left_s: float, turns_left: int) -> float:
    return left_s / turns_left
