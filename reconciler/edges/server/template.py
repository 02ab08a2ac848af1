"""Initialised data folders, made once for each server version and copied for each start.

Initialising takes some seconds, copying a fraction of one. Rule: a template appears complete or not
at all; processes that want the same one wait for the first of them to make it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import assert_never

from reconciler.edges.kept import keep
from reconciler.edges.programs import server_environment
from reconciler.edges.server.find import ServerBinary
from reconciler.edges.server.limits import SERVER_SAYS_S_MAX
from reconciler.edges.server.options import Options, command_line
from reconciler.edges.server.problems import no_system_tables, server_died
from reconciler.model.server import Flavor

# The system tables of MariaDB, in the order they build on each other. Debian 12 calls the files
# mysql_*.sql, Debian 13 mariadb_*.sql. The tables of HELP are left out: they take half the time.
_SYSTEM_TABLES = (
    "m*_system_tables.sql",
    "m*_performance_tables.sql",
    "m*_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
    "m*_sys_schema.sql",
)
# Accounts without a password are not for a folder that will be copied; `process` makes its own.
_NO_OPEN_ACCOUNTS = (
    b"DELETE FROM mysql.global_priv WHERE User IN ('root', '');\nDELETE FROM mysql.proxies_priv;\n"
)


def copy_initialised(binary: ServerBinary, initial: Options, data: Path) -> None:
    """Make `data` a data folder that `binary` can start on. `initial` is part of what it is."""
    shelf = _shelf()
    if shelf is None:
        _initialise(binary, initial, data)
        return
    template = shelf / _name(binary, initial)
    with _alone(shelf / f"{template.name}.lock"):
        if not template.exists():
            with tempfile.TemporaryDirectory(prefix=".making-", dir=shelf) as room:
                _initialise(binary, initial, Path(room, "data"))
                Path(room, "data").rename(template)
    shutil.copytree(template, data, symlinks=True)


def _shelf() -> Path | None:
    """The user's cache folder, or None where there is none to write to."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    shelf = Path(home, "reconciler", "data-folders")
    try:
        shelf.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return None
    return shelf if shelf.is_absolute() and os.access(shelf, os.W_OK) else None


def _name(binary: ServerBinary, initial: Options) -> str:
    """Shared by every installation of one version: the path is no part of it, the size is."""
    identity = (binary.path.stat().st_size, sorted(initial.items()))
    digest = hashlib.sha256(repr(identity).encode()).hexdigest()[:12]
    version = binary.version
    return f"{version.flavor}-{version.major}.{version.minor}.{version.patch}-{digest}"


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _initialise(binary: ServerBinary, initial: Options, data: Path) -> None:
    room = data.parent
    data.mkdir(mode=0o700)
    script = room / "system-tables.sql"
    options = {"datadir": str(data), "skip_log_bin": "", "innodb_doublewrite": "OFF", **initial}
    match binary.version.flavor:
        case Flavor.MYSQL:
            script.touch()
            options |= {"initialize_insecure": "", "secure_file_priv": "NULL"}
            options |= {"loose_innodb_redo_log_capacity": "8M"}
        case Flavor.MARIADB:
            script.write_bytes(_system_tables(binary))
            options |= {"bootstrap": "", "innodb_log_file_size": "8M", "max_allowed_packet": "8M"}
        case flavor:
            assert_never(flavor)
    # Under a keeper like every server: killed half way, it leaves no process behind either.
    initialising = keep(
        command_line(binary.path, options),
        log=room / "initialise.log",
        pid_file=room / "initialise.pid",
        stdin=script,
    )
    status = initialising.wait()
    last_words = initialising.log_tail()
    initialising.stop()
    if status != 0:
        raise server_died("initialise a data folder", binary.path, last_words)
    (data / "auto.cnf").unlink(missing_ok=True)  # holds the server's UUID: each copy makes its own


def _system_tables(binary: ServerBinary) -> bytes:
    parts = [b"CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n"]
    for folder in _share_folders(binary):
        found = [sorted(folder.glob(pattern)) for pattern in _SYSTEM_TABLES]
        if all(found):
            parts += [files[0].read_bytes() for files in found]
            return b"\n".join([*parts, _NO_OPEN_ACCOUNTS])
    raise no_system_tables(binary.path, binary.version.flavor)


def _share_folders(binary: ServerBinary) -> Iterator[Path]:
    """Where the server itself says that its files are."""
    done = subprocess.run(
        [binary.path, "--no-defaults", "--verbose", "--help"],
        cwd="/",
        stdin=subprocess.DEVNULL,
        env=server_environment(),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SERVER_SAYS_S_MAX,
        check=False,
    )
    # The help ends with a table of every variable and its value.
    settings = dict(re.findall(r"^(lc-messages-dir|basedir)\s+(\S+)$", done.stdout, re.MULTILINE))
    if "lc-messages-dir" in settings:
        yield Path(settings["lc-messages-dir"])
    for name in ("mariadb", "mysql"):
        yield Path(settings.get("basedir", "/usr"), "share", name)
