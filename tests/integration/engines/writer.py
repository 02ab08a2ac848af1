"""An application that goes on writing while an engine copies its table, and knows what it wrote."""

from __future__ import annotations

import random
import threading
from types import TracebackType

from pymysql.cursors import Cursor

from reconciler.edges.server.process import RunningServer
from tests.connections import admin_connection

_PAUSE_S = 0.005


class Writer:
    """The only one who writes to the table `t (id, v)`; `rows` is what must be in it at the end."""

    def __init__(self, server: RunningServer, database: str, *, rows: int, seed: int = 1) -> None:
        self.rows = {number: f"v{number}" for number in range(rows)}
        self._server, self._table = server, f"`{database}`.t"
        self._random = random.Random(seed)
        self._next = rows
        self._stop = threading.Event()
        self._failed: list[Exception] = []
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(60)
        assert kind is not None or not self._failed, self._failed

    def _write(self) -> None:
        connection = admin_connection(self._server)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET lock_wait_timeout = 60")
                while not self._stop.wait(_PAUSE_S):
                    self._write_once(cursor)
        except Exception as error:  # told by whoever waits for the thread
            self._failed.append(error)

    def _write_once(self, cursor: Cursor) -> None:
        number = self._random.choice(sorted(self.rows)) if self.rows else None
        match self._random.randrange(3):
            case 0:
                number, self._next = self._next, self._next + 1
                cursor.execute(
                    f"INSERT INTO {self._table} (id, v) VALUES (%s, %s)", (number, f"n{number}")
                )
                self.rows[number] = f"n{number}"
            case 1 if number is not None:
                value = f"u{self._random.randrange(10**9)}"
                cursor.execute(f"UPDATE {self._table} SET v = %s WHERE id = %s", (value, number))
                self.rows[number] = value
            case _ if number is not None:
                cursor.execute(f"DELETE FROM {self._table} WHERE id = %s", (number,))
                del self.rows[number]
