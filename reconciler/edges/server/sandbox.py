"""A local sharded fleet on real servers: up, status, down.

Rule: until `up` has ended well, its servers end with it; afterwards they stay until `down`. What
`down` ends is what holds the locks in the folder, so that it needs no record and never misses a
server of an `up` that was killed half way.
"""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reconciler.edges.client.opening import open_wire
from reconciler.edges.server.find import ServerBinary, find_server
from reconciler.edges.server.limits import SANDBOX_PARALLEL, SANDBOX_SERVERS_MAX
from reconciler.edges.server.lock import LOCK_NAME, end_and_remove, is_kept
from reconciler.edges.server.problems import (
    sandbox_is_busy,
    sandbox_is_up,
    sandbox_keyspace_wrong,
    sandbox_size_wrong,
)
from reconciler.edges.server.process import Logins, RunningServer, new_logins, start_server
from reconciler.edges.server.sandbox_state import (
    Sandbox,
    SandboxProgram,
    SandboxServer,
    SandboxShard,
    read_state,
    remove_state,
    target_of,
    write_state,
)
from reconciler.limits import IDENTIFIER_CHARS_MAX, SHARDS_MAX
from reconciler.model.fleet import even_shards, is_keyspace_name
from reconciler.model.server import Flavor

BUSY_NAME = "sandbox.lock"
# Whose folders may be in a sandbox's, in the order in which they are ended.
KINDS = ("vtgate", "vttablet", "vtctld", "etcd", "server")


def sandbox_up(
    folder: Path, *, keyspace: str, shards: int, servers: int, flavor: Flavor | None = None
) -> Sandbox:
    """Boot the servers, make a database for each shard, and leave all of it running."""
    _check(keyspace, shards, servers)
    folder = folder.resolve()
    with alone(folder):
        if read_state(folder) is not None:
            raise sandbox_is_up(folder)
        end_all(folder)  # of an `up` that was killed half way
        logins = new_logins()
        with ExitStack() as until_written:
            running = _start_all(find_server(flavor), servers, folder, logins)
            for server in running:
                until_written.enter_context(server)
            sandbox = _describe(folder, keyspace, shards, logins, running)
            _create_databases(sandbox)
            write_state(sandbox)
            until_written.pop_all()
        for server in running:
            server.process.detach()
    return sandbox


def sandbox_status(folder: Path) -> Sandbox | None:
    return read_state(folder.resolve())


def is_running(part: SandboxServer | SandboxProgram) -> bool:
    return is_kept(part.folder)


def sandbox_down(folder: Path) -> bool:
    """End every server in the folder and remove it all; False if there was nothing."""
    folder = folder.resolve()
    if not folder.exists():
        return False
    with alone(folder):
        was_there = end_all(folder)
        return remove_state(folder) or was_there


def _check(keyspace: str, shards: int, servers: int) -> None:
    if not 1 <= shards <= SHARDS_MAX:
        raise sandbox_size_wrong("shards", shards, 1, SHARDS_MAX)
    most = min(shards, SANDBOX_SERVERS_MAX)
    if not 1 <= servers <= most:
        raise sandbox_size_wrong("servers", servers, 1, most)
    longest = max(map(len, even_shards(shards)))
    if not is_keyspace_name(keyspace) or len(keyspace) + 1 + longest > IDENTIFIER_CHARS_MAX:
        raise sandbox_keyspace_wrong(keyspace)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One `up` or `down` at a time; a folder that holds nothing else goes with the lock."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    busy = folder / BUSY_NAME
    with busy.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise sandbox_is_busy(folder) from None
        try:
            yield
        finally:
            busy.unlink()
            if not any(folder.iterdir()):
                folder.rmdir()


def _start_all(
    binary: ServerBinary, count: int, folder: Path, logins: Logins
) -> list[RunningServer]:
    """All of them, or none and the first one's error."""

    def start(number: int) -> RunningServer:
        # A name of its own: the folder of an earlier one may still be on its way out.
        own = folder / f"server-{number}-{secrets.token_hex(4)}"
        return start_server(binary, folder=own, logins=logins)

    with ThreadPoolExecutor(max_workers=SANDBOX_PARALLEL) as pool:
        starts = [pool.submit(start, number) for number in range(1, count + 1)]
    errors = [error for error in (each.exception() for each in starts) if error is not None]
    running = [each.result() for each in starts if each.exception() is None]
    if errors:
        for server in running:
            server.stop()
        raise errors[0]
    return running


def _describe(
    folder: Path, keyspace: str, shards: int, logins: Logins, running: list[RunningServer]
) -> Sandbox:
    return Sandbox(
        folder=folder,
        keyspace=keyspace,
        logins=logins,
        servers=tuple(
            SandboxServer(
                number=number,
                folder=server.folder,
                host=server.host,
                port=server.port,
                socket=server.socket,
                version=str(server.version),
            )
            for number, server in enumerate(running, start=1)
        ),
        shards=tuple(
            SandboxShard(name=name, database=f"{keyspace}_{name}", server=i % len(running) + 1)
            for i, name in enumerate(even_shards(shards))
        ),
    )


def _create_databases(sandbox: Sandbox) -> None:
    for server in sandbox.servers:
        admin = target_of(server, sandbox.logins.admin)
        connection = open_wire(admin, program="reconciler, sandbox", database=None)
        with connection, connection.cursor() as cursor:
            for shard in sandbox.shards:
                if shard.server == server.number:
                    cursor.execute(f"CREATE DATABASE `{shard.database}`")


def end_all(folder: Path) -> bool:
    """Only what holds a keeper's lock: the folder may be one that holds other things too."""
    locks = [lock for kind in KINDS for lock in sorted(folder.glob(f"{kind}-*/{LOCK_NAME}"))]
    for lock in locks:
        end_and_remove(lock.parent)
    return bool(locks)
