"""One run of the program, until it has ended.

Rule: that it ended well proves nothing of rows: they are compared before the swap, like those of
every copy (EN-7). A copy in whose unique keys rows may meet is no copy, whatever its rows are now.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.edges.engines.process import EngineProcess, Exit
from reconciler.edges.engines.pt_osc.program import PAUSE_FILE, progress_of_output
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.errors import Unavailable
from reconciler.model.engine import Handle
from reconciler.model.server import ServerError
from reconciler.ports.engine import EngineWork, Failed, Gone, ReadyToCutOver, Running, Unknown

_ASK_EVERY_S = 0.1
_WORDS_SHOWN_MAX = 600
_OTHER_ERROR = 1105
# In the words of servers; the number is not told.
LOCK_NOT_HAD = "Lock wait timeout exceeded"
_PASSING = (LOCK_NOT_HAD, "Deadlock found")

_REASON = re.compile(
    r"^ +Message: (.+)$|DBD::mysql::\w+ \w+ failed: (.+?)(?: \[for Statement|$)", re.MULTILINE
)

RunAnswer = Running | ReadyToCutOver | Failed | Unknown | Gone


def failed(message: str, *, transient: bool = False) -> Failed:
    return Failed(error=ServerError(number=_OTHER_ERROR, message=message), transient=transient)


def rows_may_meet(keys: Sequence[str]) -> Failed:
    return failed(
        f"rows that differ in the table may meet in unique key {', '.join(keys)} of the copy, and"
        " its triggers would then replace one by the other; nothing was swapped"
    )


def reason_in(said: str) -> str:
    """What it says of a server's error, or else the last that it said."""
    if found := [*_REASON.finditer(said)]:
        return next(words for words in found[-1].groups() if words)[:_WORDS_SHOWN_MAX]
    return " ".join(said.split())[-_WORDS_SHOWN_MAX:]


class CopyRun:
    """Not for two threads at once. `keys_that_take` names the copy's unique keys in which rows may
    meet; it raises Unavailable."""

    def __init__(
        self,
        handle: Handle,
        work: EngineWork,
        process: EngineProcess,
        keys_that_take: Callable[[], tuple[str, ...]],
    ) -> None:
        self.handle = handle
        self._process = process
        self._keys_that_take = keys_that_take
        self._limit_s = work.run_limit_s
        self._stop_at_s = time.monotonic() + work.run_limit_s
        self._stopped = ""
        self._throttled_by = ""
        self._end: RunAnswer | None = None

    def look(self) -> RunAnswer:
        """Waits some seconds at most."""
        if self._end is None:
            answer = self._looked()
            if isinstance(answer, Running):
                return answer
            self._end = answer
            self._process.stop()
        return self._end

    def throttle(self, because: str) -> bool:
        if self._end is not None or self._process.exit is not None:
            return False
        pause = self._process.folder / PAUSE_FILE
        try:
            pause.touch() if because else pause.unlink(missing_ok=True)
        except OSError:
            return False  # its folder went with it, right now
        self._throttled_by = because
        return True

    def stop(self, because: str = "it was told to stop") -> None:
        if not self._stopped:
            self._stopped = because
        self.close()

    def close(self) -> None:
        self._process.stop()

    def _looked(self) -> RunAnswer:
        if self._stopped:
            return failed(f"pt-online-schema-change was ended: {self._stopped}")
        ended = self._awaited()
        if ended is None:
            return self._still_running()
        return self._ended(ended) if ended.status != 0 else self._copied()

    def _awaited(self) -> Exit | None:
        give_up_s = time.monotonic() + ENGINE_LOOK_S
        while (ended := self._process.exit) is None and time.monotonic() < give_up_s:
            time.sleep(_ASK_EVERY_S)
        return ended

    def _still_running(self) -> RunAnswer:
        if time.monotonic() >= self._stop_at_s:
            self.stop(f"it ran longer than its limit of {self._limit_s} s")
            return self._looked()
        progress = progress_of_output(self._process.tail())
        return Running(progress=replace(progress, throttled_by=self._throttled_by))

    def _ended(self, ended: Exit) -> Failed | Gone:
        if ended.signal is not None:
            return Gone()
        said = self._process.tail()
        return failed(
            f"pt-online-schema-change ended with status {ended.status}: {reason_in(said)}",
            transient=any(words in said for words in _PASSING),
        )

    def _copied(self) -> ReadyToCutOver | Failed:
        try:
            found = self._keys_that_take()
        except Unavailable as unavailable:
            reason = unavailable.problems[0].message
            return failed(f"the keys of its copy could not be read: {reason}", transient=True)
        return rows_may_meet(found) if found else ReadyToCutOver()
