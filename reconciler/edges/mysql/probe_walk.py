"""A table walked along an index, a stretch at a time, until every question put to it is answered.

Rule: "holds" needs the whole range. A stretch that another connection answers, or that has no rows
where its end was found, was not seen: between us and the server something takes statements apart.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reconciler.ddl.key_walk import (
    at_end_sql,
    go_on_sql,
    is_taken_up_sql,
    next_end_sql,
    set_aside_sql,
    take_up_sql,
)
from reconciler.edges.mysql.limits import (
    PROBE_GROWTH_MAX,
    PROBE_REST_SHARE,
    PROBE_ROWS_FIRST,
    PROBE_ROWS_MAX,
    PROBE_ROWS_MIN,
    PROBE_STRETCH_S,
)
from reconciler.edges.mysql.probe_session import NotAnswered, ProbeSession, TookTooLong, now_s
from reconciler.edges.mysql.reading import number
from reconciler.preflight.model import (
    Answer,
    EqualRows,
    Holds,
    NotSettled,
    OnWarning,
    Place,
    Probe,
    RowCondition,
    Versions,
    Violated,
    Walk,
)
from reconciler.preflight.places import begin_at_sql, place_of_walk_sql, written
from reconciler.preflight.sql import (
    equal_stretch_sql,
    stretch_sql,
    walk_source,
)

_FOR_NOTHING = "the server takes longer than a second for nothing"
_OTHER_CONNECTION = "its statements are answered by more than one connection"
WARNED = "the server warns of a row, and the statement may take that for an error"
_UNHEARD = "what the server warns of does not come through"
_NOTHING_SEEN = "rows went away while they were looked at"
# The server ends a statement that waits for a lock as it ends one that reads for too long.
_SLOW_OR_LOCKED = "a few rows take the server longer than a second, or a lock is held on the table"


class TurnOver(Exception):
    """The walk waits for its next turn."""


@dataclass
class TableWalk:
    """`may_go_on` is called before each stretch: it waits while the shard is over its limits, and
    raises NotAnswered where the time is over. `begun_s` is when its first row was looked at, in an
    earlier session where it went on from there. `number` is no other walk's in this session."""

    session: ProbeSession
    table: str
    walk: Walk
    may_go_on: Callable[[], None]
    condition: str | None = None
    versions: Versions = Versions.CURRENT
    rest_share: float = PROBE_REST_SHARE
    number: int = 0
    sleep: Callable[[float], None] = time.sleep
    rows: int = field(default_factory=lambda: PROBE_ROWS_FIRST)
    seen: int = 0
    is_first: bool = True
    begun_s: float = field(default_factory=now_s)
    is_resumed: bool = field(default=False, init=False)
    stretch_rows: int = field(default=0, init=False)
    mark: Callable[[Sequence[Probe]], None] = field(default_factory=lambda: _noted, init=False)
    _is_last: bool = field(default=False, init=False)
    _until_s: float = field(default=math.inf, init=False)
    _stretches: int = field(default=0, init=False)
    _is_aside: bool = field(default=False, init=False)

    def take_up(self, *, until_s: float) -> None:
        """A turn begins, which ends behind the first stretch at that time. Raises NotAnswered."""
        self._until_s, self._stretches = until_s, 0
        if not self._is_aside:
            return
        self._set(take_up_sql(self.walk.columns, self.number))
        if not self._is_taken_up():
            raise NotAnswered(_OTHER_CONNECTION)

    def _is_taken_up(self) -> bool:
        """Else the place of another walk stands there yet, and rows in front of it are not seen."""
        try:
            row = self.session.row(is_taken_up_sql(self.walk.columns, self.number), width=2)
        except TookTooLong:
            raise NotAnswered(_FOR_NOTHING) from None
        return [number(value) for value in row] == [self.session.connection, 1]

    def _end_turn(self) -> None:
        if not self._stretches or time.monotonic() < self._until_s:
            return
        self._set(set_aside_sql(self.walk.columns, self.number))
        self._is_aside = True
        raise TurnOver

    def _set(self, sql: str) -> None:
        try:
            self.session.execute(sql)
        except TookTooLong:
            raise NotAnswered(_FOR_NOTHING) from None

    def begin_at(self, place: Place) -> bool:
        """Behind what was seen before. False: it could not be put there, and begins at the first
        row. Raises NotAnswered where that is the end of the session."""
        sql = begin_at_sql(self.walk, place)
        if sql is None:
            return False
        try:
            self.session.execute(sql)
            if self.place() != place.values:
                return False
        except TookTooLong:
            return False
        except NotAnswered as error:
            if error.ends_all:
                raise
            return False
        self.is_first, self.seen, self.begun_s = False, place.rows_seen, place.begun_s
        self.is_resumed = True
        return True

    def place(self) -> tuple[str, ...] | None:
        """Behind which row the next stretch begins; None: it is not to be kept. Raises NotAnswered
        or TookTooLong."""
        if not self.walk.forms:
            return None
        row = self.session.row(place_of_walk_sql(self.walk), width=1 + len(self.walk.forms))
        connection, *values = row
        if number(connection) != self.session.connection:
            raise NotAnswered(_OTHER_CONNECTION)
        return written(self.walk, tuple(values))

    def holds(self, rows_seen: int | None) -> Holds:
        """As old as its first stretch, where that was seen in another session."""
        return Holds(at_s=self.begun_s if self.is_resumed else now_s(), rows_seen=rows_seen)

    def stretch(self, ask: Callable[[bool, bool], Sequence[int | None]]) -> list[int | None]:
        """What `ask(is_first, is_last)` answers for the next stretch, of a size that the server
        can take. Raises NotAnswered or TurnOver."""
        while True:
            self.may_go_on()
            self._end_turn()
            begun_s = time.monotonic()
            try:
                self._is_last = self._find_end()
                answer = list(ask(self.is_first, self._is_last))
            except TookTooLong:
                if self.rows <= PROBE_ROWS_MIN:
                    raise NotAnswered(_SLOW_OR_LOCKED) from None
                self.rows = max(PROBE_ROWS_MIN, self.rows // PROBE_GROWTH_MAX)
                continue
            took_s = time.monotonic() - begun_s
            self.stretch_rows = self.rows
            self._stretches += 1
            self._size(took_s)
            self.sleep(took_s * self.rest_share)
            return answer

    def go_on(self) -> bool:
        """False: that was the last stretch. Raises NotAnswered."""
        if self._is_last:
            return False
        self._set(go_on_sql(self.walk.columns))
        self.is_first = False
        return True

    @property
    def is_last(self) -> bool:
        return self._is_last

    def _find_end(self) -> bool:
        find = next_end_sql(
            walk_source(self.table, self.walk, self.versions),
            self.walk.columns,
            rows=self.rows,
            is_first=self.is_first,
            reads_into=True,
            condition=self.condition,
        )
        for sql in find:
            self.session.execute(sql)
        return number(self.session.row(at_end_sql(self.walk.columns), width=1)[0]) == 1

    def _size(self, took_s: float) -> None:
        wanted = self.rows * PROBE_STRETCH_S / max(took_s, 0.001)
        most = min(PROBE_ROWS_MAX, self.rows * PROBE_GROWTH_MAX)
        self.rows = max(PROBE_ROWS_MIN, min(most, int(wanted)))


def _noted(_: Sequence[Probe]) -> None:
    """By nobody."""


def walk_conditions(
    walked: TableWalk, probes: Sequence[Probe], answered: Callable[[Probe, Answer], None]
) -> None:
    """All in one pass: `answered` is told each as soon as it is known. Raises NotAnswered."""
    left = {
        probe: probe.question.sql for probe in probes if isinstance(probe.question, RowCondition)
    }
    while left:
        asked = list(left)

        def ask(is_first: bool, is_last: bool, asked: list[Probe] = asked) -> list[int | None]:
            sql = stretch_sql(
                walked.table,
                walked.walk,
                [left[probe] for probe in asked],
                walked.versions,
                is_first=is_first,
                is_last=is_last,
            )
            return [number(value) for value in walked.session.row(sql, width=3 + len(asked))]

        connection, is_known, rows, *found = walked.stretch(ask)
        if (connection, is_known) != (walked.session.connection, 1):
            raise NotAnswered(_OTHER_CONNECTION)
        if not rows and not walked.is_last:
            raise NotAnswered(_NOTHING_SEEN, passes=True)
        walked.seen += rows or 0
        for probe, refuting in zip(asked, found, strict=True):
            if refuting is None or refuting < 0:
                raise NotAnswered("it answered something else than was asked")
            if refuting:
                del left[probe]
                answered(probe, Violated(at_s=now_s(), rows_min=refuting))
        if walked.session.has_warned and any(minds_warnings(probe) for probe in left):
            raise NotAnswered(WARNED)
        if not walked.go_on():
            for probe in left:
                holds = walked.holds(walked.seen)
                answered(probe, holds_if_heard(walked.session, probe, holds))
            return
        walked.mark(list(left))


def minds_warnings(probe: Probe) -> bool:
    question = probe.question
    return isinstance(question, RowCondition) and question.on_warning is OnWarning.OPEN


def holds_if_heard(session: ProbeSession, probe: Probe, holds: Holds) -> Answer:
    """Raises NotAnswered."""
    try:
        heard = not minds_warnings(probe) or session.hears_warnings()
    except TookTooLong:
        heard = False
    return holds if heard else NotSettled(at_s=now_s(), because=_UNHEARD)


def walk_equal_rows(walked: TableWalk, probe: Probe, equal: EqualRows) -> Answer:
    """Raises NotAnswered."""
    while True:

        def ask(is_first: bool, is_last: bool) -> list[int | None]:
            sql = equal_stretch_sql(probe, equal, is_first=is_first, is_last=is_last)
            return [number(value) for value in walked.session.row(sql, width=3)]

        connection, is_known, rows = walked.stretch(ask)
        if (connection, is_known) != (walked.session.connection, 1):
            raise NotAnswered(_OTHER_CONNECTION)
        if rows is not None:
            return Violated(at_s=now_s(), rows_min=rows)
        if not walked.go_on():
            return walked.holds(None)
        walked.seen += walked.stretch_rows
        walked.mark([probe])
