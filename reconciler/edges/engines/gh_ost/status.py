"""What gh-ost says, read: its status line, and the reason of its end.

Rule: strictly. A line that is not as known says nothing; what it cannot know stands in no figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reconciler.edges.engines.limits import ENGINE_REASON_CHARS_MAX, GH_OST_NEARLY_THROUGH_S
from reconciler.edges.mysql.problems import OF_LOCKS
from reconciler.model.engine import Progress
from reconciler.plan.visible import visible_line

_STATUS = re.compile(
    r"Copy: (?P<done>\d{1,18})/(?P<total>-?\d{1,18}) (?P<percent>[^%\n]*)%; Applied: \d+;"
    r" Backlog: (?P<backlog>\d{1,9})/(?P<room>\d{1,9}); Time: [^;\n]*; streamer: [^;\n]*;"
    r" Lag: [^\n]*?, State: (?P<state>[^\n]*); ETA: (?P<eta>[^;\n]*)"
)
_ETA = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,2})m)?(?:(\d{1,2})s)?", re.ASCII)
_ENDS = re.compile(r"^\S+ \S+ (FATAL|ERROR) (.+)$", re.MULTILINE)
_NUMBER = re.compile(r"\bError (\d{4})\b|\((\d{4})\)", re.ASCII)

_POSTPONED = "postponing cut-over"
_THROTTLED = "throttled, "
_COMMANDED = "commanded by user"

#: Of what a server says when it, or the way to it, is gone, and of another gh-ost at the table.
_PASSING = re.compile(
    r"invalid connection|bad connection|connection refused|connection reset|broken pipe|i/o timeout"
    r"|unexpected EOF|connection was bad|connection lost|another gh-ost process|Lost connection"
    r"|Server shutdown",
    re.IGNORECASE,
)
UNKNOWN_ERROR = 2000  # libmysql's CR_UNKNOWN_ERROR


@dataclass(frozen=True, slots=True)
class Status:
    """One line of it. `is_postponed`: the copy is complete, and waits to be swapped in."""

    is_postponed: bool
    progress: Progress

    @property
    def is_nearly_through(self) -> bool:
        left_s = self.progress.left_s
        return left_s is not None and left_s <= GH_OST_NEARLY_THROUGH_S


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Why it ended, by its own words; `number` as servers number errors."""

    reason: str
    number: int
    is_passing: bool


def status_from(answer: str) -> Status | None:
    """None: this is no status."""
    found = _STATUS.search(answer)
    if found is None:
        return None
    state = found["state"]
    done, total = int(found["done"]), int(found["total"])
    progress = Progress(
        stage="counting rows" if state == "counting rows" else "copying rows",
        percent=_percent(done, total),
        rows_done=done,
        rows_total=total if total > 0 else None,
        left_s=_left_s(found["eta"], done, total),
        throttled_by=_throttled_by(state),
    )
    is_postponed = state == _POSTPONED
    return Status(is_postponed, as_ready(progress) if is_postponed else progress)


def as_ready(progress: Progress) -> Progress:
    """All rows are copied."""
    return replace(progress, stage="waiting to be swapped in", percent=99, left_s=None)


def end_from(words: str) -> End:
    """`words`: the last it has said, as they may be shown."""
    said = _ENDS.findall(words)
    fatal = [text for level, text in said if level == "FATAL"]
    errors = [text for _, text in said]
    lines = [line for line in words.splitlines() if line.strip()]
    reason = next(iter([*fatal[-1:], *errors[-1:], *lines[-1:]]), "it gave no reason")
    numbers = [int(first or second) for first, second in _NUMBER.findall(reason)]
    number = numbers[0] if numbers else UNKNOWN_ERROR
    return End(
        reason=visible_line(reason.strip(), limit_chars=ENGINE_REASON_CHARS_MAX),
        number=number,
        is_passing=number in OF_LOCKS or bool(_PASSING.search(reason)),
    )


def _percent(done: int, total: int) -> int | None:
    """Without an estimate of the rows gh-ost calls anything 100 %."""
    return min(99, 100 * done // total) if total > 0 else None


def _left_s(eta: str, done: int, total: int) -> int | None:
    if total <= 0:
        return None
    if eta == "due":
        return 0 if done else None
    found = _ETA.fullmatch(eta)
    if found is None or not any(found.groups()):
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return 3_600 * hours + 60 * minutes + seconds


def _throttled_by(state: str) -> str:
    """In words that name no replica: gh-ost puts its address before its lag."""
    if not state.startswith(_THROTTLED):
        return ""
    reason = state.removeprefix(_THROTTLED)
    if reason == _COMMANDED:
        return _COMMANDED
    if reason.startswith("lag="):
        return "lag of its own reader of the binary log"
    if "replica-lag=" in reason:
        return "lag of a replica"
    if found := re.fullmatch(r"max-load (\w{1,64}=\d{1,18} >= \d{1,18})", reason, re.ASCII):
        return f"load: {found[1]}"
    return "a reason of its own"
