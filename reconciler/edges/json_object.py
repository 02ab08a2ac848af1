"""Strict reading of JSON that a service answers: a key that is absent or of another type makes the
answer an unclear one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, Self

from reconciler.errors import Unavailable


class JsonObject(ABC):
    """One JSON object of the answer to `call`."""

    def __init__(self, value: Any, call: str) -> None:
        self._call = call
        if not isinstance(value, dict):
            raise self._unclear("it is not an object")
        self._value: dict[str, Any] = value

    @abstractmethod
    def _unclear(self, what: str) -> Unavailable:
        """The service's own error for an answer that is none."""

    def text(self, key: str) -> str:
        found = self._of_type(key, str)
        assert isinstance(found, str)
        return found

    def text_or_none(self, key: str) -> str | None:
        return None if self.has_none(key) else self.text(key)

    def number(self, key: str) -> int:
        found = self._of_type(key, int)
        if isinstance(found, bool):
            raise self._unclear(f"{key} is not a number")
        assert isinstance(found, int)
        return found

    def flag(self, key: str) -> bool:
        found = self._of_type(key, bool)
        assert isinstance(found, bool)
        return found

    def time_s(self, key: str) -> float:
        """Seconds since 1970 of a time that says its zone."""
        text = self.text(key)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise self._unclear(f"{key} is not a time")
        return found.timestamp()

    def inner(self, key: str) -> Self:
        return type(self)(self._present(key), self._call)

    def inner_or_none(self, key: str) -> Self | None:
        return None if self.has_none(key) else self.inner(key)

    def items(self, key: str) -> list[Any]:
        found = self._of_type(key, list)
        assert isinstance(found, list)
        return found

    def has(self, key: str) -> bool:
        return key in self._value

    def has_none(self, key: str) -> bool:
        """It is there, and null."""
        return self._present(key) is None

    def _present(self, key: str) -> Any:
        if key not in self._value:
            raise self._unclear(f"{key} is missing")
        return self._value[key]

    def _of_type(self, key: str, kind: type) -> Any:
        found = self._present(key)
        if not isinstance(found, kind):
            raise self._unclear(f"{key} is not of type {kind.__name__}")
        return found
