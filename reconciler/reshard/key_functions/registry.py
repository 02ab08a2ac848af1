"""All key functions by their names, and values that show whether a server computes one alike."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import cache

from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.key_functions.binary import BINARY
from reconciler.reshard.key_functions.binary_md5 import BINARY_MD5
from reconciler.reshard.key_functions.function import (
    SIGNED_MAX,
    SIGNED_MIN,
    UNSIGNED_MAX,
    KeyFunction,
    Takes,
)
from reconciler.reshard.key_functions.hash_des import HASH
from reconciler.reshard.key_functions.numeric import NUMERIC
from reconciler.reshard.key_functions.range_int import RANGE_INT
from reconciler.reshard.key_functions.reverse_bits import REVERSE_BITS
from reconciler.reshard.key_functions.xxhash64 import XXHASH

KEY_FUNCTIONS: Mapping[KeyFunctionName, KeyFunction] = {
    function.name: function
    for function in (HASH, XXHASH, NUMERIC, REVERSE_BITS, BINARY, BINARY_MD5, RANGE_INT)
}

#: As many values as a server is asked for before its answers are relied on.
SAMPLES = 1_000

_LOWEST = {Takes.NOT_NEGATIVE: 0}
_HIGHEST = {Takes.SIGNED: SIGNED_MAX}


def samples(function: KeyFunction) -> tuple[int | bytes, ...]:
    """The same values on every machine: the ends of what the function takes, and others by chance
    (of a digest), of every length up to more than XXH64 takes at a time."""
    return tuple(_bytes() if function.takes is Takes.BYTES else _integers(function.takes))


@cache
def selftest(function: KeyFunction) -> str:
    """A digest of the keys of its samples: two functions that have one name and not one meaning
    differ in it."""
    keys = function.keys(samples(function))
    found = hashlib.sha256(function.name.encode())
    for key in keys:
        found.update(len(key).to_bytes(4, "big") + key)
    return f"sha256:{found.hexdigest()}"


def _integers(takes: Takes) -> Iterator[int]:
    low, high = _LOWEST.get(takes, SIGNED_MIN), _HIGHEST.get(takes, UNSIGNED_MAX)
    ends = (low, -1, 0, 1, 1 << 32, SIGNED_MAX, SIGNED_MAX + 1, high)
    yield from (number for number in ends if low <= number <= high)
    for count in range(SAMPLES):
        number = int.from_bytes(_digest(count)[:8], "big") >> count % 64
        yield low + number % (high - low + 1)


def _bytes() -> Iterator[int | bytes]:
    yield from (number for number in _integers(Takes.INTEGERS) if abs(number) % 4 == 0)
    for count in range(SAMPLES):
        yield (_digest(count) * 4)[: count % 100]


def _digest(count: int) -> bytes:
    return hashlib.sha256(str(count).encode()).digest()
