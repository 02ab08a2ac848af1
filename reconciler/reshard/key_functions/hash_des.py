"""`hash`: DES of a number's 8 bytes with a key of zeros, as in Vitess' vindex of that name.

Signed and unsigned numbers of the same 64 bits have one key, as they have there. Triple DES with
three equal keys is DES. It spreads rows, and keeps nothing secret. Servers have no DES since MySQL
8.0: with a key of zeros every round is the same look-up, which the routine does in a table made
from the boxes of the standard (FIPS 46-3).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.function import (
    SIGNED_MIN,
    UNSIGNED_MAX,
    KeyFunction,
    Takes,
    Value,
    as_unsigned_sql,
    whole_number,
)

_ZEROS = bytes(24)


def _keys(values: Sequence[Value]) -> tuple[bytes, ...]:
    """All at once: making a cipher takes longer than any of its blocks."""
    name = KeyFunctionName.HASH
    numbers = (whole_number(name, value, low=SIGNED_MIN, high=UNSIGNED_MAX) for value in values)
    blocks = b"".join((number & UNSIGNED_MAX).to_bytes(8, "big") for number in numbers)
    keys = Cipher(TripleDES(_ZEROS), modes.ECB()).encryptor().update(blocks)
    return tuple(keys[at : at + 8] for at in range(0, len(keys), 8))


def _sql(column: str, routine: str) -> str:
    return f"{routine}({as_unsigned_sql(column)})"


def _routine(name: str) -> str:
    """Halves are kept turned by one bit, so that the 6 bits that each box takes of one, of which
    neighbours share two, lie in two rows of bytes."""
    odd = " | ".join(_box(box, shift) for box, shift in ((6, 0), (4, 8), (2, 16), (0, 24)))
    even = " | ".join(_box(box, shift) for box, shift in ((7, 0), (5, 8), (3, 16), (1, 24)))
    return f"""\
CREATE FUNCTION {name}(v BIGINT UNSIGNED) RETURNS BINARY(8) DETERMINISTIC NO SQL
BEGIN
  DECLARE l, r, w, f BIGINT UNSIGNED;
  DECLARE i INT DEFAULT 0;
  DECLARE t VARBINARY({_TABLE_DIGITS}) DEFAULT '{_table()}';
  IF v IS NULL THEN RETURN NULL; END IF;
  SET l = v >> 32, r = v & {_HALF};
  {_swapped("l", "r", 4, 0x0F0F0F0F)}
  {_swapped("l", "r", 16, 0x0000FFFF)}
  {_swapped("r", "l", 2, 0x33333333)}
  {_swapped("r", "l", 8, 0x00FF00FF)}
  SET r = {_turned("r", 1)};
  SET w = (l ^ r) & {0xAAAAAAAA}; SET l = l ^ w; SET r = r ^ w;
  SET l = {_turned("l", 1)};
  WHILE i < 16 DO
    SET w = {_turned("r", 28)};
    SET f = {odd};
    SET w = r;
    SET f = f | {even};
    SET w = l ^ f; SET l = r; SET r = w; SET i = i + 1;
  END WHILE;
  SET w = l; SET l = r; SET r = w;
  SET l = {_turned("l", 31)};
  SET w = (l ^ r) & {0xAAAAAAAA}; SET l = l ^ w; SET r = r ^ w;
  SET r = {_turned("r", 31)};
  {_swapped("r", "l", 8, 0x00FF00FF)}
  {_swapped("r", "l", 2, 0x33333333)}
  {_swapped("l", "r", 16, 0x0000FFFF)}
  {_swapped("l", "r", 4, 0x0F0F0F0F)}
  RETURN UNHEX(CONCAT(LPAD(HEX(l), 8, '0'), LPAD(HEX(r), 8, '0')));
END"""


def _swapped(one: str, other: str, bits: int, mask: int) -> str:
    return (
        f"SET w = (({one} >> {bits}) ^ {other}) & {mask};"
        f" SET {other} = {other} ^ w; SET {one} = {one} ^ (w << {bits});"
    )


def _turned(half: str, bits: int) -> str:
    return f"((({half} << {bits}) | ({half} >> {32 - bits})) & {_HALF})"


def _box(box: int, shift: int) -> str:
    place = f"{64 * 8 * box + 1} + ((w >> {shift}) & 63) * 8"
    return f"CAST(CONV(SUBSTRING(t, {place}, 8), 16, 10) AS UNSIGNED)"


_HALF = 0xFFFFFFFF
_TABLE_DIGITS = 8 * 64 * 8

# The eight boxes, four rows of 16 hexadecimal digits each, and the permutation behind them.
_BOXES = (
    ("e4d12fb83a6c5907", "0f74e2d1a6cb9538", "41e8d62bfc973a50", "fc8249175b3ea06d"),
    ("f18e6b34972dc05a", "3d47f28ec01a69b5", "0e7ba4d158c6932f", "d8a13f42b67c05e9"),
    ("a09e63f51dc7b428", "d709346a285ecbf1", "d6498f30b12c5ae7", "1ad069874fe3b52c"),
    ("7de3069a1285bc4f", "d8b56f03472c1ae9", "a690cb7df13e5284", "3f06a1d8945bc72e"),
    ("2c417ab6853fd0e9", "eb2c47d150fa3986", "421bad78f9c5630e", "b8c71e2d6f09a453"),
    ("c1af92680d34e75b", "af427c9561de0b38", "9ef528c3704a1db6", "432c95fabe17608d"),
    ("4b2ef08d3c975a61", "d0b7491ae35c2f86", "14bdc37eaf680592", "6bd814a7950fe23c"),
    ("d2846fb1a93e50c7", "1fd8a374c56b0e92", "7b419ce206adf358", "21e74a8dfc90356b"),
)
_PERMUTATION = (
    *(16, 7, 20, 21, 29, 12, 28, 17, 1, 15, 23, 26, 5, 18, 31, 10),
    *(2, 8, 24, 14, 32, 27, 3, 9, 19, 13, 30, 6, 22, 11, 4, 25),
)


def _table() -> str:
    """For each box and each 6 bits what they add to a half, permuted and turned, in 8 digits."""
    return "".join(
        f"{_added(box, bits):08x}" for box, bits in itertools.product(range(8), range(64))
    )


def _added(box: int, bits: int) -> int:
    row = ((bits >> 4) & 2) | (bits & 1)
    chosen = int(_BOXES[box][row][(bits >> 1) & 15], 16)
    before = f"{chosen << (28 - 4 * box):032b}"
    after = "".join(before[place - 1] for place in _PERMUTATION)
    return int(after[1:] + after[0], 2)


HASH = KeyFunction(
    name=KeyFunctionName.HASH, takes=Takes.INTEGERS, keys=_keys, sql=_sql, routine=_routine
)
