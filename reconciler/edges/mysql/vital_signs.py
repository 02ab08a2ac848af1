"""Measures what the guards before a statement ask for; None wherever the server does not tell.

Rule: a number that might be of another server, or of only some replicas, is no number. An engine
that copies there reads the binary log as a replica does, and is none: neither is its lag asked, nor
does its reader count as load (EN-61), or a copy would be held up by itself, for ever.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.replicas import channels_sql, listed_replicas, read_channel
from reconciler.errors import Unavailable
from reconciler.guard.health import Vitals
from reconciler.model.server import Flavor, ServerVersion

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
    lags = [_lag_of(replica, version) for replica in listed_replicas(link, version) or ()]
    measured = [lag for lag in lags if lag is not None]
    return max(measured) if measured and len(measured) == len(lags) else None


def _lag_of(replica: Target | None, version: ServerVersion) -> float | None:
    if replica is None:
        return None
    try:
        with connect(replica, program="reconciler, looking", with_database=False) as link:
            channels = link.rows_by_name(channels_sql(version))
        lags = [read_channel(channel).behind_s for channel in channels]
    except (Unavailable, ServerRefusal, LinkLost):
        return None
    # NULL while replication is stopped or broken: that lag is not known, not zero.
    known = [lag for lag in lags if lag is not None]
    return float(max(known)) if known and len(known) == len(lags) else None


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
