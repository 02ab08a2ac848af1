"""One container of our own: run in the foreground of a kept process, and removed behind it.

Rule: whatever happens to the process that started it, the container goes: its keeper removes it,
and where that was killed as well, the next container of this machine's that is started. Only those
are swept whose name is that of a keeper's folder here, and whose keeper is gone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.edges.containers.limits import CONTAINER_LOOK_S, CONTAINER_START_S_MAX
from reconciler.edges.containers.problems import container_died, container_too_slow
from reconciler.edges.containers.runtime import Runtime, runtime_environment, usable_runtime
from reconciler.edges.keeper import LOG_TAIL_BYTES
from reconciler.edges.kept import Kept, Stays, keep
from reconciler.edges.server.lock import held_lock, is_kept, sweep_abandoned

_PREFIX = "reconciler-scratch-"
_NAME = re.compile(rf"{_PREFIX}[a-z0-9_]+")
_LOG = "container.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One that was started; what is in it may not be ready yet. `image_id` is what its reference
    stood for just before."""

    runtime: Runtime
    reference: str
    image_id: str
    folder: Path
    give_up_at_s: float
    process: Kept = field(repr=False)

    def port(self, inside: int) -> int:
        """Of 127.0.0.1. Raises as `wait_on`, and Refused where others could reach it."""
        while (found := self.runtime.port(self.folder.name, inside)) is None:
            self.wait_on("its port is not published yet")
        return found

    def wait_on(self, last_seen: str) -> None:
        """A moment. Raises Unavailable if it has ended, or has had its time."""
        if self.process.has_ended():
            raise container_died(self.runtime.name, self.process.log_tail(), self.reference)
        if time.monotonic() > self.give_up_at_s:
            words = _last_words(self.folder / _LOG)
            raise container_too_slow(CONTAINER_START_S_MAX, last_seen, words, self.reference)
        time.sleep(CONTAINER_LOOK_S)

    def stop(self) -> None:
        """End it and wait until it is gone. Twice is as good as once."""
        self.process.stop()


def start_container(
    reference: str,
    arguments: Sequence[str],
    *,
    port: int,
    folder: str,
    secrets: Mapping[str, str],
    stays: Stays | None = None,
) -> Container:
    """A container of the image, which is pulled where it is not here, with its `port` published at
    127.0.0.1 and its `folder` in memory; `secrets` are variables in it;
    `stays`: once it was detached. Raises Unavailable."""
    temporary = Path(tempfile.gettempdir())
    place = _place(temporary)
    runtime, there = usable_runtime(place)
    _sweep(runtime, there, temporary)
    image_id = runtime.have(reference)
    own = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=temporary))
    try:
        with held_lock(own) as lock:
            process = keep(
                runtime.run(
                    own.name,
                    reference,
                    arguments,
                    place=place,
                    port=port,
                    folder=folder,
                    variables=tuple(secrets),
                ),
                log=own / _LOG,
                pid_file=own / "container.pid",
                remove=[own],
                inherit=(lock,),
                environment={**runtime_environment(), **secrets},
                afterwards=runtime.removal(own.name),
                stays=stays,
            )
            os.write(lock, f"{process.keeper_pid}\n".encode())
    except BaseException:
        shutil.rmtree(own, ignore_errors=True)
        raise
    return Container(
        runtime=runtime,
        reference=reference,
        image_id=image_id,
        folder=own,
        give_up_at_s=time.monotonic() + CONTAINER_START_S_MAX,
        process=process,
    )


def image_id_here(reference: str) -> str:
    """As of a container that were started now; '' where its image would be pulled. Raises
    Unavailable."""
    runtime, _ = usable_runtime(_place(Path(tempfile.gettempdir())))
    return runtime.image_id(reference)


def _place(temporary: Path) -> str:
    """Which folders of keepers a container's name may be one of: several machines, or containers
    that are given the runtime's socket, may share a runtime."""
    there = temporary.stat()
    told = (socket.gethostname(), os.geteuid(), str(temporary), there.st_dev, there.st_ino)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _sweep(runtime: Runtime, there: Sequence[str], temporary: Path) -> None:
    for name in there:
        if _NAME.fullmatch(name) and not is_kept(temporary / name):
            runtime.remove(name)
    sweep_abandoned(temporary, _PREFIX)


def _last_words(log: Path) -> str:
    """Of one that runs yet."""
    return log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
