"""Somebody who goes on writing into a table while it is changed, and knows what must be in it."""

from __future__ import annotations

import threading
import time
from random import Random
from typing import Any

import pymysql

from tests.integration.chaos.server import WRITER, CrashableServer
from tests.waiting import PATIENCE_S

PAUSE_S = 0.004
BACK_S_MAX = PATIENCE_S + 60.0  # the server's start is judged by who starts it

Row = tuple[int | None, str | None]


class Writer:
    """Writes from its start to its end into `table` (id, a, note), whose ids go from 1 to `rows`.
    `rows` are then exactly those that the server has said yes to."""

    def __init__(
        self, server: CrashableServer, database: str, table: str, *, rows: int, seed: int
    ) -> None:
        self._server = server
        self._database = database
        self._table = table
        self._random = Random(seed)
        self._next = rows + 1
        self.rows: dict[int, Row] = dict.fromkeys(range(1, rows + 1), (None, None))
        self.written = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(BACK_S_MAX)
        assert not self._thread.is_alive(), "the writer does not come to its end"

    def _work(self) -> None:
        connection = self._connection()
        while not self._stop.is_set():
            number, sql, values, after = self._next_write()
            try:
                with connection.cursor() as cursor:
                    cursor.execute(sql, values)
                self._note(number, after)
            except pymysql.Error:
                # The server has died, and whether it had committed only the row can tell.
                connection = self._connection()
                self._note(number, self._read(connection, number))
            self.written += 1
            time.sleep(PAUSE_S)
        connection.close()

    def _next_write(self) -> tuple[int, str, tuple[Any, ...], Row | None]:
        value, word = self._random.randrange(2**31), f"note {self._random.randrange(10**6)}"
        number = self._random.choice(tuple(self.rows)[-500:]) if self.rows else 0
        kind = self._random.random()
        if not number or kind < 0.4:
            self._next += 1
            sql = f"INSERT INTO `{self._table}` (id, a, note) VALUES (%s, %s, %s)"
            return self._next, sql, (self._next, value, word), (value, word)
        if kind < 0.8:
            sql = f"UPDATE `{self._table}` SET a = %s, note = %s WHERE id = %s"
            return number, sql, (value, word, number), (value, word)
        return number, f"DELETE FROM `{self._table}` WHERE id = %s", (number,), None

    def _note(self, number: int, row: Row | None) -> None:
        if row is None:
            self.rows.pop(number, None)
        else:
            self.rows[number] = row

    def _read(self, connection: pymysql.Connection[Any], number: int) -> Row | None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT a, note FROM `{self._table}` WHERE id = %s", (number,))
            found: Row | None = cursor.fetchone()
        return found

    def _connection(self) -> pymysql.Connection[Any]:
        give_up_s = time.monotonic() + BACK_S_MAX
        while True:
            try:
                return self._server.connect(self._database, user=WRITER)
            except pymysql.Error:
                if time.monotonic() > give_up_s:
                    raise
                time.sleep(0.05)
