"""`python -m tests.preloading FILE`: imports what commands import, and then forks a process for
each that is asked for over the socket FILE. What importing takes is paid once, not by each of them.

Whatever is forked is a process of its own from there on: its id, files, folder, environment and
signals, and how it ends. Who stands between it and this one waits for it and tells how it ended;
this one waits for nobody, and ends with who asks (tests/preloaded.py).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
import time
import types
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.cli.main import VERBS

# A whole environment, and files: three streams, and where the end is told.
ASKED_BYTES_MAX = 128 * 1024
FILES = 4
# Read by an interpreter when it starts, or by a library that it loads: too late for these here.
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")

_BESIDE_VERBS = (
    "reconciler.report.compose.opening",
    "sqlalchemy.dialects.mysql.pymysql",
    "sqlalchemy.dialects.sqlite.pysqlite",
)


@dataclass(frozen=True)
class Asked:
    """`arguments` of an interpreter: `-m` or `-c`, and what follows."""

    arguments: Sequence[str]
    environ: dict[str, str]
    folder: str


def main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as asking:
        _import_all()
        gc.freeze()
        # What is pressed at a terminal is for the processes that were asked for, and for pytest.
        signals = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        asked = _serve(asking)
    if asked is not None:
        _become(asked)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        _run_to_its_end(asked.arguments)


def _import_all() -> None:
    verbs = {f"reconciler.cli.{place.partition(':')[0]}" for place, _ in VERBS.values()}
    for module in (*sorted(verbs), *_BESIDE_VERBS):
        importlib.import_module(module)


def _serve(asking: socket.socket) -> Asked | None:
    """In a process that was asked for: what it is to be. In this one: None, when nobody asks."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those in between
    while True:
        message, files, _, _ = socket.recv_fds(asking, ASKED_BYTES_MAX, FILES)
        if not message:
            return None
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            *streams, telling = files
            if (process_id := os.fork()) == 0:
                for number, file in enumerate(streams):
                    os.dup2(file, number)
                for file in files:
                    os.close(file)
                return Asked(**json.loads(message))
            _tell_its_end(process_id, telling)
        for file in files:
            os.close(file)


def _tell_its_end(process_id: int, telling: int) -> None:
    """Holds no stream of anybody's meanwhile: who reads one to its end would wait for this."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    os.dup2(telling, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    with socket.socket(fileno=3) as told:
        told.send(str(process_id).encode())
        _, status = os.waitpid(process_id, 0)
        told.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: Asked) -> None:
    for name in {*os.environ, *asked.environ}:
        if name.startswith(READ_AT_START):
            assert os.environ.get(name) == asked.environ.get(name), f"{name} is read at the start"
    os.environ.clear()
    os.environ.update(asked.environ)
    time.tzset()
    os.chdir(asked.folder)
    gc.unfreeze()


def _run_to_its_end(arguments: Sequence[str]) -> None:
    """As an interpreter ends, but for what it takes to pieces last: all that was imported, which
    costs several times what a short command does. Any other end is left to the interpreter."""
    code: object = None
    try:
        _run(arguments)
    except SystemExit as ended:
        code = ended.code
    if not isinstance(code, int | None):
        sys.exit(str(code))
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as every end does
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit((code or 0) & 0xFF)


def _run(arguments: Sequence[str]) -> None:
    how, what, *rest = arguments
    if how == "-m":
        sys.path[0] = os.getcwd()
        sys.argv[:] = [what, *rest]
        runpy.run_module(what, run_name="__main__", alter_sys=True)
        return
    assert how == "-c"
    sys.path[0] = ""
    sys.argv[:] = [how, *rest]
    sys.modules["__main__"] = module = types.ModuleType("__main__")
    exec(what, vars(module))


if __name__ == "__main__":
    main()
