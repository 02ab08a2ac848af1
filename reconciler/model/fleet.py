"""Fleet > keyspace > shard: names and the key ranges they stand for.

A shard is named by its key range as Vitess writes it (`-40`, `40-80`, `80-`), or, where a fleet is
numbered instead, by a plain name (`0`, `orders_0017`); one keyspace uses one of the two.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from reconciler.limits import SHARDS_MAX

_KEY_RANGE = re.compile(r"(?P<start>(?:[0-9a-f]{2})*)-(?P<end>(?:[0-9a-f]{2})*)")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")
_NOT_IN_A_VARIABLE = re.compile(r"[^A-Z0-9]")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_KEYSPACE_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True, order=True)
class KeyRange:
    """Key ids from `start` up to but not including `end`; empty bytes mean unbounded.

    Bounds and ids compare as if filled up with zero bytes without end: '40' and '4000' are one
    place. An empty end is beyond every key, and never the smallest of them.
    """

    start: bytes
    end: bytes

    def holds(self, key: bytes) -> bool:
        place = compared(key)
        return compared(self.start) <= place and (not self.end or place < compared(self.end))

    def overlaps(self, other: KeyRange) -> bool:
        return self._begins_within(other) or other._begins_within(self)

    def is_within(self, other: KeyRange) -> bool:
        """Whether the other one has all of its keys."""
        if other.end and not (self.end and compared(self.end) <= compared(other.end)):
            return False
        return compared(other.start) <= compared(self.start)

    def _begins_within(self, other: KeyRange) -> bool:
        return other.holds(self.start)

    def __str__(self) -> str:
        return f"{self.start.hex()}-{self.end.hex()}"


@lru_cache(maxsize=4096)
def parse_key_range(name: str) -> KeyRange | None:
    """The range a shard name stands for; None if the name is none (uppercase hex included)."""
    match = _KEY_RANGE.fullmatch(name)
    if match is None:
        return None
    start, end = bytes.fromhex(match["start"]), bytes.fromhex(match["end"])
    if end and compared(start) >= compared(end):
        return None
    return KeyRange(start, end)


def is_shard_name(name: str) -> bool:
    return parse_key_range(name) is not None or _PLAIN_NAME.fullmatch(name) is not None


def is_keyspace_name(name: str) -> bool:
    return _KEYSPACE_NAME.fullmatch(name) is not None


def is_environment_name(name: str) -> bool:
    return _ENVIRONMENT_NAME.fullmatch(name) is not None


def region_word(name: str) -> str:
    """A region's name as it stands in that of a variable of a process: capital letters, digits and
    `_`."""
    return _NOT_IN_A_VARIABLE.sub("_", name.upper())


def shard_list_errors(names: tuple[str, ...]) -> tuple[str, ...]:
    """Everything wrong with a keyspace's list of shard names, in words; empty if it is sound.

    Key ranges must cover everything exactly once: a gap is a shard nobody would ever change.
    """
    if not names:
        return ("the list of shards is empty",)
    errors = [
        f"{name!r} is neither a key range such as '-40', '40-80', '80-' nor a plain name"
        for name in names
        if not is_shard_name(name)
    ]
    errors += [f"shard {name!r} is listed twice" for name in _repeated(names)]
    if errors:
        return tuple(errors)
    ranges = [parsed for parsed in map(parse_key_range, names) if parsed is not None]
    if not ranges:
        return ()
    if len(ranges) < len(names):
        plain = next(name for name in names if parse_key_range(name) is None)
        return (f"{plain!r} is not a key range, but other shards are; use one kind of name",)
    return tuple(_coverage_errors(ranges))


def in_key_order(names: tuple[str, ...]) -> tuple[str, ...]:
    """Shard names by the start of their ranges, plain names by their text with numbers as numbers:
    an order that does not depend on how a file lists them (PL-6)."""
    return tuple(sorted(names, key=key_order))


def even_shards(count: int) -> tuple[str, ...]:
    """The names of `count` equal key ranges, as Vitess' GenerateShardRanges cuts them.

    Two hex digits serve up to 256 shards, four up to 65,536; a single shard is '-'.
    """
    assert 1 <= count <= SHARDS_MAX
    digits = 2 if count <= 256 else 4
    space = 16**digits
    bounds = [f"{space * i // count:0{digits}x}" for i in range(1, count)]
    return tuple(f"{a}-{b}" for a, b in zip(["", *bounds], [*bounds, ""], strict=True))


def compared(key: bytes) -> bytes:
    """What a bound or an id compares by: two of them that are one place give the same bytes."""
    return key.rstrip(b"\0")


@lru_cache(maxsize=4096)
def key_order(name: str) -> tuple[bytes, tuple[tuple[int, str], ...], str]:
    """What `in_key_order` sorts by."""
    key_range = parse_key_range(name)
    start = compared(key_range.start) if key_range else b""
    words = tuple(
        (int(word), "") if word.isascii() and word.isdigit() else (-1, word)
        for word in re.split(r"(\d+)", name)
    )
    return start, words, name


def _repeated(names: tuple[str, ...]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _coverage_errors(ranges: list[KeyRange]) -> list[str]:
    ordered = sorted(ranges, key=lambda r: (compared(r.start), r.start))
    errors = []
    if compared(ordered[0].start):
        errors.append(f"no shard holds the keys below {ordered[0].start.hex()}")
    for left, right in itertools.pairwise(ordered):
        if not left.end or compared(left.end) > compared(right.start):
            errors.append(f"shards {left} and {right} overlap")
        elif compared(left.end) < compared(right.start):
            errors.append(f"no shard holds the keys from {left.end.hex()} to {right.start.hex()}")
    if ordered[-1].end:
        errors.append(f"no shard holds the keys from {ordered[-1].end.hex()} up")
    return errors
