"""The double as a service: the API over HTTP, and branches that speak the MySQL protocol on the
port that PlanetScale's do, so that `reconciler` itself can be run against it. Its clock is the
machine's.
"""

from __future__ import annotations

import itertools
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.connections import admin_connection
from tests.planetscale_double.hub import Hub
from tests.planetscale_double.server import BRANCH_PASSWORD, Double, serving
from tests.planetscale_double.stores import MysqlStore
from tests.subjects import Server

_MYSQL_PORT = 3306
_QUERY = 0x03
_STEP_S = 0.15
_numbers = itertools.count(1)


@dataclass
class OwnBranches(MysqlStore):
    """As PlanetScale has it, the keyspace has its name on the branch that is connected to."""

    keyspace: str = "shop"

    def database(self, branch: str) -> str:
        return self.keyspace if branch.startswith("reconciler-") else super().database(branch)


@dataclass
class Service:
    double: Double
    stepping: Event = field(default_factory=Event)

    @property
    def hub(self) -> Hub:
        return self.double.hub

    def did(self, what: str) -> int:
        with self.double.lock:
            return sum(1 for line in self.hub.did if line.startswith(what))


@contextmanager
def planetscale_service(server: Server, *tables: str) -> Iterator[Service]:
    """Production has these tables; `server` has the branches as databases."""
    prefix = f"ps{secrets.token_hex(4)}"
    store = OwnBranches(server, prefix, keyspace=f"shop_{prefix}")
    store.create("main", *tables)
    hub = Hub(store, keyspace=store.keyspace, now_s=time.time())
    try:
        with serving(hub) as double, _branches(double, server, store):
            service = Service(double)
            with _in_time(service):
                yield service
    finally:
        for branch in hub.branches:
            store.drop(branch)


@contextmanager
def _in_time(service: Service) -> Iterator[None]:
    ended = Event()
    service.stepping.set()

    def step() -> None:
        while not ended.wait(_STEP_S):
            if service.stepping.is_set():
                with service.double.lock:
                    service.hub.step(time.time() - service.hub.now_s)

    thread = Thread(target=step, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextmanager
def _branches(double: Double, server: Server, store: OwnBranches) -> Iterator[None]:
    """An address of this machine's own for each service: a branch is on port 3306."""
    host = f"127.{77 + next(_numbers)}.{os.getpid() >> 8 & 255}.{os.getpid() & 255 or 1}"
    listener = socket.create_server((host, _MYSQL_PORT))
    double.branch_host = host
    users: list[str] = []

    def login(user: str, branch: str) -> None:
        if user not in users:
            _run(server, f"CREATE USER `{store.prefix}_{user}` IDENTIFIED BY '{BRANCH_PASSWORD}'")
            users.append(user)
        _run(server, f"GRANT ALL ON `{store.keyspace}`.* TO `{store.prefix}_{user}`")

    double.on_login = login
    double.user_prefix = f"{store.prefix}_"
    thread = Thread(target=_accept, args=(listener, double, server), daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for user in users:
            _run(server, f"DROP USER `{store.prefix}_{user}`")


def _accept(listener: socket.socket, double: Double, server: Server) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        behind = socket.create_connection((server.host, server.port))
        branch = [*double.logins.values()][-1]
        Thread(target=_relay, args=(behind, client, None, ""), daemon=True).start()
        Thread(target=_relay, args=(client, behind, double, branch), daemon=True).start()


def _relay(source: socket.socket, sink: socket.socket, double: Double | None, branch: str) -> None:
    """All bytes as they are; the statements among them are the branch's history."""
    seen = bytearray()
    with source, suppress(OSError):
        while data := source.recv(65_536):
            if double is not None:
                seen += data
                _take_statements(seen, double, branch)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def _take_statements(seen: bytearray, double: Double, branch: str) -> None:
    while len(seen) >= 4 and len(seen) >= (size := 4 + int.from_bytes(seen[:3], "little")):
        number, packet = seen[3], bytes(seen[4:size])
        del seen[:size]
        if number == 0 and packet[:1] == bytes([_QUERY]):
            sql = packet[1:].decode()
            if sql.split(" ", 1)[0] in ("ALTER", "CREATE", "DROP"):
                with double.lock:
                    double.hub.ran(branch, sql)


def _run(server: Server, sql: str) -> None:
    with admin_connection(server) as link, link.cursor() as cursor:
        cursor.execute(sql)
