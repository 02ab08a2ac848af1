"""What was worked out in this command, by all that it rests on: nobody works it out twice."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar, cast

from reconciler.ports.limits import REMEMBERED_MAX

Found = TypeVar("Found")

_NOTHING = object()


class Remembered:
    """Safe to use from several threads: two that meet both work it out."""

    def __init__(self) -> None:
        self._found: dict[Hashable, object] = {}

    def once(
        self, key: Hashable, work: Callable[[], Found], *, lasts: Callable[[Found], bool]
    ) -> Found:
        """What `work` came to for an equal `key`; what does not last is worked out again."""
        known = self._found.get(key, _NOTHING)  # in one look: another thread may begin anew
        if known is not _NOTHING:
            return cast(Found, known)
        found = work()
        if lasts(found):
            if len(self._found) >= REMEMBERED_MAX:
                self._found.clear()
            self._found[key] = found
        return found
