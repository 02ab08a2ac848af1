"""Matching what is named the same on both sides.

Column, index, constraint and partition names differ by more than case on both servers, whatever
lower_case_table_names says; only table names obey that setting, and the reader has folded them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Named(Protocol):
    @property
    def name(self) -> str: ...


NamedT = TypeVar("NamedT", bound=Named)


def name_key(name: str) -> str:
    return name.lower()


def by_name(items: Iterable[NamedT]) -> dict[str, NamedT]:
    """Items by folded name, in the given order."""
    return {name_key(item.name): item for item in items}
