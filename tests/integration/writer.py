"""Somebody who goes on writing into a table while it is changed, and knows what must be in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from random import Random
from types import TracebackType
from typing import Any

import pymysql

from reconciler.ddl.quote import quote_identifier
from tests.waiting import PATIENCE_S

PAUSE_S = 0.004
BACK_S_MAX = PATIENCE_S + 60.0  # of a server that is killed, judged by who starts it

Row = tuple[Any, ...]


class Writer:
    """The only one who writes to the table, whose key is `id`; `columns` are its others, of whole
    numbers or texts. `rows` are exactly those that the server has said yes to; `errors` what it
    said otherwise, after which the row itself is asked what became of it."""

    def __init__(
        self,
        connect: Callable[[], pymysql.Connection[Any]],
        database: str,
        table: str,
        *,
        columns: Mapping[str, type[int] | type[str]],
        rows: Mapping[int, Row],
        seed: int = 1,
    ) -> None:
        self._connect = connect
        self._table = f"{quote_identifier(database)}.{quote_identifier(table)}"
        self._columns = columns
        self._random = Random(seed)
        self.rows = dict(rows)
        self._next = max(rows) + 1
        self.written = 0
        self.errors: list[pymysql.Error] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(BACK_S_MAX)
        assert not self._thread.is_alive(), "the writer does not come to its end"

    def _work(self) -> None:
        connection = self._connection()
        while not self._stop.wait(PAUSE_S):
            number, sql, values, after = self._next_write()
            try:
                with connection.cursor() as cursor:
                    cursor.execute(sql, values)
                self._note(number, after)
            except pymysql.Error as error:
                # Of a server that has died, only the row can tell whether it had committed.
                self.errors.append(error)
                connection, row = self._asked_again(number)
                self._note(number, row)
            self.written += 1
        connection.close()

    def _next_write(self) -> tuple[int, str, Row, Row | None]:
        drawn = tuple(self._drawn(kind) for kind in self._columns.values())
        number = self._random.choice(tuple(self.rows)[-500:]) if self.rows else None
        kind = self._random.random()
        if number is None or kind < 0.4:
            number, self._next = self._next, self._next + 1
            names, places = ", ".join(self._columns), ", ".join(["%s"] * len(drawn))
            sql = f"INSERT INTO {self._table} (id, {names}) VALUES (%s, {places})"
            return number, sql, (number, *drawn), drawn
        if kind < 0.8:
            changes = ", ".join(f"{name} = %s" for name in self._columns)
            sql = f"UPDATE {self._table} SET {changes} WHERE id = %s"
            return number, sql, (*drawn, number), drawn
        return number, f"DELETE FROM {self._table} WHERE id = %s", (number,), None

    def _drawn(self, kind: type[int] | type[str]) -> int | str:
        value = self._random.randrange(2**31)
        return value if kind is int else f"note {value}"

    def _note(self, number: int, row: Row | None) -> None:
        if row is None:
            self.rows.pop(number, None)
        else:
            self.rows[number] = row

    def _asked_again(self, number: int) -> tuple[pymysql.Connection[Any], Row | None]:
        """By a connection that works: what stands before a server may be back before it."""
        give_up_s = time.monotonic() + BACK_S_MAX
        while True:
            connection = self._connection()
            try:
                return connection, self._read(connection, number)
            except pymysql.Error:
                connection.close()
                if time.monotonic() > give_up_s:
                    raise
                time.sleep(0.05)

    def _read(self, connection: pymysql.Connection[Any], number: int) -> Row | None:
        names = ", ".join(self._columns)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {names} FROM {self._table} WHERE id = %s", (number,))
            found: Row | None = cursor.fetchone()
        return found

    def _connection(self) -> pymysql.Connection[Any]:
        give_up_s = time.monotonic() + BACK_S_MAX
        while True:
            try:
                return self._connect()
            except pymysql.Error:
                if time.monotonic() > give_up_s:
                    raise
                time.sleep(0.05)
