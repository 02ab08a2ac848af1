"""How long it takes to compare two schemas of many tables: `python bench/diffing.py [TABLES]`.

Ten tables differ, each in a column, an index and a comment; the rest are equal but not the same
objects, as they are when each side was read by itself. The bound is one second for 1,000 tables.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.ddl.read import read_table
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.policy import Policy
from reconciler.model.schema import Schema
from reconciler.model.server import Flavor, ServerVersion

VERSION = ServerVersion(Flavor.MYSQL, 9, 7, 0)
CHANGED = 10
SECONDS_MAX = 1.0
REPEATS = 5

COLUMNS = ",\n".join(
    f"  `c{number}` varchar(50) COLLATE utf8mb4_bin NOT NULL DEFAULT 'x' COMMENT 'number {number}'"
    for number in range(16)
)
TABLE = """CREATE TABLE `t{number:05d}` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
{columns},
  `parent_id` bigint unsigned DEFAULT NULL,
  `d` decimal(10,2) DEFAULT '0.00',
  `at` datetime NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`c0`,`c1`),
  KEY `k` (`{key}`),
  KEY `f{number}` (`parent_id`),
  CONSTRAINT `f{number}` FOREIGN KEY (`parent_id`) REFERENCES `t{number:05d}` (`id`),
  CONSTRAINT `t{number:05d}_chk_1` CHECK ((`d` >= 0))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci{comment}"""


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    observed, desired = _schema(count, changed=0), _schema(count, changed=CHANGED)
    times_s = []
    for _ in range(REPEATS):
        started_s = time.perf_counter()
        diff = diff_schemas(observed, desired, policy=Policy(), renames=(), version=VERSION)
        times_s.append(time.perf_counter() - started_s)
        assert len(diff.steps) == min(CHANGED, count), diff
    took_s = statistics.median(times_s)
    print(
        f"two schemas of {count} tables, {CHANGED} changed: {took_s:.3f} s (at most {SECONDS_MAX})"
    )


def _schema(count: int, *, changed: int) -> Schema:
    return Schema(
        tables=tuple(
            read_table(_definition(number, differs=number < changed), VERSION)
            for number in range(count)
        )
    )


def _definition(number: int, *, differs: bool) -> str:
    return TABLE.format(
        number=number,
        columns=COLUMNS.replace("varchar(50)", "varchar(60)", 1) if differs else COLUMNS,
        key="c3" if differs else "c2",
        comment=" COMMENT='changed'" if differs else "",
    )


if __name__ == "__main__":
    main()
