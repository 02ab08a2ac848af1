"""Columns of the ledger's rows, read strictly.

A ledger is a database that others can write to, and a file that a crash or a hand can damage. What
stands in a column is what the program would have put there, or the row is refused by its name: half
a record never passes for a record (ST-14). Nothing of a bad value is shown.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import RowMapping

from reconciler.edges.ledger.limits import LEDGER_VALUES_MAX
from reconciler.errors import Problem, Unavailable
from reconciler.ledger.states import UnknownKind
from reconciler.strict_json import JsonUnreadable, read_json

Word = TypeVar("Word", bound=StrEnum)

_A_WORD = re.compile(r"[a-z][a-z_-]{0,31}")
_WHOLE_MAX = 2**53  # what every client of the ledger keeps exact
_SECONDS_MAX = 1 << 37  # in the year 6325, which every calendar still holds


class Columns:
    """One row of `table`. Every method raises Unavailable for a column that is not what it says."""

    def __init__(self, row: RowMapping | Mapping[str, Any], table: str) -> None:
        self._row = row
        self._table = table

    def text(self, column: str) -> str:
        found = self._value(column)
        if not isinstance(found, str):
            raise self._malformed(column)
        return found

    def text_or_none(self, column: str) -> str | None:
        return None if self._value(column) is None else self.text(column)

    def whole(self, column: str) -> int:
        found = self._value(column)
        if not _is_whole(found):
            raise self._malformed(column)
        return int(found)

    def whole_or_none(self, column: str) -> int | None:
        return None if self._value(column) is None else self.whole(column)

    def seconds(self, column: str) -> float:
        found = self._value(column)
        if not isinstance(found, int | float) or isinstance(found, bool):
            raise self._malformed(column)
        if not math.isfinite(found) or not 0 <= found <= _SECONDS_MAX:
            raise self._malformed(column)
        return float(found)

    def seconds_or_none(self, column: str) -> float | None:
        return None if self._value(column) is None else self.seconds(column)

    def word(self, column: str, kind: type[Word]) -> Word:
        try:
            return kind(self.text(column))
        except ValueError:
            raise self._malformed(column) from None

    def word_or_unknown(self, column: str, kind: type[Word]) -> Word | UnknownKind:
        """One of a later version is a word, too; what is none is damage."""
        text = self.text(column)
        if text in {known.value for known in kind}:
            return kind(text)
        if _A_WORD.fullmatch(text) is None:
            raise self._malformed(column)
        return UnknownKind(text)

    def word_or_none(self, column: str, kind: type[Word]) -> Word | None:
        return None if self._value(column) is None else self.word(column, kind)

    def shard_waves(self, column: str) -> tuple[tuple[str, ...], ...]:
        """A list of lists of names, as JSON."""
        waves = self._json(column)
        if not isinstance(waves, list) or not all(isinstance(wave, list) for wave in waves):
            raise self._malformed(column)
        if not all(isinstance(shard, str) for wave in waves for shard in wave):
            raise self._malformed(column)
        return tuple(tuple(wave) for wave in waves)

    def records(self, column: str, kinds: tuple[type, ...]) -> tuple[tuple[Any, ...], ...]:
        """A list of lists, each of texts and whole numbers in the order of `kinds`, as JSON."""
        found = self._json(column)
        if not isinstance(found, list) or not all(_is_record(one, kinds) for one in found):
            raise self._malformed(column)
        return tuple(tuple(one) for one in found)

    def names(self, column: str) -> tuple[str, ...]:
        """A list of names, as JSON."""
        names = self._json(column)
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._malformed(column)
        return tuple(names)

    def problem(self, column: str) -> Problem | None:
        """An object of three texts, as JSON; None for none."""
        if not self.text_or_none(column):
            return None
        found = self._json(column)
        if not isinstance(found, dict) or found.keys() != {"code", "message", "recovery"}:
            raise self._malformed(column)
        if not all(isinstance(text, str) for text in found.values()):
            raise self._malformed(column)
        return Problem(**found)

    def told(
        self, column: str, *, words: frozenset[str], numbers: frozenset[str]
    ) -> dict[str, str | int | None] | None:
        """An object of texts and of whole numbers or nulls, as JSON; None for none."""
        if not self.text(column):
            return None
        found = self._json(column)
        if not isinstance(found, dict) or found.keys() != words | numbers:
            raise self._malformed(column)
        if not all(isinstance(found[name], str) for name in words):
            raise self._malformed(column)
        if not all(found[name] is None or _is_whole(found[name]) for name in numbers):
            raise self._malformed(column)
        return found

    def _json(self, column: str) -> Any:
        try:
            content = self.text(column).encode(errors="surrogatepass")
            return read_json(content, values_max=LEDGER_VALUES_MAX)
        except JsonUnreadable:
            raise self._malformed(column) from None

    def _value(self, column: str) -> Any:
        try:
            return self._row[column]
        except KeyError:
            raise self._malformed(column) from None

    def _malformed(self, column: str) -> Unavailable:
        return row_malformed(self._table, column)


def _is_record(found: object, kinds: tuple[type, ...]) -> bool:
    if not isinstance(found, list) or len(found) != len(kinds):
        return False
    pairs = zip(found, kinds, strict=True)
    return all(_is_whole(one) if kind is int else isinstance(one, kind) for one, kind in pairs)


def _is_whole(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and is_kept_whole(found)


def is_kept_whole(number: int) -> bool:
    """Whether it reads back as it was written."""
    return 0 <= number <= _WHOLE_MAX


def row_malformed(table: str, column: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="ledger-row-malformed",
            message=f"a row of the ledger's table {table} holds in {column} what no run has written"
            " there",
            recovery="restore the ledger from a copy, or set it aside and run `reconciler apply`"
            " again: the shards themselves tell how far they have come",
        )
    )
