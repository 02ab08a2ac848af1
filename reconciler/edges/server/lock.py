"""Who keeps the server of a folder: asked by a lock, not by a process number that may be another's.

The keeper holds the lock of its server's folder as long as it lives, however it was started, and
the file of the lock holds its process number. No lock held: no keeper, and so no server.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reconciler.edges.server.limits import SERVER_STOP_S_MAX
from reconciler.edges.server.problems import server_stays

LOCK_NAME = "keeper.lock"
ELSEWHERE_LINK = "elsewhere"
TEMP_PREFIX = "reconciler-server-"


@contextmanager
def held_lock(folder: Path) -> Iterator[int]:
    """The folder's lock, held. A keeper that inherits it holds it on, and so proves it lives."""
    fresh = folder / f"{LOCK_NAME}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fresh.rename(folder / LOCK_NAME)  # only now can anybody find it, and it is held already
        yield descriptor
    finally:
        os.close(descriptor)


def is_kept(folder: Path) -> bool:
    """True while the keeper of the folder's server lives: nobody else can hold the lock."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Shared: two that ask at once must not take each other for the keeper.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def end_and_remove(folder: Path, *, within_s: float = SERVER_STOP_S_MAX) -> None:
    """End the server that `folder` belongs to, if it has one, and remove the folder. Raises
    Unavailable where it does not end."""
    give_up_at = time.monotonic() + within_s
    while is_kept(folder):
        if time.monotonic() > give_up_at:
            raise server_stays(folder)
        _tell_keeper(folder)
        time.sleep(0.05)
    _remove(folder)


def sweep_abandoned(temporary: Path, prefix: str = TEMP_PREFIX) -> None:
    """Remove what is left of servers, or programs, whose owner and keeper were both killed."""
    for lock in temporary.glob(f"{prefix}*/{LOCK_NAME}"):
        with suppress(FileNotFoundError):  # somebody else sweeps too
            if lock.lstat().st_uid == os.geteuid() and not is_kept(lock.parent):
                _remove(lock.parent)


def _remove(folder: Path) -> None:
    """The folder, and what of it had to be elsewhere: a socket, what another user must reach."""
    elsewhere = folder / ELSEWHERE_LINK
    if elsewhere.is_symlink():
        shutil.rmtree(elsewhere.readlink(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def _tell_keeper(folder: Path) -> None:
    """SIGTERM to the process that holds the lock, and to no other that got its number since, or has
    it in a container that shares the folder."""
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        pid = int((folder / LOCK_NAME).read_text())
        if sys.platform == "linux":
            process = os.pidfd_open(pid)
            try:
                # Kept: so `process` was opened while the keeper lived.
                if is_kept(folder) and _has_open(pid, folder / LOCK_NAME):
                    signal.pidfd_send_signal(process, signal.SIGTERM)
            finally:
                os.close(process)
        else:
            os.kill(pid, signal.SIGTERM)


def _has_open(pid: int, path: Path) -> bool:
    """Whether the process has the file, as far as that can be seen here."""
    wanted = path.stat()
    try:
        descriptors = [*Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return True
    for descriptor in descriptors:
        with suppress(OSError):  # it was closed meanwhile
            if os.path.samestat(descriptor.stat(), wanted):
                return True
    return False
