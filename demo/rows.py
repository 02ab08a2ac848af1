"""About 26,000 rows for one shard of the commerce keyspace: enough that a rebuild is visible.

Rows are a function of the shard's number, so that two runs of the demo are alike.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence

import pymysql

Row = Sequence[object]

CUSTOMERS, PRODUCTS, CATEGORIES, CARTS, ORDERS, REVIEWS, EVENTS = (
    4000,
    500,
    40,
    500,
    5000,
    500,
    1000,
)
BATCH_ROWS = 1000
COLORS = ("red", "green", "blue", "black")
COUNTRIES = ("DE", "FR", "NO", "JP", "BR")
STATUSES = ("new", "paid", "shipped", "returned", "cancelled")
START = dt.datetime(2025, 1, 1)


def fill(connection: pymysql.Connection, shard_number: int) -> int:
    """Insert everything, parents first; returns the number of rows."""
    total = 0
    with connection.cursor() as cursor:
        for table, columns, rows in _tables(shard_number * 1_000_000):
            places = ", ".join(["%s"] * len(columns))
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"
            found = list(rows)
            for start in range(0, len(found), BATCH_ROWS):
                cursor.executemany(sql, found[start : start + BATCH_ROWS])
            total += len(found)
    connection.commit()
    return total


def _tables(base: int) -> Iterator[tuple[str, tuple[str, ...], Iterator[Row]]]:
    yield (
        "customers",
        ("customer_id", "email", "full_name", "country", "preferences"),
        (_customer(base + n, n) for n in range(CUSTOMERS)),
    )
    yield (
        "addresses",
        ("customer_id", "address_no", "line1", "postcode", "city", "country"),
        (
            (base + n, 1, f"{n} Long Road", f"{10000 + n}", "Springfield", COUNTRIES[n % 5])
            for n in range(CUSTOMERS)
        ),
    )
    yield (
        "categories",
        ("category_id", "parent_id", "slug", "title"),
        ((n, (n // 4) or None, f"category-{n}", f"Category {n}") for n in range(1, CATEGORIES + 1)),
    )
    yield (
        "products",
        ("product_id", "sku", "title", "description", "attributes", "weight_g"),
        (_product(base + n, n) for n in range(PRODUCTS)),
    )
    yield (
        "product_categories",
        ("product_id", "category_id", "position"),
        ((base + n, 1 + n % CATEGORIES, n % 7) for n in range(PRODUCTS)),
    )
    yield (
        "prices",
        ("product_id", "currency", "valid_from", "amount"),
        ((base + n, "EUR", START.date(), 5 + n % 300) for n in range(PRODUCTS)),
    )
    yield (
        "carts",
        ("cart_id", "customer_id"),
        (((base + n).to_bytes(16), base + n) for n in range(CARTS)),
    )
    yield (
        "cart_items",
        ("cart_id", "product_id", "quantity"),
        (((base + n).to_bytes(16), base + n % PRODUCTS, 1 + n % 3) for n in range(CARTS)),
    )
    yield (
        "orders",
        ("order_id", "customer_id", "status", "currency", "total", "placed_at", "legacy_channel"),
        (_order(base, n) for n in range(ORDERS)),
    )
    yield (
        "order_items",
        ("order_id", "line_no", "product_id", "quantity", "unit_price"),
        ((base + n, 1, base + n % PRODUCTS, 1 + n % 4, 5 + n % 300) for n in range(ORDERS)),
    )
    yield (
        "payments",
        ("payment_id", "order_id", "provider", "provider_ref", "amount", "state"),
        ((base + n, base + n, "card", f"ref-{base + n}", 9.99, "captured") for n in range(ORDERS)),
    )
    yield (
        "reviews",
        ("review_id", "product_id", "customer_id", "stars", "body", "tags"),
        (_review(base, n) for n in range(REVIEWS)),
    )
    yield (
        "order_events",
        ("event_id", "order_id", "happened_on", "kind"),
        (
            (base + n, base + n, START.date() + dt.timedelta(days=n % 700), "paid")
            for n in range(EVENTS)
        ),
    )


def _customer(key: int, n: int) -> Row:
    preferences = json.dumps({"newsletter": n % 3 == 0, "size": "M"})
    return key, f"user{key}@example{n % 50}.test", f"Customer {n}", COUNTRIES[n % 5], preferences


def _product(key: int, n: int) -> Row:
    attributes = json.dumps({"color": COLORS[n % 4]})
    return key, f"SKU-{key}", f"Product {n}", f"A fine product, number {n}.", attributes, 50 + n


def _order(base: int, n: int) -> Row:
    placed = START + dt.timedelta(minutes=90 * n)
    return base + n, base + n % CUSTOMERS, STATUSES[n % 5], "EUR", 20 + n % 500, placed, "web"


def _review(base: int, n: int) -> Row:
    tags = json.dumps([COLORS[n % 4], "sturdy"])
    return base + n, base + n % PRODUCTS, base + n, 1 + n % 5, f"I like it, {n} times.", tags
