"""Starts one of a cluster's programs under a keeper, and waits until it answers.

Rules: it ends with whoever started it (`keeper`), and its folder goes with it (VT-2). Vitess'
programs refuse to run as root: started by root, they run as nobody, in a folder of nobody's with a
program that nobody may run; everything else of theirs stays root's.
"""

from __future__ import annotations

import http.client
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.edges.keeper import LOG_TAIL_BYTES
from reconciler.edges.kept import Kept, keep
from reconciler.edges.programs import server_environment
from reconciler.edges.server.limits import SERVER_START_S_MAX
from reconciler.edges.server.lock import ELSEWHERE_LINK, TEMP_PREFIX, held_lock
from reconciler.edges.server.options import HOST
from reconciler.edges.server.ports import HeldPort, hold_port
from reconciler.edges.server.problems import server_too_slow
from reconciler.edges.vitess.local.commands import Command
from reconciler.edges.vitess.local.problems import vitess_died

NOBODY = 65_534


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What one program is started from. `files` are written for its eyes only; `health` is the path
    that it answers by HTTP, at the first of its ports, once it is up."""

    name: str
    program: Path
    command: Command = field(repr=False)
    ports: int = 2
    health: str = "/debug/vars"
    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    refuses_root: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """A program that answers, until it is stopped."""

    recipe: Recipe
    folder: Path
    held_ports: tuple[HeldPort, ...]
    process: Kept = field(repr=False)

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(port.number for port in self.held_ports)

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def stop(self) -> None:
        self.process.stop()
        for port in self.held_ports:
            port.close()

    def detach(self) -> None:
        self.process.detach()
        for port in self.held_ports:
            port.close()

    def start_again(self, into: Path | None) -> Daemon:
        """After its end, which is now if it has not come yet, on the same ports, which nobody else
        was given meanwhile."""
        self.process.stop()
        return _started(self.recipe, into, self.held_ports)


def start_daemon(recipe: Recipe, into: Path | None = None) -> Daemon:
    """Start it in a folder of its own, in `into` or among the temporary files, on ports that are
    held for it until it is stopped, and wait until it answers."""
    return _started(recipe, into, tuple(hold_port() for _ in range(recipe.ports)))


def _started(recipe: Recipe, into: Path | None, ports: tuple[HeldPort, ...]) -> Daemon:
    with ExitStack() as until_it_answers:
        for port in ports:
            until_it_answers.callback(port.close)
        daemon = _start(recipe, into, ports)
        until_it_answers.callback(daemon.process.stop)
        last_words = _wait_until_it_answers(daemon)
        if last_words is not None:
            raise vitess_died(recipe.name, last_words)
        until_it_answers.pop_all()
    return daemon


def _start(recipe: Recipe, into: Path | None, ports: tuple[HeldPort, ...]) -> Daemon:
    folder = _new_folder(recipe.name, into)
    user = NOBODY if recipe.refuses_root and os.geteuid() == 0 else None
    remove = [folder]
    try:
        with held_lock(folder) as lock:
            run = folder if user is None else _folder_elsewhere(folder)
            if run != folder:
                remove.append(run)
            program = recipe.program if user is None else _lent(recipe.program, run)
            for name, text in recipe.files.items():
                (run / name).touch(mode=0o600)
                (run / name).write_text(text)
            if user is not None:
                _give(run, [*recipe.files], user)
            process = keep(
                recipe.command(program, run, [port.number for port in ports]),
                log=folder / "server.log",
                pid_file=folder / "server.pid",
                remove=remove,
                inherit=(lock,),
                environment={**server_environment(), "VTDATAROOT": str(run), "TMPDIR": str(run)},
                user=user,
            )
            os.write(lock, f"{process.keeper_pid}\n".encode())
    except BaseException:
        for path in remove:
            shutil.rmtree(path, ignore_errors=True)
        raise
    return Daemon(recipe=recipe, folder=folder, held_ports=ports, process=process)


def _new_folder(name: str, into: Path | None) -> Path:
    if into is None:
        return Path(tempfile.mkdtemp(prefix=f"{TEMP_PREFIX}{name}-"))
    folder = into / f"{name}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True, mode=0o700)
    return folder.resolve()


def _folder_elsewhere(folder: Path) -> Path:
    """Where another user can go: the way to our own folder may be closed to others."""
    elsewhere = Path(tempfile.mkdtemp(prefix="reconciler-", dir="/tmp"))
    (folder / ELSEWHERE_LINK).symlink_to(elsewhere)
    return elsewhere


def _lent(program: Path, run: Path) -> Path:
    """The program where another user may run it; no copy of it where that is possible."""
    lent = run / program.name
    try:
        lent.hardlink_to(program.resolve())
    except OSError:  # on another disk
        shutil.copy(program, lent)
    return lent


def _give(run: Path, names: Sequence[str], user: int) -> None:
    """The folder last: until then nobody else can have put anything into it."""
    for path in (*(run / name for name in names), run):
        os.chown(path, user, user)


def _wait_until_it_answers(daemon: Daemon) -> str | None:
    """None once it answers; its last words if it ended instead."""
    give_up_at = time.monotonic() + SERVER_START_S_MAX
    while time.monotonic() < give_up_at:
        if daemon.process.has_ended():
            return daemon.process.log_tail()
        if _answers(daemon.ports[0], daemon.recipe.health):
            return None
        time.sleep(0.05)
    tail = daemon.log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
    raise server_too_slow(daemon.recipe.program, SERVER_START_S_MAX, tail)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=SERVER_START_S_MAX)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
