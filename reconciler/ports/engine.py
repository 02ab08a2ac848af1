"""Engines: what carries out one statement on one shard, be it the server's own DDL or a tool that
copies the table and swaps the copy in.

Rule: an engine neither decides nor retries. What is needed to find its work again is known before
anything is sent, and is recorded with the intent (ST-9, EN-2); whatever became of it is one of six
answers, and where nobody can tell, the answer says so (ST-10).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, assert_never

from reconciler.errors import Problem
from reconciler.model.engine import NOTHING_TOLD, EngineName, Handle, Progress
from reconciler.model.server import ServerError
from reconciler.plan.model import PlannedStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineWork:
    """One statement, and how long it may take."""

    statement: PlannedStatement
    #: How long it may wait for a lock before it fails for now.
    lock_wait_s: int
    #: How long it may take in all before the engine stops it; a copy, until it is complete: for how
    #: long that is kept is for the driver to say.
    run_limit_s: int
    #: Above these an engine that copies rows slows down by itself; None: no such limit.
    replica_lag_max_s: int | None = None
    threads_running_max: int | None = None
    #: A person, a window or other copies are waited for: a copy is ready once nothing is left to do
    #: but the swap. Else it may be ready before its engine has compared its rows.
    is_on_purpose: bool = False
    #: For how long the table as it was is kept beside the new one, so that there is a way back with
    #: its rows; 0: it is not.
    keep_old_s: int = 0
    #: Of which apply it is, on which shard: what is sent can be told apart by them.
    apply_id: int = 0
    shard: str = ""

    @property
    def keeps_old(self) -> bool:
        return self.keep_old_s > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """It goes on."""

    progress: Progress = NOTHING_TOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyToCutOver:
    """The copy is complete and kept up to date; nothing has changed for anybody yet. `copy` is its
    table, where the handle could not name that beforehand."""

    progress: Progress = NOTHING_TOLD
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Applied:
    """The engine says the statement took effect."""

    #: Of one that locks a table around its parts: for how long it did.
    held_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It says that it did not, and that nothing of it goes on."""

    error: ServerError
    #: The same statement may well succeed later: lock wait timeout, deadlock, or it was never sent.
    transient: bool
    #: Who was in the way.
    blocker: str | None = None
    #: Tables in the way that nothing shows to be this work's, or whose rows are nowhere else.
    not_ours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It was sent, and the engine cannot tell what became of it; only looking at the shard can."""

    reason: str


@dataclass(frozen=True, slots=True)
class Gone:
    """What the handle names is not there: nothing of it goes on. It may have taken effect, or never
    have begun; only looking at the shard can tell."""


#: How a statement that was started ends.
Outcome = Applied | Failed | Unknown
Answer = Running | ReadyToCutOver | Applied | Failed | Unknown | Gone


def progress_of(answer: Answer) -> Progress:
    match answer:
        case Running(progress=progress) | ReadyToCutOver(progress=progress):
            return progress
        case Applied() | Failed() | Unknown() | Gone():
            return NOTHING_TOLD
        case _:
            assert_never(answer)


class EnginePrograms(Protocol):
    def unusable(self, name: EngineName) -> Problem | None:
        """Why the engine cannot be started on this machine: its program is missing, or of a version
        that nobody has tried; None: it can. Raises nothing."""

    def version(self, name: EngineName) -> str:
        """What the program on this machine says its version is, '' where there is none, or it does
        not say. Raises nothing."""


class Engine(Protocol):
    """One engine on one shard, over the shard's session. Not for two threads at once."""

    @property
    def name(self) -> EngineName: ...

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        """Everything that comes before an effect: be the only one who may send to the shard, and
        say by what the work will be found. `earlier` is the handle of the last try at the same
        statement, if there was one: what that left behind may be taken up again, or is in the way.
        Changes nothing. Raises nothing of the network's."""

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        """Send exactly this statement, once; `handle` is what `prepare` gave last, and is durable
        by now. Comes back as soon as it is on its way. Raises nothing of the network's."""

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        """How far it is, for a handle of this process or of any earlier one. Waits for news, some
        seconds at most; changes nothing but what the limits of `work` ask for. Raises nothing of
        the network's."""

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        """Swap the copy in, for an engine that has answered `ReadyToCutOver`. What became of it
        `look` tells. Raises nothing of the network's."""

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        """Stop copying for now, or go on where `because` is ''; said again it changes nothing.
        False: this engine, or this work, cannot be told so. Raises nothing of the network's."""

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        """Remove what work that has ended, or was given up, left behind: only what is proven to be
        its own, and never rows that are nowhere else. What stays is named by `Failed`. Needs the
        claim. Raises nothing of the network's."""

    def stop(self, handle: Handle, work: EngineWork) -> None:
        """Ask it to end before its time; a copy that can be taken up again is kept. What became of
        it `look` tells. Raises nothing of the network's."""
