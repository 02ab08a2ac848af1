"""Which columns an expression uses, and which columns compute with which.

Both servers print a column within an expression in backquotes, always.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.diff.pairing import name_key
from reconciler.model.schema import Column, Partitioning, Table

# Strings are skipped as a whole; what is doubled or escaped in them does not end them.
_STRING_OR_NAME = re.compile(r"'(?:[^'\\]|\\.|'')*'|`((?:[^`]|``)*)`", re.DOTALL)


def columns_used(expression: str) -> frozenset[str]:
    """The folded names of everything in backquotes; names of functions and databases among them."""
    names = (match[1] for match in _STRING_OR_NAME.finditer(expression))
    return frozenset(name_key(name.replace("``", "`")) for name in names if name is not None)


def expression_of(column: Column) -> str:
    """What the column computes, as its value or as its default."""
    generated = column.generated.expression if column.generated else ""
    return f"{generated} {column.default_sql or ''}"


def columns_of_rule(partitioning: Partitioning) -> frozenset[str]:
    """The folded names in a partition rule, and its other words: COLUMNS (a) and KEY (a) have their
    columns in backquotes only where they must."""
    rule = f"{partitioning.method_sql} {partitioning.subpartition_sql or ''}"
    return columns_used(rule) | frozenset(map(name_key, re.split(r"[\s(),]+", rule)))


def names_in_expressions(table: Table) -> frozenset[str]:
    """Every column that anything in the table computes with."""
    texts = [
        *(expression_of(column) for column in table.columns),
        *(part.expression or "" for index in table.indexes for part in index.parts),
        *(check.expression for check in table.checks),
    ]
    rule = columns_of_rule(table.partitioning) if table.partitioning else frozenset()
    return columns_used(" ".join(texts)) | rule


def computing_with(expressions: Mapping[str, str], changed: frozenset[str]) -> frozenset[str]:
    """Those of the columns, given by folded name with their expressions, that compute with one of
    `changed` directly or by way of other columns."""
    uses = {name: columns_used(expression) for name, expression in expressions.items()}
    found: frozenset[str] = frozenset()
    while more := {n for n in uses.keys() - found if not uses[n].isdisjoint(found | changed)}:
        found |= more
    return found
