"""Keeps one process, a server or an engine, and makes sure that it never outlives whoever needs it.

Run as a program of its own, beside the owner that asked for the process. The owner holds the write
end of a pipe: when the owner ends, however it ends, the pipe closes and the keeper ends the process
and removes its folders. If the keeper itself is killed, Linux kills it too (PR_SET_PDEATHSIG);
elsewhere that one case is left to the owner. A `d` on the pipe detaches: the owner may go, the
process stays until the keeper is told to stop by SIGTERM, or, where whoever uses it holds the lock
of a file, until nobody has held that for some time. After an `l`, and until an `n`, a process
whose owner ends has some time to come to its end by itself. A process may stand for something that
does not end with it, such as a container: the keeper then runs a command behind it.

Rule: the standard library only, no import from the project: it is started by its path, in
isolated mode, so that it costs milliseconds and works whatever happens to the environment.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import IO, Any

DETACH = b"d"
LINGER, AT_ONCE = b"l", b"n"
LOG_TAIL_BYTES = 4_000  # below a pipe's buffer, so that writing it never blocks
AFTERWARDS_S_MAX = 60.0  # a container that is removed takes a second, on a busy machine ten
LOOK_S_MAX = 5.0  # between looks at whether a process that may stay is used
PR_SET_PDEATHSIG = 1  # linux/prctl.h
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class End(Enum):
    """Why the watch over a server ended."""

    TOLD_TO_STOP = auto()
    DIED_OWNED = auto()
    DIED_DETACHED = auto()


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    wake_fd = signals_as_bytes()
    with options.log.open("ab") as log, options.input.open("rb") as stdin:
        server = subprocess.Popen(
            options.command,
            stdin=stdin,
            stdout=log,
            stderr=log,
            **as_user(options.user),
            preexec_fn=death_pact(),  # safe here: the keeper has one thread
        )
    end = End.TOLD_TO_STOP
    use = Use(options.in_use, options.unused_s) if options.in_use is not None else None
    try:
        write_pid(options.pid_file, server.pid)
        end = watch(server, options.owner_fd, wake_fd, options.linger_s, use)
    finally:
        stop(server, options.grace_s)
        run_afterwards(options.afterwards, options.log)
        if end is End.DIED_OWNED:
            report_log_tail(options.log)
        if end is not End.DIED_DETACHED:  # whoever comes to look will want the log
            for folder in options.remove:
                shutil.rmtree(folder, ignore_errors=True)
    return 0 if end is End.TOLD_TO_STOP else status_of(server.returncode)


def status_of(returncode: int) -> int:
    """As shells tell it: a signal must not be taken for an exit status."""
    return returncode if returncode >= 0 else 128 - returncode


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="keeper", allow_abbrev=False)
    parser.add_argument("--owner-fd", type=int, required=True, help="read end of the owner's pipe")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--pid-file", type=Path, required=True)
    parser.add_argument("--input", type=Path, default=Path(os.devnull))
    parser.add_argument("--remove", type=Path, action="append", default=[])
    parser.add_argument(
        "--afterwards", action="append", default=[], help="a word of a command to run behind it"
    )
    parser.add_argument("--grace-s", type=float, default=0.0, help="0: SIGKILL at once")
    parser.add_argument(
        "--linger-s", type=float, default=0.0, help="what an `l` on the owner's pipe means"
    )
    parser.add_argument("--in-use", type=Path, help="whose lock is held by whoever uses it")
    parser.add_argument("--unused-s", type=float, default=0.0, help="how long it then stays")
    parser.add_argument(
        "--user", type=int, help="number of the user to run it as; default: one's own"
    )
    parser.add_argument("command", nargs="+")
    return parser.parse_args(arguments)


def as_user(number: int | None) -> dict[str, Any]:
    """The part of Popen's arguments that makes the process one of that user, in no group but its
    own. It is carried out before the death pact, which a change of users would undo."""
    return {} if number is None else {"user": number, "group": number, "extra_groups": []}


def signals_as_bytes() -> int:
    """Turn signals into bytes on a pipe, so that one `select` waits for everything."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    signal.set_wakeup_fd(write_fd)
    for number in (*STOP_SIGNALS, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    return read_fd


def death_pact() -> Callable[[], None] | None:
    """What the child does before it becomes the server: ask Linux to die when the keeper dies."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    keeper_pid = os.getpid()

    def before_exec() -> None:
        if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
        if os.getppid() != keeper_pid:  # the keeper died before the pact was made
            os._exit(1)

    return before_exec


def write_pid(path: Path, pid: int) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{pid}\n")
    fresh.replace(path)


class Use:
    """Of a process that may stay: who uses it holds the lock of a file, and touches the file."""

    def __init__(self, path: Path, unused_s: float) -> None:
        self._path = path
        self._unused_s = unused_s
        self._touched_ns = 0
        self._since_s = time.monotonic()
        self.look_s = min(LOOK_S_MAX, unused_s / 4)

    def is_over(self) -> bool:
        """Whether nobody has used it for so long. The lock is then held until this process ends:
        nobody begins to use what is being ended."""
        now_s = time.monotonic()
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return True  # swept away: nobody finds it any more
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            self._since_s = now_s
            return False
        touched_ns = os.fstat(descriptor).st_mtime_ns
        if touched_ns != self._touched_ns:
            self._touched_ns, self._since_s = touched_ns, now_s
        if now_s - self._since_s >= self._unused_s:
            return True
        os.close(descriptor)
        return False


def watch(
    server: subprocess.Popen[bytes],
    owner_fd: int,
    wake_fd: int,
    linger_s: float,
    use: Use | None = None,
) -> End:
    """Wait until somebody wants the server gone, nobody needs it, or it has gone by itself."""
    owned, lingers = True, False
    while True:
        watched = [wake_fd, *([owner_fd] if owned else [])]
        ready, _, _ = select.select(watched, [], [], use.look_s if use and not owned else None)
        if use is not None and not owned and use.is_over():
            return End.TOLD_TO_STOP
        if wake_fd in ready:
            received = os.read(wake_fd, 64)
            if any(number in received for number in STOP_SIGNALS):
                return End.TOLD_TO_STOP
            if server.poll() is not None:
                return End.DIED_OWNED if owned else End.DIED_DETACHED
        if owner_fd in ready:
            match os.read(owner_fd, 1):
                case told if told in (LINGER, AT_ONCE):
                    lingers = told == LINGER
                case told if told == DETACH:
                    owned = False
                case _:
                    if lingers:
                        with contextlib.suppress(subprocess.TimeoutExpired):
                            server.wait(linger_s)
                    return End.TOLD_TO_STOP


def stop(server: subprocess.Popen[bytes], grace_s: float) -> None:
    if server.poll() is None and grace_s > 0:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(grace_s)
    if server.poll() is None:
        server.kill()
    server.wait()


def run_afterwards(command: Sequence[str], log: Path) -> None:
    """However it ends, the folders go: what is left then is for whoever sweeps."""
    if not command:
        return
    with (
        open_beside(log, ".afterwards") as said,
        contextlib.suppress(OSError, subprocess.SubprocessError),
    ):
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            timeout=AFTERWARDS_S_MAX,
            check=False,
        )


def open_beside(log: Path, suffix: str) -> IO[bytes]:
    """Or nowhere, where its folder was swept: the command runs all the same."""
    try:
        return log.with_suffix(suffix).open("ab")
    except OSError:
        return Path(os.devnull).open("ab")


def report_log_tail(log: Path) -> None:
    """Say on stdout why the server died; the owner reads it, if it is still there."""
    tail = log.read_bytes()[-LOG_TAIL_BYTES:]
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), tail)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
