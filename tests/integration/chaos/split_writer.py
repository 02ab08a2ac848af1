"""Who writes to the source of a split, in every form that an application writes in, and knows
exactly what the server has said yes to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pymysql
from pymysql.constants import CR, ER

from reconciler.reshard.triggers import FENCED_ERROR
from tests.integration.chaos.server import WRITER, CrashableServer
from tests.integration.split_stage import Rows

PAUSE_S = 0.002
ROWS_MIN = 50
SNAPSHOT_HELD = 25  # turns
# A row that has changed since the snapshot was taken, where MariaDB (11.6.2 and later) refuses it.
_CHECKREAD = 1020
_XA_ROLLED_BACK = (1613, 1614)  # a lock was waited for in vain, a deadlock
_ROLLED_BACK = (
    *(FENCED_ERROR, ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, _CHECKREAD),
    *_XA_ROLLED_BACK,
)
_LOST = (
    *(CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, CR.CR_CONNECTION_ERROR),
    *(ER.SERVER_SHUTDOWN, ER.HANDSHAKE_ERROR, 0),
)


class SourceWriter:
    """The only one who writes. `rows` are exactly those that the source has said yes to; where a
    COMMIT was not answered and the table has gone since, `perhaps` are those with it. It ends by
    itself when the table is gone."""

    def __init__(self, server: CrashableServer, database: str, rows: Rows, seed: int) -> None:
        self.rows, self.perhaps = dict(rows), dict(rows)
        self.error: Exception | None = None
        self._server, self._database = server, database
        self._random, self._xid = Random(seed), f"writer-{seed}"
        self._next = max(rows) + 1
        self._connection: pymysql.Connection[Any] | None = None
        self._snapshot: tuple[pymysql.Connection[Any], int] | None = None
        self._turn = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join()
        self._lose_connections()

    def _work(self) -> None:
        while not self._stop.wait(PAUSE_S):
            self._turn += 1
            try:
                connection = self._connected()
                if self._turn % 3 == 0:
                    self._use_snapshot()
                else:
                    self._write(connection)
            except pymysql.MySQLError as error:
                code = error.args[0] if error.args else 0
                if code == ER.NO_SUCH_TABLE:
                    return
                if code in _LOST:
                    self._lose_connections()
                elif code not in _ROLLED_BACK:
                    self.error = error
                    return
            except AssertionError as wrong:
                self.error = wrong
                return

    # Connections

    def _connected(self) -> pymysql.Connection[Any]:
        if self._connection is None:
            connection = self._server.connect(self._database, user=WRITER)
            self._settle(connection)
            self._connection = connection
        return self._connection

    def _lose_connections(self) -> None:
        held = [self._connection, *(self._snapshot or ())[:1]]
        self._connection = self._snapshot = None
        for one in held:
            if isinstance(one, pymysql.Connection):
                with suppress(pymysql.MySQLError):
                    one.close()

    def _settle(self, connection: pymysql.Connection[Any]) -> None:
        """What became of a transaction whose end was not answered: one that is prepared is
        committed, and then what stands there tells."""
        with connection.cursor() as cursor:
            cursor.execute("XA RECOVER")
            for *_, xid in cursor.fetchall():
                if (xid if isinstance(xid, str) else xid.decode()) == self._xid:
                    cursor.execute(f"XA COMMIT '{self._xid}'")
            cursor.execute("SELECT id, customer, slot, note FROM orders")
            found: Rows = {row[0]: row for row in cursor.fetchall()}
        if found == self.perhaps:
            self.rows = found
        assert found == self.rows, "the source has rows that nobody wrote, or lost some"
        self.perhaps = self.rows

    # Transactions

    def _write(self, connection: pymysql.Connection[Any]) -> None:
        """One of one or two statements; one in ten is rolled back, one in eight is prepared."""
        rows = dict(self.rows)
        statements = [
            one for _ in range(self._random.choice((1, 1, 2))) for one in self._form(rows)
        ]
        ending = self._random.random()
        is_xa = ending < 0.12
        with connection.cursor() as cursor:
            cursor.execute(f"XA START '{self._xid}'" if is_xa else "BEGIN")
            try:
                for statement in statements:
                    cursor.execute(statement)
            except pymysql.MySQLError as error:
                if error.args[0] not in _LOST:
                    self._take_back(connection, is_xa=is_xa)
                raise
            if ending > 0.9:
                cursor.execute("ROLLBACK")
                return
            self._commit(cursor.execute, rows, is_xa=is_xa)

    def _commit(self, execute: Callable[[str], object], rows: Rows, *, is_xa: bool) -> None:
        self.perhaps = rows
        if is_xa:
            for verb in ("END", "PREPARE", "COMMIT"):
                execute(f"XA {verb} '{self._xid}'")
        else:
            execute("COMMIT")
        self.rows = rows

    def _take_back(self, connection: pymysql.Connection[Any], *, is_xa: bool) -> None:
        if not is_xa:
            connection.rollback()
            return
        with connection.cursor() as cursor:
            with suppress(pymysql.MySQLError):  # one that the server has rolled back has ended
                cursor.execute(f"XA END '{self._xid}'")
            cursor.execute(f"XA ROLLBACK '{self._xid}'")

    def _use_snapshot(self) -> None:
        """Taken now, and written by later: it has not seen the fence, nor who closed it."""
        if self._snapshot is None:
            connection = self._server.connect(self._database, user=WRITER)
            self._snapshot = connection, self._turn
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
                cursor.execute("SELECT COUNT(*) FROM orders")
            return
        connection, since = self._snapshot
        if self._turn < since + SNAPSHOT_HELD:
            return
        self._snapshot = None
        rows = dict(self.rows)
        key, word = self._random.choice(sorted(rows)), self._word()
        rows[key] = (*rows[key][:3], word)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"UPDATE orders SET note = '{word}' WHERE id = {key}")
                self._commit(cursor.execute, rows, is_xa=False)
        finally:
            with suppress(pymysql.MySQLError):
                connection.close()

    # Statements

    def _form(self, rows: Rows) -> list[str]:
        """In one form of many; `rows` become what they then are."""
        forms = [self._insert, self._insert_many, self._replace, self._upsert, self._note]
        forms += [self._customers, self._id, self._swap]
        if len(rows) > ROWS_MIN:
            forms.append(self._delete)
        return self._random.choice(forms)(rows)

    def _insert(self, rows: Rows) -> list[str]:
        return [f"INSERT INTO orders VALUES {self._new(rows)}"]

    def _insert_many(self, rows: Rows) -> list[str]:
        return [f"INSERT INTO orders VALUES {', '.join(self._new(rows) for _ in range(3))}"]

    def _replace(self, rows: Rows) -> list[str]:
        key, customer, word = self._key(rows), self._customer(), self._word()
        rows[key] = (key, customer, None, word)
        return [f"REPLACE INTO orders VALUES ({key}, {customer}, NULL, '{word}')"]

    def _upsert(self, rows: Rows) -> list[str]:
        key, word = self._key(rows), self._word()
        rows[key] = (*rows[key][:3], word)
        insert = f"INSERT INTO orders VALUES ({key}, 1, NULL, 'unused')"
        return [f"{insert} ON DUPLICATE KEY UPDATE note = '{word}'"]

    def _note(self, rows: Rows) -> list[str]:
        key, word = self._key(rows), self._word()
        rows[key] = (*rows[key][:3], word)
        return [f"UPDATE orders SET note = '{word}' WHERE id = {key}"]

    def _customers(self, rows: Rows) -> list[str]:
        """Of several rows, which then belong to other shards."""
        keys, customer = self._random.sample(sorted(rows), 3), self._customer()
        for key in keys:
            rows[key] = (key, customer, *rows[key][2:])
        listed = ", ".join(map(str, keys))
        return [f"UPDATE orders SET customer = {customer} WHERE id IN ({listed})"]

    def _id(self, rows: Rows) -> list[str]:
        key, (new, self._next) = self._key(rows), (self._next, self._next + 1)
        rows[new] = (new, *rows.pop(key)[1:])
        return [f"UPDATE orders SET id = {new} WHERE id = {key}"]

    def _swap(self, rows: Rows) -> list[str]:
        """Of two values of a unique key."""
        one, other = self._random.sample(sorted(rows), 2)
        first, second = rows[one][2], rows[other][2]
        rows[one] = (*rows[one][:2], second, rows[one][3])
        rows[other] = (*rows[other][:2], first, rows[other][3])
        values = {one: second, other: first}
        return [f"UPDATE orders SET slot = NULL WHERE id IN ({one}, {other})"] + [
            f"UPDATE orders SET slot = {'NULL' if value is None else value} WHERE id = {key}"
            for key, value in values.items()
        ]

    def _delete(self, rows: Rows) -> list[str]:
        key = self._key(rows)
        del rows[key]
        return [f"DELETE FROM orders WHERE id = {key}"]

    def _new(self, rows: Rows) -> str:
        key, self._next = self._next, self._next + 1
        rows[key] = (key, self._customer(), None, self._word())
        return f"({key}, {rows[key][1]}, NULL, '{rows[key][3]}')"

    def _key(self, rows: Rows) -> int:
        return self._random.choice(sorted(rows))

    def _customer(self) -> int:
        return self._random.randrange(1_000)

    def _word(self) -> str:
        return f"w{self._random.randrange(10**6)}"
