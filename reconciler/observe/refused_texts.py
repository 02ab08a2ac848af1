"""Texts that are refused, each read once: what is refused on one shard is refused on the next, and
takes as long to read."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

from reconciler.errors import Problem, Refused

_Read = TypeVar("_Read")


class RefusedTexts:
    """For one look; what is understood is for its reader to remember."""

    def __init__(self) -> None:
        self._refused: dict[Hashable, tuple[Problem, ...]] = {}

    def read(self, text: Hashable, read: Callable[[], _Read]) -> _Read:
        """What `read` makes of the text, which rests on `text` alone. Raises what it raises."""
        if (refused := self._refused.get(text)) is not None:
            raise Refused(*refused)
        try:
            return read()
        except Refused as error:
            self._refused[text] = error.problems
            raise
