"""A literal that a binary column is compared with is binary, whether its introducer says so or not.

MySQL 9.7 prints the introducer of the connection when a check is created, and `_binary` after an
ALTER has copied the table. Elsewhere `_binary` has a meaning: it makes a comparison of text exact.
"""

from __future__ import annotations

import re

from reconciler.ddl.normalize.expressions import with_expressions
from reconciler.ddl.quote import unquote_identifier
from reconciler.ddl.scan import NAME, STRING
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

_BINARY = re.compile(r"(?:var)?binary\b|(?:tiny|medium|long)?blob\b")
_LITERAL = rf"_binary ?{STRING}"
_COMPARED = re.compile(
    rf"""(?P<column>{NAME})(?P<rest>\ (?:
        (?:[<>=]+|(?:not\ )?like)\ {_LITERAL}
        |(?:not\ )?between\ {_LITERAL}\ and\ {_LITERAL}
        |(?:not\ )?in\ \({_LITERAL}(?:,{_LITERAL})*+\)
    ))|{NAME}|{STRING}""",
    re.DOTALL | re.VERBOSE,
)
_INTRODUCED = re.compile(rf"(_binary ?)?({STRING})", re.DOTALL)


def without_needless_binary(table: Table, version: ServerVersion) -> Table:
    columns = frozenset(c.name.lower() for c in table.columns if _BINARY.match(c.sql_type))

    def compared(match: re.Match[str]) -> str:
        column, rest = match["column"], match["rest"]
        if column is None or unquote_identifier(column).lower() not in columns:
            return match.group()
        return column + (_INTRODUCED.sub(r"\2", rest) if rest.isascii() else rest)

    def expression(sql: str) -> str:
        return _COMPARED.sub(compared, sql) if "_binary" in sql else sql

    return with_expressions(table, expression) if columns else table
