"""An application over vtgate, which knows what was committed."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field

import pymysql

from reconciler.model.fleet import parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from tests.vitess import Vitess


@dataclass
class Writer:
    """What was not answered is said again until it is, so that `oracle` is what is committed: by
    id, the customer and the value. What vtgate held back may be carried out when it was said again
    long ago, and behind the row's next value: values grow, and the greatest stays."""

    vitess: Vitess
    keyspace: str
    oracle: dict[int, tuple[int, int]] = field(default_factory=dict)
    refused: int = 0
    _value: int = 0
    _ends: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Writer:
        self.chance = random.Random(7)
        self._thread = threading.Thread(target=self._work)
        for _ in range(60):
            self._write()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ends.set()
        self._thread.join()

    @property
    def is_writing(self) -> bool:
        return self._thread.is_alive()

    def _work(self) -> None:
        while not self._ends.is_set():
            self._write()

    def _write(self) -> None:
        row = self.chance.randrange(10**6)
        if self.oracle and self.chance.random() < 0.5:
            row = self.chance.choice(list(self.oracle))
        self._value += 1
        customer, value = row * 31 + 7, self._value
        statement = (
            f"INSERT INTO orders (id, customer_id, v) VALUES ({row}, {customer}, {value})"
            f" ON DUPLICATE KEY UPDATE v = GREATEST(v, {value})"
        )
        while True:
            try:
                self.vitess.sql(self.keyspace, statement)
            except (pymysql.MySQLError, OSError):
                self.refused += 1
                continue
            self.oracle[row] = (customer, value)
            return


def check_orders(
    vitess: Vitess, keyspace: str, shards: tuple[str, ...], oracle: dict[int, tuple[int, int]]
) -> None:
    """Each row once, on the shard that owns its key, as it was committed."""
    found: dict[int, tuple[int, int]] = {}
    for shard in shards:
        key_range = parse_key_range(shard)
        assert key_range is not None
        rows = vitess.on_server(keyspace, shard, "SELECT id, customer_id, v FROM orders")
        for row, customer, value in rows:
            assert row not in found, "on one shard"
            assert key_range.holds(_key(customer)), "on its owner"
            found[row] = (customer, value)
    wrong = {
        row: (found.get(row), oracle.get(row))
        for row in found.keys() | oracle.keys()
        if found.get(row) != oracle.get(row)
    }
    assert not wrong, f"found, and committed: {wrong}"


def _key(customer: int) -> bytes:
    return KEY_FUNCTIONS[KeyFunctionName.XXHASH].key(str(customer).encode())
