"""Engine `direct`: the server's own DDL, sent over the session that has claimed the shard.

Rules: it neither decides nor retries. Where the server's answer cannot settle whether the statement
took effect, the outcome is Unknown and only looking at the shard settles it (ST-10). An answer that
does not come is not waited for when the server says that nothing runs any more (EN-1).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.ddl.statement.trigger import read_trigger_statement, swap_parts
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import ANSWER_LOST_AFTER_S, ENGINE_LOOK_S, KILLED_ANSWER_S_MAX
from reconciler.edges.mysql.problems import (
    LOCK_WAIT_TIMEOUT,
    OF_LOCKS,
    LinkLost,
    ServerRefusal,
    as_unavailable,
)
from reconciler.edges.mysql.reach import Reach
from reconciler.edges.mysql.session_settings import (
    AS_CONNECTED,
    Variables,
    set_session,
    statement_variables,
)
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.edges.mysql.statement_watch import Idle, Over, Runs, StatementWatch, Unseen
from reconciler.edges.mysql.trigger_swap import begin_swap, end_swap, finish_swap
from reconciler.errors import Unavailable
from reconciler.model.engine import NOTHING_TOLD, EngineName, Handle
from reconciler.model.object_id import ObjectKind, table_id
from reconciler.model.programs import LIKE_TABLES
from reconciler.model.server import ServerError, ServerSettings
from reconciler.ports.engine import (
    Answer,
    Applied,
    EngineWork,
    Failed,
    Gone,
    Running,
    Unknown,
)

_HANDLE_VERSION = 1
_INTERRUPTED = 1317
_NOT_SENT = 2006  # PyMySQL's and libmysql's CR_SERVER_GONE_ERROR

# The statement's work was done and something after it failed: while committing (1180), in a hook
# of replication (3100), while writing the binary log (1598), or nobody knows where (1105).
_UNSETTLED = frozenset({1105, 1180, 1598, 3100})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    link: Link
    connection_id: int
    handle: Handle


class DirectEngine:
    """`Engine`. `find_blocker` says who holds the lock on a table, if somebody does."""

    def __init__(self, shard: ShardLink, find_blocker: Callable[[Link, str], str | None]) -> None:
        self._shard = shard
        self._find_blocker = find_blocker
        self._watch = StatementWatch(shard)
        self._prepared: _Prepared | None = None
        self._sent: _Sent | None = None

    @property
    def name(self) -> EngineName:
        return EngineName.DIRECT

    def close(self) -> None:
        self._watch.close()

    def prepare(self, work: EngineWork, earlier: Handle | None) -> Handle | Failed:
        label, limit = self._shard.target.label, self._lock_wait(work)
        settings = self._shard.server.settings
        setting = set_session((*statement_variables(work.statement.session, settings), *limit))
        try:
            link = self._shard.claimed(setting)
            if link is None:
                return not_sent("another session may still send statements to the shard")
            with as_unavailable(label):
                connection_id = self._shard.session_id(link)
        except Unavailable as unavailable:
            return not_sent(unavailable.problems[0].message)
        try:
            link.execute(setting)
        except ServerRefusal as refusal:
            return not_sent(str(refusal.error))
        except LinkLost as lost:
            link.close()
            return not_sent(lost.reason)
        handle = Handle(
            engine=self.name,
            version=_HANDLE_VERSION,
            content=json.dumps({"connection": connection_id}),
        )
        self._prepared = _Prepared(link=link, connection_id=connection_id, handle=handle)
        return handle

    def start(self, handle: Handle, work: EngineWork) -> Answer:
        prepared = self._prepared
        assert prepared is not None, "it is prepared before it is started"
        assert prepared.handle == handle, "what is started is what was prepared last"
        self._prepared = None
        try:
            # Over this connection and no other: the claim, and the handle, are this one's.
            if (swap := swap_parts(work.statement.sql)) is not None:
                begin_swap(prepared.link, swap)
            else:
                prepared.link.send(work.statement.sql)
        except ServerRefusal as refusal:
            return not_sent(str(refusal.error))
        except LinkLost as lost:
            prepared.link.close()
            return not_sent(lost.reason)
        is_bound = bool(self._lock_wait(work))
        self._sent = _Sent(
            prepared, work, self._watch, self._shard.reach, is_lock_wait_bound=is_bound
        )
        return Running()

    def _lock_wait(self, work: EngineWork) -> Variables:
        return self._shard.reach.lock_wait(work.statement, work.lock_wait_s)

    def look(self, handle: Handle, work: EngineWork) -> Answer:
        if self._sent is None or self._sent.handle != handle:
            return self._look_at_an_earlier_one(handle, work)
        answer = self._sent.answer()
        match answer:
            case Running():
                return answer
            case Failed() if answer.error.number == LOCK_WAIT_TIMEOUT:
                table = _locked_by(work)
                blocker = self._find_blocker(self._sent.link, table) if table else None
                answer = Failed(error=_lock_not_had(work), transient=True, blocker=blocker)
            case Unknown():
                self._sent.link.close()
            case Applied() | Failed():
                pass
            case _:
                assert_never(answer)
        self._take_back(self._sent.link, work)
        self._sent = None
        return answer

    def _take_back(self, link: Link, work: EngineWork) -> None:
        """What was set for one statement. A session that cannot be told so is not used again."""
        variables = self._shard.reach.after_statement()
        try:
            if swap_parts(work.statement.sql) is not None:
                end_swap(link)
            if work.statement.session.created_with is not None:
                link.execute(AS_CONNECTED)
            if variables:
                link.execute(set_session(variables))
        except (ServerRefusal, LinkLost):
            link.close()

    def cut_over(self, handle: Handle, work: EngineWork) -> Answer:
        return self.look(handle, work)  # the server swaps by itself

    def throttle(self, handle: Handle, work: EngineWork, because: str) -> bool:
        return False  # a server runs its DDL at the pace that it finds

    def discard(self, handle: Handle, work: EngineWork) -> Failed | None:
        return None  # the server itself takes away what a statement leaves

    def stop(self, handle: Handle, work: EngineWork) -> None:
        connection_id = _connection_of(handle)
        if connection_id is not None:
            self._watch.end_statement(connection_id, _first_sent(work.statement.sql))

    def _look_at_an_earlier_one(self, handle: Handle, work: EngineWork) -> Answer:
        connection_id = _connection_of(handle)
        if connection_id is None:
            return Unknown(reason="it was sent by another version, whose handle is not understood")
        match self._watch.look(connection_id, _first_sent(work.statement.sql)):
            case Runs(progress=progress):
                return Running(progress=progress)
            case Over():
                return Gone()
            case Idle():
                return Unknown(reason="the session that was sent it is still there")
            case Unseen():
                return Unknown(reason="the server does not show what runs there")
            case seen:
                assert_never(seen)


class _Sent:
    """A statement on its way, until its answer is there or known to be lost."""

    def __init__(
        self,
        prepared: _Prepared,
        work: EngineWork,
        watch: StatementWatch,
        reach: Reach,
        *,
        is_lock_wait_bound: bool,
    ) -> None:
        self._reach = reach
        self._is_lock_wait_bound = is_lock_wait_bound
        self._ended_between: ServerError | None = None
        self.link = prepared.link
        self.handle = prepared.handle
        self._connection_id = prepared.connection_id
        self._work = work
        self._sql = _first_sent(work.statement.sql)
        self._watch = watch
        self._stop_at_s = time.monotonic() + work.run_limit_s
        self._told_to_stop = False
        self._is_over_its_limit = False
        self._progress = NOTHING_TOLD
        self._not_at_it_since_s: float | None = None

    def answer(self) -> Running | Applied | Failed | Unknown:
        """Waits for it for one look's time."""
        if self._ended_between is not None:
            return self._over(self._ended_between)
        try:
            if self.link.answer_begins_within(self._wait_s()):
                return self._taken()
            self._keep_the_limit()
            if not self._is_lost():
                return self._still_waiting()
            if self.link.answer_begins_within(0):
                return self._taken()
        except LinkLost as lost:
            return Unknown(reason=lost.reason)
        # What is left of the session keeps the shard claimed until the server lets go of it.
        self._watch.end_session(self._connection_id, self._sql)
        return Unknown(
            reason="the server says that it no longer runs the statement, and its answer was lost"
        )

    def _wait_s(self) -> float:
        left_s = self._stop_at_s - time.monotonic()
        return min(ENGINE_LOOK_S, left_s) if left_s > 0 else ENGINE_LOOK_S

    def _taken(self) -> Running | Applied | Failed | Unknown:
        try:
            self.link.take_answer()
            if (swap := swap_parts(self._work.statement.sql)) is not None:
                return Applied(finish_swap(self.link, swap, self._work.statement.object_id.name))
        except ServerRefusal as refusal:
            if self._reach.ended_between(refusal.error):
                self._ended_between = refusal.error
                return self._over(refusal.error)
            limit_s = self._work.run_limit_s if self._is_over_its_limit else None
            return _refused(refusal.error, limit_s)
        return Applied()

    def _over(self, error: ServerError) -> Running | Failed | Unknown:
        """Once the server no longer runs what something before it has ended."""
        match self._watch.look(self._connection_id, self._sql):
            case Runs(progress=progress):
                return Running(progress=replace(progress, waits_for="the server, to stop it"))
            case Unseen():
                return self._still_waiting()
            case Idle() | Over():
                pass
            case seen:
                assert_never(seen)
        if self._is_lock_wait_bound:
            return Failed(error=_lock_not_had(self._work), transient=True)
        return Failed(error=_too_long(error), transient=False)

    def _keep_the_limit(self) -> None:
        if not self._told_to_stop and time.monotonic() >= self._stop_at_s:
            self._is_over_its_limit = True  # it may be told to stop, and the answer to that be lost
            self._told_to_stop = self._watch.end_statement(self._connection_id, self._sql)

    def _is_lost(self) -> bool:
        """Said twice by the server, with time in between for an answer that is on its way."""
        match self._watch.look(self._connection_id, self._sql):
            case Runs(progress=progress):
                self._progress = progress
                self._not_at_it_since_s = None
            case Idle() | Over():
                now_s = time.monotonic()
                since_s = self._not_at_it_since_s
                self._not_at_it_since_s = now_s if since_s is None else since_s
                return now_s - self._not_at_it_since_s >= ANSWER_LOST_AFTER_S
            case Unseen():
                pass
            case seen:
                assert_never(seen)
        return False

    def _still_waiting(self) -> Running | Unknown:
        """A server that can neither be asked nor answers has had the time to undo its work, too."""
        if time.monotonic() >= self._stop_at_s + KILLED_ANSWER_S_MAX:
            return Unknown(reason="the server gave no answer in time")
        return Running(progress=self._progress)


def _locked_by(work: EngineWork) -> str:
    """The table, or what is used like one, whose lock the statement needs; '' if its text does not
    say it."""
    about, trigger = work.statement.object_id, read_trigger_statement(work.statement.sql)
    if trigger is not None:
        return trigger.table
    return about.name if about.kind in LIKE_TABLES else ""


def _locked_in_words(work: EngineWork) -> str:
    about, table = work.statement.object_id, _locked_by(work)
    if not table:
        is_trigger = about.kind is ObjectKind.TRIGGER
        return f"the table of {about.titled}" if is_trigger else about.titled
    return table_id(table).titled if about.kind is ObjectKind.TRIGGER else about.titled


def _first_sent(sql: str) -> str:
    """What a server that waits for a lock is at: of a swap, its first part."""
    swap = swap_parts(sql)
    return swap.lock if swap is not None else sql


def statement_session(work: EngineWork, settings: ServerSettings) -> Variables:
    """What a statement's session has beside what every session of a server has."""
    lock_wait = ("lock_wait_timeout", str(max(1, work.lock_wait_s)))
    return (*statement_variables(work.statement.session, settings), lock_wait)


def _lock_not_had(work: EngineWork) -> ServerError:
    """The server's own words are about transactions, and tell to restart one."""
    what, waited_s = _locked_in_words(work), max(1, work.lock_wait_s)
    message = (
        f"the statement waited for a lock that another session holds, {waited_s} s for that of"
        f" {what}, and gave up"
    )
    return ServerError(number=LOCK_WAIT_TIMEOUT, message=message)


def _too_long(error: ServerError) -> ServerError:
    message = (
        "it ran longer than vttablet lets a query run (--queryserver-config-query-timeout), and was"
        " ended; have Online DDL change the table (`engine: vitess`), or raise that limit"
    )
    return ServerError(number=error.number, message=message)


def not_sent(reason: str) -> Failed:
    error = ServerError(number=_NOT_SENT, message=f"the statement was not sent: {reason}")
    return Failed(error=error, transient=True)


def _refused(error: ServerError, limit_reached_s: int | None) -> Failed | Unknown:
    if error.number in _UNSETTLED:
        return Unknown(reason=f"the server failed after the statement's work was done: {error}")
    if error.number == _INTERRUPTED and limit_reached_s is not None:
        message = f"stopped because it ran longer than its limit of {limit_reached_s} s"
        error = ServerError(number=error.number, message=message)
    return Failed(error=error, transient=error.number in OF_LOCKS)


def _connection_of(handle: Handle) -> int | None:
    """None for a handle of another version, or one that somebody damaged."""
    if handle.version != _HANDLE_VERSION:
        return None
    found = handle.fields.get("connection")
    return found if isinstance(found, int) and not isinstance(found, bool) else None
