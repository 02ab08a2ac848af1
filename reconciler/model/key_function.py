"""Which function gives a row its place among the key ranges. The words stand in specs and plans,
and never change."""

from __future__ import annotations

from enum import StrEnum


class KeyFunctionName(StrEnum):
    HASH = "hash"
    XXHASH = "xxhash"
    NUMERIC = "numeric"
    REVERSE_BITS = "reverse_bits"
    BINARY = "binary"
    BINARY_MD5 = "binary_md5"
    RANGE_INT = "range_int"
