"""MySQL prints a negative number as `-(7)`, and as `-7` once it compared a column with it.

Seen on 9.7: a check of a `bigint` column reads `(a > -(7))` when it was created, and `(a > -7)`
after the next ALTER, whatever that changed. MariaDB prints `-7` always.
"""

from __future__ import annotations

import re

from reconciler.ddl.normalize.expressions import with_expressions
from reconciler.ddl.scan import NAME, STRING
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

_NEGATIVE = re.compile(rf"{NAME}|{STRING}|-\((?P<number>\d[\d.]*+(?:e[-+]?\d+)?)\)", re.DOTALL)


def without_brackets_of_negatives(table: Table, version: ServerVersion) -> Table:
    return with_expressions(table, _expression)


def _expression(sql: str) -> str:
    return _NEGATIVE.sub(_bare, sql) if "-(" in sql else sql


def _bare(match: re.Match[str]) -> str:
    number = match["number"]
    return match.group() if number is None else f"-{number}"
