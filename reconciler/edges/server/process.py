"""Starts a private server and hands it over running: loopback, free port, own accounts, own folder.

Rule: whatever happens to the process that started it, the server ends and its folder goes
(`keeper`), unless it was detached on purpose (`sandbox`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import assert_never

from reconciler.edges.keeper import LOG_TAIL_BYTES
from reconciler.edges.kept import Kept, Stays, keep
from reconciler.edges.limits import SOCKET_PATH_BYTES_MAX
from reconciler.edges.server.find import ServerBinary, find_server
from reconciler.edges.server.limits import (
    PORT_ATTEMPTS_MAX,
    SERVER_START_S_MAX,
)
from reconciler.edges.server.lock import (
    ELSEWHERE_LINK,
    TEMP_PREFIX,
    held_lock,
    sweep_abandoned,
)
from reconciler.edges.server.options import (
    HOST,
    Options,
    Purpose,
    command_line,
    initial_options,
    private_options,
    server_options,
)
from reconciler.edges.server.ports import hold_port
from reconciler.edges.server.problems import server_died, server_too_slow
from reconciler.edges.server.template import copy_initialised
from reconciler.model.server import Flavor, ServerVersion

PORT_TAKEN = ("Address already in use", "Can't start server: Bind on TCP/IP port")
SOCKET_NAME = "mysqld.sock"


# What a scratch session needs, and nothing that reaches out of its own databases: no SUPER, no
# FILE, no setting of the server's, no account.
SCRATCH_GRANTS = {
    Flavor.MYSQL: (
        r"ALL ON `\_reconciler\_%`.*",
        "PROCESS ON *.*",  # the ids of tables, which tell a rebuild
        "SESSION_VARIABLES_ADMIN ON *.*",  # a session is set as the shards' are
    ),
    Flavor.MARIADB: (r"ALL ON `\_reconciler\_%`.*", "PROCESS ON *.*"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logins:
    """`admin` may do all that the server's purpose takes; `reader` sees every definition and
    changes nothing, and is no account of a SCRATCH server."""

    admin: Login
    reader: Login


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningServer:
    """A server that answers. Leaving its `with` block ends it."""

    version: ServerVersion
    host: str
    port: int
    socket: Path
    folder: Path
    logins: Logins
    process: Kept = field(repr=False)

    @property
    def admin(self) -> Login:
        return self.logins.admin

    @property
    def reader(self) -> Login:
        return self.logins.reader

    def stop(self) -> None:
        self.process.stop()

    def __enter__(self) -> RunningServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def new_logins() -> Logins:
    return Logins(
        admin=Login(user="reconciler", password=secrets.token_hex(16)),
        reader=Login(user="reader", password=secrets.token_hex(16)),
    )


def start_server(
    binary: ServerBinary | None = None,
    *,
    purpose: Purpose = Purpose.FLEET,
    options: Options | None = None,
    folder: Path | None = None,
    logins: Logins | None = None,
    stays: Stays | None = None,
) -> RunningServer:
    """Start a server on a fresh data folder and wait until it answers.

    `options` are server variables that win over the defaults of the purpose. `folder` is made, and
    removed with the server; by default it is a new one among the temporary files. `stays`: once it
    was detached.
    """
    binary = binary or find_server()
    logins = logins or new_logins()
    for attempts_left in reversed(range(PORT_ATTEMPTS_MAX)):
        with closing(hold_port()) as port:  # the server's own once it answers
            server = _start(binary, purpose, options or {}, folder, logins, port.number, stays)
            try:
                last_words = _wait_until_it_answers(server, binary.path)
            except BaseException:
                server.stop()
                raise
        if last_words is None:
            (server.folder / "init.sql").unlink()  # it holds the passwords
            return server
        if attempts_left == 0 or not any(sign in last_words for sign in PORT_TAKEN):
            raise server_died("start", binary.path, last_words)
    raise AssertionError("the last attempt returned or raised")


def _start(
    binary: ServerBinary,
    purpose: Purpose,
    options: Options,
    folder: Path | None,
    logins: Logins,
    port: int,
    stays: Stays | None,
) -> RunningServer:
    sweep_abandoned(Path(tempfile.gettempdir()))
    folder = _new_folder(folder)
    remove = [folder]
    try:
        with held_lock(folder) as lock:
            socket_folder = _socket_folder(folder)
            if socket_folder != folder:
                remove.append(socket_folder)
            socket_path = socket_folder / SOCKET_NAME
            _fill(folder, binary, purpose, options, logins)
            settings = server_options(binary.version.flavor, purpose, options)
            settings |= private_options(binary.version.flavor, folder, socket_path, port)
            process = keep(
                command_line(binary.path, settings),
                log=folder / "server.log",
                pid_file=folder / "server.pid",
                remove=remove,
                inherit=(lock,),
                stays=stays,
            )
            os.write(lock, f"{process.keeper_pid}\n".encode())
    except BaseException:
        for path in remove:
            shutil.rmtree(path, ignore_errors=True)
        raise
    return RunningServer(
        version=binary.version,
        host=HOST,
        port=port,
        socket=socket_path,
        folder=folder,
        logins=logins,
        process=process,
    )


def _new_folder(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix=TEMP_PREFIX))
    folder.mkdir(parents=True, mode=0o700)
    return folder.resolve()


def _socket_folder(folder: Path) -> Path:
    """The server's own folder, or one with a shorter name and a link to it."""
    if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
        return folder
    shorter = Path(tempfile.mkdtemp(prefix="reconciler-", dir="/tmp"))
    (folder / ELSEWHERE_LINK).symlink_to(shorter)
    return shorter


def _fill(
    folder: Path, binary: ServerBinary, purpose: Purpose, options: Options, logins: Logins
) -> None:
    for name in ("tmp", "files"):
        (folder / name).mkdir(mode=0o700)
    copy_initialised(binary, initial_options(options), folder / "data")
    script = folder / "init.sql"
    script.touch(mode=0o600)
    script.write_text(_accounts(binary.version.flavor, purpose, logins))


def _accounts(flavor: Flavor, purpose: Purpose, logins: Logins) -> str:
    """Run by the server before it listens: nobody ever meets it without passwords.

    One statement per line, as --init-file wants it. Both hosts, because without name resolution
    127.0.0.1 is not localhost, and the unix socket always is.
    """
    match purpose:
        case Purpose.FLEET:
            grants = {
                logins.admin: ["ALL ON *.*"],
                logins.reader: ["SELECT, SHOW VIEW, PROCESS ON *.*"],
            }
        case Purpose.SCRATCH:
            grants = {logins.admin: [*SCRATCH_GRANTS[flavor]]}
        case _:
            assert_never(purpose)
    lines = ["SET sql_log_bin = 0;"]
    for host in ("127.0.0.1", "localhost"):
        for login, granted in grants.items():
            account = f"'{login.user}'@'{host}'"
            lines.append(f"CREATE USER {account} IDENTIFIED BY '{login.password}';")
            option = " WITH GRANT OPTION" if "ALL ON *.*" in granted else ""
            lines += [f"GRANT {what} TO {account}{option};" for what in granted]
    if flavor is Flavor.MYSQL:  # MariaDB's template has none
        lines.append("DROP USER 'root'@'localhost';")
    return "\n".join([*lines, ""])


def _wait_until_it_answers(server: RunningServer, binary: Path) -> str | None:
    """None once it answers; the server's last words if it ended instead."""
    give_up_at = time.monotonic() + SERVER_START_S_MAX
    while time.monotonic() < give_up_at:
        if server.process.has_ended():
            last_words = server.process.log_tail()
            server.stop()
            return last_words
        if _answers(server.socket):
            return None
        time.sleep(0.02)
    raise server_too_slow(binary, SERVER_START_S_MAX, _last_words(server.folder))


def _last_words(folder: Path) -> str:
    """Of one that runs yet: it may wait for room on its disk."""
    log = (folder / "server.log").read_bytes()[-LOG_TAIL_BYTES:]
    return log.decode(errors="replace")


def _answers(path: Path) -> bool:
    """Asked over the socket in the server's own folder: a TCP port could be somebody else's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(SERVER_START_S_MAX)
        try:
            client.connect(os.fspath(path))
            greeting = client.recv(5)
        except OSError:
            return False
    # Three bytes of length, one of sequence, then the protocol version: always 10; 255 is an error.
    return len(greeting) == 5 and greeting[4] == 10
