"""Texts of programs that are asked for all at once, before the first is answered.

Rule: what is out of the ordinary in an answer (a refusal, a warning, another form) is asked again
alone, so that it is told as it is everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.edges.client.ahead import Answered, RawRow
from reconciler.edges.mysql.connect import Link, Row


class ShowsRows(Protocol):
    """A link, or what it has been asked ahead."""

    def row(self, sql: str, *, width: int) -> Row:
        """As `Link.row`."""


@dataclass(frozen=True, slots=True)
class ShownAhead:
    _link: Link
    _answers: Mapping[str, RawRow]

    def row(self, sql: str, *, width: int) -> Row:
        """Raises ServerRefusal or LinkLost."""
        answer = self._answers.get(sql)
        if answer is None or len(answer) != width:
            return self._link.row(sql, width=width)
        return answer


def ask_for(link: Link, statements: Sequence[str]) -> ShownAhead:
    """Each has one row. Raises LinkLost."""
    answers = {}
    for sql, answer in zip(statements, link.ask_ahead(statements), strict=True):
        if isinstance(answer, Answered) and not answer.warnings and len(answer.rows or ()) == 1:
            answers[sql] = (answer.rows or ())[0]
    return ShownAhead(link, answers)
