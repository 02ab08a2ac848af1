"""`numeric`: a number's 8 bytes, the highest first, as Vitess' vindex of that name.

Vitess gives a negative number no shard, and so does this: its bits would be those of another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import (
    UNSIGNED_MAX,
    KeyFunction,
    Takes,
    Value,
    eight_bytes_sql,
    whole_number,
)


def _keys(values: Sequence[Value]) -> tuple[bytes, ...]:
    name = KeyFunctionName.NUMERIC
    numbers = (whole_number(name, value, low=0, high=UNSIGNED_MAX) for value in values)
    return tuple(number.to_bytes(8, "big") for number in numbers)


def _sql(column: str, _routine: str) -> str:
    return f"IF({column} < 0, NULL, {eight_bytes_sql(column)})"


NUMERIC = KeyFunction(name=KeyFunctionName.NUMERIC, takes=Takes.NOT_NEGATIVE, keys=_keys, sql=_sql)
