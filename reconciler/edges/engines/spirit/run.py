"""One process of Spirit: how it is started, and what it has said so far."""

from __future__ import annotations

import time
from collections.abc import Iterator

from reconciler.edges.engines.find import EngineProgram
from reconciler.edges.engines.process import (
    EngineProcess,
    Exit,
    Unsaid,
    neutral_output,
    new_work_folder,
    private_file,
    start_program,
)
from reconciler.edges.engines.spirit.gate import Gate
from reconciler.edges.engines.spirit.log import NOTHING_SAID, SpiritSaid, heard
from reconciler.edges.engines.spirit.preparing import Prepared
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.model.engine import Handle
from reconciler.ports.engine import EngineWork

# Two of each leave a server room for its application. A chunk's time counts the wait for those who
# write: aimed at the default of 0.5 s, chunks of a busy machine shrink to ten rows and stay there.
_PACE = ("--threads=2", "--write-threads=2", "--target-chunk-time=2s")


class SpiritRun:
    """Not for two threads at once, except `asked_to_stop`."""

    def __init__(self, handle: Handle, process: EngineProcess, gate: Gate, unsaid: Unsaid) -> None:
        self.handle = handle
        self.gate = gate
        self.said: SpiritSaid = NOTHING_SAID
        self.started_s = time.monotonic()
        #: Why it is to end before its time: '' while it is not.
        self.asked_to_stop = ""
        #: From here on it may take effect.
        self.is_told_to_swap = False
        #: The driver has been told that it is ready.
        self.was_ready = False
        self._process = process
        self._unsaid = unsaid

    @property
    def exit(self) -> Exit | None:
        """None while it runs. Hears what it said."""
        ended = self._process.exit
        for line in self._process.news().splitlines():
            self.said = heard(self.said, line)
        return ended

    @property
    def is_ready(self) -> bool:
        return self.said.is_ready and not self.is_told_to_swap

    @property
    def readable_error(self) -> str:
        return neutral_output(self.said.error, self._unsaid, self._process.folder)

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
    folder = new_work_folder()
    unsaid = Unsaid(database=shard.database, accounts=(target.user,), machines=(target.host,))
    conf = private_file(folder, "login.cnf", ready.login)
    arguments = _arguments(work, ready.clauses)
    process = start_program(
        [program.path, "migrate", f"--conf={conf}", *arguments], folder=folder, unsaid=unsaid
    )
    return SpiritRun(ready.handle, process, gate, unsaid)


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
