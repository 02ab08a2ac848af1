"""Every shard's GET_LOCK for the length of a run: nobody else applies to any of them meanwhile.

Rule: one connection per server that does nothing else, however many of its shards are locked. The
server frees the locks when that connection ends, however the process ends; a machine that vanished
is noticed because a live holder shows itself every few seconds.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import (
    LOCK_HOLDER_BYTES_MAX,
    LOCK_LET_GO_S_MAX,
    LOCK_SHOW_SELF_EVERY_S,
    LOCKS_PER_STATEMENT_MAX,
)
from reconciler.edges.mysql.problems import (
    LinkLost,
    ServerRefusal,
    as_unavailable,
    lock_held,
    lock_held_by_connection,
    same_database,
)
from reconciler.edges.mysql.reach import ByItself, Reach
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.target import required_database, resolve
from reconciler.errors import Busy, Refused
from reconciler.limits import OBSERVE_PARALLEL_MIN
from reconciler.ports.clock import Clock, Workers
from reconciler.spec.model import ShardSpec

_PROGRAM = "reconciler, holding locks"
# Connection attributes are kept by the performance schema; the holder puts its name in one.
_HOLDER = """
SELECT ATTR_VALUE FROM performance_schema.session_connect_attrs
 WHERE PROCESSLIST_ID = %s AND ATTR_NAME = 'program_name'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    shard: str
    target: Target


class MysqlShardLocks:
    """`ShardLocks` over GET_LOCK."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        root: Path,
        clock: Clock,
        workers: Workers,
        reach: Reach | None = None,
    ) -> None:
        self._reach = reach or ByItself()
        self._environ = environ
        self._root = root
        self._clock = clock
        self._workers = workers

    @contextmanager
    def take(
        self, shards: Sequence[ShardSpec], *, keyspace: str, holder: str
    ) -> Iterator[MysqlHeldLocks]:
        since = datetime.fromtimestamp(self._clock.now_s(), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        short_holder = holder.encode()[:LOCK_HOLDER_BYTES_MAX].decode(errors="ignore")
        program = f"{_PROGRAM}: {keyspace} by {short_holder} since {since}"
        by_server: dict[Hashable, list[_Wanted]] = {}
        for shard in shards:
            wanted = self._wanted(shard)
            by_server.setdefault(self._reach.endpoint(wanted.target), []).append(wanted)
        first, *others = by_server.values()
        with ExitStack() as links:
            # One lock decides between runs that begin at the same moment; if each could get some,
            # they would refuse each other.
            decider = links.enter_context(_Keeper(first, program, self._reach))
            keepers = self._workers.map(
                lambda group: links.enter_context(_Keeper(group, program, self._reach)),
                others,
                parallel=OBSERVE_PARALLEL_MIN,
            )
            keepers.append(decider)
            with _shown_alive(keepers):
                yield MysqlHeldLocks(keepers)

    def _wanted(self, shard: ShardSpec) -> _Wanted:
        target = resolve(shard.connection, environ=self._environ, root=self._root, shard=shard.name)
        required_database(target)
        return _Wanted(shard=shard.name, target=target)


class MysqlHeldLocks:
    """`HeldLocks`. Safe to use from several threads."""

    def __init__(self, keepers: Sequence[_Keeper]) -> None:
        self._by_shard = {shard: keeper for keeper in keepers for shard in keeper.shards}

    def is_held(self, shard: str) -> bool:
        keeper = self._by_shard.get(shard)
        return keeper is not None and keeper.holds(shard)


def lock_name(database: str) -> str:
    """GET_LOCK's names are the whole server's, at most 64 characters, and blind to case.

    The database alone makes the name: two keyspaces that were pointed at one database by mistake
    must meet here as well.
    """
    digest = hashlib.sha256(database.casefold().encode()).hexdigest()
    return f"reconciler:{digest[:40]}"


def claim_name(database: str) -> str:
    """What the session that sends statements holds, besides the run's lock on the shard."""
    return f"{lock_name(database)}:sends"


class _Keeper:
    """One connection to one server, and the locks it holds there."""

    def __init__(self, wanted: Sequence[_Wanted], program: str, reach: Reach) -> None:
        """Takes every lock. Raises Refused or Unavailable, and then holds none."""
        self._one_at_a_time = threading.Lock()
        target = wanted[0].target
        self._link: Link = reach.open_for_locks(target, program=program)
        self._locks = {
            one.shard: lock_name(reach.lock_database(self._link, one.target)) for one in wanted
        }
        try:
            with as_unavailable(target.label):
                self._take(program.removeprefix(f"{_PROGRAM}: "))
        except BaseException:
            self._link.close()
            raise

    def __enter__(self) -> _Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        """Free the locks and wait until the server has: the next run may be a moment away."""
        if not self._one_at_a_time.acquire(timeout=LOCK_LET_GO_S_MAX):
            self._link.cut()  # it waits for an answer; without its connection nothing is held
            return
        try:
            self._link.query("SELECT RELEASE_ALL_LOCKS()")
        except (ServerRefusal, LinkLost):
            pass  # closing does it as well
        finally:
            self._link.close()
            self._one_at_a_time.release()

    @property
    def shards(self) -> tuple[str, ...]:
        return tuple(self._locks)

    def holds(self, shard: str) -> bool:
        return self._answers("SELECT IS_USED_LOCK(%s) = CONNECTION_ID()", [self._locks[shard]])

    def show_self(self) -> None:
        self._answers("SELECT 1", [])

    def _answers(self, sql: str, parameters: Sequence[str]) -> bool:
        with self._one_at_a_time:
            try:
                return number(self._link.row(sql, parameters, width=1)[0]) == 1
            except (ServerRefusal, LinkLost):
                self._link.close()  # the locks are gone with it, or will be
                return False

    def _take(self, own_name: str) -> None:
        shards = iter(self._locks)
        size = 1  # the first one alone: it decides
        while chunk := list(itertools.islice(shards, size)):
            size = LOCKS_PER_STATEMENT_MAX
            names = [self._locks[shard] for shard in chunk]
            taking = "SELECT " + ", ".join(["GET_LOCK(%s, 0)"] * len(names))
            answers = self._link.row(taking, names, width=len(names))
            for shard, name, answer in zip(chunk, names, answers, strict=True):
                if number(answer) != 1:
                    raise _held(self._link, name, shard, own_name)


def _held(link: Link, name: str, shard: str, own_name: str) -> Refused:
    """Who holds a lock: a run by its name, anybody else by the number of their connection, for any
    account of the server may take the name, and only the server's own people can end that."""
    connection_id = number(link.row("SELECT IS_USED_LOCK(%s)", [name], width=1)[0])
    if connection_id is None:
        return Busy(lock_held(shard, "somebody who has just let go"))
    try:
        rows = link.query(_HOLDER, [connection_id], width=1)
    except ServerRefusal:  # no privilege on the performance schema
        rows = ()
    for (program,) in rows:
        if program is not None and text(program).startswith(f"{_PROGRAM}: "):
            holder = text(program).removeprefix(f"{_PROGRAM}: ")
            # Its own: over another of the server's addresses.
            is_own = holder == own_name
            return Refused(same_database(shard)) if is_own else Busy(lock_held(shard, holder))
    return Busy(lock_held_by_connection(shard, connection_id))


@contextmanager
def _shown_alive(keepers: Sequence[_Keeper]) -> Iterator[None]:
    """Have every connection say something now and then, so that the server keeps it; and so that
    silence, for LOCK_SILENT_S_MAX, frees the locks of a machine that is no more."""
    over = threading.Event()

    def show() -> None:
        while not over.wait(LOCK_SHOW_SELF_EVERY_S):
            for keeper in keepers:
                keeper.show_self()

    threading.Thread(target=show, name="locks", daemon=True).start()
    try:
        yield
    finally:
        over.set()  # a daemon: one that waits for a dead server's answer is not waited for
