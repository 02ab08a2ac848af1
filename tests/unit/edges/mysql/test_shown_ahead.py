"""Texts that were asked for at once are those that are asked for one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

from reconciler.edges.client.ahead import Answered
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.shown_ahead import ask_for
from reconciler.model.server import ServerError


class Scripted:
    """Answers ahead as it was told to; `alone` are the statements that it is asked again."""

    def __init__(self, answers: Sequence[Answered | ServerRefusal]) -> None:
        self._answers = answers
        self.alone: list[str] = []

    def ask_ahead(self, statements: Sequence[str]) -> Iterator[Answered | ServerRefusal]:
        yield from self._answers

    def row(self, sql: str, *, width: int) -> tuple[object, ...]:
        self.alone.append(sql)
        return ("alone",) * width


def test_whatever_is_out_of_the_ordinary_is_asked_again_alone() -> None:
    whole = Answered(rows=((b"a", b"b"),), warnings=0)
    refused = ServerRefusal(ServerError(number=1, message="no"))
    answers: dict[str, Any] = {
        "whole": whole,
        "warned": Answered(rows=((b"a", b"b"),), warnings=1),
        "none": Answered(rows=(), warnings=0),
        "two": Answered(rows=((b"a", b"b"), (b"c", b"d")), warnings=0),
        "no rows": Answered(rows=None, warnings=0),
        "wide": Answered(rows=((b"a", b"b", b"c"),), warnings=0),
        "refused": refused,
    }
    link = Scripted([*answers.values()])
    shown = ask_for(cast(Link, link), [*answers])
    assert shown.row("whole", width=2) == (b"a", b"b")
    rest = [sql for sql in answers if sql != "whole"]
    assert [shown.row(sql, width=2) for sql in [*rest, "unasked"]] == [("alone",) * 2] * 7
    assert link.alone == [*rest, "unasked"]
