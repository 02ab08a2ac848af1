#!/usr/bin/env python3
"""An application on sharded servers that goes on while its ranges move (docs/routes.md).

`python demo/routed_shop.py SETTINGS.json` sells for as long as its input stays open: every customer
buys again and again, and after each purchase the customer's orders are counted. It tells what it
sold, and how often it counted less than it had sold, which must be never.

SETTINGS.json: `catalog` and each of `places` are arguments of pymysql.connect(); a place is where a
route says that a range lives. A place that is new must be in the settings before the move.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql

from reconciler.routes import Route, Router

CUSTOMERS_EACH = 5
SELLERS = 4
TIMEOUTS = {"connect_timeout": 5, "read_timeout": 5, "write_timeout": 5}


def key_id(customer: int) -> bytes:
    """The key function `binary_md5`, of the customer's number as text."""
    return hashlib.md5(str(customer).encode()).digest()


@dataclass
class Seller:
    """One thread, with connections and customers of its own."""

    router: Router
    places: dict[str, dict[str, Any]]
    number: int
    sold: dict[int, int] = field(default_factory=dict)
    missed: int = 0
    connections: dict[str, Any] = field(default_factory=dict)

    def sell_until(self, end: threading.Event) -> None:
        first = self.number * CUSTOMERS_EACH
        while not end.is_set():
            for customer in range(first, first + CUSTOMERS_EACH):
                self.sell(customer)
                self.check(customer)

    def sell(self, customer: int) -> None:
        bought = self.sold.get(customer, 0) + 1

        def work(route: Route) -> None:
            connection = self.connection_to(route)
            try:
                with connection.cursor() as cursor:
                    order = "INSERT INTO orders (customer_id, number) VALUES (%s, %s)"
                    cursor.execute(order, (customer, bought))
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

        self.router.write(key_id(customer), work)
        self.sold[customer] = bought

    def check(self, customer: int) -> None:
        def work(route: Route) -> int:
            connection = self.connection_to(route)
            with connection.cursor() as cursor:
                cursor.execute("SELECT COUNT(*) FROM orders WHERE customer_id = %s", (customer,))
                (count,) = cursor.fetchone()
            connection.commit()  # the next look is not of this one's snapshot
            return int(count)

        self.missed += self.router.read(key_id(customer), work) != self.sold[customer]

    def connection_to(self, route: Route) -> Any:
        if route.place not in self.connections:
            self.connections[route.place] = opened(self.places[route.place])
        return self.connections[route.place]


def opened(settings: dict[str, Any]) -> Any:
    return pymysql.connect(**{**settings, **TIMEOUTS})


def main(settings_file: str) -> None:
    settings = json.loads(Path(settings_file).read_text())
    router = Router(
        lambda: opened(settings["catalog"]),
        environment=settings["environment"],
        keyspace=settings["keyspace"],
        key_function="binary_md5",
        name=settings["name"],
        lease_s=settings["lease_s"],
    )
    sellers = [Seller(router, settings["places"], number) for number in range(SELLERS)]
    end = threading.Event()
    threads = [threading.Thread(target=one.sell_until, args=(end,)) for one in sellers]
    for thread in threads:
        thread.start()
    print("open", flush=True)
    sys.stdin.read()
    end.set()
    for thread in threads:
        thread.join()
    router.close()
    sold = {customer: count for one in sellers for customer, count in one.sold.items()}
    print(json.dumps({"sold": sold, "missed": sum(one.missed for one in sellers)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
