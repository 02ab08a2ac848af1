"""An engine's program, running beside us: started, asked whether it still runs, heard, ended.

Rules: a password goes to it by its environment or in a file for its owner alone, never in the
arguments, which everybody on the machine can read; what it says is kept in part, and leaves without
hosts, accounts, values of rows and control characters (PL-12, PL-17). It ends when the process that
started it ends, however that ends (`edges/keeper.py`): none works without being watched (EN-11).
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.edges.engines.limits import OUTPUT_BYTES_MAX, TAIL_BYTES
from reconciler.edges.kept import Kept, keep
from reconciler.edges.limits import SOCKET_PATH_BYTES_MAX
from reconciler.edges.mysql.server_texts import of_a_program
from reconciler.edges.programs import bare_environment
from reconciler.edges.secrets import ADDRESS
from reconciler.edges.server.lock import held_lock, sweep_abandoned
from reconciler.plan.visible import visible_block

_PREFIX = "reconciler-engine-"
_LONGEST_NAME = "engine.sock"
_OUTPUT = "output"
_SIGNALLED = 128  # `Kept.status` above it: a signal ended the program


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaid:
    """What must not be told of where a program works, beside what `edges/secrets.py` knows."""

    database: str
    accounts: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a program ended: by its own `status`, or by a `signal`; the other is None."""

    status: int | None = None
    signal: int | None = None


def new_work_folder() -> Path:
    """For its owner alone, with a name short enough for a unix socket in it."""
    temporary = Path(tempfile.gettempdir())
    sweep_abandoned(temporary, _PREFIX)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=temporary))
    if len(os.fsencode(folder / _LONGEST_NAME)) <= SOCKET_PATH_BYTES_MAX:
        return folder
    folder.rmdir()
    sweep_abandoned(Path("/tmp"), _PREFIX)
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))


def private_file(folder: Path, name: str, text: str) -> Path:
    """A file of a work folder that its owner alone can read, from its first moment on."""
    path = folder / name
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")
    return path


class EngineProcess:
    """Its work folder goes when it ends. Not for two threads at once."""

    def __init__(self, folder: Path, kept: Kept, unsaid: Unsaid) -> None:
        self.folder = folder
        self._kept = kept
        self._unsaid = unsaid
        self._said = b""
        self._read_bytes = 0
        self._ended: Exit | None = None
        self._lingers = False

    @property
    def pid(self) -> int:
        return self._kept.pid

    @property
    def exit(self) -> Exit | None:
        """None while it runs. One that `stop` ended counts as ended by SIGKILL."""
        if self._ended is None:
            status = self._kept.status
            if status is None:
                self._keep_the_bound()
                return None
            self._ended = _exit_of(status)
        return self._ended

    def wait(self, seconds: float, *others: int) -> None:
        """Until it has ended, one of the other descriptors can be read, or so long."""
        if self._ended is None:
            poll = select.poll()
            for descriptor in (self._kept.ends, *(other for other in others if other >= 0)):
                poll.register(descriptor, select.POLLIN)
            until_s = time.monotonic() + seconds
            heard = {descriptor for descriptor, _ in poll.poll(1_000 * seconds)}
            if self._kept.ends in heard:  # its folder is being removed, and then it is over
                self._kept.wait_at_most(until_s - time.monotonic())

    def linger(self, *, is_on: bool) -> None:
        """Should this process end, the program has the seconds it was started with to come to its
        end; told again it changes nothing."""
        if is_on != self._lingers and self._ended is None:
            self._lingers = is_on
            self._kept.linger(is_on=is_on)

    def stop(self) -> None:
        """End it and wait until it is gone, its folder too. Asked twice it is fine."""
        self.linger(is_on=False)
        self._hear()
        self._ended = self.exit or Exit(signal=signal.SIGKILL)
        self._kept.stop()

    def tail(self) -> str:
        """The last lines it has said, fit to be shown to anybody."""
        self._hear()
        return self.neutral(self._said.decode(errors="replace"))

    def neutral(self, text: str) -> str:
        """What it said, fit to be shown to anybody."""
        return neutral_output(text, self._unsaid, self.folder)

    def news(self) -> str:
        """Whole lines that it has said since this was asked last, as they are: to be read by the
        engine and never to be shown. Once it has ended, its last lines again."""
        if self._kept.has_ended():
            self._hear()
            return self._said.decode(errors="replace")
        fresh = _bytes_from(self.folder / _OUTPUT, self._read_bytes)
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        return whole.decode(errors="replace")

    def _hear(self) -> None:
        """What it said last, also after its folder has gone."""
        if self._kept.has_ended():
            last_words = self._kept.log_tail().encode()
        else:
            last_words = _last_bytes(self.folder / _OUTPUT)
        if last_words:
            self._said = last_words

    def _keep_the_bound(self) -> None:
        """Programs append: what is cut off here is gone, and they go on at the beginning."""
        output = self.folder / _OUTPUT
        try:
            if output.stat().st_size > OUTPUT_BYTES_MAX:
                self._said = _last_bytes(output)
                os.truncate(output, 0)
                self._read_bytes = 0
        except OSError:
            pass  # it has ended by now, and its folder has gone


def start_program(
    command: Sequence[str | Path],
    *,
    folder: Path,
    unsaid: Unsaid,
    environment: Mapping[str, str] | None = None,
    linger_s: float = 0.0,
) -> EngineProcess:
    """Start it in a folder of `new_work_folder`. `environment` is added to what every program is
    told of the world; `linger_s` is what `linger` gives it. Raises OSError where it cannot be
    started."""
    try:
        with held_lock(folder) as lock:
            kept = keep(
                command,
                log=folder / _OUTPUT,
                pid_file=folder / "pid",
                remove=[folder],
                inherit=(lock,),
                environment={**bare_environment(), **(environment or {})},
                linger_s=linger_s,
            )
            os.write(lock, f"{kept.keeper_pid}\n".encode())
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return EngineProcess(folder, kept, unsaid)


def _exit_of(status: int) -> Exit:
    """Below 0: the keeper was killed, and the program with it."""
    if status < 0:
        return Exit(signal=-status)
    return Exit(signal=status - _SIGNALLED) if status > _SIGNALLED else Exit(status=status)


def neutral_output(text: str, unsaid: Unsaid, folder: Path | None = None) -> str:
    """What a program says, without what must not leave: line ends stay, nothing else that hides."""
    if folder is not None:
        text = text.replace(str(folder), "<folder>")
    text = of_a_program(text, database=unsaid.database)
    for machine in (*unsaid.machines, socket.gethostname()):
        text = _word(machine, r"(?::\d{1,5})?").sub(ADDRESS, text) if machine else text
    for account in unsaid.accounts:
        text = _word(account, "").sub("<account>", text) if account else text
    return visible_block(text)


def _word(word: str, behind: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(word)}{behind}(?![\w-])", re.IGNORECASE)


def _bytes_from(path: Path, offset_bytes: int) -> bytes:
    try:
        with path.open("rb") as output:
            output.seek(offset_bytes)
            return output.read(OUTPUT_BYTES_MAX)
    except OSError:
        return b""  # it has just ended


def _last_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as output:
            output.seek(max(0, path.stat().st_size - TAIL_BYTES))
            return output.read(TAIL_BYTES)
    except OSError:
        return b""
