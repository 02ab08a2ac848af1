"""One process of Spirit: how it is started, and what it has said so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.limits import SPIRIT_SHORT_COPY_S_MAX, SPIRIT_TOLD_AHEAD_S_MAX
from reconciler.edges.engines.process import (
    EngineProcess,
    Exit,
    Unsaid,
    new_work_folder,
    private_file,
    start_program,
)
from reconciler.edges.engines.spirit.gate import Gate
from reconciler.edges.engines.spirit.log import CHECKSUM, NOTHING_SAID, SpiritSaid, heard
from reconciler.edges.engines.spirit.preparing import Prepared
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.model.engine import Handle, Progress
from reconciler.ports.engine import EngineWork

# Two of each leave a server room for its application. A chunk's time counts the wait for those who
# write: aimed at the default of 0.5 s, chunks of a busy machine shrink to ten rows and stay there.
_PACE = ("--threads=2", "--write-threads=2", "--target-chunk-time=2s")

_WAITED_TOO_LONG = "timed out waiting for sentinel table to be dropped"


class SpiritRun:
    """Not for two threads at once, except `asked_to_stop`."""

    def __init__(
        self, handle: Handle, start: Callable[[], EngineProcess], gate: Gate, *, in_one_go: bool
    ) -> None:
        """`start` is called at once, and again for each time that it goes on. `in_one_go`: it takes
        up nothing, and nobody waits before it is swapped in. Raises OSError."""
        self.handle = handle
        self.gate = gate
        self.said: SpiritSaid = NOTHING_SAID
        self.started_s = time.monotonic()
        #: Why it is to end before its time: '' while it is not.
        self.asked_to_stop = ""
        #: From here on it may take effect.
        self.is_told_to_swap = False
        self._told_at_s = 0.0
        self._is_closed_again = False
        self._copied_at_s: float | None = None
        self._in_one_go = in_one_go
        #: The driver has been told that it is ready.
        self.was_ready = False
        #: Why it is to copy nothing for now: '' where nothing keeps it.
        self.slowed_by = ""
        self.is_paused = False
        self._start = start
        self._process = start()

    @property
    def exit(self) -> Exit | None:
        """None while it runs, or is paused. Hears what it said."""
        if self.is_paused:
            return None
        ended = self._process.exit
        for line in self._process.news().splitlines():
            self.said = heard(self.said, line)
        if self._copied_at_s is None and self.said.is_copied:
            self._copied_at_s = time.monotonic()
        return ended

    def wait(self, seconds: float) -> None:
        """Until it has ended, or so long."""
        if self.is_paused:
            time.sleep(seconds)
        else:
            self._process.wait(seconds)

    @property
    def is_ready(self) -> bool:
        """It may be told to swap: it waits for that, or compares the rows of a copy that was made
        in one go and in moments, so that it is done with that in moments, too."""
        if self.is_told_to_swap or self.is_paused:
            return False
        return self.said.is_ready or (self.said.is_copied and self._compares_for_moments)

    @property
    def _compares_for_moments(self) -> bool:
        if not self._in_one_go or self.slowed_by or self._copied_at_s is None:
            return False
        return self._copied_at_s - self.started_s <= SPIRIT_SHORT_COPY_S_MAX

    def tell_to_swap(self) -> None:
        """Nobody may say from here on that it did not take effect."""
        self.is_told_to_swap, self._is_closed_again = True, False
        self._told_at_s = time.monotonic()

    @property
    def was_told_too_early(self) -> bool:
        """It compares rows yet, and what was looked at before it was told is getting old."""
        is_old = time.monotonic() - self._told_at_s > SPIRIT_TOLD_AHEAD_S_MAX
        return self.is_told_to_swap and is_old and self.said.progress.stage == CHECKSUM

    def close_again(self) -> None:
        """Right before its sentinel is made again: what it says of that so far is of another."""
        if not self._is_closed_again:
            self._is_closed_again = True
            self.said = replace(self.said, is_deferred=False)

    def takes_back(self) -> bool:
        """Whether it is not told to swap any more: it has found its sentinel, which was made again,
        and says that it waits for that."""
        if self._is_closed_again and self.said.is_deferred:
            self.is_told_to_swap = False
        return not self.is_told_to_swap

    @property
    def has_waited_too_long(self) -> bool:
        """It waits for its sentinel to go for 48 hours: a window may be further away."""
        return not self.is_told_to_swap and self.said.error.startswith(_WAITED_TOO_LONG)

    @property
    def readable_error(self) -> str:
        return self._process.neutral(self.said.error)

    @property
    def progress(self) -> Progress:
        if not self.slowed_by:
            return self.said.progress
        since = "" if self.is_paused else ", from its next checkpoint on"
        return replace(self.said.progress, left_s=None, throttled_by=f"{self.slowed_by}{since}")

    def pause(self) -> None:
        """It copies nothing until `go_on`. Spirit listens to nobody: its process ends, right after
        it has recorded from where to go on, so that however often it is paused it comes further."""
        self._process.stop()
        self.is_paused = True

    def go_on(self) -> None:
        """From what was recorded. Raises OSError."""
        self._process = self._start()
        self.said = SpiritSaid(progress=self.said.progress)
        self._in_one_go = False
        self.is_paused = False

    def stop(self) -> None:
        """End it, and let go of its sentinel, which stays."""
        self._process.stop()
        self.gate.let_go()


def start_spirit(
    program: EngineProgram,
    shard: ShardLink,
    *,
    ready: Prepared,
    work: EngineWork,
    gate: Gate,
) -> SpiritRun:
    """Raises OSError where it cannot be started."""
    target = shard.target
    unsaid = Unsaid(database=shard.database, accounts=(target.user,), machines=(target.host,))

    def started() -> EngineProcess:
        folder = new_work_folder()
        conf = private_file(folder, "login.cnf", ready.login)
        arguments = ["migrate", f"--conf={conf}", *_arguments(work, ready.clauses)]
        return start_program([program.path, *arguments], folder=folder, unsaid=unsaid)

    in_one_go = not (ready.goes_on or work.is_on_purpose)
    return SpiritRun(ready.handle, started, gate, in_one_go=in_one_go)


def _arguments(work: EngineWork, clauses: str) -> Iterator[str]:
    yield f"--table={work.statement.object_id.name}"
    yield f"--alter={clauses}"
    yield f"--lock-wait-timeout={max(1, work.lock_wait_s)}s"
    # Else it reads rows as text, and FLOAT is rounded to six digits, in both sums that it compares.
    yield "--unbuffered"
    yield "--defer-cutover"
    yield "--skip-force-kill"  # whom to kill is the spec's to say
    if work.keeps_old:
        yield "--skip-drop-after-cutover"
    yield from _PACE
