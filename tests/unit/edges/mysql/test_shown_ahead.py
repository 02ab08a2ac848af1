"""Texts that were asked for at once are those that are asked for one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest

from reconciler.edges.client.ahead import Answered
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.programs import read_view
from reconciler.edges.mysql.shown_ahead import Asked, KnownPrograms, as_asked, ask_for
from reconciler.model.server import ServerError


class Scripted:
    """Answers ahead as it was told to; `alone` are the statements that it is asked again, `used`
    the databases that it was led to."""

    def __init__(self, answers: Sequence[Answered | ServerRefusal]) -> None:
        self._answers = answers
        self.alone: list[str] = []
        self.used: list[str] = []

    def ask_ahead(self, statements: Sequence[str]) -> Iterator[Answered | ServerRefusal]:
        yield from self._answers

    def use(self, database: str) -> None:
        self.used.append(database)

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
        "another's": Answered(rows=((b"z", b"b"),), warnings=0),
        "nobody's": Answered(rows=((None, b"b"),), warnings=0),
        "wide": Answered(rows=((b"a", b"b", b"c"),), warnings=0),
        "refused": refused,
    }
    link = Scripted([*answers.values()])
    asked = [Asked("a", sql, 2) for sql in answers]
    shown = ask_for(cast(Link, link), "d", asked, KnownPrograms())
    assert shown.row("whole", width=2) == (b"a", b"b")
    rest = [sql for sql in answers if sql != "whole"]
    assert [shown.row(sql, width=2) for sql in [*rest, "unasked"]] == [("alone",) * 2] * 9
    assert link.alone == [*rest, "unasked"]


def test_who_is_asked_again_is_led_to_the_database_first() -> None:
    link = Scripted([])
    answers = [Answered(rows=((b"a", b"b"),), warnings=0), Answered(rows=(), warnings=0)]
    asked = [Asked("a", "whole", 2), Asked("a", "none", 2)]
    shown = as_asked(cast(Link, link), "d", asked, answers, KnownPrograms(), {})
    assert shown.row("whole", width=2) == (b"a", b"b")
    assert link.used == []
    for _ in range(2):
        assert shown.row("none", width=2) == ("alone", "alone")
    assert link.used == ["d"]


class Gone(Scripted):
    """Lets nobody into the database that it has shown before."""

    def use(self, database: str) -> None:
        raise ServerRefusal(ServerError(number=1049, message="Unknown database"))


@pytest.mark.invariant("FZ-11")
def test_a_database_that_is_gone_meanwhile_is_not_one_of_hidden_texts() -> None:
    shown = as_asked(cast(Link, Gone([])), "d", [], [], KnownPrograms(), {})
    with pytest.raises(LinkLost):
        read_view(shown, "d", "v")
