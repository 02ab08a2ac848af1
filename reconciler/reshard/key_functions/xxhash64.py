"""`xxhash`: XXH64 of a value's bytes, the lowest byte first, as in Vitess' vindex of that name.

A number's bytes are those of its text: `1` has the key of '1'. Servers have no XXH64: the routine
computes it with BIGINT UNSIGNED, whose `+` and `*` are errors beyond 64 bits and so stand here as
what is left of them modulo 2^64.
"""

from __future__ import annotations

from collections.abc import Sequence

import xxhash

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import (
    SIGNED_MAX,
    UNSIGNED_MAX,
    KeyFunction,
    Takes,
    Value,
    text_bytes,
)

_P1, _P2, _P3, _P4, _P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def _keys(values: Sequence[Value]) -> tuple[bytes, ...]:
    texts = (text_bytes(KeyFunctionName.XXHASH, value) for value in values)
    return tuple(xxhash.xxh64_digest(text)[::-1] for text in texts)


def _sql(column: str, routine: str) -> str:
    return f"{routine}(CAST({column} AS BINARY))"


def _routine(name: str) -> str:
    lanes = "\n".join(f"      {_lane(f'a{n + 1}', 8 * n)}" for n in range(4))
    merged = "\n".join(f"    {_merged(f'a{n}')}" for n in range(1, 5))
    started = (_P1 + _P2) & UNSIGNED_MAX, _P2, 0, -_P1 & UNSIGNED_MAX
    starts = " ".join(f"SET a{n} = {value};" for n, value in enumerate(started, 1))
    return f"""\
CREATE FUNCTION {name}(v LONGBLOB) RETURNS BINARY(8) DETERMINISTIC NO SQL
BEGIN
  DECLARE n, p, h, k, a1, a2, a3, a4 BIGINT UNSIGNED;
  IF v IS NULL THEN RETURN NULL; END IF;
  SET n = LENGTH(v), p = 1, h = {_P5};
  IF n >= 32 THEN
    {starts}
    WHILE p + 31 <= n DO
{lanes}
      SET p = p + 32;
    END WHILE;
    SET h = {_sum(_turned("a1", 1), _turned("a2", 7))};
    SET h = {_sum("h", _turned("a3", 12))};
    SET h = {_sum("h", _turned("a4", 18))};
{merged}
  END IF;
  SET h = {_sum("h", "n")};
  WHILE p + 7 <= n DO
    SET k = {_product(_read(8), _P2)}; SET k = {_product(_turned("k", 31), _P1)};
    SET h = h ^ k; SET h = {_product(_turned("h", 27), _P1)}; SET h = {_sum("h", _P4)};
    SET p = p + 8;
  END WHILE;
  IF p + 3 <= n THEN
    SET k = {_product(_read(4), _P1)};
    SET h = h ^ k; SET h = {_product(_turned("h", 23), _P2)}; SET h = {_sum("h", _P3)};
    SET p = p + 4;
  END IF;
  WHILE p <= n DO
    SET k = {_product("ORD(SUBSTRING(v, p, 1))", _P5)};
    SET h = h ^ k; SET h = {_product(_turned("h", 11), _P1)};
    SET p = p + 1;
  END WHILE;
  SET h = h ^ (h >> 33); SET h = {_product("h", _P2)};
  SET h = h ^ (h >> 29); SET h = {_product("h", _P3)};
  SET h = h ^ (h >> 32);
  RETURN REVERSE(UNHEX(LPAD(HEX(h), 16, '0')));
END"""


def _lane(accumulator: str, offset: int) -> str:
    read = _product(_read(8, offset), _P2)
    return (
        f"SET k = {read}; SET {accumulator} = {_sum(accumulator, 'k')};"
        f" SET {accumulator} = {_product(_turned(accumulator, 31), _P1)};"
    )


def _merged(accumulator: str) -> str:
    return (
        f"SET k = {_product(accumulator, _P2)}; SET k = {_product(_turned('k', 31), _P1)};"
        f" SET h = h ^ k; SET h = {_product('h', _P1)}; SET h = {_sum('h', _P4)};"
    )


def _read(size: int, offset: int = 0) -> str:
    """A little-endian number at `p`."""
    place = f"p + {offset}" if offset else "p"
    return f"CAST(CONV(HEX(REVERSE(SUBSTRING(v, {place}, {size}))), 16, 10) AS UNSIGNED)"


def _product(one: str, other: int) -> str:
    exact = f"CAST({one} AS DECIMAL(20)) * {other}"
    return f"CAST(MOD({exact}, {UNSIGNED_MAX + 1}) AS UNSIGNED)"


def _sum(one: str, other: str | int) -> str:
    """The sum of the lower 63 bits cannot overflow; what is left is the highest bit's."""
    low = f"(({one} & {SIGNED_MAX}) + ({other} & {SIGNED_MAX}))"
    return f"({low} ^ (({one} ^ {other}) & {SIGNED_MAX + 1}))"


def _turned(one: str, bits: int) -> str:
    return f"(({one} << {bits}) | ({one} >> {64 - bits}))"


XXHASH = KeyFunction(
    name=KeyFunctionName.XXHASH, takes=Takes.BYTES, keys=_keys, sql=_sql, routine=_routine
)
