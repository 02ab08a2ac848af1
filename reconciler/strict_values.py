"""Frozen dataclasses as JSON, and back without taking anything on trust.

Reading is strict: a key too many, a key too few or a value of another type raises. A field that has
its default is not written, so that a format may gain fields without changing what is written of the
ones before.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from enum import StrEnum
from reprlib import repr as brief
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

# Servers count with 64 bits, and a row ceiling lies above what they counted. Of thousands of bits,
# a number cannot even be divided by a fraction.
_NUMBER_END = 1 << 72
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # JSON can spell one, UTF-8 cannot


class Mismatch(Exception):
    """What was read is not what it should be: `reason` completes "`place` ..."."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place, self.reason = place, reason


class StrictValues:
    """`noun` is what is read, in words: "a plan". `left_out` are fields that are neither written
    nor read, by their class."""

    def __init__(self, noun: str, left_out: Mapping[type, frozenset[str]]) -> None:
        self._noun = noun
        self._left_out = left_out
        self._types: dict[type, dict[str, Any]] = {}
        self._required: dict[type, frozenset[str]] = {}

    def to_json(self, value: Any) -> Any:
        if dataclasses.is_dataclass(value):
            left_out = self._left_out.get(type(value), frozenset())
            return {
                field.name: self.to_json(item)
                for field in dataclasses.fields(value)
                if field.name not in left_out
                and (item := getattr(value, field.name)) != field.default
            }
        if isinstance(value, tuple):
            return [self.to_json(item) for item in value]
        if isinstance(value, frozenset):
            return sorted(self.to_json(item) for item in value)
        if isinstance(value, StrEnum):
            return value.value
        return value

    def from_json(self, value: Any, kind: Any, place: str) -> Any:
        """`value` as `kind`, which is a dataclass, an enum, a tuple, a frozenset, a scalar or a
        union with None. Raises Mismatch."""
        if isinstance(kind, UnionType):
            if value is None and NoneType in get_args(kind):
                return None
            kind = next(arm for arm in get_args(kind) if arm is not NoneType)
        if get_origin(kind) is tuple:
            return self._tuple(value, get_args(kind), place)
        if get_origin(kind) is frozenset:
            return self._set(value, get_args(kind)[0], place)
        if dataclasses.is_dataclass(kind):
            return self._dataclass(value, kind, place)
        if isinstance(kind, type) and issubclass(kind, StrEnum):
            if value not in [member.value for member in kind]:
                raise Mismatch(place, f"is {brief(value)}, which is not a {kind.__name__}")
            return kind(value)
        if type(value) is not kind:
            raise Mismatch(place, f"is {brief(value)}, expected {kind.__name__}")
        if isinstance(value, int) and not -_NUMBER_END <= value < _NUMBER_END:
            raise Mismatch(place, "is a number that no server and no ledger holds")
        if isinstance(value, str) and _HALF_CHARACTER.search(value):
            raise Mismatch(place, "holds half a character, which no file and no terminal takes")
        return value

    def _tuple(self, value: Any, arms: tuple[Any, ...], place: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise Mismatch(place, f"is {brief(value)}, expected a list")
        if len(arms) == 2 and arms[1] is Ellipsis:
            arms = (arms[0],) * len(value)
        if len(arms) != len(value):
            raise Mismatch(place, f"has {len(value)} items, expected {len(arms)}")
        return tuple(
            self.from_json(item, arm, f"{place}[{i}]")
            for i, (item, arm) in enumerate(zip(value, arms, strict=True))
        )

    def _set(self, value: Any, arm: Any, place: str) -> frozenset[Any]:
        items = self._tuple(value, (arm, Ellipsis), place)
        if list(items) != sorted(set(items)):
            raise Mismatch(place, "is not sorted and unique")
        return frozenset(items)

    def _dataclass(self, value: Any, kind: Any, place: str) -> Any:
        if not isinstance(value, dict):
            raise Mismatch(place, f"is {brief(value)}, expected an object")
        hints = self._field_types(kind)
        for key in sorted(value.keys() - hints.keys()):
            raise Mismatch(f"{place}.{brief(key)}", f"is not a key of {self._noun}")
        for key in sorted(self._without_default(kind) - value.keys()):
            raise Mismatch(f"{place}.{key}", "is missing")
        fields = {key: self.from_json(value[key], hints[key], f"{place}.{key}") for key in value}
        try:
            return kind(**fields)
        except AssertionError as broken:
            raise Mismatch(place, str(broken)) from None

    def _field_types(self, kind: type) -> dict[str, Any]:
        """The fields that are written, with their types."""
        if kind not in self._types:
            left_out = self._left_out.get(kind, frozenset())
            hints = get_type_hints(kind).items()
            self._types[kind] = {name: hint for name, hint in hints if name not in left_out}
        return self._types[kind]

    def _without_default(self, kind: Any) -> frozenset[str]:
        """What has no default must be there; the rest is written where it differs from it."""
        if kind not in self._required:
            fields = dataclasses.fields(kind)
            names = (field.name for field in fields if field.default is dataclasses.MISSING)
            self._required[kind] = frozenset(names)
        return self._required[kind]
