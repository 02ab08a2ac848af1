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
import socket
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.edges.kept import Kept, keep
from reconciler.edges.programs import server_environment
from reconciler.edges.server.limits import (
    EPHEMERAL_PORT_MIN,
    PORT_ATTEMPTS_MAX,
    PORT_MIN,
    SERVER_START_S_MAX,
)
from reconciler.edges.server.lock import ELSEWHERE_LINK, TEMP_PREFIX, held_lock
from reconciler.edges.server.options import HOST
from reconciler.edges.server.problems import server_too_slow
from reconciler.edges.server.vitess.commands import Command
from reconciler.edges.server.vitess.problems import vitess_died

NOBODY = 65_534
PORT_TAKEN = "address already in use"


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
    ports: tuple[int, ...]
    process: Kept = field(repr=False)

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def stop(self) -> None:
        self.process.stop()


def start_daemon(
    recipe: Recipe, into: Path | None = None, *, ports: Sequence[int] | None = None
) -> Daemon:
    """Start it in a folder of its own, in `into` or among the temporary files, on free ports or on
    those given, and wait until it answers."""
    for attempts_left in reversed(range(PORT_ATTEMPTS_MAX)):
        daemon = _start(recipe, into, tuple(ports or free_ports(recipe.ports)))
        try:
            last_words = _wait_until_it_answers(daemon)
        except BaseException:
            daemon.stop()
            raise
        if last_words is None:
            return daemon
        if attempts_left == 0 or ports is not None or PORT_TAKEN not in last_words:
            raise vitess_died(recipe.name, last_words)
    raise AssertionError("the last attempt returned or raised")


def _start(recipe: Recipe, into: Path | None, ports: tuple[int, ...]) -> Daemon:
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
                recipe.command(program, run, ports),
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
    return Daemon(recipe=recipe, folder=folder, ports=ports, process=process)


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


def free_ports(count: int) -> tuple[int, ...]:
    """Ports on which nobody listens now, and that no outgoing connection is given."""
    found: list[int] = []
    while len(found) < count:
        port = PORT_MIN + secrets.randbelow(EPHEMERAL_PORT_MIN - PORT_MIN)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        if port not in found:
            found.append(port)
    return tuple(found)


def _wait_until_it_answers(daemon: Daemon) -> str | None:
    """None once it answers; its last words if it ended instead."""
    give_up_at = time.monotonic() + SERVER_START_S_MAX
    while time.monotonic() < give_up_at:
        if daemon.process.has_ended():
            last_words = daemon.process.log_tail()
            daemon.stop()
            return last_words
        if _answers(daemon.ports[0], daemon.recipe.health):
            return None
        time.sleep(0.05)
    raise server_too_slow(daemon.recipe.program, SERVER_START_S_MAX)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=SERVER_START_S_MAX)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
