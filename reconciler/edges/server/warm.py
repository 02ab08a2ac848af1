"""Servers that stay warm behind the command that began them, each in its place, for the next one.

Rules: one command at a time uses a warm server: it holds the lock of its place from before it looks
at it until it has put away all that it made. The server's keeper ends it when nobody has held that
lock for as long as it may stay, and holds it meanwhile itself. What is written of it, its password
among it, lies in the server's own folder and goes with it. Places are in a folder that nobody else
can read, write or put another in the place of; where there is none, no server stays. A folder to
which a place leads is a server's only while nobody else can read it: its name was to be seen.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reconciler.edges.server.limits import SERVER_STOP_S_MAX, WARM_LOCK_TRIES
from reconciler.edges.server.lock import end_and_remove, is_kept

_RECORD = "warm.json"
_LOCK = ".lock"
_PRIVATE = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmServer:
    """`program` is what it was started from, and `state` is digested from all that a command could
    have left behind, as it was when it began."""

    version: str
    program: str
    state: str
    port: int
    socket: str | None
    user: str
    password: str = field(repr=False)
    began_s: float
    stays_s: int


class WarmPlace:
    """Of one kind of server; whoever has it has its lock, until `release` or the end of the
    process."""

    def __init__(self, path: Path, lock: int) -> None:
        self._path = path
        self._lock = lock

    @property
    def in_use(self) -> Path:
        """The file whose lock is held."""
        return _lock_of(self._path)

    def found(self) -> WarmServer | None:
        """The server of this place, if its keeper lives. Whether it is sound is to be asked."""
        return _read(self._path)

    def put(self, folder: Path) -> None:
        """What `end` ends from now on; `folder` is the keeper's."""
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(folder)

    def describe(self, server: WarmServer) -> None:
        """What `found` gives from now on: of a server that ends with no command any more."""
        record = self._path.readlink() / _RECORD
        descriptor = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(server), file)

    def end(self, *, within_s: float = SERVER_STOP_S_MAX) -> bool:
        """End the server, if there is one, and whatever is left of one. Raises Unavailable."""
        if not self._path.is_symlink():
            return False
        folder = self._path.readlink()
        was_there = False
        if _is_ours_alone(folder):
            was_there = is_kept(folder)
            end_and_remove(folder, within_s=within_s)
        self._path.unlink()
        return was_there

    def release(self) -> None:
        """From now on the server is unused, and its time runs."""
        with suppress(OSError):
            os.utime(self._lock)
        self.leave()

    def leave(self) -> None:
        """As if it had not been taken: no time begins anew."""
        os.close(self._lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWarm:
    """One that is there; `unused_s` None: a command uses it."""

    server: WarmServer
    unused_s: float | None


def take_place(name: str) -> WarmPlace | None:
    """None: another command has it, or there is no folder for places."""
    folder = _folder()
    return None if folder is None else _taken(folder / name)


def warm_servers() -> tuple[SeenWarm, ...]:
    """All of this user's on this machine."""
    found = []
    for path in _paths():
        place = _taken(path)
        if (server := _read(path)) is not None:
            unused_s = max(0.0, time.time() - _lock_of(path).stat().st_mtime)
            found.append(SeenWarm(server=server, unused_s=unused_s if place else None))
        if place is not None:
            place.leave()
    return tuple(found)


def end_warm_servers() -> int:
    """Those that no command uses: how many were there. Raises Unavailable."""
    ended = 0
    for path in _paths():
        place = _taken(path)
        if place is not None:
            try:
                ended += place.end()
            finally:
                place.leave()
    return ended


def _paths() -> list[Path]:
    folder = _folder()
    return [] if folder is None else sorted(p for p in folder.iterdir() if p.is_symlink())


def _folder() -> Path | None:
    """This user's alone: in a folder for all, somebody else may have made one of that name."""
    try:
        above = Path(tempfile.gettempdir()).resolve(strict=True)
        if not all(keeps_its_names(one.stat()) for one in (above, *above.parents)):
            return None
        folder = above / f"reconciler-warm-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return None
    return folder if _is_ours_alone(folder) else None


def keeps_its_names(folder: os.stat_result) -> bool:
    """Whether nobody else can rename, in this folder, one that is ours."""
    is_sticky = bool(folder.st_mode & stat.S_ISVTX)
    others_write = bool(folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    return folder.st_uid in (0, os.geteuid()) and (is_sticky or not others_write)


def _is_ours_alone(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return is_ours and not found.st_mode & _PRIVATE


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + _LOCK)


def _taken(path: Path) -> WarmPlace | None:
    lock = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    for tries_left in reversed(range(WARM_LOCK_TRIES)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return WarmPlace(path, lock)
        except BlockingIOError:
            if tries_left:
                time.sleep(0.005)  # a keeper that looks has it for a moment
    os.close(lock)
    return None


def _read(path: Path) -> WarmServer | None:
    try:
        folder = path.readlink()
        if not _is_ours_alone(folder) or not is_kept(folder):
            return None
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        return WarmServer(**record)
    except (OSError, ValueError, TypeError):
        return None
