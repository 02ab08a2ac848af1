"""`binary`: a value's bytes are its key, as in Vitess' vindex of that name."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import KeyFunction, Takes, Value, text_bytes


def _keys(values: Sequence[Value]) -> tuple[bytes, ...]:
    return tuple(text_bytes(KeyFunctionName.BINARY, value) for value in values)


def _sql(column: str, _routine: str) -> str:
    return f"CAST({column} AS BINARY)"


BINARY = KeyFunction(name=KeyFunctionName.BINARY, takes=Takes.BYTES, keys=_keys, sql=_sql)
