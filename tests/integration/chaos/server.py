"""A server that can be killed and started again on what it left behind."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql

from reconciler.edges.server.find import ServerBinary, find_servers
from reconciler.edges.server.options import (
    HOST,
    Purpose,
    command_line,
    private_options,
    server_options,
)
from reconciler.edges.server.template import copy_initialised
from reconciler.model.server import Flavor

USER, PASSWORD = "chaos", "chaos"
WRITER = "writer"  # whose connections nobody cuts
LEDGER_USER, LEDGER_DATABASE = "chaos_ledger", "chaos_ledger"
START_S_MAX = 60.0
_PR_SET_PDEATHSIG = 1


class CrashableServer:
    """Its folder is in memory where there is such a place: what counts is what is killed when."""

    def __init__(self, folder: Path, flavor: Flavor) -> None:
        self.binary = newest(flavor)
        self.folder = folder
        self.port = _free_port()
        for name in ("tmp", "files"):
            (folder / name).mkdir()
        copy_initialised(self.binary, {}, folder / "data")
        (folder / "init.sql").write_text(
            "SET sql_log_bin = 0;\n"
            f"CREATE USER IF NOT EXISTS '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
            f"CREATE USER IF NOT EXISTS '{WRITER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{WRITER}'@'%';\n"
            f"CREATE USER IF NOT EXISTS '{LEDGER_USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON {LEDGER_DATABASE}.* TO '{LEDGER_USER}'@'%';\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = server_options(self.binary.version.flavor, Purpose.FLEET, {})
        socket_path = self.folder / "s.sock"
        settings |= private_options(self.binary.version.flavor, self.folder, socket_path, self.port)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command_line(self.binary.path, settings),
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_the_parent,
            )
        give_up_s = time.monotonic() + START_S_MAX
        while True:
            try:
                self.connect().close()
                return
            except pymysql.Error:
                assert self._process.poll() is None, (self.folder / "server.log").read_text()
                assert time.monotonic() < give_up_s, "the server does not start"
                time.sleep(0.02)

    @property
    def ledger_url(self) -> str:
        return f"mysql+pymysql://{LEDGER_USER}:{PASSWORD}@{HOST}:{self.port}/{LEDGER_DATABASE}"

    def admin(self, *statements: str) -> None:
        """Leaves no trace in the binary log."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET sql_log_bin = 0")
            for statement in statements:
                cursor.execute(statement)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def connect(self, database: str | None = None, *, user: str = USER) -> pymysql.Connection[Any]:
        return pymysql.connect(
            host=HOST,
            port=self.port,
            user=user,
            password=PASSWORD,
            database=database,
            autocommit=True,
            ssl_disabled=True,
        )


@contextmanager
def crashable_server(flavor: Flavor) -> Iterator[CrashableServer]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        server = CrashableServer(Path(folder), flavor)
        server.start()
        try:
            yield server
        finally:
            server.kill()
            shutil.rmtree(server.folder / "data", ignore_errors=True)


def newest(flavor: Flavor) -> ServerBinary:
    found = [server for server in find_servers() if server.version.flavor is flavor]
    assert found, f"no {flavor} server at hand: run `make servers`"
    return max(found, key=lambda server: server.version)


def _end_with_the_parent() -> None:
    """Linux ends the server when the process that started it is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
