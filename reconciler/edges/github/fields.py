"""Strict reading of GitHub's JSON: a key that is absent or of another type is an unclear answer."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from reconciler.edges.github.problems import unclear
from reconciler.guard.review.account import Account, AccountKind

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Fields:
    """One JSON object of the answer to `call`."""

    def __init__(self, value: Any, call: str) -> None:
        if not isinstance(value, dict):
            raise unclear(call, "it is not an object")
        self._value: dict[str, Any] = value
        self._call = call

    def text(self, key: str) -> str:
        found = self._of_type(key, str)
        assert isinstance(found, str)
        return found

    def text_or_none(self, key: str) -> str | None:
        return None if self._present(key) is None else self.text(key)

    def number(self, key: str) -> int:
        found = self._of_type(key, int)
        if isinstance(found, bool):
            raise unclear(self._call, f"{key} is not a number")
        assert isinstance(found, int)
        return found

    def flag(self, key: str) -> bool:
        found = self._of_type(key, bool)
        assert isinstance(found, bool)
        return found

    def object_id(self, key: str) -> str:
        """Of a commit, a tree or a blob, whole."""
        found = self.text(key)
        if not _OBJECT_ID.fullmatch(found):
            raise unclear(self._call, f"{key} is not the id of an object")
        return found

    def time_s(self, key: str) -> float:
        """Seconds since 1970 of a time that says its zone."""
        text = self.text(key)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            raise unclear(self._call, f"{key} is not a time")
        return found.timestamp()

    def inner(self, key: str) -> Fields:
        return Fields(self._present(key), self._call)

    def inner_or_none(self, key: str) -> Fields | None:
        return None if self._present(key) is None else self.inner(key)

    def items(self, key: str) -> list[Any]:
        found = self._of_type(key, list)
        assert isinstance(found, list)
        return found

    def account(self, key: str) -> Account | None:
        """None stands for an account that was deleted."""
        user = self.inner_or_none(key)
        return None if user is None else user.as_account()

    def as_account(self) -> Account:
        kinds = {
            AccountKind.PERSON.value: AccountKind.PERSON,
            AccountKind.BOT.value: AccountKind.BOT,
        }
        return Account(
            id=self.number("id"),
            login=self.text("login"),
            kind=kinds.get(self.text("type"), AccountKind.OTHER),
        )

    def has(self, key: str) -> bool:
        return key in self._value

    def _present(self, key: str) -> Any:
        if key not in self._value:
            raise unclear(self._call, f"{key} is missing")
        return self._value[key]

    def _of_type(self, key: str, kind: type) -> Any:
        found = self._present(key)
        if not isinstance(found, kind):
            raise unclear(self._call, f"{key} is not of type {kind.__name__}")
        return found
