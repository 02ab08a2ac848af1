"""What a key function is: a value's key in Python, the same key in SQL, and the values it takes.

Python decides where a row goes. SQL asks a server about rows that are there; a test on real servers
holds the two equal (SP-6), and `samples` are values to hold them equal on any other server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem, Refused
from reconciler.model.key_function import KeyFunctionName

#: A column's value: a number, the bytes that a server sends of it, or NULL.
Value = int | bytes | None

SIGNED_MIN, SIGNED_MAX, UNSIGNED_MAX = -(1 << 63), (1 << 63) - 1, (1 << 64) - 1

_WHOLE_NUMBER = re.compile(rb"-?[0-9]{1,40}")


class Takes(StrEnum):
    """Which values have a key."""

    INTEGERS = "integers from -2^63 to 2^64-1"
    SIGNED = "integers from -2^63 to 2^63-1"
    NOT_NEGATIVE = "integers from 0 to 2^64-1"
    BYTES = "integers, text and bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFunction:
    """`keys` gives each value's key, in the values' order; it raises Refused (`key-none`) for one
    that has none, and never shows it (PL-17). `sql` is an expression for the key of the column that
    is given as SQL, NULL where it has none; its second argument is the quoted name of the function
    that `routine` makes, for those that need one."""

    name: KeyFunctionName
    takes: Takes
    keys: Callable[[Sequence[Value]], tuple[bytes, ...]]
    sql: Callable[[str, str], str]
    routine: Callable[[str], str] | None = None

    def key(self, value: Value) -> bytes:
        return self.keys([value])[0]


def whole_number(name: KeyFunctionName, value: Value, *, low: int, high: int) -> int:
    """Of a number, or of the text of one as servers print it. Raises Refused (`key-none`)."""
    if value is None:
        raise no_key(name, "NULL")
    if isinstance(value, bytes):
        if _WHOLE_NUMBER.fullmatch(value) is None:
            raise no_key(name, "a value that is no whole number")
        value = int(value)
    if value < low:
        raise no_key(name, f"a number below {low}")
    if value > high:
        raise no_key(name, f"a number above {high}")
    return value


def text_bytes(name: KeyFunctionName, value: Value) -> bytes:
    """The bytes of a value as a server prints it. Raises Refused (`key-none`)."""
    match value:
        case None:
            raise no_key(name, "NULL")
        case bytes():
            return value
        case int():
            return str(value).encode()


def no_key(name: KeyFunctionName, what: str) -> Refused:
    return Refused(
        Problem(
            code="key-none",
            message=f"key function {name} has no key for {what}",
            recovery="find such rows by the column of `shard_by` and repair them, or name the"
            " function and the column that the application really finds its shards by",
        )
    )


def as_unsigned_sql(column: str) -> str:
    """The 64 bits of an integer, as they are."""
    return f"({column} & {UNSIGNED_MAX})"


def eight_bytes_sql(unsigned: str) -> str:
    """The highest byte first."""
    return f"UNHEX(LPAD(HEX({unsigned}), 16, '0'))"
