"""What one shard has answered by now, and whether it may be asked more for the moment.

Rule (PF-2): whatever keeps a question from an answer is a reason, and never "holds".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from reconciler.edges.mysql.limits import (
    PROBE_LOOK_EVERY_S,
    PROBE_REST_SHARE,
    PROBE_REST_SHARE_OF_A_REPLICA,
)
from reconciler.edges.mysql.probe_replica import Following
from reconciler.edges.mysql.probe_session import NotAnswered, ProbeSession, now_s
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.vital_signs import measure, measure_alone
from reconciler.ports.row_probes import ShardAsked
from reconciler.preflight.model import (
    Answer,
    Holds,
    KnownToHold,
    NotAskable,
    NotSettled,
    Place,
    Probe,
)

OUT_OF_TIME = "the time that the spec gives for all questions was over"
_LOAD_WAIT_S = 0.5


class FreeAnswers:
    """Those that definitions give: one for all shards that have the question."""

    def __init__(self) -> None:
        self._at_s = now_s()
        self._known: dict[int, tuple[Probe, Answer | None]] = {}

    def of(self, probe: Probe) -> Answer | None:
        known = self._known.get(id(probe))
        if known is None:  # with the question, whose id is no other's while it is kept
            known = self._known[id(probe)] = (probe, self._given(probe))
        return known[1]

    def _given(self, probe: Probe) -> Answer | None:
        match probe.question:
            case KnownToHold(because):
                return Holds(at_s=self._at_s, because=because)
            case NotAskable(because):
                return NotSettled(at_s=self._at_s, because=because)
            case _:
                return None


@dataclass
class Sheet:
    """The first answer to a question stays. `free` are those that definitions give, by place.
    `places` is how far walks have come, `marked_s` when that was noted last."""

    asked: ShardAsked
    give_up_s: float
    free_answers: FreeAnswers = field(default_factory=FreeAnswers)
    room: threading.Semaphore | None = None
    found: dict[Probe, Answer] = field(default_factory=dict)
    pending: dict[Probe, Answer] = field(default_factory=dict)
    reason: str = OUT_OF_TIME
    passes: bool = False
    looked_s: float = 0.0
    marked_s: float = 0.0
    following: Following | None = None
    behind_s: int | None = None
    walk_numbers: Iterator[int] = field(default_factory=count)
    places: dict[Probe, Place] = field(init=False)
    probes: tuple[Probe, ...] = field(init=False)
    free: tuple[Answer | None, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.probes = self.asked.probes
        self.places = dict(self.asked.places or {})
        self.free = tuple(map(self.free_answers.of, self.probes))
        if self.asks_rows:
            by_probe = zip(self.probes, self.free, strict=True)
            self.found = {probe: answer for probe, answer in by_probe if answer is not None}

    @property
    def asks_rows(self) -> bool:
        return None in self.free

    @property
    def rest_share(self) -> float:
        """A primary has more to do than to answer."""
        is_replica = self.asked.replica_behind_s_max is not None
        return PROBE_REST_SHARE_OF_A_REPLICA if is_replica else PROBE_REST_SHARE

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The shard's among those of its server. Raises NotAnswered when time is over."""
        if self.room is None:
            yield
            return
        if not self.room.acquire(timeout=max(0.0, self.give_up_s - time.monotonic())):
            raise NotAnswered(OUT_OF_TIME, ends_all=True)
        try:
            yield
        finally:
            self.room.release()

    def tell(self, probe: Probe, answer: Answer) -> None:
        """ "Holds" counts once the table was found to be the same behind all of its questions."""
        if not isinstance(answer, NotSettled):
            answer = replace(answer, behind_s=self.behind_s)
        if isinstance(answer, Holds):
            self.pending.setdefault(probe, answer)
        else:
            self.found.setdefault(probe, answer)

    def is_answered(self, probe: Probe) -> bool:
        return probe in self.found or probe in self.pending

    def settle(self) -> None:
        self.found = {**self.pending, **self.found}
        self.pending = {}

    def follow(self) -> None:
        """What is told is the most that the replica was behind. Raises NotAnswered where the one
        that is asked follows its primary no more."""
        if self.following is not None:
            self.count_behind(self.following.behind_s())

    def count_behind(self, behind_s: int | None) -> None:
        """None: no replica was asked."""
        if behind_s is not None:
            self.behind_s = max(self.behind_s or 0, behind_s)

    def give_up(self, reason: str, *, passes: bool = False) -> None:
        self.reason, self.passes = reason, passes

    def check_time(self) -> None:
        if time.monotonic() >= self.give_up_s:
            raise NotAnswered(OUT_OF_TIME, ends_all=True)

    def answers(self) -> tuple[Answer, ...]:
        """Also while the shard is still being asked, by somebody nobody waits for any more."""
        found, places = {**self.found}, {**self.places}
        open_now = NotSettled(at_s=now_s(), because=self.reason, passes=self.passes)
        left = {probe: replace(open_now, place=place) for probe, place in places.items()}
        by_probe = zip(self.probes, self.free, strict=True)
        return tuple(
            free or found.get(probe) or left.get(probe, open_now) for probe, free in by_probe
        )


def wait_for_room(session: ProbeSession, sheet: Sheet) -> None:
    """Until the shard is within the limits of the spec. Raises NotAnswered when time is over."""
    sheet.check_time()
    if time.monotonic() < sheet.looked_s + PROBE_LOOK_EVERY_S:
        return
    while (over := _over_limits(session, sheet)) is not None:
        if time.monotonic() + _LOAD_WAIT_S >= sheet.give_up_s:
            because = f"{over} for as long as there was time to ask"
            raise NotAnswered(because, ends_all=True, passes=True)
        time.sleep(_LOAD_WAIT_S)
    sheet.looked_s = time.monotonic()


def _over_limits(session: ProbeSession, sheet: Sheet) -> str | None:
    asked, behind_s_max = sheet.asked, sheet.asked.replica_behind_s_max
    threads_max, lag_max_s = asked.threads_running_max, asked.replica_lag_max_s
    if sheet.following is not None and behind_s_max is not None:
        lag_max_s = None  # of the replicas of this one
        if sheet.following.behind_s() > behind_s_max:
            return "its replica was behind by more than its limit (lag_max)"
        sheet.follow()
    if threads_max is None and lag_max_s is None:
        return None
    version = session.server.settings.version
    try:
        vitals = (
            measure_alone(session.link, version)
            if lag_max_s is None
            else measure(session.link, version)
        )
    except ServerRefusal:
        return "its load could not be measured"
    running, lag_s = vitals.threads_running, vitals.replica_lag_s
    if threads_max is not None and (running is None or running > threads_max):
        return "it was beyond its limit of load (threads_running_max)"
    if lag_max_s is not None and (lag_s is None or lag_s > lag_max_s):
        return "its replicas were behind by more than their limit (replica_lag_max)"
    return None
