"""One run of the program that this process has started: asked over its socket, told, and ended.

Rule: the swap is let go once for each time it was asked for. A try that fails finds the file that
postpones it, and waits again.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

from reconciler.edges.engines.gh_ost.command import SOCKET
from reconciler.edges.engines.gh_ost.last_row import LastRow
from reconciler.edges.engines.gh_ost.status import Status, as_ready, status_from
from reconciler.edges.engines.gh_ost.swap_guard import SwapGuard
from reconciler.edges.engines.limits import (
    ENGINE_ANSWER_BYTES_MAX,
    ENGINE_ANSWER_S_MAX,
    ENGINE_ASK_EVERY_S,
    ENGINE_POLL_S,
    RELEASE_PENDING_S_MAX,
)
from reconciler.edges.engines.process import EngineProcess, Exit
from reconciler.edges.mysql.limits import ENGINE_LOOK_S
from reconciler.model.engine import NOTHING_TOLD, Handle, Progress
from reconciler.ports.engine import ReadyToCutOver, Running

STARTING = "starting"


@dataclass(slots=True)
class GhOstRun:
    """Not for two threads at once."""

    process: EngineProcess
    handle: Handle
    run_limit_s: int
    last_row: LastRow
    #: The swap was asked for, now or earlier: it may have happened.
    was_released: bool = False
    was_stopped: bool = False
    over_limit: bool = False
    #: By its definition the copy can hold each row: seen on the copy itself.
    rows_are_kept: bool = False
    #: Why it was told to copy no more for now; '' where it was not.
    throttled_because: str = ""
    _released_at_s: float | None = None
    _throttle_is_told: bool = True
    _begun_s: float = field(default_factory=time.monotonic)
    _ended_at_s: float | None = None
    _is_nearly_through: bool = False
    _guard: SwapGuard | None = None

    @property
    def look_s(self) -> float:
        """How long a look waits for news. Near its end it is looked at more often: what is compared
        between two looks is not left for the moment in which it could swap."""
        return ENGINE_ASK_EVERY_S if self._is_nearly_through else ENGINE_LOOK_S

    def news_within(self, seconds: float) -> Running | ReadyToCutOver | Exit:
        """Waits until it has ended or is ready, and at most so long."""
        until_s = time.monotonic() + seconds
        while True:
            answer = self._answer()
            if not isinstance(answer, Running) or time.monotonic() >= until_s:
                return answer
            self.process.wait(ENGINE_ASK_EVERY_S, self.last_row.news)

    def serves_within(self, seconds: float) -> bool:
        """Whether it answers, or has ended; before that nothing of it can be seen."""
        until_s = time.monotonic() + seconds
        while self.process.exit is None and self._status() is None:
            if time.monotonic() >= until_s:
                return False
            self.process.wait(ENGINE_POLL_S)
        return True

    def release(self, guard: Callable[[], SwapGuard]) -> bool:
        """Let it swap once; True once it was told. `guard` begins to guard the swap, and ends with
        this process: who kills that does not kill gh-ost in the middle of it (EN-53)."""
        self.was_released = True  # also where the answer is lost
        self.process.linger(is_on=True)
        self._end_guard()
        self._guard = guard()
        if self.last_row.is_held:
            self.last_row.swap()
            return True
        is_told = "Unpostponed" in self._asked("unpostpone")
        self._released_at_s = time.monotonic() if is_told else None
        return is_told

    def throttle(self, because: str) -> None:
        self._throttle_is_told = self._throttle_is_told and self.throttled_because == because
        self.throttled_because = because
        self._tell_throttle()

    def stop(self) -> None:
        self.was_stopped = self.was_stopped or self.process.exit is None
        self.process.stop()
        self.last_row.close()
        self._end_guard()

    def ended_since_s(self) -> float:
        """How long ago its end was first asked after."""
        now_s = time.monotonic()
        if self._ended_at_s is None:
            self._ended_at_s = now_s
        return now_s - self._ended_at_s

    def _answer(self) -> Running | ReadyToCutOver | Exit:
        if (ended := self.process.exit) is not None:
            self.last_row.close()
            self._end_guard()
            return ended
        self.last_row.keep()
        status = self._status()
        self._is_nearly_through = status is not None and status.is_nearly_through
        self._keep_the_limit(status)
        self._tell_throttle()
        if self.last_row.was_reached and not self.was_released:
            progress = NOTHING_TOLD if status is None else status.progress
            return ReadyToCutOver(progress=self._shown(as_ready(progress)))
        match status:
            case None:
                return Running(progress=replace(NOTHING_TOLD, stage=STARTING))
            case Status(is_postponed=True) if not self._release_is_pending():
                self.process.linger(is_on=False)
                return ReadyToCutOver(progress=self._shown(status.progress))
            case Status(is_postponed=True):
                waits = "its reader of the binary log to catch up"
                return Running(progress=replace(status.progress, waits_for=waits))
            case Status():
                # A try to swap has begun: whatever becomes of it, the next one is asked for again.
                self._released_at_s = None
                return Running(progress=self._shown(status.progress))
            case _:
                assert_never(status)

    def _end_guard(self) -> None:
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def _release_is_pending(self) -> bool:
        """Told, and not yet begun: it first catches up with the binary log. A try that began and
        failed unseen looks the same, so this ends."""
        return (
            self._released_at_s is not None
            and time.monotonic() - self._released_at_s < RELEASE_PENDING_S_MAX
        )

    def _shown(self, progress: Progress) -> Progress:
        return replace(progress, throttled_by=self.throttled_because or progress.throttled_by)

    def _status(self) -> Status | None:
        return status_from(self._asked("sup"))

    def _keep_the_limit(self, status: Status | None) -> None:
        """A copy that is complete waits to be swapped in for as long as that takes."""
        is_ready = self.was_released or self.last_row.was_reached
        is_copying = not is_ready and (status is None or not status.is_postponed)
        if is_copying and time.monotonic() - self._begun_s > self.run_limit_s:
            self.over_limit = True
            self.stop()

    def _tell_throttle(self) -> None:
        if not self._throttle_is_told:
            said = self._asked("throttle" if self.throttled_because else "no-throttle")
            self._throttle_is_told = bool(said)

    def _asked(self, command: str) -> str:
        """'' where it does not answer, or not yet."""
        answer = b""
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(ENGINE_ANSWER_S_MAX)
            client.connect(str(_socket_of(self.process)))
            client.sendall(f"{command}\n".encode())
            client.shutdown(socket.SHUT_WR)
            while len(answer) < ENGINE_ANSWER_BYTES_MAX and (part := client.recv(4_096)):
                answer += part
        return answer.decode(errors="replace")


def _socket_of(process: EngineProcess) -> Path:
    return process.folder / SOCKET
