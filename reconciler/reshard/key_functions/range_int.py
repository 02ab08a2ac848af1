"""`range_int`: numbers in their own order, negative ones first, so that a key range is a range of
numbers. The sign's bit is turned round: 0 is 80 00 00 00 00 00 00 00."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import (
    SIGNED_MAX,
    SIGNED_MIN,
    KeyFunction,
    Takes,
    Value,
    as_unsigned_sql,
    eight_bytes_sql,
    whole_number,
)


def _keys(values: Sequence[Value]) -> tuple[bytes, ...]:
    name = KeyFunctionName.RANGE_INT
    numbers = (whole_number(name, value, low=SIGNED_MIN, high=SIGNED_MAX) for value in values)
    return tuple((number - SIGNED_MIN).to_bytes(8, "big") for number in numbers)


def _sql(column: str, _routine: str) -> str:
    turned = eight_bytes_sql(f"({as_unsigned_sql(column)} ^ {-SIGNED_MIN})")
    return f"IF({column} > {SIGNED_MAX}, NULL, {turned})"


RANGE_INT = KeyFunction(name=KeyFunctionName.RANGE_INT, takes=Takes.SIGNED, keys=_keys, sql=_sql)
