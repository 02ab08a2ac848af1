"""What engines' programs depend on at a shard: read, never tried. What of it rules out which engine
is for `guard/engine_ground.py` to say.

Rule: of a connection it tells that something is so, never a value.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.once_per_server import OncePerServer
from reconciler.edges.mysql.problems import ServerRefusal, misread
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.guard.engine_ground import LOCK_INSTRUMENT
from reconciler.model.access import EngineGround, LockSight, LoginTrait

_INSTRUMENT = "SELECT ENABLED, TIMED FROM performance_schema.setup_instruments WHERE NAME = %s"
# From MySQL 8.2 on, and before; MariaDB has the second.
_LOG_STATUS = ("SHOW BINARY LOG STATUS", "SHOW MASTER STATUS")
_FILTERS = ("binlog_do_db", "binlog_ignore_db")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a server shows to this login, whichever of its databases is asked for."""

    locks: LockSight
    log_is_whole: bool | None


_NOTHING_SHOWN = Shown(locks=LockSight.HIDDEN, log_is_whole=None)


class ShownByServers:
    """Remembers for the length of one look at a fleet."""

    def __init__(self) -> None:
        self._shown: OncePerServer[Shown] = OncePerServer(read_shown)

    def of(self, link: Link, server: ServerLook) -> Shown:
        """Raises LinkLost."""
        return self._shown.of(link, f"{server.identity}/{link.target.user}") or _NOTHING_SHOWN


def ground_of(target: Target, server: ServerLook, shown: Shown) -> EngineGround:
    return EngineGround(
        variables=server.of_engines,
        locks=shown.locks,
        log_is_whole=shown.log_is_whole,
        login=frozenset(_traits(target)),
    )


def read_shown(link: Link) -> Shown:
    """Raises LinkLost."""
    return Shown(locks=_lock_sight(link), log_is_whole=is_log_whole(link))


def _lock_sight(link: Link) -> LockSight:
    """Of a server without performance_schema the list is empty."""
    try:
        rows = link.query(_INSTRUMENT, [LOCK_INSTRUMENT], width=2)
    except ServerRefusal:
        return LockSight.HIDDEN
    if not rows:
        return LockSight.OFF
    is_on = all(text(value).upper() == "YES" for row in rows for value in row)
    return LockSight.SHOWN if is_on else LockSight.INSTRUMENT_OFF


def is_log_whole(link: Link) -> bool | None:
    """Whether it leaves no database out. MySQL tells its filters nowhere else. None: without
    REPLICATION CLIENT, which who follows the log needs anyway. Raises LinkLost."""
    for question in _LOG_STATUS:
        with suppress(ServerRefusal):
            rows = link.rows_by_name(question)
            named = [{name.lower(): value for name, value in row.items()} for row in rows]
            if any(name not in row for row in named for name in _FILTERS):
                raise misread()
            return not any(text(row[name] or "") for row in named for name in _FILTERS)
    return None


def _traits(target: Target) -> Iterator[LoginTrait]:
    if target.socket is not None:
        yield LoginTrait.SOCKET
    if isinstance(target.tls, TlsFiles) and target.tls.cert is not None:
        yield LoginTrait.CLIENT_CERTIFICATE
    if is_verified(target) and authorities(target) is None:
        yield LoginTrait.NO_AUTHORITIES
    if ":" in target.user:
        yield LoginTrait.COLON_IN_USER
    texts = (target.host, target.user, target.password)
    if any(ord(char) < ord(" ") for one in texts for char in one):
        yield LoginTrait.CONTROL_CHARACTER
    if any("%(" in one for one in texts):
        yield LoginTrait.VARIABLE


def is_verified(target: Target) -> bool:
    """Whether the server is to prove its name, as `client/tls.py` has it."""
    match target.tls:
        case TlsFiles():
            return True
        case Insecure():
            return False
        case None:
            return not target.is_local
        case _:
            assert_never(target.tls)


def authorities(target: Target) -> Path | None:
    """The file of those by whom it may be proven; None: this machine has none."""
    if isinstance(target.tls, TlsFiles) and target.tls.ca is not None:
        return target.tls.ca
    found = ssl.get_default_verify_paths().cafile
    return Path(found) if found is not None else None
