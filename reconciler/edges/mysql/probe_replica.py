"""Finds the replica of a shard whose rows are asked in its primary's place.

Rule (PF-9): a server is asked in a primary's place only while it says that it follows that very
primary, all of it, and is behind by no more than the spec allows. By the primary's server_uuid;
MariaDB has none that a replica tells, so there the server at the address that it follows is asked
who it is. "All of it" is what neither of the two filters. Whatever else it may be, it is not asked,
nor is the primary in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import is_local
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.deadline import Patience
from reconciler.edges.mysql.engine_ground import is_log_whole
from reconciler.edges.mysql.probe_session import (
    NotAnswered,
    ProbeSession,
    TookTooLong,
    check_same_server,
    probe_session,
)
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal, as_unavailable
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.replicas import Channel, channels_sql, listed_replicas, read_channel
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.errors import ReconcilerError, Unavailable
from reconciler.model.server import Flavor, ServerSettings
from reconciler.spec.model import Connection

_HERE = "127.0.0.1"
_OF_MARKED = "SELECT @@global.replicate_events_marked_for_skip"
_SLOW = "its replica takes longer than a second to tell whom it follows"
_NOT_LISTED = (
    "its primary tells of no replica that could be asked: name one in `connection`, or have each"
    " tell where it listens (report_host)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Primary:
    """`uuid` '' where the server has none. `listed` are its replicas, as far as it tells."""

    identity: str
    uuid: str
    server_id: int | None
    settings: ServerSettings
    listed: tuple[Target, ...]


def replica_address(connection: Connection) -> Connection | None:
    """The spec's, with what it leaves out as at the primary; None: it names none."""
    named = connection.replica
    if named is None:
        return None
    own_place = named.host is not None or named.port is not None
    socket = named.socket or (None if own_place else connection.socket)
    return replace(
        connection,
        host=connection.host if named.host is None else named.host,
        port=connection.port if named.port is None else named.port,
        socket=socket,
        user=connection.user if named.user is None else named.user,
        password=connection.password if named.password is None else named.password,
        replica=None,
    )


@contextmanager
def replica_session(
    primary: Target, named: Target | None, *, server: str, behind_s_max: int, patience: Patience
) -> Iterator[tuple[ProbeSession, Following]]:
    """`named` None: one of those that the primary lists. `server` is the primary's identity, as it
    was looked at; '' for any. Raises as `probe_session`."""
    found = _look_at(primary, server, lists=named is None)
    with ExitStack() as opened:
        last: NotAnswered | Unavailable = NotAnswered(_NOT_LISTED)
        for target in (named,) if named is not None else found.listed:
            at = replace(target, label="its replica", database=primary.database)
            try:
                one = opened.enter_context(_opened(found, at, behind_s_max, patience))
            except (NotAnswered, Unavailable) as error:
                last = error
                continue
            yield one
            return
        raise last


@contextmanager
def _opened(
    primary: _Primary, target: Target, behind_s_max: int, patience: Patience
) -> Iterator[tuple[ProbeSession, Following]]:
    with probe_session(target, patience, like=primary.settings) as session:
        following = Following(session, primary)
        if following.behind_s() > behind_s_max:
            raise NotAnswered("its replica is behind by more than its limit (lag_max)", passes=True)
        yield session, following


class Following:
    """A replica, as it follows its primary. What it was found by stays the same, or it is not asked
    any more."""

    def __init__(self, session: ProbeSession, primary: _Primary) -> None:
        """Raises NotAnswered."""
        self._session = session
        self._primary = primary
        is_of: Callable[[Channel], bool] = self._is_by_uuid if primary.uuid else self._is_by_address
        candidates = [channel for channel in self._channels() if is_of(channel)]
        if len(candidates) != 1:
            raise NotAnswered("the replica that the spec leads to does not follow this primary")
        self._found = _who(candidates[0])

    def behind_s(self) -> int:
        """Raises NotAnswered where it does not follow the primary now."""
        now = [channel for channel in self._channels() if _who(channel) == self._found]
        if len(now) != 1 or not now[0].is_running:
            because = "its replica does not follow its primary now"
            raise NotAnswered(because, ends_all=True, passes=True)
        if now[0].is_filtered or self._leaves_marked_out():
            because = "its replica takes over only a part of what its primary writes (its filters)"
            raise NotAnswered(because, ends_all=True)
        behind_s = now[0].behind_s
        if behind_s is None:
            because = "how far its replica is behind, it does not tell"
            raise NotAnswered(because, ends_all=True)
        return behind_s

    def _leaves_marked_out(self) -> bool:
        """MariaDB: what sessions of the primary write with skip_replication."""
        if self._primary.settings.version.flavor is not Flavor.MARIADB:
            return False
        try:
            [found] = self._session.row(_OF_MARKED, width=1)
        except TookTooLong:
            raise NotAnswered(_SLOW, ends_all=True) from None
        return text(found).upper() != "REPLICATE"

    def _channels(self) -> Sequence[Channel]:
        sql = channels_sql(self._primary.settings.version)
        try:
            rows = self._session.rows_by_name(sql)
            return [read_channel(row) for row in rows]
        except LinkLost as lost:
            raise NotAnswered(lost.reason, ends_all=True, passes=True) from None
        except TookTooLong:
            raise NotAnswered(_SLOW, ends_all=True) from None

    def _is_by_uuid(self, channel: Channel) -> bool:
        return channel.uuid == self._primary.uuid

    def _is_by_address(self, channel: Channel) -> bool:
        """Asks who listens there. A loopback address is one of the replica's machine."""
        at = self._session.link.target
        if channel.server_id != self._primary.server_id or not channel.host:
            return False
        host = channel.host
        if is_local(host, None):
            host = _HERE if at.is_local else at.host
        source = replace(
            at, host=host, port=channel.port or at.port, socket=None, named_by_a_server=True
        )
        try:
            with connect(source, program="reconciler, looking", with_database=False) as link:
                return look_at_server(link).identity == self._primary.identity
        except (ReconcilerError, ServerRefusal, LinkLost):
            raise NotAnswered("whom its replica follows could not be asked who it is") from None


def _who(channel: Channel) -> tuple[object, ...]:
    return (channel.name, channel.uuid, channel.server_id, channel.host, channel.port)


def _look_at(target: Target, server: str, *, lists: bool) -> _Primary:
    """Raises NotAnswered or Unavailable."""
    with (
        as_unavailable(target.label),
        connect(target, program="reconciler, looking for a replica") as link,
    ):
        look = look_at_server(link)
        check_same_server(look, server)
        _check_log(link)
        version = look.settings.version
        listed = listed_replicas(link, version) if lists else ()
        return _Primary(
            identity=look.identity,
            uuid=_uuid(link, version.flavor),
            server_id=number(link.row("SELECT @@global.server_id", width=1)[0]),
            settings=look.settings,
            listed=tuple(one for one in listed or () if one is not None),
        )


def _check_log(link: Link) -> None:
    """A replica has no more than is in it, and cannot tell what is not. Raises NotAnswered."""
    match is_log_whole(link):
        case True:
            return
        case False:
            raise NotAnswered(
                "its primary leaves databases out of its binary log (binlog_do_db or"
                " binlog_ignore_db)"
            )
        case None:
            raise NotAnswered(
                "whether its primary leaves databases out of its binary log, the login may not ask"
                " there (REPLICATION CLIENT; on MariaDB BINLOG MONITOR)"
            )


def _uuid(link: Link, flavor: Flavor) -> str:
    if flavor is Flavor.MARIADB:
        return ""
    return text(link.row("SELECT @@global.server_uuid", width=1)[0])
