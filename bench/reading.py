"""What one definition costs to read, normalise and fingerprint: pure work, no server.

Prints the median of many rounds in microseconds of CPU time, and the ratio to reading.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

from reconciler.ddl.fingerprint import table_fingerprint
from reconciler.ddl.normalize import normalize_table
from reconciler.ddl.read import read_table
from reconciler.model.server import Flavor, ServerVersion

READING_US_MAX = 300  # one definition of 20 columns
ROUNDS = 2_000
MYSQL = ServerVersion(Flavor.MYSQL, 9, 7, 4)

TYPES = (
    "bigint unsigned NOT NULL AUTO_INCREMENT",
    "varchar(255) NOT NULL DEFAULT ''",
    "int DEFAULT NULL COMMENT 'the size'",
    "decimal(10,2) NOT NULL DEFAULT '0.00'",
    "datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
    "enum('a','b','c') CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'a'",
    "text",
    "json DEFAULT (json_array(1,_utf8mb4'x'))",
    "int GENERATED ALWAYS AS ((`column_2` * 2)) STORED",
    "timestamp NULL DEFAULT NULL",
)
INDEXES = (
    "PRIMARY KEY (`column_0`)",
    "UNIQUE KEY `unique_1` (`column_1`,`column_2`)",
    "KEY `key_1` (`column_3`)",
    "KEY `key_2` (`column_4`,`column_5`(10) DESC)",
    "CONSTRAINT `check_1` CHECK ((`column_2` > 0))",
)


def definition(columns: int) -> str:
    """A table of every-day columns and indexes, as MySQL prints it."""
    items = [f"`column_{number}` {TYPES[number % len(TYPES)]}" for number in range(columns)]
    body = ",\n  ".join((*items, *INDEXES))
    options = "ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
    return f"CREATE TABLE `orders` (\n  {body}\n) {options} COMMENT='all orders'"


def median_us(work: Callable[[], object]) -> float:
    samples = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        work()
        samples.append(time.process_time_ns() - start)
    return statistics.median(samples) / 1000


def main() -> None:
    text = definition(20)
    table = read_table(text, MYSQL)
    wide = definition(200)
    reading = median_us(lambda: read_table(text, MYSQL))
    results = {
        "read, 20 columns": reading,
        "read, 200 columns": median_us(lambda: read_table(wide, MYSQL)),
        "normalise, 20 columns": median_us(lambda: normalize_table(table, MYSQL)),
        "fingerprint, 20 columns": median_us(lambda: table_fingerprint(table, MYSQL)),
    }
    for name, value in results.items():
        sys.stdout.write(f"{name:<26}{value:>8.0f} µs{value / reading:>8.1f} x reading\n")
    sys.stdout.write(f"target {READING_US_MAX} µs: {reading / READING_US_MAX:.2f} of it used\n")


if __name__ == "__main__":
    main()
