"""The owner's end of a kept process: start it, ask after it, end it, or let it stay."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from typing import cast

from reconciler.edges import keeper
from reconciler.edges.limits import PROGRAM_GRACE_S
from reconciler.edges.programs import server_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Stays:
    """For a process that is to be detached: it stays until nobody has held the lock of the file
    `in_use` for so long."""

    in_use: Path
    unused_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One process with its keeper. It ends with `stop`, or with this process, unless detached."""

    _keeper: subprocess.Popen[bytes]
    _pipe: RawIOBase
    _pid_file: Path = field(repr=False)

    @property
    def keeper_pid(self) -> int:
        return self._keeper.pid

    @property
    def pid(self) -> int:
        """The process itself; the keeper has written it down before the process can be reached."""
        return int(self._pid_file.read_text())

    def has_ended(self) -> bool:
        return self._keeper.poll() is not None

    @property
    def ends(self) -> int:
        """A descriptor that can be read as soon as it has ended by itself."""
        assert self._keeper.stdout is not None
        return self._keeper.stdout.fileno()

    def wait(self) -> int:
        """Wait until it ends by itself; its exit status, or 128 and the number of the signal."""
        return self._keeper.wait()

    def wait_at_most(self, seconds: float) -> bool:
        """As `wait`, for so long; whether it has ended."""
        with suppress(subprocess.TimeoutExpired):
            self._keeper.wait(max(0.0, seconds))
        return self.has_ended()

    @property
    def status(self) -> int | None:
        """Of one that has ended by itself, as `wait` gives it; None while it runs."""
        return self._keeper.poll()

    def log_tail(self) -> str:
        """Once it has ended by itself: its last words."""
        assert self._keeper.stdout is not None
        if self._keeper.stdout.closed:
            return ""
        return self._keeper.stdout.read().decode(errors="replace")

    def stop(self) -> None:
        """End it and wait until it is gone, its folders too. Twice is as good as once."""
        self._pipe.close()
        self._keeper.wait()
        if self._keeper.stdout is not None:
            self._keeper.stdout.close()

    def linger(self, *, is_on: bool) -> None:
        """Should this process end, that one has the time it was given to end by itself."""
        with suppress(OSError):  # it has ended, and its keeper with it
            self._pipe.write(keeper.LINGER if is_on else keeper.AT_ONCE)

    def detach(self) -> None:
        """Let it stay when this process ends."""
        self._pipe.write(keeper.DETACH)
        self._pipe.close()
        if self._keeper.stdout is not None:
            self._keeper.stdout.close()
        # Popen would warn that a child still runs; it does, on purpose, and init will reap it.
        self._keeper.returncode = 0


def keep(
    command: Sequence[str | Path],
    *,
    log: Path,
    pid_file: Path,
    stdin: Path = Path(os.devnull),
    remove: Sequence[Path] = (),
    inherit: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    user: int | None = None,
    linger_s: float = 0.0,
    afterwards: Sequence[str | Path] = (),
    stays: Stays | None = None,
) -> Kept:
    """Start `command` under a keeper, which holds the descriptors `inherit` open while it lives.
    `environment`: what a server is given if nothing else is said; `user`: as whom it runs, where it
    is not to be the one who starts it; `afterwards` is run when it has ended, whyever that was;
    `stays`: how long, once it is detached; default: until it is told to stop.

    With folders to remove there is nothing to save: the end is a SIGKILL. Without, the program gets
    the time to end in good order.
    """
    owner_fd, pipe_fd = os.pipe()
    try:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", "-S", keeper.__file__),
                *(f"--owner-fd={owner_fd}", f"--log={log}", f"--pid-file={pid_file}"),
                *(f"--input={stdin}", f"--grace-s={0 if remove else PROGRAM_GRACE_S}"),
                f"--linger-s={linger_s}",
                *(f"--remove={folder}" for folder in remove),
                *(f"--afterwards={word}" for word in afterwards),
                *(() if user is None else (f"--user={user}",)),
                *(
                    ()
                    if stays is None
                    else (f"--in-use={stays.in_use}", f"--unused-s={stays.unused_s}")
                ),
                *("--", *map(str, command)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(owner_fd, *inherit),
            env=server_environment() if environment is None else environment,
            start_new_session=True,  # a Ctrl-C is the owner's to answer
            cwd="/",
        )
    finally:
        os.close(owner_fd)
    pipe = cast(RawIOBase, os.fdopen(pipe_fd, "wb", buffering=0))
    return Kept(_keeper=process, _pipe=pipe, _pid_file=pid_file)
