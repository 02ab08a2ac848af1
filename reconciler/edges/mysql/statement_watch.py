"""Asks the server, over another connection, what became of a session that was sent a statement.

An answer can be lost while the connection it was to come over stays open: a proxy swallows it, or
forgets the connection. Who waits for that answer alone waits for as long as a statement may run.

Rules: it looks and disturbs nobody; what it cannot see it does not know (GD-5). The only thing that
it ends is the very session it watches, and only while that holds the claim on the shard (ST-16).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import WATCH_ANSWER_S_MAX
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.processes import Process, read_processes
from reconciler.edges.mysql.reading import number
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.edges.mysql.stages import Pace, StageReader, measured
from reconciler.errors import Unavailable
from reconciler.model.engine import NOTHING_TOLD, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """The session is at the statement."""

    process: Process
    progress: Progress = NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class Idle:
    """The session is there and runs nothing: it has ended the statement, or has not read it yet."""


@dataclass(frozen=True, slots=True)
class Over:
    """The session is not there any more, and all that was sent over it has been read and run."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """The server could not be asked, or did not show enough."""


Seen = Runs | Idle | Over | Unseen


class StatementWatch:
    """Opened when it is first asked, kept for as long as the session. Not for two threads at once.
    No method raises anything of the network's."""

    def __init__(self, shard: ShardLink) -> None:
        self._shard = shard
        self._link: Link | None = None
        self._stages = StageReader(shard.server.settings.version.flavor)
        self._pace, self._paced = Pace(), (0, "")

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
            self._link = None

    def look(self, connection_id: int, sql: str) -> Seen:
        """What became of the statement, and how far it is."""
        try:
            link = self._opened()
            seen = self._seen(link, connection_id, sql)
            if isinstance(seen, Runs):
                return replace(seen, progress=self._progress(link, seen.process))
            return seen
        except (Unavailable, ServerRefusal, LinkLost):
            self.close()  # the next look makes another
            return Unseen()

    def end_statement(self, connection_id: int, sql: str) -> bool:
        """Have the server stop the statement; True once it was told to. Asked right before, so that
        what is met is this statement and no later one."""
        match self.look(connection_id, sql):
            case Runs():
                return self._sent(f"KILL QUERY {connection_id}")
            case Idle() | Over() | Unseen():
                return False
            case seen:
                assert_never(seen)

    def end_session(self, connection_id: int, sql: str) -> None:
        """Have the server let go of a session whose client is lost, and with it of the claim. One
        that runs something is left to its end."""
        match self.look(connection_id, sql):
            case Idle():
                self._sent(f"KILL CONNECTION {connection_id}")
            case Runs() | Over() | Unseen():
                pass
            case seen:
                assert_never(seen)

    def _seen(self, link: Link, connection_id: int, sql: str) -> Seen:
        processes = {process.connection_id: process for process in read_processes(link)}
        asked = "SELECT CONNECTION_ID(), IS_USED_LOCK(%s)"
        own, holder = link.row(asked, [self._shard.claim_name], width=2)
        if number(own) not in processes:
            return Unseen()  # a list without the one who asks is not the list of sessions
        found = processes.get(connection_id)
        runs = self._shard.reach.runs
        if found is not None and runs(found, sql, self._shard.database):
            return Runs(process=found)
        if number(holder) != connection_id:
            return Over()
        # A proxy may have sent it in other words: what runs anything is not at rest.
        return Idle() if found is not None and not found.statement else Unseen()

    def _progress(self, link: Link, process: Process) -> Progress:
        if self._paced != (process.connection_id, process.statement):
            self._paced = (process.connection_id, process.statement)
            self._pace = Pace()
        work = self._stages.read(link, process)
        progress = measured(process.state, work)
        if work is None:
            return progress
        return replace(progress, left_s=self._pace.left_s(time.monotonic(), work))

    def _sent(self, sql: str) -> bool:
        try:
            self._opened().execute(sql)
        except (Unavailable, ServerRefusal, LinkLost):
            self.close()
            return False
        return True

    def _opened(self) -> Link:
        """Raises Unavailable, ServerRefusal or LinkLost; also where another server answers, whose
        sessions have the same numbers."""
        if self._link is None:
            link = self._shard.reach.open(self._shard.target, program="reconciler, watching")
            try:
                link.wait_at_most(WATCH_ANSWER_S_MAX)
                if look_at_server(link).identity != self._shard.server.identity:
                    raise LinkLost("another server answers", sent=False)
            except BaseException:
                link.close()
                raise
            self._link = link
        return self._link
