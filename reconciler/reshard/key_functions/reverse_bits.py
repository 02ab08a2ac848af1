"""`reverse_bits`: a number's 64 bits in the opposite order, as Vitess' vindex of that name, so that
numbers that are given one after the other spread over all shards. Negative ones have no key."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import (
    UNSIGNED_MAX,
    KeyFunction,
    Takes,
    Value,
    whole_number,
)

_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _keys(values: Sequence[Value]) -> tuple[bytes, ...]:
    name = KeyFunctionName.REVERSE_BITS
    numbers = (whole_number(name, value, low=0, high=UNSIGNED_MAX) for value in values)
    return tuple(number.to_bytes(8, "little").translate(_REVERSED) for number in numbers)


def _sql(column: str, _routine: str) -> str:
    reversed_bits = f"REVERSE(LPAD(BIN({column}), 64, '0'))"
    return f"IF({column} < 0, NULL, UNHEX(LPAD(CONV({reversed_bits}, 2, 16), 16, '0')))"


REVERSE_BITS = KeyFunction(
    name=KeyFunctionName.REVERSE_BITS, takes=Takes.NOT_NEGATIVE, keys=_keys, sql=_sql
)
