"""`binary_md5`: all 16 bytes of a value's MD5, as in Vitess' vindex of that name. It spreads rows,
and keeps nothing secret.

MySQL has had MD5() in a component of its own since 9.6, which nobody need have installed: the
routine computes it (RFC 1321).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import KeyFunction, Takes, Value, text_bytes


def _keys(values: Sequence[Value]) -> tuple[bytes, ...]:
    texts = (text_bytes(KeyFunctionName.BINARY_MD5, value) for value in values)
    return tuple(hashlib.md5(text, usedforsecurity=False).digest() for text in texts)


def _sql(column: str, routine: str) -> str:
    return f"{routine}(CAST({column} AS BINARY))"


def _routine(name: str) -> str:
    length = "REVERSE(UNHEX(LPAD(HEX(LENGTH(v) * 8), 16, '0')))"
    words = ", ".join(_bytes_of(word) for word in _WORDS)
    return f"""\
CREATE FUNCTION {name}(v LONGBLOB) RETURNS BINARY(16) DETERMINISTIC NO SQL
BEGIN
  DECLARE m LONGBLOB;
  DECLARE a, b, c, d, f, s, {", ".join(_WORDS)} BIGINT UNSIGNED;
  DECLARE i, g, p BIGINT UNSIGNED DEFAULT 0;
  DECLARE k VARBINARY({len(_CONSTANTS)}) DEFAULT '{_CONSTANTS}';
  IF v IS NULL THEN RETURN NULL; END IF;
  SET m = CONCAT(v, X'80', REPEAT(X'00', (119 - LENGTH(v) % 64) % 64), {length});
  SET {", ".join(f"{word} = {start}" for word, start in zip(_WORDS, _STARTS, strict=True))};
  WHILE p < LENGTH(m) DO
    SET a = a0, b = b0, c = c0, d = d0, i = 0;
    WHILE i < 64 DO
      IF i < 16 THEN SET f = (b & c) | ((b ^ {_HALF}) & d), g = i;
      ELSEIF i < 32 THEN SET f = (d & b) | ((d ^ {_HALF}) & c), g = (5 * i + 1) % 16;
      ELSEIF i < 48 THEN SET f = b ^ c ^ d, g = (3 * i + 5) % 16;
      ELSE SET f = c ^ (b | (d ^ {_HALF})), g = (7 * i) % 16; END IF;
      SET s = CAST(CONV(HEX(REVERSE(SUBSTRING(m, p + 4 * g + 1, 4))), 16, 10) AS UNSIGNED);
      SET f = (f + a + s + CAST(CONV(SUBSTRING(k, 8 * i + 1, 8), 16, 10) AS UNSIGNED)) & {_HALF};
      SET s = ELT(4 * (i DIV 16) + i % 4 + 1, {_SHIFTS});
      SET a = d, d = c, c = b;
      SET b = (b + ((f << s) | (f >> (32 - s)))) & {_HALF};
      SET i = i + 1;
    END WHILE;
    SET a0 = (a0 + a) & {_HALF}, b0 = (b0 + b) & {_HALF};
    SET c0 = (c0 + c) & {_HALF}, d0 = (d0 + d) & {_HALF};
    SET p = p + 64;
  END WHILE;
  RETURN CONCAT({words});
END"""


def _bytes_of(word: str) -> str:
    """The lowest first."""
    return f"REVERSE(UNHEX(LPAD(HEX({word}), 8, '0')))"


_HALF = 0xFFFFFFFF
_WORDS = ("a0", "b0", "c0", "d0")
_STARTS = (0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476)
_SHIFTS = "7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21"
_CONSTANTS = "".join(f"{int(abs(math.sin(i + 1)) * (1 << 32)):08x}" for i in range(64))

BINARY_MD5 = KeyFunction(
    name=KeyFunctionName.BINARY_MD5, takes=Takes.BYTES, keys=_keys, sql=_sql, routine=_routine
)
