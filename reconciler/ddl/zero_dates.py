"""Tables whose defaults hold a zero date, such as '0000-00-00 00:00:00' or '2020-00-00'.

Programs that make such tables relax their own sessions to do so. A server whose sql_mode has
NO_ZERO_DATE shows them, and refuses every statement that makes or alters them (1067), whatever
column it is about (MySQL 8.0-9.7, MariaDB).
"""

from __future__ import annotations

import re

from reconciler.model.schema import Table

INVALID_DEFAULT = 1067  # the server's answer
_ZERO_DATE = re.compile(r"'(?:0000-\d\d-\d\d|\d{4}-00-\d\d|\d{4}-\d\d-00)\b")
_DATE_TYPES = ("date", "timestamp")  # datetime begins with the one of them


def has_zero_date(table: Table) -> bool:
    return any(
        column.default_sql is not None
        and column.sql_type.startswith(_DATE_TYPES)
        and _ZERO_DATE.match(column.default_sql) is not None
        for column in table.columns
    )
