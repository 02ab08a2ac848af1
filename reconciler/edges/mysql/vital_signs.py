"""Measures what the guards before a statement ask for; None wherever the server does not tell.

Rule: a number that might be of another server, or of only some replicas, is no number. An engine
that copies there reads the binary log as a replica does, and is none: neither is its lag asked, nor
does its reader count as load (EN-61), or a copy would be held up by itself, for ever.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import is_local
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import LISTENS_S_MAX, REPLICAS_MAX
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.reading import count, number, text
from reconciler.errors import Unavailable
from reconciler.guard.health import Vitals
from reconciler.model.server import Flavor, ServerVersion

_HERE = "127.0.0.1"
_OWN_READERS = (
    "SELECT COUNT(*) FROM information_schema.PROCESSLIST"
    " WHERE COMMAND LIKE 'Binlog Dump%' AND USER = SUBSTRING_INDEX(USER(), '@', 1)"
)


def measure(link: Link, version: ServerVersion) -> Vitals:
    """Raises LinkLost."""
    return replace(measure_alone(link, version), replica_lag_s=_replica_lag_s(link, version))


def measure_alone(link: Link, version: ServerVersion) -> Vitals:
    """Without its replicas, which nobody is asked for. Raises LinkLost."""
    disk = _disk(link, version)
    return Vitals(
        replica_lag_s=None,
        threads_running=_threads_running(link),
        disk_free_percent=100.0 * disk.free / disk.total if disk and disk.total else None,
        disk_free_bytes=disk.free if disk else None,
    )


def _threads_running(link: Link) -> int | None:
    """Without the readers of the binary log that log in as we do: each runs all the time. Everybody
    sees the sessions of their own login."""
    rows = link.query("SHOW GLOBAL STATUS LIKE 'Threads_running'", width=2)
    running = number(rows[0][1]) if rows else None
    readers = number(link.row(_OWN_READERS, width=1)[0])
    return None if running is None or readers is None else max(0, running - readers)


def _replica_lag_s(link: Link, version: ServerVersion) -> float | None:
    """The lag of the slowest replica. Only the replicas themselves know theirs: each that is
    registered is asked, with the shard's own login. One that cannot be asked, or none at all,
    leaves it unmeasured."""
    try:
        replicas = link.rows_by_name(_list_replicas(version))
    except ServerRefusal:
        return None
    if len(replicas) > REPLICAS_MAX:
        return None
    lags = [
        _lag_of(_replica(link.target, row), version)
        for row in replicas
        if not _is_reader_of_an_engine(link.target, row)
    ]
    measured = [lag for lag in lags if lag is not None]
    return max(measured) if measured and len(measured) == len(lags) else None


def _is_reader_of_an_engine(source: Target, row: Mapping[str, object]) -> bool:
    """gh-ost and Spirit register under the name of this machine and the port of their source. What
    is there a server of the number that it registered with is a replica all the same."""
    port = number(row.get("Port"))
    if text(row.get("Host") or "") != socket.gethostname() or port != source.port:
        return False
    if _nobody_listens(source.port):
        return True
    here = replace(
        source, host=_HERE, socket=None, named_by_a_server=not source.is_local, database=None
    )
    try:
        with connect(here, program="reconciler, looking", with_database=False) as link:
            found = number(link.row("SELECT @@global.server_id", width=1)[0])
    except (Unavailable, ServerRefusal, LinkLost):
        return False
    return found is not None and found != _server_id(row)


def _nobody_listens(port: int) -> bool:
    try:
        socket.create_connection((_HERE, port), timeout=LISTENS_S_MAX).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        pass
    return False


def _server_id(row: Mapping[str, object]) -> int | None:
    return number(row.get("Server_Id", row.get("Server_id")))


def _list_replicas(version: ServerVersion) -> str:
    if version.flavor is Flavor.MARIADB:
        return "SHOW REPLICA HOSTS"
    return "SHOW REPLICAS" if version.at_least(8, 0, 22) else "SHOW SLAVE HOSTS"


def _replica(source: Target, row: Mapping[str, object]) -> Target | None:
    """None: it did not say where it listens (report_host is not set)."""
    host, port = text(row.get("Host") or ""), number(row.get("Port"))
    if not host or port is None:
        return None
    on_this_machine = source.is_local and is_local(host, None)
    known = host == source.host or on_this_machine
    return replace(source, host=host, port=port, socket=None, named_by_a_server=not known)


def _lag_of(replica: Target | None, version: ServerVersion) -> float | None:
    if replica is None:
        return None
    old = version.flavor is Flavor.MYSQL and not version.at_least(8, 0, 22)
    statement = "SHOW SLAVE STATUS" if old else "SHOW REPLICA STATUS"
    try:
        with connect(replica, program="reconciler, looking", with_database=False) as link:
            channels = link.rows_by_name(statement)
        lags = [count(_seconds_behind(channel)) for channel in channels]
    except (Unavailable, ServerRefusal, LinkLost):
        return None
    # NULL while replication is stopped or broken: that lag is not known, not zero.
    known = [lag for lag in lags if lag is not None]
    return float(max(known)) if known and len(known) == len(lags) else None


def _seconds_behind(channel: Mapping[str, object]) -> object:
    return channel.get("Seconds_Behind_Source", channel.get("Seconds_Behind_Master"))


class _Disk(NamedTuple):
    """In bytes."""

    total: int
    free: int


def disk_free_bytes(link: Link, version: ServerVersion) -> int | None:
    """Where the server keeps its tables; None: it does not tell. Raises LinkLost."""
    disk = _disk(link, version)
    return disk.free if disk else None


def _disk(link: Link, version: ServerVersion) -> _Disk | None:
    datadir = text(link.row("SELECT @@global.datadir", width=1)[0])
    match version.flavor:
        case Flavor.MARIADB:
            return _disk_by_plugin(link, datadir)
        case Flavor.MYSQL:
            return _disk_on_this_machine(link, Path(datadir))


def _disk_by_plugin(link: Link, datadir: str) -> _Disk | None:
    """MariaDB's plugin DISKS, if it is installed and the login has FILE: the file system that
    holds the data folder is the one mounted deepest above it."""
    try:
        rows = link.query("SELECT Path, Total, Available FROM information_schema.DISKS", width=3)
    except ServerRefusal:
        return None
    above = [
        (text(path), number(total) or 0, number(free) or 0)
        for path, total, free in rows
        if Path(datadir).is_relative_to(text(path))
    ]
    if not above:
        return None
    _, total, free = max(above, key=lambda disk: len(disk[0]))
    return _Disk(total, free)


def _disk_on_this_machine(link: Link, datadir: Path) -> _Disk | None:
    """MySQL does not tell, but a server on this machine has its folder here; `auto.cnf` in it
    proves that it is this server's and not one behind a forwarded port."""
    if not link.target.is_local:
        return None
    uuid = text(link.row("SELECT @@global.server_uuid", width=1)[0])
    try:
        if uuid not in (datadir / "auto.cnf").read_text():
            return None
        usage = shutil.disk_usage(datadir)
    except (OSError, UnicodeDecodeError):
        return None
    return _Disk(usage.total, usage.free)
