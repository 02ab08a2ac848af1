"""A server that can be killed and started again on what it left behind."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pymysql

from reconciler.edges.server.find import ServerBinary, find_servers
from reconciler.edges.server.options import (
    HOST,
    Options,
    Purpose,
    command_line,
    private_options,
    server_options,
)
from reconciler.edges.server.ports import hold_port
from reconciler.edges.server.process import Login
from reconciler.edges.server.template import copy_initialised
from reconciler.model.server import Flavor
from tests.machine import server_folder
from tests.waiting import PATIENCE_S

USER, PASSWORD = "chaos", "chaos"
WRITER = "writer"  # whose connections nobody cuts
LEDGER_USER, LEDGER_DATABASE = "chaos_ledger", "chaos_ledger"
_ANSWER_S = 5
_LOG_LINES = 30
# A page may be half written when a server is killed; those that only ever end do without.
_KILLED: Options = {"innodb_doublewrite": "ON"}
_PR_SET_PDEATHSIG = 1


class DoesNotStart(AssertionError):
    """With what the server wrote, and what it waits for."""


class CrashableServer:
    """Its port stays its own while it is down. `options` win over those of a fleet's servers;
    `admin` is an account that may do all, besides our own."""

    def __init__(
        self,
        folder: Path,
        flavor: Flavor,
        options: Options | None = None,
        admin: Login | None = None,
    ) -> None:
        self._options = options or {}
        self.binary = newest(flavor)
        self.folder = folder
        self._port = hold_port()
        self.port = self._port.number
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
            f"GRANT ALL ON {LEDGER_DATABASE}.* TO '{LEDGER_USER}'@'%';\n" + _account_of(admin)
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        settings = server_options(
            self.binary.version.flavor, Purpose.FLEET, {**_KILLED, **self._options}
        )
        settings |= private_options(self.binary.version.flavor, self.folder, self.socket, self.port)
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command_line(self.binary.path, settings),
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_the_parent,
            )
        self._wait_until_it_answers(self._process)
        # Run once: a later start must not wait for what a recovered transaction may hold.
        (self.folder / "init.sql").write_text("")

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.connect(answer_s=_ANSWER_S).close()
                return
            except pymysql.Error as error:
                if process.poll() is not None or time.monotonic() > give_up_s:
                    raise DoesNotStart(self._why(process)) from error
                time.sleep(0.02)

    def _why(self, process: subprocess.Popen[bytes]) -> str:
        status = process.poll()
        state = "it runs" if status is None else f"it ended with {status}"
        free_mib = shutil.disk_usage(self.folder).free >> 20
        log = (self.folder / "server.log").read_text(errors="replace").splitlines()
        told = [
            f"the server does not start: {state}, load {os.getloadavg()[0]:.1f}",
            f"{free_mib} MiB are free in {self.folder.parent}",
            *(_waits(process.pid) if status is None else ()),
            *log[-_LOG_LINES:],
        ]
        return "\n".join(told)

    @property
    def socket(self) -> Path:
        return self.folder / "s.sock"

    def log_position(self) -> tuple[str, int]:
        """Where the binary log ends now."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW BINARY LOGS")
            log, size, *_ = cursor.fetchall()[-1]
            return str(log), int(size)

    def logged(self, since: tuple[str, int] = ("", 4)) -> Iterator[str]:
        """What the binary log tells of each event, from there on; the beginning is at byte 4."""
        first, position = since
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW BINARY LOGS")
            for log, *_ in cursor.fetchall():
                if log >= first:
                    begin = position if log == first else 4
                    cursor.execute(f"SHOW BINLOG EVENTS IN '{log}' FROM {begin}")
                    yield from (str(event[5]) for event in cursor.fetchall())

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
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def forget_log(self) -> None:
        """The binary log begins here; what it held takes no more room."""
        match self.binary.version.flavor:
            case Flavor.MYSQL:
                forget = "RESET BINARY LOGS AND GTIDS"
            case Flavor.MARIADB:
                forget = "RESET MASTER"
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(forget)

    def close(self) -> None:
        self.kill()
        self._port.close()
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def connect(
        self, database: str | None = None, *, user: str = USER, answer_s: float | None = None
    ) -> pymysql.Connection[Any]:
        return pymysql.connect(
            host=HOST,
            port=self.port,
            user=user,
            password=PASSWORD,
            database=database,
            autocommit=True,
            ssl_disabled=True,
            read_timeout=answer_s,
        )


@contextmanager
def crashable_server(
    flavor: Flavor, options: Options | None = None, admin: Login | None = None
) -> Iterator[CrashableServer]:
    with (
        tempfile.TemporaryDirectory(dir=server_folder()) as folder,
        closing(CrashableServer(Path(folder), flavor, options, admin)) as server,
    ):
        server.start()
        yield server


def newest(flavor: Flavor) -> ServerBinary:
    found = [server for server in find_servers() if server.version.flavor is flavor]
    assert found, f"no {flavor} server at hand: run `make servers`"
    return max(found, key=lambda server: server.version)


def _account_of(login: Login | None) -> str:
    if login is None:
        return ""
    account = f"'{login.user}'@'%'"
    return (
        f"CREATE USER IF NOT EXISTS {account} IDENTIFIED BY '{login.password}';\n"
        f"GRANT ALL ON *.* TO {account} WITH GRANT OPTION;\n"
    )


def _end_with_the_parent() -> None:
    """Linux ends the server when the process that started it is gone, however it went."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _waits(process_id: int) -> list[str]:
    """What its threads wait for in the kernel, as far as that is told."""
    found: Counter[str] = Counter()
    for task in Path(f"/proc/{process_id}/task").glob("*"):
        with suppress(OSError):
            found[f"{(task / 'comm').read_text().strip()}: {(task / 'wchan').read_text()}"] += 1
    return [f"{count} x {wait}" for wait, count in sorted(found.items())]


def is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True
