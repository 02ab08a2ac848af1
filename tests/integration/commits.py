"""A way to a server on which the answer of one COMMIT is lost, at the worst moments there are."""

from __future__ import annotations

import contextlib
import socket
import threading
from enum import Enum, auto

from reconciler.edges.server.process import RunningServer
from tests.integration.mysql_edges import Wire
from tests.waiting import PATIENCE_S


class Lost(Enum):
    """What becomes of the next COMMIT. The client's connection ends in any case."""

    BEFORE = auto()  # the server never hears of it, and sees its client go
    AFTER = auto()  # it is carried out, and its answer is lost
    HELD = auto()  # it is on its way until `let_through`


class Commits(Wire):
    def __init__(self, server: RunningServer) -> None:
        self._lost: Lost | None = None
        self._doomed: set[socket.socket] = set()
        self._through = threading.Event()
        super().__init__(server)

    def lose(self, how: Lost) -> None:
        self._lost = how

    def let_through(self) -> None:
        self._through.set()

    def close(self) -> None:
        self._through.set()
        super().close()

    def _pump(self, source: socket.socket, sink: socket.socket, can_be_lost: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if source in self._doomed:  # the answer
                    sink.shutdown(socket.SHUT_RDWR)
                    return
                if not can_be_lost and self._lost and b"COMMIT" in data:
                    how, self._lost = self._lost, None
                    self._lose(how, source, sink)
                    if how is Lost.BEFORE:
                        return
                sink.sendall(data)

    def _lose(self, how: Lost, client: socket.socket, server: socket.socket) -> None:
        match how:
            case Lost.BEFORE:
                client.shutdown(socket.SHUT_RDWR)
                server.shutdown(socket.SHUT_RDWR)
            case Lost.AFTER:
                self._doomed.add(server)
            case Lost.HELD:
                self._doomed.add(server)
                client.shutdown(socket.SHUT_RDWR)
                self._through.wait(PATIENCE_S)
